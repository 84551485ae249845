import { randomUUID } from 'node:crypto'
import { legalName } from '../../../src/runner/tools/tool-names.ts'
import { textOf, type MessagesRequest } from 'scripted-claude/messages-request'
import {
  startScriptedClaude,
  type ScriptedClaude,
  type ScriptedReply
} from 'scripted-claude/scripted-claude'
import type { Teardown } from './teardown.ts'

/**
 * A stand-in model that many processes share: every persona makes a few calls, each with a token of
 * its own, says a closing sentence and rates the one module there is.
 */

export interface TokenModel {
  url: string
  /** May be changed at any time. */
  pace: {
    /** How long a reply takes, in milliseconds. */
    thinkMs: number
    /** Messages with calls in one day. */
    turns: number
  }
  /** Instead of the reply that was due; null: nothing goes wrong. */
  fault: (due: ScriptedReply) => ScriptedReply | null
  /** What the checker of the stand-in refused: histories that the real API would refuse too. */
  refusals: string[]
}

const ADD = legalName('ledger.add')
const LOOK = legalName('ledger.look')
const RATING = JSON.stringify({
  ratings: [{ module: 'ledger', notes: 'As in #1.', evidence: [{ action: 1 }], rating: 3 }]
})

export async function startTokenModel (t: Teardown): Promise<TokenModel> {
  const claude: ScriptedClaude = await startScriptedClaude({
    keepRequests: 1,
    script: (request, { index }) => {
      const due = replyTo(request, index, model.pace.turns)
      return { ...model.fault(due) ?? due, delayMs: model.pace.thinkMs }
    }
  })
  t.teardown(() => claude.close())
  const model: TokenModel = {
    url: claude.url,
    pace: { thinkMs: 0, turns: 2 },
    fault: () => null,
    refusals: claude.refusals
  }
  return model
}

function replyTo (request: MessagesRequest, index: number, turns: number): ScriptedReply {
  if (textOf(request.messages.at(-1)?.content).includes('JSON')) return { text: RATING }
  if (index >= turns) return { text: 'That was my day.' }
  const who = /^You are (\S+)\./.exec(textOf(request.system))?.[1] ?? 'somebody'
  const token = () => ({ token: `${who}/${randomUUID()}` })
  return { toolCalls: [{ name: ADD, input: token() }, { name: LOOK, input: token() }] }
}
