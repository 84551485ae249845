import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { syncBuiltinESMExports } from 'node:module'
import { mock } from 'node:test'
import { sql } from 'kysely'
import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { createLiveFeed } from '../../../src/web/dashboard/live-feed.ts'
import { changedTopics, readMarks, type Marks } from '../../../src/web/dashboard/live-marks.ts'
import { remember, rememberEach } from '../../../src/web/dashboard/remember.ts'
import { admin, createPersona, startTestApp } from '../../helpers/app.ts'
import { openTestDatabase } from '../../helpers/database.ts'
import { postForm, signIn } from '../../helpers/pages.ts'

/** Closing any process closes the database of all: they stay until the end of the file. */
const root = t

const database = await openTestDatabase(t)
const { db } = database

/** A process of its own on the shared database, with a way to listen to it. */
async function startReplica () {
  const app = await startTestApp(root, { database })
  const address = await app.listen({ port: 0, host: '127.0.0.1' })
  // Cookies are named for the port.
  const { cookie } = await signIn(app)
  const headers = { cookie, accept: 'text/event-stream' }
  return { app, address, headers }
}

interface Listening {
  topics: Set<string>
  heard(topic: string): Promise<void>
  response: IncomingMessage
  close(): void
}

async function listen (
  { address, headers }: { address: string, headers: Record<string, string> }
): Promise<Listening> {
  const request = get(`${address}/events`, { headers, agent: false })
  const [response] = await once(request, 'response') as [IncomingMessage]
  const topics = new Set<string>()
  const waiting = new Map<string, () => void>()
  response.setEncoding('utf8').on('data', (text: string) => {
    for (const [, list] of text.matchAll(/^event: change\ndata: (.*)$/gm)) {
      for (const topic of JSON.parse(list ?? '[]')) {
        topics.add(topic)
        waiting.get(topic)?.()
      }
    }
  })
  response.on('error', () => {})
  return {
    topics,
    response,
    async heard (topic) {
      if (!topics.has(topic)) await new Promise<void>(resolve => waiting.set(topic, resolve))
    },
    close: () => request.destroy()
  }
}

const personaId = async (app: FastifyInstance, name: string) =>
  (await createPersona(app, { email: `${name}@personas.test` })).id
/** The first look only says how things stand: changes again and again until all have heard. */
async function untilHeard (pages: Listening[]): Promise<void> {
  const hasHeard = (page: Listening) => page.topics.has('runner')
  while (!pages.every(hasHeard)) {
    await db.updateTable('runner_state').set({ changed_at: sql`clock_timestamp()` }).execute()
    await new Promise(resolve => setTimeout(resolve, 50))
  }
}

/** All that is under way and does not wait for a timer goes on. */
const settle = () => new Promise(resolve => setImmediate(resolve))

/** Timers wait until the test lets time pass. Modules import them by name. */
function holdTimers (t: Test): (ms: number) => Promise<void> {
  mock.timers.enable({ apis: ['setTimeout'] })
  syncBuiltinESMExports()
  t.teardown(() => {
    mock.timers.reset()
    syncBuiltinESMExports()
  })
  return async ms => {
    await settle()
    mock.timers.tick(ms)
    await settle()
  }
}

t.test('what one process writes, a page of another one knows soon', async t => {
  const [one, two] = [await startReplica(), await startReplica()]
  const page = await listen(two)
  t.match(page.response.headers, {
    'content-type': /^text\/event-stream/,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff'
  })
  await untilHeard([page])
  const id = await personaId(one.app, 'lived')
  const run = await db.insertInto('runs').values({
    persona_id: id,
    persona_version: 1,
    state: 'acting',
    started_at: sql`now()`
  }).returning('id').executeTakeFirstOrThrow()
  for (const topic of [`run:${run.id}`, `persona:${id}`, 'runs']) {
    await page.heard(topic)
    t.pass(topic)
  }

  const steps: [string, () => Promise<unknown>][] = [
    [
      'a call begins',
      () =>
        db.insertInto('persona_actions').values({
          id: 'x',
          persona_id: id,
          tick_id: run.id,
          ordinal: 0,
          tool_name: 'todo.list',
          module: 'todo',
          result: 'started'
        }).execute()
    ],
    [
      'it ends',
      () =>
        db.updateTable('persona_actions').set({ result: 'ok', finished_at: sql`now()` }).where(
          'id',
          '=',
          'x'
        ).execute()
    ],
    [
      'the model replies',
      () => db.updateTable('runs').set({ turns: 1 }).where('id', '=', run.id).execute()
    ],
    [
      'the day ends',
      () =>
        db.updateTable('runs').set({ state: 'completed', finished_at: sql`now()` }).where(
          'id',
          '=',
          run.id
        ).execute()
    ]
  ]
  for (const [what, step] of steps) {
    page.topics.clear()
    await step()
    await page.heard(`run:${run.id}`)
    t.pass(what)
  }
  page.topics.clear()
  const { statusCode } = await one.app.inject({
    method: 'POST',
    url: `/api/v1/admin/personas/${id}/pause`,
    headers: admin,
    payload: {}
  })
  t.equal(statusCode, 200)
  await page.heard(`persona:${id}`)
  t.pass('the persona is paused')
  t.notOk([...page.topics].some(topic => topic.startsWith('changed:')))
  page.topics.clear()
  await postForm(one.app, '/runner/pause', {}, await signIn(one.app))
  await page.heard('runner')
  t.pass('an operator pauses')
  page.close()
})

