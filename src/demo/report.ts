import { sql } from 'kysely'
import type { Queryable } from '../platform/db/database.ts'
import type { TickResult } from '../runner/runs/schemas.ts'
import type { Tick } from '../runner/runs/tick.ts'
import { shorten } from './progress.ts'

/** The tables that the demo ends with, and where to go from there. */

interface ReportContext {
  notice: string
  address: string
  standIn: boolean
  stay: boolean
  adminKey: string
  signInToken: string
}

export async function printReport (
  db: Queryable,
  tick: Tick,
  result: TickResult,
  context: ReportContext
): Promise<void> {
  const runIds = tick.opened.map(run => run.runId)
  console.log(`\nThe day in numbers  [${context.notice}]\n`)
  printTable(
    ['persona', 'kind', 'calls', 'errors', 'ended', 'ratings (1–5)'],
    await personaRows(db, runIds)
  )
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
      shorten(row.said ?? '', 80)
    ]
  )
}

function printTable (head: string[], rows: string[][]): void {
  const widths = head.map((title, i) =>
    Math.max(title.length, ...rows.map(row => row[i]?.length ?? 0))
  )
  const line = (cells: string[]) =>
    `  ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  ').trimEnd()}`
  console.log(
    [line(head), line(widths.map(width => '─'.repeat(width))), ...rows.map(line)].join('\n')
  )
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
