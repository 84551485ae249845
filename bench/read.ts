import { sql } from 'kysely'
import { readTimeline } from '../src/web/dashboard/run-timeline.ts'
import { readRunHead, readRunRatings, readRunVisits } from '../src/web/dashboard/run.ts'
import { openDatabase, type Queryable } from '../src/platform/db/database.ts'
import { migrate } from '../src/platform/db/migrate.ts'
import { describeCast } from '../src/analysis/insights/cast.ts'
import { exportRows, type ExportFormat } from '../src/analysis/insights/export.ts'
import { foldNext } from '../src/analysis/insights/folds.ts'
import { findGaps } from '../src/analysis/insights/gaps.ts'
import { describeModules } from '../src/analysis/insights/modules.ts'
import { findProblems } from '../src/analysis/insights/problems.ts'
import type { Bench, BenchReport } from './bench.ts'
import { cells, inTurns, round, spreadOf, timed } from './measure.ts'
import { createDatabase, withPostgres, withUnlimited } from './postgres.ts'
import { A_MONTH, TEN_MILLION, writeYear } from './year.ts'

const ROUNDS = 15
const EXPORTED = 1_000_000
const EVENTS = 10_000

/**
 * BENCH_DATABASE_URL names a database that holds the rows of an earlier run of this bench; then
 * only what reads is measured.
 */
export const bench: Bench = {
  name: 'read',
  shows:
    'insights over 10 M actions and 1 M ratings, the page of a run of 10,000 events, and an export of 1 M rows',
  async run (report, { quick }) {
    const known = process.env.BENCH_DATABASE_URL
    if (known !== undefined) return readAll(report, known)
    await withPostgres(async serverUrl => {
      const url = await createDatabase(serverUrl, 'read')
      await withUnlimited(url, async db => {
        await migrate(db)
        report.row('writing the rows', {
          seconds: Math.round(
            await timed(() => writeYear(db, quick ? A_MONTH : TEN_MILLION)) / 1000
          )
        })
      })
      await beforeFolding(report, url)
      await readAll(report, url)
    })
  }
}

const open = (url: string) => openDatabase({ url, dataDir: '', poolSize: 4, onError: () => {} })

/** What the rows alone cost, and what it costs to add them up once. */
async function beforeFolding (report: BenchReport, url: string): Promise<void> {
  const { db, close } = await open(url)
  const times = await inTurns({ rows: () => describeModules(db, {}) }, 3)
  report.row('modules, 30 days, row by row, ms', cells(times.rows))
  const days: number[] = []
  for (;;) {
    let day: string | null = null
    const ms = await timed(async () => {
      day = await foldNext(db)
    })
    if (day === null) break
    days.push(ms)
  }
  report.row('folding a day, ms', cells(spreadOf(days)))
  await close()
  await withUnlimited(url, async db => {
    await sql`VACUUM ANALYZE`.execute(db)
  })
}

async function readAll (report: BenchReport, url: string): Promise<void> {
  const { db, close } = await open(url)
  await readInsights(report, db)
  await readRun(report, db)
  for (const format of ['ndjson', 'csv'] as const) await exportAll(report, db, format)
  await close()
}

async function readInsights (report: BenchReport, db: Queryable): Promise<void> {
  const { rows: [counted] } = await sql<{ actions: number, feedback: number, folded: number }>`
    SELECT (SELECT count(*) FROM persona_actions)::float8 AS actions, (SELECT count(*) FROM persona_feedback)::float8 AS feedback,
           (SELECT count(*) FROM folded_days)::int AS folded`.execute(db)
  report.row('rows', { ...counted })
  const from = new Date(Date.now() - 366 * 24 * 60 * 60 * 1000).toISOString()
  const times = await inTurns({
    'modules, 30 days': () => describeModules(db, {}),
    'modules, all': () => describeModules(db, { from }),
    'modules mixed, all': () => describeModules(db, { from, mix: true }),
    'one module, all': () => describeModules(db, { from, module: 'm3' }),
    'gaps, 30 days': () => findGaps(db, {}),
    'gaps, all': () => findGaps(db, { from }),
    'floor: select 1': () => sql`SELECT 1`.execute(db)
  }, ROUNDS)
  for (const [what, spread] of Object.entries(times)) {
    report.row(`${what}, ms`, cells(spread))
    if (!what.startsWith('floor')) report.check(`${what}: p95 at most 300 ms`, spread.p95 <= 300)
  }
  const rowByRow = await inTurns({
    'problems, 30 days': () => findProblems(db, {}),
    'cast, 30 days': () => describeCast(db, {})
  }, 3)
  for (const [what, spread] of Object.entries(rowByRow)) {
    report.row(`${what}, row by row, ms`, cells(spread))
    report.check(`${what}: p95 at most 300 ms`, spread.p95 <= 300)
  }
}

