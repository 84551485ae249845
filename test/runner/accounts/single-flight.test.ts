import t from 'tap'
import { singleFlight } from '../../../src/runner/accounts/single-flight.ts'

function counted () {
  const begun: { key: string, signal: AbortSignal, land: (value: string) => void }[] = []
  const fly = singleFlight((key, signal) =>
    new Promise<string>((resolve, reject) => {
      begun.push({ key, signal, land: resolve })
      signal.addEventListener('abort', () => reject(signal.reason))
    })
  )
  return { begun, fly }
}

const never = () => new AbortController().signal

t.test('whoever asks meanwhile gets the same, whoever asks later something new', async t => {
  const { begun, fly } = counted()
  const both = [fly('a', never()), fly('a', never())]
  const other = fly('b', never())
  t.strictSame(begun.map(({ key }) => key), ['a', 'b'])
  begun[0]?.land('first')
  begun[1]?.land('else')
  t.strictSame(await Promise.all([...both, other]), ['first', 'first', 'else'])
  const later = fly('a', never())
  begun[2]?.land('second')
  t.equal(await later, 'second')
})

t.test('one who leaves does not take the others along; when all have left, the work ends', async t => {
  const { begun, fly } = counted()
  const [one, two, three] = [new AbortController(), new AbortController(), new AbortController()]
  const first = fly('a', one.signal)
  const second = fly('a', two.signal)
  one.abort(new Error('the run of one ended'))
  await t.rejects(first, { message: 'the run of one ended' })
  t.notOk(begun[0]?.signal.aborted)
  two.abort(new Error('the run of two ended'))
  await t.rejects(second, { message: 'the run of two ended' })
  t.ok(begun[0]?.signal.aborted)
  const third = fly('a', three.signal)
  t.equal(begun.length, 2, 'nobody joins work that was given up')
  begun[1]?.land('fresh')
  t.equal(await third, 'fresh')
  three.abort()
  await t.rejects(fly('a', AbortSignal.abort(new Error('too late'))), { message: 'too late' })
})

t.test("a failure is everybody's, and not remembered", async t => {
  let tries = 0
  const fly = singleFlight(async () => {
    if (++tries === 1) throw new Error('no')
    return tries
  })
  const [one, two] = [fly('a', never()), fly('a', never())]
  await t.rejects(one, { message: 'no' })
  await t.rejects(two, { message: 'no' })
  t.equal(await fly('a', never()), 2)
})
