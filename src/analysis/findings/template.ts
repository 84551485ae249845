import { clean } from '../../platform/text.ts'
import { fillHoles } from './holes.ts'
import { readHtml } from './html-words.ts'
import { readJson } from './json-words.ts'
import { readStack } from './stack-words.ts'

/**
 * The sentence that a message is an instance of: what varies from call to call is taken out, and
 * named by what it is. Pure; the work is bounded, however long the message.
 */

/** The words at the beginning say what happened. */
const MAX_READ = 6000
/** Python names the error last. */
const MAX_READ_END = 2000
const MAX_TEMPLATE = 240
/** JSON in a text in JSON. */
const MAX_NESTING = 3
export const NO_MESSAGE = 'no message'

export function templateOf (message: string | null): string {
  return shorten(tidy(describe(clean(bounded(message ?? '')).replace(REPEATED, '$1'), 0))) ||
    NO_MESSAGE
}

function bounded (message: string): string {
  return message.length <= MAX_READ + MAX_READ_END
    ? message
    : `${message.slice(0, MAX_READ)}\n${message.slice(-MAX_READ_END)}`
}

function describe (message: string, depth: number): string {
  const stack = readStack(message)
  if (stack !== null) {
    const { error, frame } = stack
    return frame === null ? fillHoles(error) : `${fillHoles(error)} at ${frame}`
  }
  const html = readHtml(message)
  if (html !== null) return fillHoles(html)
  const json = depth < MAX_NESTING ? readJson(message, text => describe(text, depth + 1)) : null
  if (json !== null) return `${fillHoles(json.before)} ${json.words} ${fillHoles(json.after)}`
  return fillHoles(message)
}

/** Without the marks of a severity, which drivers add or leave out. */
const SEVERITY = /^(?:(?:error|fatal|fehler): ){1,2}(?=\S)/i

/** Postgres repeats the statement, and drizzle adds its values. */
const REPEATED = /\sLINE \d{1,6}: [^]*$|^(Failed query: [^]*?)\sparams: [^]*$/

function tidy (text: string): string {
  return text.replace(/\s+/g, ' ').trim().replace(SEVERITY, '').replace(/[.!…: ]{1,9}$/, '')
}

function shorten (text: string): string {
  if (text.length <= MAX_TEMPLATE) return text
  const end = text.lastIndexOf(' ', MAX_TEMPLATE)
  return `${text.slice(0, end > MAX_TEMPLATE / 2 ? end : MAX_TEMPLATE).toWellFormed()} …`
}
