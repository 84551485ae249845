import { parsed, valueAt, withValueAt } from '../../analysis/findings/leaves.ts'
import type { Step } from '../../analysis/findings/repro.ts'
import type { Verification } from '../../analysis/findings/schemas.ts'
import { judgeTools, type ToolPolicy } from '../tools/tool-policy.ts'
import type { Toolbox, ToolOutcome } from '../tools/toolbox.ts'

/**
 * Calls the steps once each, in their order, with values of earlier results taken from the new
 * results. Nothing is tried again, so a replay has at most the effects of the visit it replays.
 */

const MAX_STEPS = 10
const MAX_TEXT_CHARS = 2000

export type Transcript = Verification['transcript']

export type Replay =
  | { ended: 'at_target', last: ToolOutcome, transcript: Transcript }
  | { ended: 'early', why: string, transcript: Transcript }

/** @throws AppError where the app certainly did not act and is out of order */
export async function replay (
  steps: readonly Step[],
  { toolbox, policy, signal }: { toolbox: Toolbox, policy: ToolPolicy, signal: AbortSignal }
): Promise<Replay> {
  const transcript: Transcript = []
  const refused = whyNot(steps, toolbox, policy)
  if (refused !== null) return { ended: 'early', why: refused, transcript }
  const results: unknown[] = []
  let last: ToolOutcome | undefined
  for (const [i, step] of steps.entries()) {
    const input = filledIn(step, results)
    if (typeof input === 'string') return { ended: 'early', why: input, transcript }
    last = await toolbox.call(step.tool, input, { signal })
    const text = (last.errorMessage ?? last.text).slice(0, MAX_TEXT_CHARS)
    transcript.push({
      tool: step.tool,
      input,
      result: last.result,
      text,
      latencyMs: last.latencyMs
    })
    if (i < steps.length - 1 && last.result !== 'ok') {
      const why = `step ${i + 1} (${step.tool}) ended with: ${text}`
      return { ended: 'early', why, transcript }
    }
    results.push(parsed(last.text))
  }
  return last === undefined
    ? { ended: 'early', why: 'there are no steps', transcript }
    : { ended: 'at_target', last, transcript }
}

/** All is judged before the first call goes out. */
function whyNot (steps: readonly Step[], { tools }: Toolbox, policy: ToolPolicy): string | null {
  if (steps.length > MAX_STEPS) {
    return `it takes ${steps.length} calls, and ${MAX_STEPS} are allowed`
  }
  const judged = new Map(judgeTools(policy, tools).map(({ tool, denial }) => [tool.name, denial]))
  for (const { tool, unresolved } of steps) {
    const denial = judged.get(tool)
    if (denial === undefined) return `the app has no tool ${tool} any more`
    if (denial !== null) return `${tool} is not allowed: ${denial.why}`
    if (unresolved.length > 0) {
      const names = unresolved.map(path => path.join('.')).join(', ')
      return `${names} of ${tool} came from a result in plain text, where it cannot be found anew`
    }
  }
  return null
}

/** @returns the arguments, or why they cannot be told */
function filledIn (step: Step, results: readonly unknown[]): Record<string, unknown> | string {
  let input: unknown = step.arguments
  for (const { at, from, path } of step.references) {
    const value = valueAt(results[from - 1], path)
    if (value === undefined) {
      return `the result of step ${from} has no ${
        path.join('.')
      } any more, which ${step.tool} needs`
    }
    input = withValueAt(input, at, value)
  }
  return input as Record<string, unknown>
}
