import type { LookupAddress } from 'node:dns'
import t from 'tap'
import type { Test } from 'tap'
import { passwordAccounts } from '../../../src/runner/accounts/login.ts'
import { openMcpToolbox } from '../../../src/runner/mcp/toolbox.ts'
import { createDialler, type Dialler, type Resolve } from '../../../src/platform/dial/dialler.ts'
import { toPrivateHosts } from '../../../src/platform/dial/private-hosts.ts'
import { codeOf } from '../../../src/platform/errors.ts'
import { startCountingListener } from '../../helpers/counting-listener.ts'
import { startMcpFaultServer } from '../../helpers/mcp-fault-server.ts'
import { NEVER, OF_THIS_MACHINE, SPELLINGS } from './spellings.ts'

const never = new AbortController().signal

interface Setting {
  privateHosts?: string[]
  internalAllowed?: boolean
  resolve?: Resolve
}

/** As in production, unless told otherwise. */
function diallerFor (
  t: Test,
  { privateHosts = [], internalAllowed = false, resolve }: Setting = {}
): Dialler {
  const dialler = createDialler(
    { privateHosts: toPrivateHosts(privateHosts), internalAllowed },
    resolve
  )
  t.teardown(() => dialler.close())
  return dialler
}

/**
 * How dialling ended: a status, a code of ours, or `no URL` where `fetch` did not take it for one.
 */
async function outcome (work: Promise<Response | void>): Promise<string> {
  return work.then(
    async response => {
      await response?.text()
      return String(response?.status)
    },
    (error: Error) =>
      codeOf(error) !== 'INTERNAL'
        ? codeOf(error)
        : /URL/.test(`${error.message} ${(error.cause as Error | undefined)?.message}`)
        ? 'no URL'
        : error.message
  )
}

/** A resolver that gives its answers one after the other, and the last one for ever. */
function answering (...answers: string[][]): Resolve & { asked: number } {
  const resolve = (_host: string, answer: Parameters<Resolve>[1]) => {
    const addresses = answers[Math.min(resolve.asked++, answers.length - 1)] ?? []
    queueMicrotask(() =>
      answer(
        null,
        addresses.map((address): LookupAddress => ({
          address,
          family: address.includes(':') ? 6 : 4
        }))
      )
    )
  }
  resolve.asked = 0
  return resolve
}

t.test('no spelling of a forbidden address is dialled, nor found fit to be saved', async t => {
  const listener = await startCountingListener(t)
  const dialler = diallerFor(t, { resolve: answering(['127.0.0.1']) })
  const dial = dialler.dialFor('MCP_URL')
  t.ok(SPELLINGS.length >= 80, `${SPELLINGS.length} spellings`)
  t.equal(new Set(SPELLINGS).size, SPELLINGS.length, 'each once')
  for (const host of SPELLINGS) {
    const url = `http://${host}:${listener.port}/mcp`
    t.match(await outcome(dial(url)), /^(DIAL_FORBIDDEN|no URL)$/, `dialled: ${host}`)
    if (URL.canParse(url)) {
      t.equal(await outcome(dialler.check('MCP_URL', url)), 'DIAL_FORBIDDEN', `checked: ${host}`)
    }
  }
  for (const host of SPELLINGS.filter(host => !host.includes('@'))) {
    t.match(
      await outcome(dial(`https://${host}:${listener.port}/`)),
      /^(DIAL_FORBIDDEN|no URL)$/,
      `over TLS: ${host}`
    )
  }
  t.equal(listener.connections, 0)
})

t.test('the same spellings do lead to this machine where it is allowed', async t => {
  const listener = await startCountingListener(t)
  const dial = diallerFor(t, { privateHosts: ['0.0.0.0/0', '::/0'] }).dialFor('MCP_URL')
  let reached = 0
  for (const host of OF_THIS_MACHINE.filter(host => !host.includes('['))) {
    if (await outcome(dial(`http://${host}:${listener.port}/`)) === '200') reached++
  }
  t.ok(reached >= 40, `${reached} of them`)
  t.equal(await outcome(dial(`http://[::1]:${listener.port}/`)), '200', 'IPv6 too')
})

