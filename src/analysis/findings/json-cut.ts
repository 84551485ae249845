/** Reads JSON that may end anywhere, as a message does that was cut to be stored. Pure. */

const MAX_DEPTH = 32
const NUMBER = /-?\d[\d.eE+-]{0,40}/y
const ESCAPES: Record<string, string> = { n: '\n', t: '\t', r: '\r', b: '', f: '' }
const LITERALS: [string, unknown][] = [['true', true], ['false', false], ['null', null]]

interface Reader {
  text: string
  at: number
}

/** The value that begins at a place, as far as it goes, and where it ends. */
export function parseCut (text: string, start: number): { value: unknown, end: number } {
  const reader = { text, at: start }
  const value = readValue(reader, 0)
  return { value, end: reader.at }
}

function readValue (reader: Reader, depth: number): unknown {
  skipSpace(reader)
  const { text, at } = reader
  const head = text[at]
  if (head === '"') return readText(reader)
  if ((head === '{' || head === '[') && depth < MAX_DEPTH) {
    reader.at++
    return head === '{' ? readObject(reader, depth) : readArray(reader, depth)
  }
  const literal = LITERALS.find(([word]) => text.startsWith(word, at))
  if (literal !== undefined) {
    reader.at += literal[0].length
    return literal[1]
  }
  NUMBER.lastIndex = at
  const number = NUMBER.exec(text)?.[0]
  // What is no JSON ends the reading.
  reader.at = number === undefined ? text.length : at + number.length
  return number === undefined ? undefined : Number(number)
}

function readObject (reader: Reader, depth: number): Record<string, unknown> {
  const entries: [string, unknown][] = []
  while (!closes(reader, '}')) {
    if (reader.text[reader.at] !== '"') {
      reader.at = reader.text.length
      break
    }
    const key = readText(reader)
    skipSpace(reader)
    reader.at++
    const value = readValue(reader, depth + 1)
    if (value !== undefined) entries.push([key, value])
  }
  return Object.fromEntries(entries)
}

function readArray (reader: Reader, depth: number): unknown[] {
  const items: unknown[] = []
  while (!closes(reader, ']')) {
    const value = readValue(reader, depth + 1)
    if (value !== undefined) items.push(value)
  }
  return items
}

/** Whether it is over, by its bracket or by the end of the text; a comma is passed over. */
function closes (reader: Reader, bracket: string): boolean {
  skipSpace(reader)
  if (reader.text[reader.at] === ',') {
    reader.at++
    skipSpace(reader)
  }
  if (reader.at >= reader.text.length) return true
  if (reader.text[reader.at] !== bracket) return false
  reader.at++
  return true
}

function skipSpace (reader: Reader): void {
  while (reader.at < reader.text.length && /\s/.test(reader.text[reader.at] ?? '')) reader.at++
}

function readText (reader: Reader): string {
  const { text } = reader
  const parts: string[] = []
  let at = reader.at + 1
  while (at < text.length && text[at] !== '"') {
    if (text[at] !== '\\') {
      parts.push(text[at++] ?? '')
      continue
    }
    const mark = text[at + 1] ?? ''
    const isCode = mark === 'u'
    const code = Number.parseInt(text.slice(at + 2, at + 6), 16)
    parts.push(
      isCode ? (Number.isNaN(code) ? '' : String.fromCharCode(code)) : ESCAPES[mark] ?? mark
    )
    at += isCode ? 6 : 2
  }
  reader.at = Math.min(at + 1, text.length)
  return parts.join('')
}
