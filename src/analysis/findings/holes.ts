import { BEFORE_NAME, AFTER_NAME, CLAUSES, VALUES } from './known-words.ts'
import { mergeHoles } from './merge-holes.ts'
import { readTokens, type Token } from './tokens.ts'
import { wordHole, type Around } from './word-holes.ts'

/** A sentence with holes in place of its values. Pure, and linear in the length of the text. */
export function fillHoles (text: string): string {
  const line = text.replace(/\s+/g, ' ').trim()
  const tokens = readTokens(line, VALUES)
  const isSql = isStatement(line.toLowerCase())
  return mergeHoles(tokens.map((token, i) => holeOf(token, i, tokens, isSql)).join(''))
}

function isStatement (lower: string): boolean {
  return lower.includes('insert into ') || lower.includes('delete from ') ||
    (lower.includes('select ') && lower.includes(' from ')) ||
    (lower.includes('update ') && lower.includes(' set '))
}

function holeOf (token: Token, i: number, tokens: Token[], isSql: boolean): string {
  if (token.kind === 'mark' || token.kind === 'fixed') return token.text
  const around = { ...lookAround(tokens, i), isSql }
  if (token.kind === 'word') return wordHole(token.text, around)
  return isName(token, i, tokens, around) ? token.text : '<text>'
}

/** Of a token so many before and after it are looked at. */
const REACH = 6

function lookAround (tokens: Token[], i: number): Omit<Around, 'isSql'> {
  const found = { before: '', marksBefore: '', after: '', marksAfter: '' }
  for (let at = i - 1; at >= 0 && at >= i - REACH; at--) {
    const token = tokens[at]
    if (token?.kind !== 'mark') {
      found.before = token?.text ?? ''
      break
    }
    found.marksBefore = token.text + found.marksBefore
  }
  for (let at = i + 1; at < tokens.length && at <= i + REACH; at++) {
    const token = tokens[at]
    if (token?.kind !== 'mark') {
      found.after = token?.text ?? ''
      break
    }
    found.marksAfter += token.text
  }
  return found
}

const NAME = /^[A-Za-z_$#][\w$.-]{0,80}(?:\(\)|\[\]|!)?$/

/** Whether a quoted text is a name of the program's own and no value. */
function isName (token: Token, i: number, tokens: Token[], around: Around): boolean {
  const { content = '', text } = token
  if (CLAUSES.has(content)) return true
  if (!NAME.test(content)) return false
  // A key of the table is named by the program, digits and all.
  const before = around.before.toLowerCase()
  if (before === 'constraint' || (before === 'key' && content.includes('.'))) return true
  if (wordHole(content, around) !== content) return false
  if (text.startsWith('`') || (around.isSql && text.startsWith('"'))) return true
  if (/\|\s*$/.test(around.marksBefore)) return true
  if (before === 'of' && wordsBefore(tokens, i).endsWith('one of')) return true
  if (BEFORE_NAME.has(before)) return true
  const rest = tokens.slice(i + 1, i + 9).map(each => each.text).join('').trim().toLowerCase()
  return AFTER_NAME.some(words => rest.startsWith(words))
}

const wordsBefore = (tokens: Token[], i: number) =>
  tokens.slice(Math.max(0, i - 5), i).map(each => each.text).join('').trim().toLowerCase()
