import { isRecord } from '../is-record.ts'
import type { ScriptedReply } from '../scripted-reply.ts'
import type { Character } from './character.ts'
import { CONTENT } from './content.ts'
import type { Voice } from './content.ts'
import type { Conversation, PastCall } from './conversation.ts'
import { planDay } from './day-plan.ts'
import type { PlayableTool } from './playable-tool.ts'
import { diceFor } from './seeded-dice.ts'
import type { Dice } from './seeded-dice.ts'
import { settingFor } from './setting.ts'
import { argumentsFor } from './tool-arguments.ts'

// What the day prompt asks for.
const MAX_CALLS = 8
const MAX_TURNS = 5
/**
 * How often two calls that do not depend on each other go in one turn, when there is time for one
 * by one.
 */
const PAIR_SHARE = 0.35
/** So many failures end the day. */
const PATIENCE = 4

/** Properties that apps are particular about. */
const SUSPECTS = /phone|mobile|telefon|handy|^start|^begin|^end|time$|date|due/i

type ToolCalls = NonNullable<ScriptedReply['toolCalls']>

/** The next reply of the acting phase: tries again, goes on with the plan, or closes the day. */
export function nextTurn (conversation: Conversation, character: Character): ScriptedReply {
  const dice = diceFor('turn', conversation.system, conversation.dayPrompt, conversation.turn)
  const voice = CONTENT[conversation.language].characters[character.name].voice
  const failed = conversation.calls.filter(call => call.isError)
  const justFailed = failed.filter(call => call.turn === conversation.turn - 1)
  const retries = retriesOf(conversation, character, dice)
  if (retries.length > 0) return { text: voice.retry, toolCalls: retries }
  const next = failed.length >= PATIENCE ? [] : goOn(conversation, character, dice)
  if (next.length === 0) return closing(conversation, character)
  const text = remark(conversation, voice, justFailed, dice)
  return { ...(text !== undefined && { text }), toolCalls: next }
}

/** One sentence about the day, and no more calls. */
export function closing (conversation: Conversation, character: Character): ScriptedReply {
  const { voice } = CONTENT[conversation.language].characters[character.name]
  const dice = diceFor('closing', conversation.system, conversation.dayPrompt)
  return {
    text: dice.pick(
      conversation.calls.some(call => call.isError) ? voice.closeBad : voice.closeGood
    )
  }
}

function remark (
  conversation: Conversation,
  voice: Voice,
  justFailed: PastCall[],
  dice: Dice
): string | undefined {
  if (justFailed.length > 0) return voice.giveUp
  return conversation.turn === 0 && dice.chance(0.6) ? dice.pick(voice.opening) : undefined
}

/** What failed in the last turn for the first time, with other arguments. */
function retriesOf (conversation: Conversation, character: Character, dice: Dice): ToolCalls {
  if (!hasTime(conversation)) return []
  const attempts = (name: string) => conversation.calls.filter(call => call.name === name).length
  const failed = conversation.calls.filter(call =>
    call.isError && call.turn === conversation.turn - 1
  )
  return failed.filter(call => attempts(call.name) === 1 && dice.chance(character.persistence))
    .flatMap(call => {
      const tool = conversation.tools.find(({ name }) => name === call.name)
      const input = tool &&
        argumentsFor(tool, settingFor(conversation, character, dice, call), conversation.calls)
      return input ? [{ name: call.name, input: secondTry(call.input, input) }] : []
    })
}

/**
 * People change what the trouble may lie in and leave the rest; without a suspicion they try
 * something else.
 */
function secondTry (first: unknown, other: Record<string, unknown>): Record<string, unknown> {
  if (!isRecord(first)) return other
  const suspects = Object.entries(other).filter(([name, value]) =>
    SUSPECTS.test(name) && name in first && value !== first[name]
  )
  return suspects.length > 0 ? { ...first, ...Object.fromEntries(suspects) } : other
}

/** The next steps of the plan that can be done now. */
function goOn (conversation: Conversation, character: Character, dice: Dice): ToolCalls {
  if (!hasTime(conversation)) return []
  const setting = settingFor(conversation, character, dice, null)
  const ready = stepsLeft(conversation, character).flatMap(tool => {
    const input = argumentsFor(tool, setting, conversation.calls)
    return input ? [{ tool, input }] : []
  })
  const turnsLeft = MAX_TURNS - conversation.turn
  const [first, ...rest] = ready
  if (first === undefined) return []
  const second = rest.find(({ tool }) => tool.module !== first.tool.module)
  const isPair = conversation.calls.length + 2 <= MAX_CALLS &&
    (ready.length > turnsLeft || dice.chance(PAIR_SHARE))
  return [first, ...(second && isPair ? [second] : [])].map(({ tool, input }) => ({
    name: tool.name,
    input
  }))
}

/**
 * Each step once; what has let the persona down is left alone for the rest of the day, with its
 * whole module.
 */
function stepsLeft (conversation: Conversation, character: Character): PlayableTool[] {
  const { calls } = conversation
  const lastOf = (call: PastCall) => calls.findLast(({ name }) => name === call.name)
  const givenUp = new Set(calls.filter(call => lastOf(call)?.isError).map(call => call.module))
  const done = new Set(calls.map(call => call.name))
  return planDay(conversation, character).filter(tool =>
    !givenUp.has(tool.module) && !done.has(tool.name)
  )
}

function hasTime ({ calls, turn }: Conversation): boolean {
  return turn < MAX_TURNS && calls.length < MAX_CALLS
}
