import { blocksOf, textOf } from '../messages-request.ts'
import type { MessagesRequest, ToolResultBlock } from '../messages-request.ts'
import type { Language } from './content.ts'
import { readDay } from './dates.ts'
import { playableTools, splitName } from './playable-tool.ts'
import type { PlayableTool } from './playable-tool.ts'

/** A tool call that was made, with what came back. */
export interface PastCall {
  /** Counted from 1 in the order of the calls, as the reflect prompt counts its actions. */
  number: number
  /** The reply that it was part of, counted from 0. */
  turn: number
  name: string
  module: string
  input: unknown
  text: string
  isError: boolean
}

/** What a player knows: only what stands in the request. */
export interface Conversation {
  system: string
  /** The opening of the day; makes another day of the same persona another play. */
  dayPrompt: string
  language: Language
  today: Date
  /** Most important first, in lower case. */
  favourites: string[]
  tools: PlayableTool[]
  calls: PastCall[]
  /** Replies so far. */
  turn: number
  /** The form that the persona is asked to rate its day in, or `null` while the day lasts. */
  reflectPrompt: string | null
  /**
   * The runner said something after the opening, and it is not the reflect prompt: the day is over.
   */
  isToldToStop: boolean
}

const REFLECT_FORM = /"ratings"\s*:\s*\[\s*\{/
const FAVOURITES = /(?:die wichtigsten zuerst|most important first): ([^.\n]+)/

export function readConversation (request: MessagesRequest): Conversation {
  const said = request.messages.filter(message => message.role === 'user').map(message =>
    textOf(message.content)
  )
  const dayPrompt = said[0] ?? ''
  return {
    // The frame around the persona carries marks of chance; who it is must not depend on them.
    system: textOf(request.system).replace(/\n\n(?:So läuft es ab|How this works):[^]*$/, ''),
    dayPrompt,
    language: !/Heute ist/.test(dayPrompt) && /\b(?:today|the|you)\b/i.test(dayPrompt)
      ? 'en'
      : 'de',
    today: readDay(/(?:Heute ist|Today is) ([^\n]+)/.exec(dayPrompt)?.[1] ?? dayPrompt) ??
      new Date(),
    favourites: (FAVOURITES.exec(dayPrompt)?.[1] ?? '').split(',').map(name =>
      name.trim().toLowerCase()
    ).filter(name => name !== ''),
    tools: playableTools(request.tools ?? []),
    calls: pastCalls(request),
    turn: request.messages.filter(message => message.role === 'assistant').length,
    reflectPrompt: said.findLast(text => REFLECT_FORM.test(text)) ?? null,
    isToldToStop: said.length > 1 && said.at(-1) !== ''
  }
}

function pastCalls (request: MessagesRequest): PastCall[] {
  const results = resultsById(request)
  const replies = request.messages.filter(message => message.role === 'assistant')
  const calls = replies.flatMap(({ content }, turn) =>
    blocksOf(content).flatMap(block => block.type === 'tool_use' ? [{ block, turn }] : [])
  )
  return calls.map(({ block, turn }, i) => {
    const result = results.get(block.id)
    const { module } = splitName(block.name)
    const came = { text: withoutMarks(textOf(result?.content)), isError: result?.is_error ?? false }
    return { number: i + 1, turn, name: block.name, module, input: block.input, ...came }
  })
}

function resultsById (request: MessagesRequest): Map<string, ToolResultBlock> {
  const blocks = request.messages.flatMap(message => blocksOf(message.content))
  return new Map(
    blocks.flatMap(block => block.type === 'tool_result' ? [[block.tool_use_id, block]] : [])
  )
}

/** What the runner puts around the words of the app. */
function withoutMarks (text: string): string {
  return text.replace(/^<(app-data \w+)>\n([^]*)\n<\/\1>/, '$2')
}
