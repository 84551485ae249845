import type { FastifyInstance } from 'fastify'
import { addRelease } from '../analysis/releases/repository.ts'
import { resolveQuiet, searchAllRuns } from '../analysis/findings/catch-up.ts'
import { noteVerdicts } from '../analysis/findings/verdict-findings.ts'
import { judgeReleases } from '../analysis/verdicts/judge-releases.ts'
import type { Queryable } from '../platform/db/database.ts'
import type { TickResult } from '../runner/runs/schemas.ts'
import { awaitTick, type Tick } from '../runner/runs/tick.ts'
import { setClock } from './clock.ts'
import type { SampleApp } from './sample-app/sample-app.ts'

/** The days of the demo, the last of which is today. */

/** A little more than a day, so that everybody is due again. */
const STEP_MS = (24 * 60 + 1) * 60_000

interface PlannedRelease {
  /** By the share of the days that are over when it goes live. */
  after: number
  version: string
  notes: string
  /** The tools that are broken under it, with their refusals. */
  broken: Record<string, string>
}

const SAVE_FAILED = 'Internal error: the todo could not be saved (TODO-503)'

const RELEASES: readonly PlannedRelease[] = [
  { after: 0, version: '2.4.0', notes: 'Where the demo begins', broken: {} },
  {
    after: 0.5,
    version: '2.5.0',
    notes: 'Todos are stored anew',
    broken: { 'todo.create': SAVE_FAILED, 'todo.update': SAVE_FAILED, 'todo.complete': SAVE_FAILED }
  },
  { after: 0.75, version: '2.5.1', notes: 'Todos can be saved again', broken: {} }
]

interface LivedDays {
  runIds: string[]
  result: TickResult
}

interface Stage {
  app: FastifyInstance
  sampleApp: SampleApp
  days: number
}

/** Sets the clock to the first day. Call it before anything takes its time from it. */
export const beginAt = (days: number) => {
  if (days > 1) setClock(offsetOf(1, days))
}

const offsetOf = (day: number, days: number) => (day - days) * STEP_MS

/**
 * Lives the days one after the other.
 * @param onDay called after each day but the first
 */
export async function liveDays (
  { app, sampleApp, days }: Stage,
  onDay: (day: number) => void,
  afterFirst: () => Promise<void>
): Promise<LivedDays> {
  const { db } = app.database
  const lived: LivedDays = {
    runIds: [],
    result: { due: 0, ranSuccessfully: 0, failed: [], durationMs: 0 }
  }
  for (let day = 1; day <= days; day++) {
    if (days > 1) setClock(offsetOf(day, days))
    await announce(db, sampleApp, day, days)
    const tick = await app.scheduler.tick()
    add(lived, tick, await awaitTick(db, tick))
    await judgeReleases(db)
    await searchAllRuns(db)
    await noteVerdicts(db)
    await resolveQuiet(db)
    if (day === 1) await afterFirst()
    else onDay(day)
  }
  return lived
}

async function announce (
  db: Queryable,
  sampleApp: SampleApp,
  day: number,
  days: number
): Promise<void> {
  if (days === 1) return
  const release = RELEASES.find(({ after }) => Math.floor(after * days) === day - 1)
  if (release === undefined) return
  const { version, notes, broken } = release
  sampleApp.release(broken)
  await addRelease(db, { version, notes })
}

function add (lived: LivedDays, tick: Tick, result: TickResult): void {
  lived.runIds.push(...tick.opened.map(run => run.runId))
  lived.result.due += result.due
  lived.result.ranSuccessfully += result.ranSuccessfully
  lived.result.failed.push(...result.failed)
  lived.result.durationMs += result.durationMs
}
