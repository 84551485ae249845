import type { Account } from '../../runner/accounts/account.ts'
import type { ModelTool } from '../../runner/models/model.ts'
import { readsOnly } from '../../runner/tools/tool-words.ts'
import type { Tool, Toolbox } from '../../runner/tools/toolbox.ts'
import { messageOf } from '../../platform/errors.ts'
import type { NamedTools } from '../../runner/tools/named-tools.ts'
import { failed, ok } from './finding.ts'
import type { Finding } from './schemas.ts'
import type { SetUpApp } from './setup.ts'

/**
 * Whether an app serves two sessions at once. Some refuse the second, some forget the first, and
 * some refuse a call in the second only: so one tool that only reads is called in both, where there
 * is one that needs no input.
 */

export async function checkSessions (
  app: SetUpApp,
  account: Account,
  first: { toolbox: Toolbox, tools: NamedTools },
  signal: AbortSignal
): Promise<Finding> {
  const probe = findProbe(first.tools)
  const before = await callOf(first.toolbox, probe, signal)
  let second: Toolbox | undefined
  try {
    second = await app.connected.openToolbox(account, signal)
    const [there, here] = [
      await callOf(second, probe, signal),
      await callOf(first.toolbox, probe, signal)
    ]
    const broken = before !== null ? null : there ?? here
    if (broken !== null) {
      return oneOnly(app, `while two are open, ${probe?.name} answers: ${broken}`)
    }
    const tried = probe === undefined || before !== null
      ? 'no tool was called in them'
      : `${probe.name} was called in both`
    return ok('sessions', `two at once are served (${tried})`, { app: app.name })
  } catch (error) {
    return oneOnly(app, `the second is refused while the first is open: ${messageOf(error)}`)
  } finally {
    await second?.close()
  }
}

function oneOnly ({ name }: SetUpApp, says: string): Finding {
  const todo =
    'start the app so that each session is its own (playwright: --isolated), or set PERSONA_CONCURRENCY=1 and run one process'
  return failed('sessions', `the app serves one session at a time: ${says}`, { app: name, todo })
}

/** By its name and by what the app says of it: it only looks, and asks for nothing. */
function findProbe ({ modelTools, find }: NamedTools): Tool | undefined {
  const needsNothing = ({ inputSchema }: ModelTool) =>
    !Array.isArray(inputSchema.required) || inputSchema.required.length === 0
  return modelTools.filter(needsNothing).map(({ name }) => find(name))
    .find(tool =>
      tool !== undefined && tool.hints?.destructive !== true && tool.hints?.readOnly !== false &&
      (tool.hints?.readOnly === true || readsOnly(tool.name))
    )
}

/** @returns what the tool said when it failed; null: it did not, or there is none */
async function callOf (
  toolbox: Toolbox,
  probe: Tool | undefined,
  signal: AbortSignal
): Promise<string | null> {
  if (probe === undefined) return null
  const { result, errorMessage } = await toolbox.call(probe.name, {}, { signal })
  return result === 'ok' ? null : errorMessage ?? result
}
