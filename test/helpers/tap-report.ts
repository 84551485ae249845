/**
 * Reads what a test file wrote as TAP: tap's own counts, of assertions, and the whole story of what
 * failed.
 */

export interface FileReport {
  passed: number
  failed: number
  skipped: number
  /** Of each failure the names of the tests around it, its own, and its details. */
  failures: string[]
}

export interface FileEnd {
  code: number | null
  signal: string | null
}

interface Point {
  depth: number
  ok: boolean
  name: string
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
/** So much of a file that broke off is told. */
const LAST_LINES = 20

export function readReport (lines: string[], { code, signal }: FileEnd): FileReport {
  const counts = lines.map(totalsIn).find(found => found !== undefined) ??
    { passed: 0, failed: 0, skipped: 0 }
  if (counts.failed > 0) return { ...counts, failures: failuresIn(lines) }
  // A file may end badly without an assertion that failed: by a signal, or before its first test.
  if (code !== 0) return brokenOff(counts, lines, `it ended with ${signal ?? code}`)
  const hasRun = counts.passed + counts.skipped > 0 || lines.some(line => /^1\.\.0 # /.test(line))
  return hasRun ? { ...counts, failures: [] } : brokenOff(counts, lines, 'no test ran')
}

function brokenOff (
  counts: Omit<FileReport, 'failures'>,
  lines: string[],
  why: string
): FileReport {
  return { ...counts, failed: 1, failures: [why, ...lines.slice(-LAST_LINES)] }
}

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
      [...open.slice(0, point.depth).map(test => test.name), point.name].join(' > '),
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
    }).map(line => `  ${line}`)
}

/** A test point; one that was skipped or is still to be done counts as ok, as it does for tap. */
function pointIn (line: string): Point | undefined {
  const match = /^( *)(not )?ok \d+(?: - (.*?))?(?: # time=[\d.]+ms| # ((?:SKIP|TODO).*))?$/.exec(
    line
  )
  if (match === null) return undefined
  return {
    depth: depthOf(match[1]),
    ok: match[2] === undefined || match[4] !== undefined,
    name: match[3] ?? ''
  }
}

function depthOf (indent = ''): number {
  return indent.length / 4
}

/** tap ends with `# { total: 43, pass: 34, fail: 7, todo: 1, skip: 1 }`; zeros are left out. */
function totalsIn (line: string): Omit<FileReport, 'failures'> | undefined {
  if (!/^# \{ total: \d+.*\}$/.test(line)) return undefined
  const count = (key: string) => Number(new RegExp(`\\b${key}: (\\d+)`).exec(line)?.[1] ?? 0)
  return { passed: count('pass'), failed: count('fail'), skipped: count('skip') + count('todo') }
}
