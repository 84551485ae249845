import { cutBytes, oneLine } from '../../platform/text.ts'

/**
 * What a persona remembers from day to day, in its own words and never more than fits. Pure. It is
 * given back as data: every text in it is one line without angle brackets, so that none can end the
 * frame that it is shown in.
 */

interface DiaryEntry {
  /** As the persona's calendar wrote it. */
  date: string
  did: string
  annoyed: string
  plan: string
}

export interface Diary {
  /** Of all days; the persona rewrites it every day, and so condenses the older ones itself. */
  memory: string
  /** The latest days in full, oldest first. */
  entries: DiaryEntry[]
}

export const EMPTY_DIARY: Diary = { memory: '', entries: [] }

/**
 * For the whole rendered text, in bytes of UTF-8 and in any language; what is given back every day
 * costs tokens every day.
 */
export const DIARY_MAX_BYTES = 4096
export const MEMORY_MAX_BYTES = 1500
/** Shares that leave room for the memory and at least two whole days. */
const FIELD_MAX_BYTES = { date: 60, did: 500, annoyed: 300, plan: 300 }

const LABELS = {
  de: {
    memory: 'Was ich mir gemerkt habe',
    did: 'getan',
    annoyed: 'genervt hat',
    plan: 'vorgehabt'
  },
  en: { memory: 'What I keep in mind', did: 'did', annoyed: 'annoyed by', plan: 'planned' }
}
type Labels = typeof LABELS['de']

function widest (label: keyof Labels): string {
  const [de, en] = [LABELS.de[label], LABELS.en[label]]
  return Buffer.byteLength(de) > Buffer.byteLength(en) ? de : en
}

/** What fits with these fits in every language. */
const WIDEST: Labels = {
  memory: widest('memory'),
  did: widest('did'),
  annoyed: widest('annoyed'),
  plan: widest('plan')
}

/**
 * The diary with one more day, the newest last.
 * @param memory in place of what was remembered so far; null: that stays
 */
export function addEntry (diary: Diary, entry: DiaryEntry, memory: string | null): Diary {
  return fitDiary({ memory: memory ?? diary.memory, entries: [...diary.entries, entry] })
}

/**
 * The diary, cleaned and cut to its shares; the oldest days leave first until the whole fits in
 * every language.
 */
export function fitDiary (diary: Diary): Diary {
  const memory = plain(diary.memory, MEMORY_MAX_BYTES)
  const entries = diary.entries.map(plainEntry).filter(({ did, annoyed, plan }) =>
    `${did}${annoyed}${plan}` !== ''
  )
  let left = DIARY_MAX_BYTES - (memory === '' ? -1 : bytesOf({ memory, entries: [] }))
  const tooOld = entries.findLastIndex(entry => {
    left -= bytesOf({ memory: '', entries: [entry] }) + 1
    return left < 0
  })
  return { memory, entries: entries.slice(tooOld + 1) }
}

const bytesOf = (part: Diary) => Buffer.byteLength(toText(part, WIDEST))

/**
 * The diary as the persona is given it: lines of data, at most `DIARY_MAX_BYTES` whatever is
 * stored.
 * @param locale a BCP 47 tag; only its language counts, and any other than German gets English, as
 *   its prompts are
 */
export function renderDiary (diary: Diary, locale: string): string {
  return toText(
    fitDiary(diary),
    locale.toLowerCase().split('-')[0] === 'de' ? LABELS.de : LABELS.en
  )
}

function toText ({ memory, entries }: Diary, labels: Labels): string {
  const days = entries.flatMap(({ date, ...entry }) => [
    `${date}:`,
    ...(['did', 'annoyed', 'plan'] as const).filter(field => entry[field] !== '').map(field =>
      `- ${labels[field]}: ${entry[field]}`
    )
  ])
  return [...(memory === '' ? [] : [`${labels.memory}: ${memory}`]), ...days].join('\n')
}

/**
 * What the persona wrote into its answer; null: nothing that could be kept. A memory left empty
 * changes none.
 */
