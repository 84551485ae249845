import { ComparedToLastTime, type Citation, type ModuleRating } from './schemas.ts'
import { clean, cutBytes, oneLine } from '../../platform/text.ts'

/**
 * Reads the persona's answer to "rate your day". Pure: tolerant of white space, fences and prose
 * around the JSON, strict about what is in it.
 */

export type ReadAnswer =
  | { ok: true, ratings: ModuleRating[], costliestModule: string | null, diary: unknown }
  | { ok: false, problems: string[] }

const NOTES_MAX_BYTES = 4000
const QUOTE_MAX_BYTES = 1000
/**
 * More brackets than this before an answer are no prose but noise, and trying each would take
 * quadratic time.
 */
const MAX_OPENINGS = 200

/** @param modules the modules that the persona used today: each must be rated, and no other */
export function readAnswer (text: string, modules: string[]): ReadAnswer {
  const found = findJson(text)
  if (found === undefined) {
    return { ok: false, problems: ['there is no JSON object with "ratings" in the answer'] }
  }
  const ratings = Array.isArray(found) ? found : (found as { ratings?: unknown }).ratings
  if (!Array.isArray(ratings)) return { ok: false, problems: ['"ratings" must be a list'] }

  const problems: string[] = []
  const byModule = new Map<string, ModuleRating>()
  for (const item of ratings) {
    const read = readRating(item)
    if (typeof read === 'string') problems.push(read)
    else if (!modules.includes(read.module)) {
      problems.push(`"${oneLine(read.module, 128)}" was not used today`)
    } else if (byModule.has(read.module)) problems.push(`"${read.module}" is rated twice`)
    else byModule.set(read.module, read)
  }
  for (const module of modules) {
    if (!byModule.has(module)) problems.push(`"${module}" has no valid rating`)
  }
  if (problems.length > 0) return { ok: false, problems: [...new Set(problems)].slice(0, 10) }

  const { costliestModule, diary } = found as { costliestModule?: unknown, diary?: unknown }
  return {
    ok: true,
    ratings: [...byModule.values()],
    costliestModule: modules.find(module => module === costliestModule) ?? null,
    diary
  }
}

function readRating (item: unknown): ModuleRating | string {
  if (item === null || typeof item !== 'object') return 'each rating must be an object'
  const { module, rating, notes, evidence, comparedToLastTime } = item as Record<string, unknown>
  if (typeof module !== 'string' || module === '') return 'each rating must name its "module"'
  const named = `"${oneLine(module, 128)}"`
  if (typeof rating !== 'number' || !Number.isInteger(rating) || rating < 0 || rating > 5) {
    return `${named}: "rating" must be 0, 1, 2, 3, 4 or 5`
  }
  if (typeof notes !== 'string' || clean(notes).trim() === '') {
    return `${named}: "notes" must say what happened`
  }
  return {
    module,
    rating: rating === 0 ? null : rating,
    notes: cutBytes(clean(notes).trim(), NOTES_MAX_BYTES).text,
    evidence: readEvidence(evidence),
    comparedToLastTime: ComparedToLastTime.enum.find(word => word === comparedToLastTime) ?? null
  }
}

/** More may stand in it than we asked for. */
function citesAction (item: unknown): item is { action: number, quote?: unknown } {
  const { action } = Object(item) as { action?: unknown }
  return Number.isInteger(action) && Number(action) >= 1
}

function readEvidence (evidence: unknown): Citation[] {
  if (!Array.isArray(evidence)) return []
  return evidence.filter(citesAction).slice(0, 20).map(item => ({
    action: item.action,
    quote: typeof item.quote === 'string' && item.quote.trim() !== ''
      ? cutBytes(clean(item.quote), QUOTE_MAX_BYTES).text
      : null
  }))
}

/**
 * The first complete JSON in a text that looks like an answer; what stands around it (prose,
 * fences, footnotes like [1]) does not matter.
 */
export function findJson (text: string): object | undefined {
  let openings = 0
  for (let start = 0; start < text.length && openings < MAX_OPENINGS; start++) {
    if (text[start] !== '{' && text[start] !== '[') continue
    openings++
    const end = endOfJson(text, start)
    const value = end === undefined ? undefined : parse(text.slice(start, end))
    if (value !== undefined && looksLikeAnswer(value)) return value
  }
  return undefined
}

/**
 * The evidence of an answer that was cut off is a list of objects too, but none that name a module.
 */
function looksLikeAnswer (value: object): boolean {
  return Array.isArray(value)
    ? value.some(item => item !== null && typeof item === 'object' && 'module' in item)
    : 'ratings' in value
}

/** Where the bracket opened at `start` closes, strings skipped; undefined where it never does. */
function endOfJson (text: string, start: number): number | undefined {
  let depth = 0
  let inString = false
  for (let i = start; i < text.length; i++) {
    const character = text[i]
    if (inString) {
      if (character === '\\') i++
      else if (character === '"') inString = false
    } else if (character === '"') inString = true
    else if (character === '{' || character === '[') depth++
    else if ((character === '}' || character === ']') && --depth === 0) return i + 1
  }
  return undefined
}

function parse (text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return value !== null && typeof value === 'object' ? value : undefined
  } catch {
    return undefined
  }
}
