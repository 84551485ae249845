import { sql } from 'kysely'
import t from 'tap'
import { resolveQuiet, searchAllRuns, searchRuns } from '../../../src/analysis/findings/catch-up.ts'
import { addAllRuns } from '../../../src/analysis/findings/sightings-repository.ts'
import { openTestDatabase } from '../../helpers/database.ts'
import { insightRows } from '../../helpers/insight-rows.ts'

/** Findings that ended runs leave behind, from rows as the runner writes them. */

const opened = await openTestDatabase(t)
const { db } = opened
const rows = insightRows(db)
const DAY_MS = 24 * 60 * 60 * 1000
const START = Date.UTC(2026, 9, 1, 12)
const dayAt = (day: number) => new Date(START + day * DAY_MS)
let serial = 0

t.beforeEach(async () => {
  await db.deleteFrom('personas').execute()
  await db.deleteFrom('findings').execute()
  await db.deleteFrom('releases').execute()
  await db.deleteFrom('finding_recounts').execute()
})

async function addPersona (name: string): Promise<string> {
  const { id } = await db.insertInto('personas').values({
    email: `${name}-${++serial}@personas.test`,
    name,
    archetype: 'kind',
    system_prompt: '',
    module_mix: '{}',
    cadence: 'daily'
  }).returning('id').executeTakeFirstOrThrow()
  return id
}

interface Day {
  day: number
  message?: string | null
  blame?: 'app' | 'persona'
  version?: string | null
  tool?: string
}

/** One run with one call; it fails where there is a message. */
async function live (
  persona: string,
  { day, message = null, blame = 'app', version = null, tool = 'notes.search' }: Day
): Promise<string> {
  const id = `run-${++serial}`
  const at = dayAt(day)
  await rows.run(id, persona, { app_version: version, started_at: at, finished_at: at })
  await rows.action(id, 1, tool, {
    created_at: at,
    ...(message !== null && { result: 'error', error_message: message, blame })
  })
  await rows.visit(id, 'notes', { created_at: at })
  return id
}

const fault = (id: string) => `Search failed for note ${id}: index "notes_v2" does not exist`

const allFindings = () => db.selectFrom('findings').selectAll().orderBy('id').execute()
async function onlyFinding () {
  const found = await allFindings()
  if (found.length !== 1 || found[0] === undefined) throw new Error(`${found.length} findings`)
  return found[0]
}

/** All that follows from the rows. */
async function sums () {
  return db.selectFrom('findings as f').innerJoin(
    'finding_fingerprints as p',
    'p.finding_id',
    'f.id'
  )
    .select(['p.fingerprint', 'f.first_seen_at', 'f.last_seen_at', 'f.first_release'])
    .select(['f.last_release', 'f.times', 'f.runs', 'f.personas', 'f.severity', 'f.impact'])
    .where('f.last_seen_at', 'is not', null).orderBy('p.fingerprint').execute()
}

t.test('the same fault with other ids is one finding: new, then ongoing', async t => {
  const [ada, ben] = [await addPersona('Ada'), await addPersona('Ben')]
  await live(ada, { day: 0, message: fault('41'), version: '1.0' })
  await live(ben, { day: 0, message: fault('512'), version: '1.0' })
  const { moved } = await searchAllRuns(db)
  const first = await onlyFinding()
  t.match(first, { kind: 'error', module: 'notes', tool: 'notes.search', state: 'new' })
  t.match(first, { runs: 2, personas: 2, times: 2, first_release: '1.0' })
  t.same(moved, [{ id: first.id, to: 'new' }])

  await live(ada, { day: 1, message: fault('77'), version: '1.1' })
  await searchAllRuns(db)
  const second = await onlyFinding()
  t.match(second, { id: first.id, state: 'ongoing', runs: 3, last_release: '1.1' })
  t.same(second.last_seen_at, dayAt(1))
})

t.test('a run is searched once, and once more when a rating comes late', async t => {
  const ada = await addPersona('Ada')
  const run = await live(ada, { day: 0 })
  t.equal((await searchAllRuns(db)).runs, 1)
  t.equal((await searchAllRuns(db)).runs, 0)
  t.same(await allFindings(), [])
  await rows.rating(run, 'notes', 2, { evidence: JSON.stringify([{ action: 1 }]) })
  t.equal((await searchAllRuns(db)).runs, 1)
  t.match(await onlyFinding(), { kind: 'complaint', tool: 'notes.search', severity: 2 })
})