export function readDiary (
  value: unknown
): { did: string, annoyed: string, plan: string, memory: string | null } | null {
  if (value === null || typeof value !== 'object') return null
  const { did, annoyed, plan, memory } = value as Record<string, unknown>
  const entry = plainEntry({
    date: '',
    did: textOf(did),
    annoyed: textOf(annoyed),
    plan: textOf(plan)
  })
  const read = {
    did: entry.did,
    annoyed: entry.annoyed,
    plan: entry.plan,
    memory: plain(textOf(memory), MEMORY_MAX_BYTES) || null
  }
  return Object.values(read).every(text => text === '' || text === null) ? null : read
}

const textOf = (value: unknown) => typeof value === 'string' ? value : ''

function plainEntry ({ date, did, annoyed, plan }: DiaryEntry): DiaryEntry {
  return {
    date: plain(date, FIELD_MAX_BYTES.date),
    did: plain(did, FIELD_MAX_BYTES.did),
    annoyed: plain(annoyed, FIELD_MAX_BYTES.annoyed),
    plan: plain(plan, FIELD_MAX_BYTES.plan)
  }
}

function plain (text: string, maxBytes: number): string {
  return cutBytes(oneLine(text, Infinity).replaceAll('<', '(').replaceAll('>', ')'), maxBytes).text
    .trim()
}

/** From this length on, words that also stand in a tool result are taken for copied. */
const COPIED_CHARS = 40
/**
 * JSON inside of JSON doubles its backslashes; bounded, because a long row of them would take
 * quadratic time.
 */
const WHITE_SPACE = /(?:\s|\\{1,16}[nrt])+/g
const ESCAPED_MARK = /\\{1,16}"/g
const PIECE = /(?:\s|\\{1,16}[nrt])+|\\{1,16}"|./gsu

/**
 * Takes out of a text of the persona everything that it copied from tool results, 40 characters or
 * more, whatever the case, the white space and JSON's escapes, and puts `[…]` in its place: what an
 * app says must not come back as the persona's own words.
 */
export function verbatimRemover (results: string[]): (text: string) => string {
  const said = results.map(result =>
    lower(result).replace(WHITE_SPACE, ' ').replace(ESCAPED_MARK, '"')
  )
  return text => {
    const { folded, starts } = foldWithPlaces(text)
    return leaveOut(
      text,
      starts,
      copiedPlaces(folded, said.filter(result => mayBeCopied(folded, result)))
    )
  }
}

/**
 * Whoever copied so many characters copied one of these halves whole. Tells sooner than comparing
 * every stretch.
 */
function mayBeCopied (folded: string, result: string): boolean {
  const half = COPIED_CHARS / 2
  for (let i = 0; i + half <= folded.length; i += half) {
    if (result.includes(folded.slice(i, i + half))) return true
  }
  return false
}

function copiedPlaces (folded: string, results: string[]): Set<number> {
  const places = new Map<string, number[]>()
  for (let i = 0; results.length > 0 && i + COPIED_CHARS <= folded.length; i++) {
    const stretch = folded.slice(i, i + COPIED_CHARS)
    places.set(stretch, [...places.get(stretch) ?? [], i])
  }
  const copied = new Set<number>()
  for (const said of results) {
    for (let i = 0; i + COPIED_CHARS <= said.length; i++) {
      const stretch = said.slice(i, i + COPIED_CHARS)
      for (const place of places.get(stretch) ?? []) {
        for (let j = 0; j < COPIED_CHARS; j++) copied.add(place + j)
      }
      places.delete(stretch)
    }
  }
  return copied
}

/** The form that texts are compared in, and where each of its characters stands in the text. */
function foldWithPlaces (text: string): { folded: string, starts: number[] } {
  let folded = ''
  const starts: number[] = []
  for (const { 0: piece, index } of lower(text).matchAll(PIECE)) {
    const same = piece.replace(WHITE_SPACE, ' ').replace(ESCAPED_MARK, '"')
    folded += same
    for (let i = 0; i < same.length; i++) starts.push(index)
  }
  return { folded, starts: [...starts, text.length] }
}

/** Of the same length as the text: only this one letter grows when it gets small. */
const lower = (text: string) => text.replaceAll('İ', 'i').toLowerCase()

function leaveOut (text: string, starts: number[], copied: Set<number>): string {
  let kept = ''
  for (let i = 0; i + 1 < starts.length; i++) {
    if (!copied.has(i)) kept += text.slice(starts[i], starts[i + 1])
    else if (!copied.has(i - 1)) kept += '[…]'
  }
  return kept
}
