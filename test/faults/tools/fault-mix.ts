import { diceFor, type Dice } from 'scripted-claude/player/seeded-dice'
import type { ScriptedReply } from 'scripted-claude/scripted-claude'
import type { AppFault, CountingApp } from './counting-app.ts'
import type { TokenModel } from './token-model.ts'

/**
 * Faults of the model and of the app, a share of all calls, by a seed. Each kind is one that a run
 * survives or ends at.
 */

export interface FaultMix {
  modelCalls: number
  modelFaults: number
  appCalls: number
  appFaults: number
}

const MODEL_FAULTS: ((due: ScriptedReply, dice: Dice) => ScriptedReply)[] = [
  () => ({ error: { status: 500, type: 'api_error', message: 'Internal server error' } }),
  () => ({ destroy: true }),
  () => ({ raw: { status: 200, contentType: 'text/html', body: '<html>a proxy</html>' } }),
  // Cut off in the middle of its calls, which look whole.
  due => ({ ...due, stopReason: 'max_tokens' }),
  due => ({ ...due, stopReason: 'refusal' }),
  () => ({ text: 'Let me think.', stopReason: 'pause_turn' }),
  due => ({ ...due, stopReason: 'a_reason_of_next_year' }),
  () => ({}),
  () => ({ toolCalls: [{ name: 'no_such_tool', input: {} }] }),
  due => ({
    toolCalls: due.toolCalls?.map(call => ({ ...call, input: { token: 7 } })) ??
      [{ name: 'ledger', input: null }]
  }),
  due => ({ ...due, text: 'Broken \ud800 half, and \u0000 nothing.' }),
  due => ({ ...due, text: 'x'.repeat(200_000) }),
  (due, dice) => ({ ...due, delayMs: dice.between(500, 2000) })
]
const APP_FAULTS: AppFault[] = [
  'refused',
  'tool-error',
  'server-error',
  'reset',
  'silence',
  'garbage',
  'unauthorized'
]

export function mixFaults (
  model: TokenModel,
  app: CountingApp,
  { seed, share }: { seed: number, share: number }
): FaultMix {
  const mix: FaultMix = { modelCalls: 0, modelFaults: 0, appCalls: 0, appFaults: 0 }
  const modelDice = diceFor(seed, 'model')
  const appDice = diceFor(seed, 'app')
  model.fault = due => {
    mix.modelCalls++
    if (!modelDice.chance(share)) return null
    mix.modelFaults++
    return modelDice.pick(MODEL_FAULTS)(due, modelDice)
  }
  app.fault = method => {
    if (method !== 'tools/call') return null
    mix.appCalls++
    if (!appDice.chance(share)) return null
    mix.appFaults++
    return { kind: appDice.pick(APP_FAULTS), after: appDice.chance(0.5) }
  }
  return mix
}
