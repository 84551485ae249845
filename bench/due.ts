import { fork } from 'node:child_process'
import { once } from 'node:events'
import { sql } from 'kysely'
import { Agent, request } from 'undici'
import { openDatabase, type Queryable } from '../src/platform/db/database.ts'
import { migrate } from '../src/platform/db/migrate.ts'
import { listDue, takeDue } from '../src/personas/repository.ts'
import { openRuns } from '../src/runner/runs/repository.ts'
import type { Bench, BenchReport } from './bench.ts'
import { cells, inTurns, round, timed } from './measure.ts'
import { createDatabase, withPostgres, withUnlimited } from './postgres.ts'
import { freePort, SERVICE, startServer } from './server.ts'

const LIMIT = 100
const ROUNDS = 15
/** Until V8 has compiled both sides; a server that is asked once an hour is slower. */
const WARM_UP_REQUESTS = 500
/** Postgres plans a prepared statement for good with the sixth time. */
const WARM_UP_QUERIES = 20

export const bench: Bench = {
  name: 'due',
  shows: 'what it costs to find and to claim who is due, among 1 k to 1 M personas',
  async run (report, { quick }) {
    const first = new Map<string, number>()
    await withPostgres(async serverUrl => {
      for (const personas of quick ? [1_000, 100_000] : [1_000, 100_000, 1_000_000]) {
        for (const [share, oneIn] of [['5 %', 20], ['0.1 %', 1000]] as const) {
          const url = await createDatabase(serverUrl, `due_${personas}_${oneIn}`)
          await withUnlimited(url, async db => {
            await migrate(db)
            await writeCast(db, personas, oneIn)
          })
          const database = await openDatabase({ url, dataDir: '', poolSize: 16, onError: () => {} })
          first.set(
            `${personas} ${share}`,
            await find(
              report,
              database.db,
              `${personas} personas, ${share} due`,
              Math.min(LIMIT, personas / oneIn)
            )
          )
          if (oneIn === 20 && personas <= 100_000) await claim(report, database.db, personas)
          await database.close()
          if (personas === 1_000 && oneIn === 20) await overHttp(report, url)
        }
      }
    })
    for (const personas of [1_000, 100_000]) await embedded(report, personas)
    const [large, small] = [first.get('1000000 0.1 %'), first.get('100000 0.1 %')]
    if (large !== undefined && small !== undefined) {
      report.check(
        '0.1 % of 1 M costs at most 3 times a row what 0.1 % of 100 k costs',
        large <= 3 * small
      )
    }
  }
}

async function embedded (report: BenchReport, personas: number): Promise<void> {
  const { db, close } = await openDatabase({
    url: undefined,
    dataDir: 'memory://due',
    poolSize: 1,
    onError: () => {}
  })
  await migrate(db)
  await writeCast(db, personas, 20)
  await find(report, db, `PGlite, ${personas} personas, 5 % due`, Math.min(LIMIT, personas / 20))
  await claim(report, db, personas, 'PGlite: ')
  await close()
}

async function writeCast (db: Queryable, personas: number, oneIn: number): Promise<void> {
  await sql`
    INSERT INTO personas (email, name, archetype, system_prompt, cadence, last_active_at)
    SELECT 'p' || n || '@personas.test', 'Persona ' || n, 'kind', repeat('You are somebody. ', 30),
           CASE WHEN n / ${oneIn}::int % 2 = 0 THEN 'hourly' ELSE 'daily' END,
           CASE WHEN n % ${oneIn}::int = 0 THEN now() - interval '2 days' - random() * interval '1 day' ELSE now() - random() * interval '30 minutes' END
    FROM generate_series(1, ${personas}::int) n ORDER BY random()`.execute(db)
  // Some days that are over: Postgres must know what a table of runs looks like.
  await sql`
    INSERT INTO runs (persona_id, persona_version, state, finished_at)
    SELECT id, 1, 'completed', now() FROM personas LIMIT 20000`.execute(db)
  await sql`VACUUM ANALYZE`.execute(db)
}

