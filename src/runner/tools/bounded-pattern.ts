import { createContext, Script } from 'node:vm'

/**
 * Patterns that an app puts into its schemas. Some take years over a text of thirty letters,
 * `^(a+)+$` for one, and nothing else of the process runs meanwhile: a pattern that takes longer
 * than this is given up, and counts as met from then on. The app is then the one to judge.
 */

/** Milliseconds. Ordinary patterns take microseconds. */
const GIVEN_UP_AFTER_MS = 50
/**
 * A text so short is over at once, whatever a pattern does that repeats nothing within a
 * repetition.
 */
const SHORT = 1000

const place = createContext({ pattern: /x/, text: '' }) as { pattern: RegExp, text: string }
const TEST = new Script('pattern.test(text)')

class BoundedPattern {
  readonly #pattern: RegExp
  readonly #isHarmless: boolean
  #isGivenUp = false

  /** @throws SyntaxError for what is no pattern */
  constructor (source: string, flags: string) {
    this.#pattern = new RegExp(source, flags)
    this.#isHarmless = (source.match(/[*+?{|]/g) ?? []).length <= 1
  }

  test (text: string): boolean {
    if (this.#isGivenUp) return true
    if (this.#isHarmless && text.length <= SHORT) return this.#pattern.test(text)
    try {
      return this.#testInTime(text)
    } catch {
      this.#isGivenUp = true
      return true
    }
  }

  #testInTime (text: string): boolean {
    place.pattern = this.#pattern
    place.text = text
    return TEST.runInContext(place, { timeout: GIVEN_UP_AFTER_MS }) === true
  }

  /** Tells patterns of one schema apart. */
  toString (): string {
    return String(this.#pattern)
  }
}

/** For ajv, in place of RegExp. */
export const boundedPatterns = Object.assign(
  (source: string, flags: string) => new BoundedPattern(source, flags),
  { code: '' }
)
