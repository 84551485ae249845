/** What a page says that came in place of an answer. Pure; one pass over the text. */

const IS_PAGE = /<(?:!doctype html|html|head|body|title)\b/i
const MAX_WORDS = 120
/** Titles that say no more than that it is an error. */
const SAYS_NOTHING = /^(?:error|fehler|oops|untitled|document|)$/i
const UNSEEN = ['script', 'style', 'head', 'title']
const ENTITIES: Record<string, string> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  '#39': "'",
  nbsp: ' ',
  bull: '•'
}

/** Its title, or else its first words; null where the message is no page. */
export function readHtml (message: string): string | null {
  const start = message.search(IS_PAGE)
  if (start === -1) return null
  const page = message.slice(start)
  const title = spaced(between(page, '<title', '</title'))
  const words = SAYS_NOTHING.test(title) ? `${title} ${firstWords(page)}` : title
  return `${message.slice(0, start)} ${words}`.trim()
}

function between (page: string, opening: string, closing: string): string {
  const lower = page.toLowerCase()
  const opened = lower.indexOf(opening)
  const start = opened === -1 ? -1 : page.indexOf('>', opened)
  if (start === -1) return ''
  const end = lower.indexOf(closing, start)
  return page.slice(start + 1, end === -1 ? undefined : end)
}

/** The text outside of tags, comments and what a reader does not see. */
function firstWords (page: string): string {
  const lower = page.toLowerCase()
  let words = ''
  let at = 0
  while (at < page.length && words.length < MAX_WORDS) {
    const tag = page.indexOf('<', at)
    if (tag === -1) return spaced(words + page.slice(at))
    words += `${page.slice(at, tag)} `
    at = endOfTag(page, lower, tag)
  }
  return spaced(words)
}

function endOfTag (page: string, lower: string, tag: number): number {
  if (page.startsWith('<!--', tag)) return after(page, '-->', tag)
  const unseen = UNSEEN.find(name => lower.startsWith(`<${name}`, tag))
  return unseen === undefined
    ? after(page, '>', tag)
    : after(page, '>', after(lower, `</${unseen}`, tag) - 1)
}

function after (text: string, mark: string, from: number): number {
  const found = text.indexOf(mark, from)
  return found === -1 ? text.length : found + mark.length
}

function spaced (text: string): string {
  return text.replace(/&(#?\w{1,6});/g, (whole, name: string) => ENTITIES[name] ?? whole)
    .replace(/\s+/g, ' ').trim().slice(0, 2 * MAX_WORDS)
}