t.test('outside production this machine and its network are free, and the rest is not', async t => {
  const listener = await startCountingListener(t)
  const dial = diallerFor(t, { internalAllowed: true }).dialFor('MCP_URL')
  for (const host of ['127.0.0.1', 'localhost', '[::1]']) {
    t.equal(await outcome(dial(`http://${host}:${listener.port}/`)), '200', host)
  }
  const before = listener.connections
  for (const host of NEVER) {
    t.match(
      await outcome(dial(`http://${host}:${listener.port}/`)),
      /^(DIAL_FORBIDDEN|no URL)$/,
      host
    )
  }
  t.equal(listener.connections, before)
})

t.test('a name that resolves otherwise the second time is not dialled at what was not looked at', async t => {
  const listener = await startCountingListener(t)
  const resolve = answering(['93.184.215.14'], ['127.0.0.1'])
  const dialler = diallerFor(t, { resolve })
  const url = `http://app.example.com:${listener.port}/mcp`
  t.equal(await outcome(dialler.check('MCP_URL', url)), 'undefined', 'fit when it was saved')
  for (let i = 0; i < 3; i++) {
    t.equal(
      await outcome(dialler.dialFor('MCP_URL')(url)),
      'DIAL_FORBIDDEN',
      'not when it is dialled'
    )
  }
  t.equal(resolve.asked, 4)
  t.equal(listener.connections, 0)
})

t.test('one forbidden address among several is enough', async t => {
  const listener = await startCountingListener(t)
  const mixtures = [
    ['93.184.215.14', '127.0.0.1'],
    ['127.0.0.1', '93.184.215.14'],
    ['2606:2800:21f::1', '::1'],
    ['93.184.215.14', '::1'],
    ['::ffff:127.0.0.1'],
    ['::ffff:7f00:1'],
    ['fe80::1%lo'],
    ['64:ff9b::7f00:1'],
    ['2002:7f00:1::'],
    ['93.184.215.14', '169.254.169.254'],
    ['not an address']
  ]
  for (const mixture of mixtures) {
    for (const scheme of ['http', 'https']) {
      const dial = diallerFor(t, { resolve: answering(mixture) }).dialFor('MCP_URL')
      t.equal(
        await outcome(dial(`${scheme}://app.example.com:${listener.port}/`)),
        'DIAL_FORBIDDEN',
        `${scheme}: ${mixture}`
      )
    }
  }
  t.equal(listener.connections, 0)
})

t.test('the address that was looked at is the one that is dialled, and the connection is kept', async t => {
  const listener = await startCountingListener(t)
  const resolve = answering(['127.0.0.1'])
  const dial = diallerFor(t, { resolve, privateHosts: ['app.example.com'] }).dialFor('MCP_URL')
  for (let i = 0; i < 20; i++) {
    t.equal(await outcome(dial(`http://app.example.com:${listener.port}/`)), '200')
  }
  t.ok(listener.connections <= 2, `20 requests over ${listener.connections} connections`)
  t.equal(
    resolve.asked,
    listener.connections,
    'one question for each: whoever asks twice may get two answers'
  )
  t.equal(
    listener.requests[0]?.headers.host,
    `app.example.com:${listener.port}`,
    'the app sees its name'
  )
})

