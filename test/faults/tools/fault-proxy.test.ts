import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { startFaultProxy } from './fault-proxy.ts'

/** A proxy in front of a server that says everything back, and one connection through it. */
async function world (t: Test) {
  const server = createServer(socket => socket.on('error', () => {}).pipe(socket)).listen(
    0,
    '127.0.0.1'
  )
  await once(server, 'listening')
  t.teardown(() => {
    server.close()
  })
  const proxy = await startFaultProxy(t, { port: (server.address() as AddressInfo).port })
  const dial = async () => {
    const socket = connect(proxy.port, '127.0.0.1').on('error', () => {})
    let heard = ''
    socket.on('data', data => {
      heard += data.toString()
    })
    await once(socket, 'connect')
    return { socket, heard: () => heard, ended: closed(socket) }
  }
  return { proxy, dial }
}

/** Not `once`, which takes the error of a reset for its own. */
function closed (socket: Socket): Promise<void> {
  return new Promise(resolve => {
    socket.on('close', () => resolve())
  })
}

async function hears (line: { heard: () => string }, text: string): Promise<void> {
  while (line.heard() !== text) await sleep(5)
}

t.test('without a fault everything arrives, and an end is passed on', async t => {
  const { dial } = await world(t)
  const line = await dial()
  line.socket.write('hello')
  await hears(line, 'hello')
  line.socket.end()
  await line.ended
})

t.test('a delay keeps the order', async t => {
  const { proxy, dial } = await world(t)
  const line = await dial()
  proxy.set({ kind: 'delay', ms: 60 })
  const startedAt = performance.now()
  line.socket.write('a')
  await sleep(20)
  proxy.set({ kind: 'none' })
  line.socket.write('b')
  await hears(line, 'ab')
  t.ok(performance.now() - startedAt >= 55, 'later than sent')
  line.socket.destroy()
})

t.test('in a black hole nothing arrives and nothing breaks, while a new connection works', async t => {
  const { proxy, dial } = await world(t)
  const lost = await dial()
  lost.socket.write('a')
  await hears(lost, 'a')
  proxy.setOpen({ kind: 'black-hole' })
  lost.socket.write('b')
  const fine = await dial()
  fine.socket.write('c')
  await hears(fine, 'c')
  await sleep(50)
  t.equal(lost.heard(), 'a')
  t.notOk(lost.socket.destroyed)
  t.equal(proxy.openConnections, 2)
  lost.socket.destroy()
  fine.socket.destroy()
})

t.test('a cut lets so many bytes of an answer through and no more', async t => {
  const { proxy, dial } = await world(t)
  const line = await dial()
  proxy.set({ kind: 'cut', afterBytes: 3 })
  line.socket.write('hello')
  await line.ended
  t.ok('hel'.startsWith(line.heard()), `heard "${line.heard()}"`)
})

t.test('a reset ends what is open, and a refusal what is new', async t => {
  const { proxy, dial } = await world(t)
  const line = await dial()
  line.socket.write('a')
  await hears(line, 'a')
  proxy.resetAll()
  await line.ended
  proxy.set({ kind: 'refuse' })
  await closed(connect(proxy.port, '127.0.0.1').on('error', () => {}))
  t.equal(proxy.openConnections, 0)
})
