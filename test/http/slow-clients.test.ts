import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { admin, ADMIN_KEY, SERVICE_KEY } from '../helpers/app.ts'
import { startServer, storeEnv } from '../helpers/server-process.ts'

/**
 * A real process against clients that take their time, with the real limits: this test takes as
 * long as they are.
 */

const CLIENTS = Number(process.env.SLOW_CLIENTS ?? 500)
const ALL_CLOSED_MS = 20_000
const DRIP_MS = 1000
const RELEASES = '/api/v1/admin/releases'
const BODY = 'Host: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n'

/** What a client says at once, and what it goes on saying letter by letter. */
const MANNERS: Record<string, { first: string, drip: string }> = {
  'says nothing': { first: '', drip: '' },
  'never ends its headers': { first: 'GET /health HTTP/1.1\r\nHost: x\r\nX-Slow: ', drip: 'x' },
  'begins a header and stops': { first: 'GET /hea', drip: '' },
  'drips its body, with a key': {
    first: `POST ${RELEASES} HTTP/1.1\r\nAuthorization: ${admin.authorization}\r\n${BODY}\r\n{`,
    drip: ' '
  },
  'begins its body and stops, with a key': {
    first: `POST ${RELEASES} HTTP/1.1\r\nAuthorization: ${admin.authorization}\r\n${BODY}\r\n{`,
    drip: ''
  },
  'drips its body, without a key': {
    first: `POST ${RELEASES} HTTP/1.1\r\n${BODY}\r\n{`,
    drip: ' '
  },
  'drips a form to the sign-in': {
    first:
      'POST /sign-in HTTP/1.1\r\nHost: x\r\nSec-Fetch-Site: same-origin\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000\r\n\r\nkey=',
    drip: 'x'
  },
  'drips chunks': {
    first:
      `POST ${RELEASES} HTTP/1.1\r\nHost: x\r\nAuthorization: ${admin.authorization}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`,
    drip: '1\r\n \r\n'
  }
}

interface Client {
  manner: string
  socket: Socket
  closedAfterMs: Promise<number>
}

async function open (address: URL, manner: string): Promise<Client> {
  const { first, drip } = MANNERS[manner] ?? { first: '', drip: '' }
  const socket = connect(Number(address.port), address.hostname)
  socket.on('error', () => {}).resume()
  const openedAt = performance.now()
  // However it ends, by a reset too.
  const closedAfterMs = new Promise<number>(resolve => {
    socket.once('close', () => resolve(performance.now() - openedAt))
  })
  await once(socket, 'connect')
  socket.write(first)
  const dripping = drip === '' ? undefined : setInterval(() => socket.write(drip), DRIP_MS)
  closedAfterMs.finally(() => clearInterval(dripping))
  t.teardown(() => {
    socket.destroy()
  })
  return { manner, socket, closedAfterMs }
}

t.test(`${CLIENTS} slow clients are closed in time while others are served`, async t => {
  const server = startServer(t, {
    SERVICE_KEY,
    ADMIN_KEY,
    TICK_SCHEDULE: '0 0 1 1 *',
    KEY_RATE_LIMIT: '1000000',
    ...await storeEnv(t)
  })
  const address = new URL(await server.listening)
  const manners = Object.keys(MANNERS)
  const clients = await Promise.all(
    Array.from({ length: CLIENTS }, (_, i) => open(address, manners[i % manners.length] ?? ''))
  )

  const state = { over: false }
  const all = Promise.all(
    clients.map(async ({ manner, closedAfterMs }) => ({ manner, ms: await closedAfterMs }))
  )
  all.then(() => {
    state.over = true
  }, () => {})
  const answers: { status: number, ms: number }[] = []
  const giveUpAt = performance.now() + ALL_CLOSED_MS + 10_000
  while (!state.over && performance.now() < giveUpAt) {
    for (const path of ['/health', RELEASES]) {
      const askedAt = performance.now()
      const { status } = await fetch(new URL(path, address), { headers: admin })
      answers.push({ status, ms: performance.now() - askedAt })
    }
    await sleep(100)
  }
  t.ok(state.over, 'all are closed, with time to spare for a busy machine')
  for (const { socket } of clients) socket.destroy()
  const closed = await all
  for (const manner of manners) {
    const slowest = Math.max(
      ...closed.filter(client => client.manner === manner).map(client => client.ms)
    )
    t.comment(`who ${manner}: ${Math.round(slowest)} ms at the latest`)
  }
  t.ok(answers.length > 0, `${answers.length} others were served`)
  t.same(new Set(answers.map(answer => answer.status)), new Set([200]))
  t.comment(`the longest wait was ${Math.round(Math.max(...answers.map(answer => answer.ms)))} ms`)
})
