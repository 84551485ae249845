import t from 'tap'
import { createCachePrimer } from '../../../src/runner/models/cache-primer.ts'

const never = new AbortController().signal

/** Requests that are answered when the test says so. */
function provider () {
  const open: ((answer: string) => void)[] = []
  let sent = 0
  const send = () => {
    sent++
    return new Promise<string>((resolve, reject) => {
      open.push(answer => answer === 'broken' ? reject(new Error(answer)) : resolve(answer))
    })
  }
  return { send, sent: () => sent, answer: (text: string) => open.shift()?.(text) }
}

const turns = () => new Promise(resolve => setImmediate(resolve))

t.test('of many that begin at once one goes ahead, and all others when it is answered', async t => {
  const prime = createCachePrimer<string>(answer => answer === 'ok')
  const { send, sent, answer } = provider()
  const tools = {}
  const all = Array.from({ length: 5 }, () => prime(tools, never, send))
  await turns()
  t.equal(sent(), 1)
  const other = prime({}, never, send)
  t.equal(sent(), 2, 'another list of tools waits for nobody')
  answer('ok')
  await turns()
  t.equal(sent(), 6)
  for (let i = 0; i < 5; i++) answer('ok')
  t.same(await Promise.all([...all, other]), Array(6).fill('ok'))
  const later = prime(tools, never, send)
  t.equal(sent(), 7, 'and whoever comes later goes at once')
  answer('ok')
  await later
})

for (const failure of ['refused', 'broken']) {
  t.test(`a first request that is ${failure} holds nobody up any longer`, async t => {
    const prime = createCachePrimer<string>(answer => answer === 'ok')
    const { send, sent, answer } = provider()
    const tools = {}
    const first = prime(tools, never, send).catch(() => 'failed')
    const others = [prime(tools, never, send), prime(tools, never, send)]
    answer(failure)
    await first
    await turns()
    t.equal(sent(), 3)
    answer('ok')
    answer('ok')
    await Promise.all(others)
  })
}

t.test('nobody waits for ever, and a run that ends waits no longer', async t => {
  const prime = createCachePrimer<string>(() => true, { longestWaitMs: 20 })
  const { send, sent, answer } = provider()
  const tools = {}
  const slow = prime(tools, never, send)
  const late = prime(tools, never, send)
  const ended = new AbortController()
  const cancelled = t.rejects(prime(tools, ended.signal, send), { name: 'AbortError' })
  ended.abort()
  await cancelled
  while (sent() < 2) await turns()
  answer('ok')
  answer('ok')
  t.same(await Promise.all([slow, late]), ['ok', 'ok'])
  t.equal(sent(), 2)
})
