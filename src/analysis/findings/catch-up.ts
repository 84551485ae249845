import type { Queryable } from '../../platform/db/database.ts'
import { isShown } from './kinds.ts'
import { problemsOf } from './problems-of-run.ts'
import { isGone } from './quiet.ts'
import { readRunFacts } from './run-facts-queries.ts'
import type { RunFacts } from './run-facts.ts'
import {
  hasWork,
  recount,
  replaceSightings,
  takeFindingsLock,
  takeWork,
  type Sighting
} from './sightings-repository.ts'
import { moveFinding, readQuiet, readStandings, type Move } from './repository.ts'
import { nextState, type State } from './states.ts'

/**
 * Keeps the findings up with the runs. A run that ends is put into finding_work by the statement
 * that ends it; a pass takes it out in the transaction that writes what it found. So each run is
 * searched exactly once, also after a crash, and once more when its rows change.
 */

const RUNS_A_PASS = 50

export interface Moved {
  id: string
  to: State
}

export interface Pass {
  /** Runs that were searched; null: another process is at it. */
  runs: number | null
  moved: Moved[]
}

export async function searchRuns (db: Queryable, limit = RUNS_A_PASS): Promise<Pass> {
  return db.transaction().execute(async trx => {
    if (!await takeFindingsLock(trx)) return { runs: null, moved: [] }
    const ids = await takeWork(trx, limit)
    if (ids.length > 0) {
      const facts = await readRunFacts(trx, ids)
      await replaceSightings(trx, ids, facts.flatMap(sightingsOf))
    }
    return { runs: ids.length, moved: await moveAll(trx, await recount(trx)) }
  })
}

function sightingsOf (run: RunFacts): Sighting[] {
  const { app, runId, personaId, appVersion } = run
  return problemsOf(run).map(problem => ({
    ...problem,
    app,
    source: runId,
    runId,
    personaId,
    appVersion
  }))
}

/** Searches until nothing waits. @returns all that moved, and how many runs were searched */
export async function searchAllRuns (db: Queryable): Promise<{ runs: number, moved: Moved[] }> {
  const all = { runs: 0, moved: [] as Moved[] }
  while (await hasWork(db)) {
    const { runs, moved } = await searchRuns(db)
    all.moved.push(...moved)
    // Another process is at it.
    if (runs === null) break
    all.runs += runs
  }
  return all
}

/** Moves these findings to the state that follows from their sightings. */
export async function moveAll (trx: Queryable, ids: readonly string[]): Promise<Moved[]> {
  if (ids.length === 0) return []
  const moves = (await readStandings(trx, ids)).flatMap((standing): Move[] => {
    if (!isShown(standing.kind, standing.personas)) return []
    const to = nextState(standing)
    if (to === standing.state && standing.isShown) return []
    // An ignored or resolved finding that is back begins anew, without its decision.
    return [{ id: standing.id, to, ...(standing.decision !== null && { decision: null }) }]
  })
  for (const move of moves) await moveFinding(trx, move)
  return moves.map(({ id, to }) => ({ id, to }))
}

/** Resolves what enough visits did not meet any more, and says after how many. */
export async function resolveQuiet (db: Queryable): Promise<Moved[]> {
  return db.transaction().execute(async trx => {
    if (!await takeFindingsLock(trx)) return []
    const gone = [...await readQuiet(trx)].filter(([, quiet]) => isGone(quiet))
    for (const [id, quiet] of gone) {
      const decision = { to: 'resolved' as const, why: null, release: null, quiet }
      await moveFinding(trx, { id, to: 'resolved', decision, detail: { quiet } })
    }
    return gone.map(([id]) => ({ id, to: 'resolved' as const }))
  })
}
