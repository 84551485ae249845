import { once } from 'node:events'
import { Agent, get, type IncomingMessage } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { inspect } from 'node:util'
import type { KyselyPlugin } from 'kysely'
import t from 'tap'
import { startTestApp } from '../helpers/app.ts'
import { openTestDatabase } from '../helpers/database.ts'
import { signIn } from '../helpers/pages.ts'

/** 200 readers, each with a page that is kept live; no browser is needed to hold a stream. */

const PAGES = 200
/** As in src/web/plugins/live.ts; nobody may look more often. */
const LOOK_EVERY_MS = 800

/** Sees every statement on its way to the database. */
function statementCounter () {
  const seen: string[] = []
  const plugin: KyselyPlugin = {
    transformQuery ({ node }) {
      seen.push(inspect(node, { depth: 12 }))
      return node
    },
    transformResult: async ({ result }) => result
  }
  const isSession = (statement: string) => statement.includes('page_sessions')
  const isLook = (statement: string) => statement.includes("'run:'")
  return {
    plugin,
    clear () {
      seen.length = 0
    },
    /** Each reader is asked for its session; that is one row by its key. */
    sessions: () => seen.filter(isSession).length,
    looks: () => seen.filter(isLook).length,
    others: () => seen.filter(statement => !isSession(statement) && !isLook(statement)).length
  }
}

t.test('200 open pages ask the database as often as one', async t => {
  const counter = statementCounter()
  const opened = await openTestDatabase(t)
  const { db } = opened
  const app = await startTestApp(t, { database: { ...opened, db: db.withPlugin(counter.plugin) } })
  const address = await app.listen({ port: 0, host: '127.0.0.1' })
  const { cookie } = await signIn(app)
  const headers = { cookie }
  const agent = new Agent({ maxSockets: Infinity, keepAlive: false })
  const ask = async (path: string, more: Record<string, string>) => {
    const [response] = await once(
      get(`${address}${path}`, { agent, headers: { ...headers, ...more } }),
      'response'
    ) as [IncomingMessage]
    return response.setEncoding('utf8').on('error', () => {})
  }

  const told: string[][] = []
  for (let i = 0; i < PAGES; i++) {
    const heard: string[] = []
    const stream = await ask('/events', { accept: 'text/event-stream' })
    stream.on('data', (text: string) => {
      if (text.includes('event: change')) heard.push(text)
    })
    told.push(heard)
    if (stream.statusCode !== 200) t.fail(`stream ${i} was refused with ${stream.statusCode}`)
  }

  await t.test('one look an interval serves all', async t => {
    counter.clear()
    const from = performance.now()
    while (counter.looks() < 4) await sleep(50)
    const most = Math.ceil((performance.now() - from) / LOOK_EVERY_MS) + 1
    t.ok(counter.looks() <= most, `${counter.looks()} looks, at most ${most}`)
    t.same(
      [counter.sessions(), counter.others()],
      [0, 0],
      'a stream that is open costs nothing else'
    )
  })

  await t.test('a change is told to all of them, once', async t => {
    await db.updateTable('runner_state').set({ changed_at: new Date() }).execute()
    while (told.some(heard => heard.length === 0)) await sleep(50)
    t.ok(told.every(heard => heard.length === 1 && heard[0]?.includes('["runner"]')))
  })

  await t.test('what they then all fetch is worked out once', async t => {
    const fetchAt = async (pages: number) => {
      for (const heard of told) heard.length = 0
      await db.updateTable('runner_state').set({ changed_at: new Date() }).execute()
      while (told.some(heard => heard.length === 0)) await sleep(50)
      counter.clear()
      const answers = await Promise.all(
        Array.from({ length: pages }, () => ask('/overview/now', { 'x-live': '1' }))
      )
      for (const answer of answers) await answer.resume()
      t.ok(answers.every(answer => answer.statusCode === 200))
      return counter.others()
    }
    const one = await fetchAt(1)
    const all = await fetchAt(PAGES)
    t.ok(one > 0)
    // Twice where they come so slowly that another answer is begun meanwhile.
    t.ok(all <= 2 * one, `${one} statements for one page, ${all} for ${PAGES}`)
  })
})