t.test('a pass that breaks off leaves its runs for the next one', async t => {
  const ada = await addPersona('Ada')
  await live(ada, { day: 0, message: fault('1') })
  const broken = db.transaction().execute(async trx => {
    await sql`DELETE FROM finding_work`.execute(trx)
    throw new Error('killed')
  })
  await t.rejects(broken, /killed/)
  t.equal((await searchAllRuns(db)).runs, 1)
  t.match(await onlyFinding(), { runs: 1 })
})

t.test('resolved by itself after enough visits without it, and regressed with the same id', async t => {
  const ada = await addPersona('Ada')
  for (const day of [0, 1, 2, 3]) await live(ada, { day, message: fault(String(day)) })
  await searchAllRuns(db)
  const { id } = await onlyFinding()
  // 4 of 4 visits met it: 4/5 as a rate, so 3 visits are enough.
  for (const day of [4, 5]) await live(ada, { day })
  await searchAllRuns(db)
  t.same(await resolveQuiet(db), [], 'two visits are not enough')
  await live(ada, { day: 6 })
  await searchAllRuns(db)
  t.same(await resolveQuiet(db), [{ id, to: 'resolved' }])
  t.match(await onlyFinding(), { decision: { quiet: { rate: 0.8, needed: 3, passed: 3 } } })
  t.same(await resolveQuiet(db), [], 'once')

  await db.updateTable('findings')
    .set({ decision: JSON.stringify({ to: 'resolved', at: dayAt(6), release: null, quiet: null }) })
    .execute()
  await live(ada, { day: 7, message: fault('9') })
  t.same((await searchAllRuns(db)).moved, [{ id, to: 'regressed' }])
  t.match(await onlyFinding(), { id, state: 'regressed', decision: null })
})

t.test('visits of personas that never met it say nothing about it', async t => {
  const [ada, ben] = [await addPersona('Ada'), await addPersona('Ben')]
  await live(ada, { day: 0, message: fault('1') })
  for (const day of [1, 2, 3, 4, 5, 6]) await live(ben, { day })
  await searchAllRuns(db)
  t.same(await resolveQuiet(db), [])
})

t.test('an error of personas is shown from three personas on', async t => {
  const names = ['Ada', 'Ben', 'Cem']
  const message = 'Invalid arguments: "due" is required'
  for (const [i, name] of names.entries()) {
    await live(await addPersona(name), { day: i, message, blame: 'persona' })
    const { moved } = await searchAllRuns(db)
    t.equal(moved.length, i === 2 ? 1 : 0, name)
  }
  t.match(await onlyFinding(), { kind: 'contract', personas: 3 })
})

t.test('a deleted persona takes its sightings along', async t => {
  const [ada, ben] = [await addPersona('Ada'), await addPersona('Ben')]
  await live(ada, { day: 0, message: fault('1') })
  await live(ben, { day: 0, message: fault('2') })
  await searchAllRuns(db)
  await db.deleteFrom('personas').where('id', '=', ada).execute()
  await searchRuns(db)
  t.match(await onlyFinding(), { runs: 1, personas: 1 })
})

t.test('a search of all runs anew gives the same sums', async t => {
  const cast = await Promise.all(['Ada', 'Ben', 'Cem', 'Dora'].map(addPersona))
  const messages = [fault('1'), fault('512'), 'Timeout after 3000 ms', null, null]
  for (let i = 0; i < 60; i++) {
    const persona = cast[(i * 7) % cast.length] ?? ''
    const message = messages[(i * 3) % messages.length] ?? null
    const blame = i % 4 === 0 ? 'persona' : 'app'
    const run = await live(persona, { day: i % 9, message, blame, version: `1.${i % 3}` })
    if (i % 5 === 0) await rows.rating(run, 'notes', 1, { evidence: '[{"action":1}]' })
    if (i % 8 === 0) await searchRuns(db, 3)
  }
  await searchAllRuns(db)
  const kept = await sums()
  t.ok(kept.length >= 4)
  await db.deleteFrom('finding_sightings').execute()
  t.equal(await addAllRuns(db), 60)
  await searchAllRuns(db)
  t.same(await sums(), kept)
})
