import { sql } from 'kysely'
import type { Queryable } from '../platform/db/database.ts'
import type { TickResult } from '../runner/runs/schemas.ts'
import { FIRST_APP } from '../personas/app-name.ts'
import { describeRelease } from '../analysis/verdicts/describe-release.ts'
import { listReleases } from '../analysis/releases/repository.ts'
import { shorten } from './progress.ts'

/** The tables that the demo ends with, and where to go from there. */

interface ReportContext {
  days: number
  notice: string
  address: string
  standIn: boolean
  stay: boolean
  adminKey: string
  signInToken: string
}

export async function printReport (
  db: Queryable,
  runIds: string[],
  result: TickResult,
  context: ReportContext
): Promise<void> {
  const { days, notice } = context
  if (days > 1) await printVerdicts(db, notice)
  else await printPersonas(db, runIds, notice)
  console.log('\nBy module, worst first\n')
  printTable(
    ['module', 'mean', 'n', 'calls', 'errors', 'what was said'],
    await moduleRows(db, runIds)
  )
  console.log(
    `\n${result.ranSuccessfully} of ${result.due} days lived in ${
      (result.durationMs / 1000).toFixed(1)
    } s.`
  )
  for (const failure of result.failed) console.log(`  failed: ${failure.persona}: ${failure.error}`)
  console.log(nextSteps(context))
}

/** One sentence for each release that changed a module. */
async function printVerdicts (db: Queryable, notice: string): Promise<void> {
  console.log(`\nWhat each release did  [${notice}]\n`)
  const { releases } = await listReleases(db, { app: FIRST_APP, limit: 100 })
  for (const { version, notes } of releases.toReversed()) {
    const { modules } = await describeRelease(db, { app: FIRST_APP, version })
    const changes = modules.filter(({ verdict }) => CHANGES.has(verdict))
    console.log(`  ${version}  ${notes ?? ''}`)
    const said = changes.map(({ sentence }) => sentence)
    const told = said.length > 0 ? said : [withoutChange(modules.map(({ verdict }) => verdict))]
    for (const sentence of told) console.log(indented(sentence))
  }
}

const CHANGES = new Set(['worse', 'better', 'mixed', 'everything_moved'])

/** `2 too little data, 5 no change seen`. */
function withoutChange (verdicts: string[]): string {
  if (verdicts.length === 0) return 'Not judged: there are no days before it to compare with.'
  const counts = Map.groupBy(verdicts, verdict => verdict.replaceAll('_', ' '))
  return [...counts].map(([verdict, all]) => `${all.length} ${verdict}`).join(', ')
}

/** In lines that fit the terminal. */
function indented (sentence: string): string {
  const lines = ['        ']
  for (const word of sentence.split(/ (?!%)/)) {
    const line = lines.at(-1) ?? ''
    if (line.length + word.length >= WIDTH) lines.push(`        ${word} `)
    else lines[lines.length - 1] = `${line}${word} `
  }
  return lines.map(line => line.trimEnd()).join('\n')
}

async function printPersonas (db: Queryable, runIds: string[], notice: string): Promise<void> {
  console.log(`\nThe day in numbers  [${notice}]\n`)
  printTable(
    ['persona', 'kind', 'calls', 'errors', 'ended', 'ratings (1–5)'],
    await personaRows(db, runIds)
  )
}

async function personaRows (db: Queryable, runIds: string[]): Promise<string[][]> {
  const { rows } = await sql<
    {
      name: string
      archetype: string
      calls: number
      errors: number
      ended: string
      ratings: string | null
    }
  >`
    SELECT p.name, p.archetype, CASE WHEN r.state = 'completed' THEN 'completed' ELSE r.state || ': ' || coalesce(r.end_reason, r.error_code, '') END AS ended,
      (SELECT count(*)::int FROM persona_actions a WHERE a.tick_id = r.id) AS calls,
      (SELECT count(*)::int FROM persona_actions a WHERE a.tick_id = r.id AND a.result <> 'ok') AS errors,
      (SELECT string_agg(f.module || ' ' || coalesce(f.rating::text, '–'), ', ' ORDER BY f.rating, f.module)
       FROM persona_feedback f WHERE f.tick_id = r.id) AS ratings
    FROM runs r JOIN personas p ON p.id = r.persona_id WHERE r.id = ANY(${runIds}) ORDER BY p.name, p.id`
    .execute(db)
  return rows.map(
    row => [
      row.name,
      row.archetype,
      String(row.calls),
      String(row.errors),
      row.ended,
      row.ratings ?? ''
    ]
  )
}

async function moduleRows (db: Queryable, runIds: string[]): Promise<string[][]> {
  const { rows } = await sql<
    {
      module: string
      mean: number | null
      n: number
      calls: number
      errors: number
      said: string | null
    }
  >`
    SELECT f.module, avg(f.rating)::float8 AS mean, count(f.rating)::int AS n,
      (SELECT count(*)::int FROM persona_actions a WHERE a.tick_id = ANY(${runIds}) AND a.module = f.module) AS calls,
      (SELECT count(*)::int FROM persona_actions a WHERE a.tick_id = ANY(${runIds}) AND a.module = f.module AND a.result <> 'ok') AS errors,
      (array_agg(f.notes ORDER BY f.rating NULLS LAST, f.id))[1] AS said
    FROM persona_feedback f WHERE f.tick_id = ANY(${runIds}) GROUP BY f.module ORDER BY mean NULLS LAST, f.module`
    .execute(db)
  return rows.map(
    row => [
      row.module,
      row.mean?.toFixed(1) ?? '–',
      String(row.n),
      String(row.calls),
      String(row.errors),
      row.said ?? ''
    ]
  )
}

/** Columns of a terminal that nobody has made wider. */
const WIDTH = 80

/** The last column takes what is left of the line, and is cut there. */
function printTable (head: string[], rows: string[][]): void {
  const last = head.length - 1
  const widths = head.slice(0, last).map((title, i) =>
    Math.max(title.length, ...rows.map(row => row[i]?.length ?? 0))
  )
  const room = WIDTH - widths.reduce((sum, width) => sum + width + 2, 2)
  const cut = rows.map(row => [...row.slice(0, last), shorten(row[last] ?? '', room)])
  const line = (cells: string[]) =>
    `  ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  ').trimEnd()}`
  const rule = [...widths.map(width => '─'.repeat(width)), '─'.repeat(room)]
  console.log([line(head), line(rule), ...cut.map(line)].join('\n'))
}

function nextSteps ({ address, standIn, stay, adminKey, signInToken }: ReportContext): string {
  const look = stay
    ? `Look around while this runs (Ctrl-C ends it and leaves nothing behind):
  ${address}/sign-in/demo/${signInToken}
      the pages: who does what, and what hurts whom. The link signs you in, once; after that the key does: ${adminKey}
  ${address}/docs
      every route
  curl -H 'Authorization: Bearer ${adminKey}' ${address}/api/v1/admin/runs`
    : 'Run "npm run demo -- --stay" to look around afterwards: it keeps serving the rows over REST, with every route at /docs.'
  return `
${look}

How to go on
${
    standIn
      ? '  With a real model:   ANTHROPIC_API_KEY=… npm run demo\n'
      : ''
  }  With your own app:   cp .env.example .env, fill in MCP_URL, AUTH_URL and the keys,
                       npm run seed:personas, then npm start. The README says what each does.`
}
