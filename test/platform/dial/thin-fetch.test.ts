import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import t from 'tap'
import { Agent, getGlobalDispatcher, MockAgent, setGlobalDispatcher } from 'undici'
import { thinFetch } from '../../../src/platform/dial/thin-fetch.ts'
import { closedPort } from '../../helpers/closed-port.ts'

const fetch = thinFetch()

async function serving (
  t: { teardown(fn: () => unknown): void },
  answer: RequestListener
): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1')
  await new Promise(resolve => server.once('listening', resolve))
  t.teardown(() => {
    server.close().closeAllConnections()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

t.test('an answer is read as a Response is', async t => {
  const url = await serving(t, (req, res) => {
    res.writeHead(201, { 'content-type': 'application/json', 'set-cookie': ['a=1', 'b=2'] })
    req.pipe(res)
  })
  const post = () =>
    fetch(url, {
      method: 'POST',
      body: '{"a":"ä"}',
      headers: { 'content-type': 'application/json' }
    })
  const answer = await post()
  t.match(answer, { status: 201, statusText: 'Created', ok: true, url })
  t.match(answer.headers.get('content-type'), 'application/json')
  t.same(answer.headers.getSetCookie(), ['a=1', 'b=2'])
  t.same(await answer.json(), { a: 'ä' })
  t.equal(await (await post()).text(), '{"a":"ä"}')
  t.equal(await new Response((await post()).body).text(), '{"a":"ä"}', 'and as a stream of the web')
  const bytes = await fetch(url, { method: 'POST', body: Buffer.from('{"a":"ä"}') })
  t.same(await bytes.json(), { a: 'ä' }, 'of bytes as of text')
  const replaced = (await post()).withJson([])
  t.same([await replaced.json(), await replaced.text(), await new Response(replaced.body).text()], [
    [],
    '[]',
    '[]'
  ])
})

t.test('what comes packed although nobody asked for it is unpacked', async t => {
  for (const [encoding, pack] of [['gzip', gzipSync], ['br', brotliCompressSync]] as const) {
    const url = await serving(t, (_req, res) => {
      res.writeHead(200, { 'content-encoding': encoding }).end(pack('hello'))
    })
    t.equal(await (await fetch(url)).text(), 'hello')
  }
})

t.test('what is set for the process is what connects, such as a proxy', async t => {
  const before = getGlobalDispatcher()
  t.teardown(() => setGlobalDispatcher(before))
  const proxy = new MockAgent()
  proxy.disableNetConnect()
  proxy.get('http://behind.test').intercept({ path: '/' }).reply(200, 'through it')
  setGlobalDispatcher(proxy)
  t.equal(await (await fetch('http://behind.test/')).text(), 'through it')
  setGlobalDispatcher(new Agent())
  const url = await serving(t, (_req, res) => {
    res.end('without it')
  })
  t.equal(await (await fetch(url)).text(), 'without it')
})

t.test('no redirect is followed', async t => {
  const url = await serving(t, (_req, res) => {
    res.writeHead(302, { location: 'http://127.0.0.1:9/' }).end()
  })
  t.equal((await fetch(url)).status, 302)
})

t.test('what goes wrong is told as fetch tells it', async t => {
  await t.rejects(fetch(`http://127.0.0.1:${await closedPort()}/`), {
    name: 'TypeError',
    message: 'fetch failed',
    cause: { code: 'ECONNREFUSED' }
  })
  const url = await serving(t, (_req, res) => {
    res.writeHead(200, { 'content-length': 10 }).write('half')
    setImmediate(() => res.destroy())
  })
  await t.rejects((await fetch(url)).text(), { name: 'TypeError', message: 'fetch failed' })
  const silent = await serving(t, () => {})
  const controller = new AbortController()
  const waiting = fetch(silent, { signal: controller.signal })
  controller.abort(new Error('enough'))
  await t.rejects(waiting, { message: 'enough' })
})

t.test('an answer that nobody reads gives its connection back', async t => {
  const ports = new Set<number | undefined>()
  const url = await serving(t, (req, res) => {
    ports.add(req.socket.remotePort)
    res.end('x'.repeat(10_000))
  })
  for (let i = 0; i < 20; i++) await (await fetch(url)).body?.cancel()
  t.ok(ports.size < 5, `${ports.size} connections`)
})

t.test('an address with a user or a password in it is not called, and not repeated', async t => {
  let asked = 0
  const url = await serving(t, (_req, res) => {
    asked++
    res.end()
  })
  for (const who of ['canary', 'canary:canary', ':canary']) {
    const error: Error = await fetch(url.replace('//', `//${who}@`)).then(
      () => new Error(),
      error => error
    )
    t.match(error, { name: 'TypeError', message: /user or a password/ })
    t.notMatch(String(error.stack), /canary/)
  }
  t.equal(asked, 0)
})
