/** The tokens of one line: words, marks, quoted texts. Pure; one pass. */

export interface Token {
  /** `fixed`: it stands in the template as it is. */
  kind: 'word' | 'mark' | 'quote' | 'fixed'
  text: string
  /** Of a quoted text, without its marks. */
  content?: string
}

interface Reader {
  line: string
  at: number
  tokens: Token[]
  /** Marks that are not met again: none is looked for twice. */
  missing: Set<string>
  values: [before: string, after: string[]][]
}

const CLOSING: Record<string, string[]> = {
  '"': ['"'],
  '„': ['“', '”', '"'],
  '“': ['”', '“'],
  '«': ['»'],
  '»': ['«'],
  '`': ['`'],
  '‚': ['‘', '’'],
  '‘': ['’', '‘'],
  "'": ["'"]
}
/** Messages that are this long may have been cut within a quotation. */
const MAY_BE_CUT = 400
const ADDRESS = /[a-z][a-z+.-]{0,20}:\/\/[^\s"'<>`]{1,4000}/iy
const LETTER = /[\p{L}\p{N}]/u
const ENDS_WORD = /[\s()[\]{}<>,;|="„“«»`‚‘”]/

export function readTokens (line: string, values: Reader['values']): Token[] {
  const reader: Reader = { line, at: 0, tokens: [], missing: new Set(), values }
  while (reader.at < line.length) {
    const start = reader.at
    if (!readValue(reader) && !readQuote(reader) && !readAddress(reader)) readWord(reader)
    // No character is read twice.
    if (reader.at === start) reader.at++
  }
  return reader.tokens
}

/** The first of some marks from a place on; -1: none. */
function find (reader: Reader, marks: string[], from: number): { at: number, mark: string } {
  for (const mark of marks) {
    if (reader.missing.has(mark)) continue
    const at = reader.line.indexOf(mark, from)
    if (at !== -1) return { at, mark }
    reader.missing.add(mark)
  }
  return { at: -1, mark: '' }
}

function readValue (reader: Reader): boolean {
  const { line, at } = reader
  const found = reader.values.find(([before]) => line.startsWith(before, at))
  if (found === undefined) return false
  const [before, after] = found
  const start = at + before.length
  const end = find(reader, after, start).at
  push(reader, 'fixed', before)
  push(reader, 'fixed', '<text>')
  reader.at = end === -1 ? line.length : end
  return true
}

function readQuote (reader: Reader): boolean {
  const { line, at } = reader
  const opening = line[at] ?? ''
  const closing = CLOSING[opening]
  // An apostrophe stands in a word or at its end.
  if (closing === undefined || (isApostrophe(opening) && isLetter(line[at - 1]))) return false
  const end = isApostrophe(opening) ? closingOf(reader, closing) : find(reader, closing, at + 1).at
  if (end === -1 && line.length < MAY_BE_CUT) return false
  if (end === -1) {
    push(reader, 'fixed', '<text>')
    reader.at = line.length
    return true
  }
  const text = line.slice(at, end + 1)
  push(reader, 'quote', text, text.slice(1, -1))
  reader.at = end + 1
  return true
}

const isApostrophe = (mark: string) => mark === "'" || mark === '‘' || mark === '‚'
const isLetter = (char: string | undefined) => char !== undefined && LETTER.test(char)

/** The first closing apostrophe: no letter follows it. */
function closingOf (reader: Reader, marks: string[]): number {
  const key = `closing ${marks.join('')}`
  if (reader.missing.has(key)) return -1
  for (let at = reader.at + 1; at < reader.line.length; at++) {
    if (marks.includes(reader.line[at] ?? '') && !isLetter(reader.line[at + 1])) return at
  }
  reader.missing.add(key)
  return -1
}

function readAddress (reader: Reader): boolean {
  if (isLetter(reader.line[reader.at - 1])) return false
  ADDRESS.lastIndex = reader.at
  const found = ADDRESS.exec(reader.line)?.[0].replace(/[)\].,;:!?]{1,9}$/, '')
  if (found === undefined) return false
  push(reader, 'fixed', '<url>')
  reader.at += found.length
  return true
}

/** Dashes, dots and colons within a word are its own; around it they are marks. */
function readWord (reader: Reader): void {
  const { line } = reader
  let end = reader.at
  while (end < line.length && !endsWord(line, end)) end++
  const run = line.slice(reader.at, end)
  const head = /^[:!?*&@…]{0,20}/.exec(run)?.[0] ?? ''
  const tail = /[.:!?…*-]{1,20}$/.exec(run.slice(head.length))?.[0] ?? ''
  const word = run.slice(head.length, run.length - tail.length)
  if (head !== '') push(reader, 'mark', head)
  if (word !== '') push(reader, 'word', word)
  if (tail !== '') push(reader, 'mark', tail)
  reader.at = end
  if (run === '') push(reader, 'mark', line[reader.at++] ?? '')
}

function endsWord (line: string, at: number): boolean {
  const char = line[at] ?? ''
  if (char === ',') return !(/\d/.test(line[at - 1] ?? '') && /\d/.test(line[at + 1] ?? ''))
  if (char === "'") return !isLetter(line[at - 1])
  return ENDS_WORD.test(char)
}

function push (reader: Reader, kind: Token['kind'], text: string, content?: string): void {
  reader.tokens.push({ kind, text, ...content !== undefined && { content } })
}
