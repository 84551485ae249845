import t from 'tap'
import { admin, startTestApp } from '../../helpers/app.ts'
import { signIn } from '../../helpers/pages.ts'
import { atOf, firstOpenDay, liveInRows, WORLD } from './lived-rows.ts'
import { randomOf, simulate, type World } from './world.ts'

/** Two releases, or two ranges of days, against each other. */

const app = await startTestApp(t)
const { db } = app.database
const today = await firstOpenDay(db)
const dateOf = (day: number) => atOf(day).toISOString().slice(0, 10)
const live = (world: World, seed: number) =>
  liveInRows(db, simulate(world, randomOf(seed)), { ...world, today })
const ask = async (query: Record<string, string>) =>
  (await app.inject({ url: '/api/v1/admin/insights/compare', headers: admin, query })).json()

t.afterEach(async () => {
  await db.deleteFrom('releases').execute()
  await db.deleteFrom('personas').execute()
})

t.test('two releases: the module that fell, by how much, by how many personas', async t => {
  await live({ ...WORLD, shift: -1.5 }, 31)
  const said = await ask({ before: '1.0', after: '2.0' })
  t.match(said, {
    app: 'main',
    before: { release: '1.0', from: dateOf(today - 24), to: dateOf(today - 11), days: 14 },
    after: { release: '2.0', from: dateOf(today - 10), to: dateOf(today - 1), days: 10 }
  })
  const [worst, ...others] = said.modules
  t.match(worst, {
    module: 'm0',
    state: 'worse',
    sentence: /^m0 was rated lower: .* by the same 12 personas in 2\.0, compared with 1\.0\./,
    rating: { state: 'worse', personas: 12 }
  })
  t.ok(worst.rating.high < 0 && worst.rating.low >= -4)
  t.equal(others.length, 3)
  t.ok(others.every(({ state }: any) => !/worse|better|mixed/.test(state.replace('no_worse', ''))))
  const one = await ask({ before: '1.0', after: '2.0', module: 'm0' })
  t.same(one.modules, [worst], 'the others still help to measure the spread')
})

t.test('all of 5 % goes to the one look', async t => {
  await live({ ...WORLD, shift: -1.5 }, 31)
  const { modules } = await ask({ before: '1.0', after: '2.0' })
  const spent = modules.flatMap(({ rating, friction }: any) => [rating.pLimit, friction.pLimit])
  t.ok(Math.abs(spent.reduce((sum: number, p: number) => sum + p) - 0.05) < 1e-9)
})

t.test('two ranges of days, whatever was live', async t => {
  const { releaseDay } = await live({ ...WORLD, shift: -1.5 }, 31)
  const range = (from: number, to: number) => `${dateOf(from)}/${dateOf(to)}`
  const said = await ask({
    before: range(releaseDay - 14, releaseDay - 1),
    after: range(releaseDay, today - 1)
  })
  t.match(said, { before: { release: null, days: 14 }, after: { release: null, days: 10 } })
  t.match(said.modules[0], { module: 'm0', state: 'worse' })
  const calm = await ask({
    before: range(releaseDay - 14, releaseDay - 8),
    after: range(releaseDay - 7, releaseDay - 1)
  })
  t.ok(calm.modules.every(({ state }: any) => !['worse', 'better', 'mixed'].includes(state)))
  const empty = await ask({ before: '2020-01-01/2020-01-09', after: '2020-02-01/2020-02-09' })
  t.match(empty, { before: { from: null, days: 0 }, modules: [] })
})

t.test('another model on one side makes both sides not comparable', async t => {
  await live({ ...WORLD, shiftOfAll: -1 }, 35)
  await db.updateTable('module_visits').set({ model: 'sonnet' }).where('app_version', '=', '2.0')
    .execute()
  for (const { state, sentence } of (await ask({ before: '1.0', after: '2.0' })).modules) {
    t.equal(state, 'not_comparable')
    t.match(sentence, /the model or its prompts changed in between/)
  }
})

t.test('what cannot be compared is refused by the name of the field', async t => {
  await live(WORLD, 32)
  await db.insertInto('releases').values({ version: 'next', at: atOf(today + 9) }).execute()
  const one = '2026-01-01/2026-01-05'
  const refused: [Record<string, string>, RegExp][] = [
    [{ before: '1.0' }, /after/],
    [{ before: '9.9', after: '2.0' }, /^before: .* no release 9\.9/],
    [{ before: '1.0', after: '9.9' }, /^after: .* no release 9\.9/],
    [{ before: '1.0', after: 'next' }, /^after: Release next goes live in the future/],
    [{ before: '2.0', after: '1.0' }, /^before must be an earlier release than after/],
    [{ before: '2.0', after: '2.0' }, /^before must be an earlier release than after/],
    [{ before: one, after: '2.0' }, /^before and after must be of one kind/],
    [{ before: '2026-01-05/2026-01-01', after: one }, /^before must begin before it ends/],
    [{ before: '2026-02-30/2026-03-01', after: one }, /^before must name days that exist/],
    [{ before: '2025-01-01/2025-06-01', after: one }, /^before must be 90 days at most/],
    [{ before: one, after: '2026-01-05/2026-01-09' }, /^after must begin when before is over/],
    [{ before: '1.0', after: '2.0', module: 'mail' }, /^module must be one .* m0, m1, m2, m3/],
    [{ before: '1.0', after: '2.0', app: 'Main' }, /app/]
  ]
  for (const [query, message] of refused) {
    const { code, message: said } = await ask(query)
    t.match(code, /^(BAD_REQUEST|RELEASE_NOT_FOUND|RELEASE_NOT_LIVE)$/, JSON.stringify(query))
    t.match(said, message)
  }
})

t.test('the page of a release shows the pair', async t => {
  await live({ ...WORLD, shift: -1.5 }, 31)
  const headers = await signIn(app)
  for (const [version, other] of [['2.0', '1.0'], ['1.0', '2.0']]) {
    const { body } = await app.inject({ url: `/releases/${version}?with=${other}`, headers })
    const text = body.replace(/\s+/g, ' ')
    t.match(text, /2\.0 against 1\.0/)
    t.match(text, /m0 was rated lower: .* in 2\.0, compared with 1\.0\./)
  }
})