async function readRun (report: BenchReport, db: Queryable): Promise<void> {
  await writeRun(db)
  const pageOf = (page: number) => async () =>
    Promise.all([
      readRunHead(db, 'bench-long'),
      readRunRatings(db, 'bench-long'),
      readRunVisits(db, 'bench-long'),
      readTimeline(db, 'bench-long', page)
    ])
  const times = await inTurns({
    first: pageOf(1),
    middle: pageOf(25),
    last: pageOf(50),
    'floor: select 1': () => sql`SELECT 1`.execute(db)
  }, 40)
  for (const [what, spread] of Object.entries(times)) {
    report.row(`run of ${EVENTS} events, page data, ${what}, ms`, cells(spread))
  }
  report.check(
    'run page: p95 at most 100 ms',
    Math.max(times.first.p95, times.middle.p95, times.last.p95) <= 100
  )
  await sql`DELETE FROM persona_actions WHERE tick_id = 'bench-long'`.execute(db)
  await sql`DELETE FROM runs WHERE id = 'bench-long'`.execute(db)
}

/** Two calls in each message, with arguments and answers of ordinary size. */
async function writeRun (db: Queryable): Promise<void> {
  await sql`
    INSERT INTO runs (id, persona_id, persona_version, state, started_at, finished_at)
    SELECT 'bench-long', id, 1, 'completed', now(), now() FROM personas LIMIT 1`.execute(db)
  await sql`
    INSERT INTO messages (run_id, seq, phase, role, content)
    SELECT 'bench-long', seq, 'acting', 'assistant', jsonb_build_array(
      jsonb_build_object('type', 'text', 'text', repeat('I look at it. ', 20)),
      jsonb_build_object('type', 'tool_use', 'id', 'use-' || seq || '-0', 'name', 'todo', 'input', jsonb_build_object('q', repeat('x', 300))),
      jsonb_build_object('type', 'tool_use', 'id', 'use-' || seq || '-1', 'name', 'todo', 'input', jsonb_build_object('q', repeat('y', 300))))
    FROM generate_series(1, ${EVENTS / 2}::int) seq`.execute(db)
  await sql`
    INSERT INTO persona_actions (id, persona_id, tick_id, ordinal, tool_name, module, result, latency_ms, result_text, tool_use_id, message_seq)
    SELECT 'bench-long-' || n || '-todo', r.persona_id, r.id, n, 'todo.list', 'todo', 'ok', 20, repeat('an answer ', 200), 'use-' || n / 2 + 1 || '-' || n % 2, n / 2 + 1
    FROM runs r, generate_series(0, ${EVENTS - 1}::int) n WHERE r.id = 'bench-long'`.execute(db)
  await sql`ANALYZE messages`.execute(db)
}

/** The floor is what the server alone needs to write the same columns to nowhere. */
async function exportAll (report: BenchReport, db: Queryable, format: ExportFormat): Promise<void> {
  const { rows: [last] } = await sql<
    { at: Date }
  >`SELECT created_at AS at FROM persona_actions ORDER BY created_at, id OFFSET ${EXPORTED} LIMIT 1`
    .execute(db)
  const range = { from: null, to: (last?.at ?? new Date()).toISOString() }
  const rates: number[] = []
  const grown: number[] = []
  for (let i = 0; i < 3; i++) {
    const before = process.memoryUsage().rss
    let lines = 0
    let peak = before
    const ms = await timed(async () => {
      for await (const text of exportRows(db, 'actions', format, range)) {
        lines += text.split('\n').length - 1
        peak = Math.max(peak, process.memoryUsage().rss)
      }
    })
    rates.push(lines / ms * 1000)
    grown.push((peak - before) / 2 ** 20)
  }
  const floorMs = await timed(() =>
    sql`
    COPY (SELECT id, tick_id, ordinal, persona_id, tool_name, module, input_hash, result, blame, error_message, latency_ms, created_at
      FROM persona_actions WHERE created_at < ${
      sql.lit(range.to)
    } ORDER BY created_at, id) TO '/dev/null'`.execute(db)
  )
  report.row(`export as ${format}, rows/s`, cells(spreadOf(rates)))
  report.row(`export as ${format}, memory grown by, MB`, cells(spreadOf(grown)))
  report.row('floor: COPY of the same rows to nowhere, rows/s', {
    once: round(EXPORTED / floorMs * 1000)
  })
  report.check(`export as ${format}: at least 50 k rows/s`, spreadOf(rates).median >= 50_000)
}
