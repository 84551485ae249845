import { leavesOf, parsed, type Leaf, type Path } from './leaves.ts'
import type { CallFacts } from './run-facts.ts'

/**
 * The smallest sequence of calls of a run that leads to one of them, by data flow: a value in the
 * arguments that an earlier result holds came from there. Pure.
 */

export interface Reference {
  /** Where in the arguments. */
  at: Path
  /** The step whose result holds the value, from 1. */
  from: number
  /** Where in that result. */
  path: Path
}

export interface Step {
  /** Of the call in its run, from 1. */
  number: number
  tool: string
  /** As they were. */
  arguments: Record<string, unknown>
  references: Reference[]
  /** Values that an earlier result holds in plain text, so that a replay cannot find them anew. */
  unresolved: Path[]
}

type ByNumber = ReadonlyMap<number, CallFacts>
/** The call that each value comes from; null: from a text, or from no result at all. */
interface Source {
  leaf: Leaf
  call: CallFacts | null
  path: Path
  isInText: boolean
}

/** @param number of the call that is to be reached; none of that number gives no steps */
export function reproOf (calls: readonly CallFacts[], number: number): Step[] {
  const target = calls.find(call => call.number === number)
  if (target === undefined) return []
  const before = calls.filter(call => call.number < number && call.result === 'ok')
  const needed = closureOf(target, before, new Map())
  const order = [...needed.keys()].sort((a, b) => a - b)
  const stepOf = new Map(order.map((number, i) => [number, i + 1]))
  return order.flatMap(number => {
    const call = needed.get(number)
    return call === undefined ? [] : [toStep(call, sourcesOf(call, before), stepOf)]
  })
}

function closureOf (
  call: CallFacts,
  before: readonly CallFacts[],
  seen: Map<number, CallFacts>
): ByNumber {
  if (seen.has(call.number)) return seen
  seen.set(call.number, call)
  for (const { call: source } of sourcesOf(call, before)) {
    if (source !== null) closureOf(source, before, seen)
  }
  return seen
}

function toStep (
  { number, tool, input }: CallFacts,
  sources: Source[],
  stepOf: ReadonlyMap<number, number>
): Step {
  return {
    number,
    tool,
    arguments: isObject(input) ? input : {},
    references: sources.flatMap(({ leaf, call, path }) => {
      const from = call === null ? undefined : stepOf.get(call.number)
      return from === undefined ? [] : [{ at: leaf.path, from, path }]
    }),
    unresolved: sources.filter(({ isInText }) => isInText).map(({ leaf }) => leaf.path)
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function sourcesOf (call: CallFacts, before: readonly CallFacts[]): Source[] {
  const earlier = before.filter(({ number }) => number < call.number)
  return leavesOf(call.input).filter(isTelling).flatMap(leaf => {
    const source = findSource(leaf, earlier)
    return source === null ? [] : [source]
  })
}

const MIN_TEXT = 4

/** A short text or a plain number stands in many results by chance; an id does not. */
function isTelling ({ path, value }: Leaf): boolean {
  const isId = /id$/i.test(String(path.findLast(key => typeof key === 'string') ?? ''))
  return isId || (typeof value === 'string' && value.length >= MIN_TEXT && !/\s/.test(value))
}

/** The latest result that holds the value in its JSON, else in its text. */
function findSource (leaf: Leaf, earlier: readonly CallFacts[]): Source | null {
  for (const call of earlier.toReversed()) {
    const found = leavesOf(parsed(call.resultText)).find(({ value }) => value === leaf.value)
    // A value that the persona sent and the app repeats came from the persona.
    const isEcho = leavesOf(call.input).some(({ value }) => value === leaf.value)
    if (found !== undefined && !isEcho) return { leaf, call, path: found.path, isInText: false }
  }
  const isId = /id$/i.test(String(leaf.path.at(-1)))
  const inText = isId && earlier.some(({ resultText }) => resultText.includes(String(leaf.value)))
  const isEchoed = earlier.some(call =>
    leavesOf(call.input).some(each => each.value === leaf.value)
  )
  return inText && !isEchoed ? { leaf, call: null, path: [], isInText: true } : null
}

/** A step as a person reads it. */
export function stepSentence ({ tool, arguments: input, references }: Step): string {
  const borrowed = references.map(({ at, from, path }) =>
    `${at.join('.')} from ${path.join('.') || 'the result'} of step ${from}`
  )
  const own = Object.keys(input).filter(key => !references.some(({ at }) => at[0] === key))
  const parts = [...own.map(key => `${key} ${JSON.stringify(input[key])}`), ...borrowed]
  return parts.length === 0 ? `Call ${tool}.` : `Call ${tool} with ${parts.join(', ')}.`
}

const REVISION = '2026-07-28'

/** For a shell that knows `MCP_URL` and `TOKEN`; values of earlier results stand as they were. */
export function curlOf ({ tool, arguments: input }: Step, id: number): string {
  const body = JSON.stringify({
    jsonrpc: '2.0',
    id,
    method: 'tools/call',
    params: {
      name: tool,
      arguments: input,
      _meta: {
        'io.modelcontextprotocol/protocolVersion': REVISION,
        'io.modelcontextprotocol/clientInfo': { name: 'curl', version: '1' },
        'io.modelcontextprotocol/clientCapabilities': {}
      }
    }
  })
  const headers = [
    'Content-Type: application/json',
    'Accept: application/json, text/event-stream',
    `MCP-Protocol-Version: ${REVISION}`,
    'Mcp-Method: tools/call',
    `Mcp-Name: ${tool}`
  ].map(header => `-H ${quoted(header)}`)
  return `curl "$MCP_URL" -H "Authorization: Bearer $TOKEN" ${headers.join(' ')} -d ${quoted(body)}`
}

const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`
