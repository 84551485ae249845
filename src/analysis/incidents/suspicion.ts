import { clean, oneLine } from '../../platform/text.ts'
import { MACHINE, STEERING, STRONG, type Rule } from './suspicion-rules.ts'

/** What looks in a text as if it spoke to the model and not to a person. */
export interface Suspicion {
  /** Which rule found it (`suspicion-rules.ts`); `hidden_text`: letters that nobody can see. */
  kind: string
  /** One line of what stands there, for an operator. */
  excerpt: string
}

/** More is not shown to the model, so more is not looked at. */
const MAX_CHARS = 20_000
/** Two hints further apart speak of different things. */
const NEAR_CHARS = 300
const EXCERPT_AROUND = 60
const EXCERPT_BYTES = 240

/** The first suspicion of each kind; none: nothing looks strange. Pure. */
export function suspicionsIn (text: string): Suspicion[] {
  const shown = text.slice(0, MAX_CHARS)
  const found = [hiddenText(shown), ...viewsOf(shown).flatMap(read)].filter(suspicion =>
    suspicion !== null
  )
  return [...new Map(found.toReversed().map(suspicion => [suspicion.kind, suspicion])).values()]
    .reverse()
}

function read (text: string): Suspicion[] {
  const strong = STRONG.flatMap(({ kind, pattern }) => {
    const at = text.search(pattern)
    return at < 0 ? [] : [{ kind, excerpt: excerptOf(text, at) }]
  })
  const weak = weakPair(text)
  return weak === null ? strong : [...strong, weak]
}

/** One hint that only a machine could follow, and one that steers, close together. */
function weakPair (text: string): Suspicion | null {
  const steering = hintsIn(text, STEERING)
  if (steering.length === 0) return null
  for (const hint of hintsIn(text, MACHINE)) {
    const near = steering.find(other => Math.abs(other.index - hint.index) <= NEAR_CHARS)
    if (near !== undefined) {
      return {
        kind: `${hint.kind}+${near.kind}`,
        excerpt: excerptOf(text, Math.min(hint.index, near.index))
      }
    }
  }
  return null
}

const MAX_HINTS = 50

function hintsIn (text: string, rules: Rule[]): { kind: string, index: number }[] {
  return rules.flatMap(({ kind, pattern }) =>
    [...text.matchAll(pattern)].slice(0, MAX_HINTS).map(({ index }) => ({ kind, index }))
  )
}

/** Unicode's tag characters show nothing and spell ASCII; a flag is made of fewer. */
const INVISIBLE = /[\u{e0020}-\u{e007e}]{8,}/u

function hiddenText (text: string): Suspicion | null {
  const match = INVISIBLE.exec(text)
  return match === null ? null : { kind: 'hidden_text', excerpt: excerptOf(visible(match[0]), 0) }
}

const visible = (text: string) =>
  text.replace(
    /[\u{e0020}-\u{e007e}]/gu,
    character => String.fromCharCode((character.codePointAt(0) ?? 0) - 0xe0000)
  )

/** The text as it stands there, and what it says in the encodings that a model reads as easily. */
function viewsOf (text: string): string[] {
  const plain = visible(text).normalize('NFKC').replace(/[\u00ad\u200b-\u200f\u2060-\u2064]/g, '')
    .replace(/\\[nrt]/g, '\n').replace(/\\"/g, '"').replace(/[’‘]/g, "'")
  const escaped = /%[0-9a-f]{2}|&#x?[0-9a-f]+;|\\u[0-9a-f]{4}/i.test(plain)
    ? [unescaped(plain)]
    : []
  // Backwards and rot13 are looked at only where a word of the trade stands there.
  const backwards = /snoitcurtsni|tpmorp|negnusiewna/i.test(plain)
    ? [[...plain].reverse().join('')]
    : []
  const rotated = /vafgehpgvba|cebzcg|najrvfhat/i.test(plain) ? [rot13(plain)] : []
  return [plain, ...escaped, ...backwards, ...rotated, ...decoded(plain)]
}

function unescaped (text: string): string {
  const character = (code: number) =>
    code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : ' '
  return text.replace(
    /%([0-9a-f]{2})|&#x([0-9a-f]{1,6});|&#(\d{1,7});|\\u([0-9a-f]{4})/gi,
    (_, percent?: string, hex?: string, decimal?: string, escape?: string) =>
      character(
        decimal === undefined ? parseInt(percent ?? hex ?? escape ?? '', 16) : Number(decimal)
      )
  )
}

const rot13 = (text: string) =>
  text.replace(
    /[a-z]/gi,
    letter => String.fromCharCode(letter.charCodeAt(0) + (letter.toLowerCase() < 'n' ? 13 : -13))
  )

const MAX_BLOBS = 20

/** What is written in base64 or in hexadecimal, where text comes out. */
function decoded (text: string): string[] {
  const hex = [...text.matchAll(/(?<![0-9a-f])(?:[0-9a-f]{2}[ :]?){20,}/gi)].slice(0, MAX_BLOBS)
    .map(([blob]) => Buffer.from(blob.replace(/[ :]/g, ''), 'hex'))
  const base64 = [...text.matchAll(/(?<![\w+/-])[\w+/-]{24,}={0,2}/g)].slice(0, MAX_BLOBS).map((
    [blob]
  ) => Buffer.from(blob, 'base64'))
  return [...hex, ...base64].map(bytes => bytes.toString()).filter(said =>
    !said.includes('\ufffd') && clean(said) === said && said.includes(' ')
  )
}

function excerptOf (text: string, at: number): string {
  return oneLine(
    text.slice(Math.max(0, at - EXCERPT_AROUND), at + EXCERPT_BYTES).toWellFormed(),
    EXCERPT_BYTES
  )
}