t.test('a run that ends before anybody could see it begin is told of all the same', async t => {
  const before = await readMarks(db)
  const app = await startTestApp(root, { database })
  const id = await personaId(app, 'quick')
  const run = await db.insertInto('runs').values({
    persona_id: id,
    persona_version: 1,
    state: 'failed',
    finished_at: sql`now()`
  }).returning('id').executeTakeFirstOrThrow()
  t.ok(changedTopics(before, await readMarks(db)).includes(`run:${run.id}`))
  const now = await readMarks(db)
  t.same(changedTopics(now, await readMarks(db)), [], 'and nothing is told twice')
})

t.test('without a session there is no stream', async t => {
  const { app, address } = await startReplica()
  const stranger = await listen({ address, headers: { accept: 'text/event-stream' } })
  t.equal(stranger.response.statusCode, 401)
  stranger.close()
  t.equal((await app.inject('/events')).statusCode, 303)
})

t.test('200 open pages cost one look a period, and none when they have gone', async t => {
  const passes = holdTimers(t)
  let looks = 0
  const marks: Marks = new Map()
  const look = async () => {
    looks++
    return new Map(marks)
  }
  const feed = createLiveFeed({ look, everyMs: 50, onError: error => t.fail(String(error)) })
  await passes(50)
  t.equal(looks, 0, 'nobody listens, nobody looks')
  let told = 0
  const stops = Array.from({ length: 200 }, () =>
    feed.listen(() => {
      told++
    }))
  for (let period = 0; period < 10; period++) await passes(50)
  t.equal(looks, 11, 'the first, and ten')
  marks.set('runs', 'changed')
  for (let period = 0; period < 3; period++) await passes(50)
  t.equal(told, 200, 'each is told once')
  for (const stop of stops) stop()
  const then = looks
  for (let period = 0; period < 3; period++) await passes(50)
  t.equal(looks, then)
  const again = feed.listen(() => {})
  await passes(0)
  t.equal(looks, then + 1, 'and it begins anew')
  again()
  await passes(50)
  await feed.close()
})

t.test('a look that fails is told to the operator, and the next one tries again', async t => {
  let looks = 0
  const errors: unknown[] = []
  const feed = createLiveFeed({
    look: async () => {
      if (++looks === 2) throw new Error('gone')
      return new Map([['runs', String(looks)]])
    },
    everyMs: 10,
    onError: error => errors.push(error)
  })
  const topics = await new Promise(resolve => feed.listen(resolve))
  t.same([errors.length, topics], [1, ['runs']])
  await feed.close()
})

t.test('many streams at once all hear, and a stopping process ends them', async t => {
  const replica = await startReplica()
  const pages = await Promise.all(Array.from({ length: 50 }, () => listen(replica)))
  await untilHeard(pages)
  const ends = pages.map(page => once(page.response, 'close'))
  await replica.app.close()
  await Promise.all(ends)
  t.ok(pages.every(page => page.response.destroyed))
})

t.test('live pages share an answer until something changes, and are never given one from before', async t => {
  const passes = holdTimers(t)
  let version = 0
  let asked = 0
  const ask = remember({
    everyMs: 50,
    version: () => version,
    work: async () => {
      if (++asked === 4) throw new Error('gone')
      return asked
    }
  })
  t.same(await Promise.all([ask(false), ask(false), ask(false)]), [1, 1, 1])
  t.equal(await ask(true), 2, 'a person gets a fresh one')
  version++
  const together = Promise.all([ask(false), ask(false)])
  await passes(0)
  t.equal(asked, 2, 'not at once')
  await passes(50)
  t.same(await together, [3, 3], 'the next one, together')
  version++
  const failing = t.rejects(ask(false), { message: 'gone' })
  await passes(50)
  await failing
  t.equal(await ask(false), 5, 'a failure is not remembered')
})

t.test('a page with filters has an answer for each, and not for more than it can keep', async t => {
  const asked: string[] = []
  const work = async ({ module }: { module: string }) => {
    asked.push(module)
    return module
  }
  const ask = rememberEach({ everyMs: 50, version: () => 1, work })
  t.same(await Promise.all(['todo', 'notes', 'todo'].map(module => ask({ module }, false))), [
    'todo',
    'notes',
    'todo'
  ])
  t.same(asked, ['todo', 'notes'])
  for (let i = 0; i < 100; i++) await ask({ module: `m${i}` }, false)
  await ask({ module: 'todo' }, false)
  t.equal(
    asked.filter(module => module === 'todo').length,
    2,
    'what was asked longest ago is forgotten'
  )
})
