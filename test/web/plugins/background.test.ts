import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import Fastify from 'fastify'
import t from 'tap'
import { keepDoing } from '../../../src/web/plugins/background.ts'

/** Work that goes on from the start of the app to its end. */

const HOUR_MS = 3_600_000

t.test('a round that fails is told in the log, and the next one comes', async t => {
  const log = new PassThrough()
  const app = Fastify({ logger: { level: 'warn', stream: log } })
  t.teardown(() => app.close())
  const second = Promise.withResolvers<void>()
  let rounds = 0
  keepDoing(app, {
    everyMs: 1,
    failed: 'nothing was done; it is tried again',
    async round () {
      if (++rounds === 1) throw new Error('lost')
      second.resolve()
      return HOUR_MS
    }
  })
  const told = once(log, 'data')
  // The pauses alone keep no process running.
  await app.listen({ port: 0, host: '127.0.0.1' })
  const [line] = await told
  t.match(JSON.parse(String(line)), { err: 'lost', msg: 'nothing was done; it is tried again' })
  await second.promise
  await app.close()
  t.equal(rounds, 2, 'the round named a longer pause')
})

t.test('the app closes after the round that is under way, and none follows', async t => {
  const app = Fastify()
  const begun = Promise.withResolvers<void>()
  const mayEnd = Promise.withResolvers<void>()
  let ended = 0
  keepDoing(app, {
    everyMs: 1,
    firstAfterMs: 0,
    failed: 'never said',
    async round (signal) {
      signal.addEventListener('abort', () => {
        mayEnd.resolve()
      })
      begun.resolve()
      await mayEnd.promise
      ended++
      return undefined
    }
  })
  // The pauses alone keep no process running.
  await app.listen({ port: 0, host: '127.0.0.1' })
  await begun.promise
  await app.close()
  t.equal(ended, 1)
})