t.test('no redirect is followed to anywhere', async t => {
  const inside = await startCountingListener(t)
  const targets = [
    [`http://127.0.0.1:${inside.port}/admin?token=hidden`, `127.0.0.1:${inside.port}`],
    [`//127.0.0.1:${inside.port}/`, `127.0.0.1:${inside.port}`],
    [`http://[::1]:${inside.port}/`, '[::1]'],
    [`http://0x7f.1:${inside.port}/`, '127.0.0.1'],
    ['http://169.254.169.254/latest/meta-data/', '169.254.169.254'],
    ['https://elsewhere.example/', 'elsewhere.example'],
    ['/mcp/', '/mcp/'],
    ['mcp/', '/mcp/'],
    ['http://', 'no URL'],
    ['file:///etc/passwd', 'file:'],
    [`\\\\127.0.0.1:${inside.port}\\`, '127.0.0.1']
  ] as const
  let to = ''
  let status = 0
  const outside = await startCountingListener(t, (_req, res) => {
    res.writeHead(status, { location: to }).end('moved')
  })
  const dialler = diallerFor(t, {
    privateHosts: ['app.example.com'],
    resolve: answering(['127.0.0.1'])
  })
  const from = `http://app.example.com:${outside.port}/mcp`
  for (status of [301, 302, 303, 307, 308]) {
    for (const [location, named] of targets) {
      to = location
      for (const method of ['GET', 'POST']) {
        const error = await dialler.dialFor('MCP_URL')(from, {
          method,
          headers: { authorization: 'Bearer secret' }
        }).catch((error: unknown) => error)
        t.equal(codeOf(error), 'DIAL_REDIRECTED', `${status} ${method} ${location}`)
        t.match((error as Error).message, named)
        t.notMatch((error as Error).message, 'hidden', 'a query may hold a token')
      }
    }
  }
  t.equal(inside.connections, 0)
  t.equal(outside.requests.length, 5 * targets.length * 2, 'one request each')
})

t.test('neither a run nor a sign-in goes on, and neither is an outage', async t => {
  const listener = await startCountingListener(t)
  const dialler = diallerFor(t, { resolve: answering(['93.184.215.14'], ['127.0.0.1']) })
  const origin = `http://app.example.com:${listener.port}`
  await dialler.check('MCP_URL', origin)
  const message =
    /app\.example\.com is at 127\.0\.0\.1, which is this machine itself\..*PRIVATE_HOSTS=app\.example\.com/
  const opening = openMcpToolbox({
    url: `${origin}/mcp`,
    headers: {},
    dial: dialler.dialFor('MCP_URL'),
    callTimeoutMs: 1000,
    trusted: true
  }, never)
  await t.rejects(opening, {
    code: 'DIAL_FORBIDDEN',
    outage: undefined,
    message: new RegExp(`^MCP_URL .*${message.source}`)
  })
  const signIn = passwordAccounts({
    authUrl: origin,
    seedSecret: 'seed-secret-for-tests',
    dial: dialler.dialFor('AUTH_URL')
  })
    .signIn({ email: 'mara@personas.test' }, never)
  await t.rejects(signIn, {
    code: 'DIAL_FORBIDDEN',
    outage: undefined,
    message: new RegExp(`^AUTH_URL .*${message.source}`)
  })
  t.equal(listener.connections, 0)
})

t.test('a name that turns inside in the middle of a day ends the day at the next connection', async t => {
  const app = await startMcpFaultServer(t)
  let address = '127.0.0.1'
  const dialler = diallerFor(t, {
    privateHosts: ['127.0.0.1'],
    resolve: (_host, answer) => answer(null, [{ address, family: 4 }])
  })
  const url = app.url.replace('127.0.0.1', 'app.example.com')
  const toolbox = await openMcpToolbox({
    url,
    headers: {},
    dial: dialler.dialFor('MCP_URL'),
    callTimeoutMs: 1000,
    trusted: true
  }, never)
  const { port } = new URL(url)
  await app.close()
  const inside = await startCountingListener(t, undefined, Number(port))
  address = '127.0.0.2'
  await toolbox.call('todo.create', {}, { signal: never }).catch(() => {})
  await t.rejects(toolbox.call('todo.create', {}, { signal: never }), {
    code: 'DIAL_FORBIDDEN',
    outage: undefined
  })
  await toolbox.close()
  t.equal(inside.connections, 0)
})

t.test('a name that nobody knows is no forbidden one', async t => {
  const dialler = diallerFor(t, { resolve: answering([]) })
  t.match(
    await dialler.dialFor('MCP_URL')('http://app.example.com/').catch((error: unknown) => error),
    { cause: { code: 'ENOTFOUND' } }
  )
  t.equal(await outcome(dialler.check('MCP_URL', 'http://app.example.com/')), 'undefined')
})
