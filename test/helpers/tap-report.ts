/**
 * Reads tap's raw output as it comes and tells what the reader of a CI log wants: one line per test
 * file and the whole story of what failed. Counts are tap's own, of assertions.
 */

export interface TapCounts {
  passed: number
  failed: number
  skipped: number
}

interface Point {
  depth: number
  ok: boolean
  name: string
  ms: string | undefined
}

/** Of a failure's details these tell the reader of a log nothing. */
const NOISE = new Set([
  'at',
  'source',
  'args',
  'command',
  'stdio',
  'cwd',
  'jobId',
  'externalID',
  'tapCaught'
])

export class TapReport {
  readonly #say: (line: string) => void
  /** All of the file that is being read, until its own result comes. */
  #file: string[] = []
  #failed: Point | undefined
  #counts: TapCounts | undefined

  constructor (say: (line: string) => void) {
    this.#say = say
  }

  /** Undefined when tap ended without totals: it was killed, or found nothing to run. */
  get counts (): TapCounts | undefined {
    return this.#counts
  }

  line (line: string): void {
    // The details of a failed file follow its result, indented.
    if (this.#failed !== undefined && !line.startsWith(' ')) this.#tellFailure(this.#failed)
    this.#counts ??= totalsIn(line)
    this.#file.push(line)
    const point = pointIn(line)
    if (point?.depth !== 0) return
    if (point.ok) this.#tellFile('ok', point)
    else this.#failed = point
  }

  #tellFailure (point: Point): void {
    const failures = failuresIn(this.#file)
    this.#tellFile('FAILED', point)
    for (const line of failures) this.#say(line)
    this.#failed = undefined
  }

  #tellFile (result: string, { name, ms }: Point): void {
    this.#say(`${result.padEnd(6)} ${(Number(ms ?? 0) / 1000).toFixed(1).padStart(6)} s  ${name}`)
    this.#file = []
  }
}

/** Of each failure the names of the tests around it, its own, and its details. */
function failuresIn (lines: string[]): string[] {
  const told: string[] = []
  const open: { name: string, toldBefore: number }[] = []
  for (const [at, line] of lines.entries()) {
    const subtest = /^( *)# Subtest: (.*)$/.exec(line)
    if (subtest !== null) {
      open.splice(depthOf(subtest[1]), Infinity, {
        name: subtest[2] ?? '',
        toldBefore: told.length
      })
    }
    const point = pointIn(line)
    if (point === undefined) continue
    const [closed] = open[point.depth]?.name === point.name ? open.splice(point.depth) : []
    // A test that failed because of what is in it has nothing to add.
    if (point.ok || (closed !== undefined && told.length > closed.toldBefore)) continue
    told.push(
      `  ${[...open.slice(0, point.depth).map(test => test.name), point.name].join(' > ')}`,
      ...detailsAfter(lines, at)
    )
  }
  return told
}

function detailsAfter (lines: string[], at: number): string[] {
  const indent = /^ */.exec(lines[at + 1] ?? '')?.[0] ?? ''
  if (lines[at + 1] !== `${indent}---`) return []
  const end = lines.indexOf(`${indent}...`, at)
  let key = ''
  return lines.slice(at + 2, end === -1 ? undefined : end).map(line => line.slice(indent.length))
    .filter(line => {
      key = /^(\w+):/.exec(line)?.[1] ?? key
      return !NOISE.has(key)
    }).map(line => `    ${line}`)
}

/** A test point; one that was skipped or is still to be done counts as ok, as it does for tap. */
function pointIn (line: string): Point | undefined {
  const match = /^( *)(not )?ok \d+(?: - (.*?))?(?: # time=([\d.]+)ms| # ((?:SKIP|TODO).*))?$/.exec(
    line
  )
  if (match === null) return undefined
  return {
    depth: depthOf(match[1]),
    ok: match[2] === undefined || match[5] !== undefined,
    name: match[3] ?? '',
    ms: match[4]
  }
}

function depthOf (indent = ''): number {
  return indent.length / 4
}

/** tap ends with `# { total: 43, pass: 34, fail: 7, todo: 1, skip: 1 }`; zeros are left out. */
function totalsIn (line: string): TapCounts | undefined {
  if (!/^# \{ total: \d+.*\}$/.test(line)) return undefined
  const count = (key: string) => Number(new RegExp(`\\b${key}: (\\d+)`).exec(line)?.[1] ?? 0)
  return { passed: count('pass'), failed: count('fail'), skipped: count('skip') + count('todo') }
}
