import t from 'tap'
import { readNextDue } from '../src/web/dashboard/overview.ts'
import { readVoices } from '../src/web/dashboard/module.ts'
import { readNewestProblems } from '../src/web/dashboard/overview-modules.ts'
import { readReleaseLines } from '../src/web/dashboard/releases.ts'
import { readBroken } from '../src/web/dashboard/runner.ts'
import { readScope } from '../src/analysis/insights/filters.ts'
import { describeModules } from '../src/analysis/insights/modules.ts'
import { findProblems } from '../src/analysis/insights/problems.ts'
import { latestActions } from '../src/runner/actions/repository.ts'
import { admin, service, startTestApp } from './helpers/app.ts'
import { insightRows } from './helpers/insight-rows.ts'

/**
 * Rows that tie in what they are sorted by come in one order, whatever order they were written in.
 */
const app = await startTestApp(t)
const { db } = app.database
const rows = insightRows(db)
const AT = new Date(Date.now() - 3_600_000)
const SHUFFLED = [4, 1, 6, 0, 5, 2, 3]

t.beforeEach(async () => {
  await db.deleteFrom('personas').execute()
})

/** Ids that rise with the number; all with the same name. */
const idOf = (n: number) => `00000000-0000-4000-8000-00000000000${n}`

async function createAll (order: number[]): Promise<void> {
  for (const n of order) {
    await db.insertInto('personas').values({
      id: idOf(n),
      email: `p${n}@personas.test`,
      name: 'Same',
      archetype: 'kind',
      system_prompt: '',
      module_mix: '{}',
      cadence: 'daily'
    }).execute()
  }
}

const ORDERS = [SHUFFLED, [...SHUFFLED].reverse()]
const RISING = [0, 1, 2, 3, 4, 5, 6]

t.test('who is due and never ran', async t => {
  for (const order of ORDERS) {
    await db.deleteFrom('personas').execute()
    await createAll(order)
    const { personas } =
      (await app.inject({ url: '/api/v1/internal/personas/due?limit=3', headers: service })).json()
    t.same(personas.map(({ id }: { id: string }) => id), [0, 1, 2].map(idOf))
    t.same((await readNextDue(db)).map(({ personaId }) => personaId), [0, 1, 2, 3, 4].map(idOf))
  }
})

t.test('runs that failed, groups, and actions of one instant', async t => {
  for (const order of ORDERS) {
    await db.deleteFrom('personas').execute()
    await createAll(RISING)
    for (const n of order) {
      await rows.run(`r${n}`, idOf(n), {
        state: 'failed',
        finished_at: AT,
        queued_at: AT,
        model: `m${n}`
      })
      await rows.visit(`r${n}`, 'todo', { created_at: AT })
      await rows.rating(`r${n}`, 'todo', 4, { created_at: AT })
      await rows.action(`r${n}`, 1, 'todo.list', { created_at: AT, persona_id: idOf(0) })
    }
    t.same((await readBroken(db)).map(({ id }) => id), RISING.toReversed().map(n => `r${n}`))
    const { groups } = await describeModules(db, {})
    t.same(groups.map(({ models }) => models), RISING.map(n => [`m${n}`]))
    t.same(
      (await latestActions(db, idOf(0), 9)).map(({ tickId }) => tickId),
      RISING.toReversed().map(n => `r${n}`)
    )
    const { runs } = (await app.inject({ url: '/api/v1/admin/runs', headers: admin })).json()
    t.same(runs.map(({ id }: { id: string }) => id), RISING.toReversed().map(n => `r${n}`))
  }
})

/** Seven runs of as many personas, all of one instant. */
async function createRuns (order: number[]): Promise<void> {
  await db.deleteFrom('personas').execute()
  await createAll(RISING)
  for (const n of order) {
    await rows.run(`r${n}`, idOf(n), { finished_at: AT, queued_at: AT, started_at: AT })
  }
}

const textOf = async (url: string) => (await app.inject({ url, headers: admin })).body

t.test('problems as frequent as each other', async t => {
  for (const order of ORDERS) {
    await createRuns(order)
    for (const n of order) {
      const failed = { created_at: AT, result: 'error', error_message: 'Oh' } as const
      await rows.action(`r${n}`, 1, `todo.t${6 - n}`, failed)
    }
    const inOrder = RISING.map(n => `todo.t${n}`)
    t.same((await findProblems(db, {})).problems.map(({ tool }) => tool), inOrder)
    const { problems } = await readNewestProblems(db, {
      from: new Date(AT.getTime() - 3_600_000).toISOString(),
      to: new Date().toISOString()
    })
    t.same(problems.map(({ tool }) => tool), inOrder.slice(0, problems.length))
  }
})

t.test('gaps, voices, incidents and the lines of exports', async t => {
  for (const order of ORDERS) {
    await createRuns(order)
    for (const n of order) {
      const runId = `r${n}`
      await rows.visit(runId, 'todo', { created_at: AT, say_do_gap: true })
      await rows.rating(runId, 'todo', 4, { created_at: AT })
      await rows.action(runId, 1, 'todo.list', { created_at: AT })
      await db.insertInto('incidents').values({
        id: `i${n}`,
        run_id: runId,
        persona_id: idOf(n),
        ordinal: 0,
        kind: 'k',
        excerpt: 'e',
        created_at: AT
      }).execute()
    }
    const runs = RISING.map(n => `r${n}`)
    const { gaps } = JSON.parse(await textOf('/api/v1/admin/insights/gaps'))
    t.same(gaps.map(({ runId }: { runId: string }) => runId), runs)
    const { voices } = await readVoices(db, await readScope(db, {}), { page: 1 })
    t.same(voices.map(({ runId }) => runId), runs)
    const { incidents } = JSON.parse(await textOf('/api/v1/admin/incidents'))
    t.same(incidents.map(({ id }: { id: string }) => id), RISING.toReversed().map(n => `i${n}`))
    for (
      const [name, key] of [['runs', 'id'], ['actions', 'tickId'], ['feedback', 'tickId']] as const
    ) {
      const lines = (await textOf(`/api/v1/admin/export/${name}`)).trim().split('\n')
      t.same(lines.map(line => JSON.parse(line)[key]), runs, name)
    }
  }
})

t.test('releases of one instant', async t => {
  for (const order of ORDERS) {
    await db.deleteFrom('releases').execute()
    for (const n of order) {
      await db.insertInto('releases').values({ version: `1.${n}`, at: AT, created_at: AT })
        .execute()
    }
    const versions = RISING.toReversed().map(n => `1.${n}`)
    const { releases } = JSON.parse(await textOf('/api/v1/admin/releases'))
    t.same(releases.map(({ version }: { version: string }) => version), versions)
    t.same((await readReleaseLines(db, 'main', 9)).map(({ version }) => version), versions)
  }
})