/** @returns milliseconds for one row found */
async function find (
  report: BenchReport,
  db: Queryable,
  what: string,
  found: number
): Promise<number> {
  const times = await inTurns(
    {
      'two stretches per cadence': () => listDue(db, { limit: LIMIT }),
      'plain OR': () =>
        sql`
      SELECT * FROM personas p WHERE NOT paused AND coalesce(not_before <= now(), true)
        AND NOT EXISTS (SELECT FROM runs r WHERE r.persona_id = p.id AND r.finished_at IS NULL)
        AND (last_active_at IS NULL OR (cadence = 'hourly' AND last_active_at < now() - interval '1 hour')
          OR (cadence <> 'hourly' AND last_active_at < now() - interval '24 hours'))
      ORDER BY last_active_at NULLS FIRST LIMIT ${LIMIT}`.execute(db),
      'select 1': () => sql`SELECT 1`.execute(db)
    },
    ROUNDS,
    WARM_UP_QUERIES
  )
  for (const [arm, spread] of Object.entries(times)) {
    report.row(`${what}: ${arm}, ms`, cells(spread))
  }
  const [ours, plain] = [times['two stretches per cadence'].median, times['plain OR'].median]
  report.row(`${what}: times the plain OR`, { ratio: round(plain / ours) })
  if (what.startsWith('1000000 personas, 5')) {
    report.check('the first 100 due of 1 M take at most 5 ms', ours <= 5)
    report.check('at least 150 times the plain OR', plain >= 150 * ours)
  }
  return ours / found
}

/**
 * The route beside one that does nothing but what it must, with 50 of 1,000 due and with all of
 * them.
 */
async function overHttp (report: BenchReport, url: string): Promise<void> {
  const port = await freePort()
  const lean = fork(new URL('stand-ins/lean-due.ts', import.meta.url), [
    String(port),
    url,
    SERVICE['x-service-key']
  ])
  const server = await startServer({ DATABASE_URL: url })
  const agent = new Agent({ connections: 1 })
  const ask = async (where: string) => {
    const { statusCode, body } = await request(where, { dispatcher: agent, headers: SERVICE })
    const text = await body.text()
    if (statusCode !== 200) throw new Error(text)
    return text
  }
  const ours = () => ask(`${server.url}/api/v1/internal/personas/due`)
  const leanest = () => ask(`http://127.0.0.1:${port}/`)
  const comparable = (text: string) => text.replace(/"serverTime":"[^"]*"/, '')
  try {
    await once(lean, 'message')
    for (const due of [50, 1000]) {
      await withUnlimited(url, async db => {
        await sql`DELETE FROM runs WHERE finished_at IS NULL`.execute(db)
        if (due === 1000) await sql`UPDATE personas SET last_active_at = NULL`.execute(db)
      })
      if (comparable(await ours()) !== comparable(await leanest())) {
        throw new Error('The two routes do not say the same.')
      }
      const times = await inTurns({ ours, 'leanest route': leanest }, 100, WARM_UP_REQUESTS)
      for (const [arm, spread] of Object.entries(times)) {
        report.row(`GET due over HTTP, ${due} of 1000 due: ${arm}, ms`, cells(spread))
      }
      report.check(
        `GET due, ${due} of 1000: at most a third slower than the leanest route`,
        times.ours.median <= times['leanest route'].median * 4 / 3
      )
    }
  } finally {
    await agent.close()
    await server.stop()
    lean.kill()
  }
}

/**
 * Claims by so many at a time until nobody is due, as a tick does but for the queue: take, open a
 * run, commit.
 */
async function claim (
  report: BenchReport,
  db: Queryable,
  personas: number,
  where = ''
): Promise<void> {
  for (const claimers of [4, 16]) {
    await sql`DELETE FROM runs WHERE finished_at IS NULL`.execute(db)
    const claimed: string[] = []
    const ms = await timed(async () => {
      await Promise.all(Array.from({ length: claimers }, () => claimAll(db, claimed)))
    })
    report.row(`${where}${claimers} claim among ${personas}`, {
      claimed: claimed.length,
      rowsPerSecond: Math.round(claimed.length / ms * 1000)
    })
    report.check(
      `${where}${claimers} claimers among ${personas}: nobody twice`,
      new Set(claimed).size === claimed.length && claimed.length === personas / 20
    )
    if (where === '' && claimers === 4 && personas === 100_000) {
      report.check('at least 5,000 rows a second', claimed.length / ms * 1000 >= 5000)
    }
  }
}

async function claimAll (db: Queryable, claimed: string[]): Promise<void> {
  for (;;) {
    const { taken, opened } = await db.transaction().execute(async trx => {
      const taken = await takeDue(trx, { limit: LIMIT })
      return { taken, opened: await openRuns(trx, taken, null) }
    })
    if (taken.length === 0) return
    claimed.push(...opened.map(run => run.personaId))
  }
}
