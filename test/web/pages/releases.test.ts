import t from 'tap'
import { addLooks } from '../../../src/analysis/verdicts/looks-repository.ts'
import type { ModuleLook } from '../../../src/analysis/verdicts/release-verdict.ts'
import { admin, startTestApp } from '../../helpers/app.ts'
import { signIn } from '../../helpers/pages.ts'

const app = await startTestApp(t)
const { db } = app.database
const cookie = await signIn(app)
const page = async (url: string) => {
  const response = await app.inject({ url, headers: cookie })
  return { status: response.statusCode, text: response.body.replace(/\s+/g, ' ') }
}
const announce = (payload: object) =>
  app.inject({ method: 'POST', url: '/api/v1/admin/releases', headers: admin, payload })

const FINDING = {
  state: 'worse',
  before: 3.9,
  after: 3.1,
  delta: -0.8,
  standardError: 0.2,
  df: 30,
  p: 0.0001,
  pLimit: 0.001,
  low: -1.2,
  high: -0.4,
  smallest: 0.9,
  pSafe: 0.9,
  safe: false,
  enough: true,
  personas: 9,
  visitsBefore: 60,
  visitsAfter: 20
} as const
const look = (day: number, over: Partial<ModuleLook> = {}): ModuleLook => ({
  day,
  state: 'no_change_seen',
  reason: null,
  daysBefore: 14,
  rating: { ...FINDING, state: 'none' },
  friction: null,
  daysNeeded: 9,
  errors: null,
  groups: [],
  ...over
})

t.afterEach(async () => {
  await db.deleteFrom('release_looks').execute()
  await db.deleteFrom('releases').execute()
})

t.test('without a release the page says how to announce one, and the overview says nothing', async t => {
  t.match(
    (await page('/releases')).text,
    /No release is known yet.*POST \/api\/v1\/admin\/releases/
  )
  t.notMatch((await page('/')).text, /Since <a/)
})

t.test('the overview and the pages of releases say what changed, worst first', async t => {
  await announce({
    version: '2.5.0',
    notes: 'New editor',
    commit: '9f2c1ab',
    link: 'https://example.com/r',
    touches: ['notes']
  })
  t.match(
    (await page('/')).text,
    /Since <a href="\/releases\/2\.5\.0">2\.5\.0<\/a>.*Not judged yet/
  )
  const groups = [{ by: 'locale', group: 'de', personas: 5, delta: -1.1 }] as const
  await addLooks(db, { app: 'main', releases: ['2.5.0'] }, [
    { module: 'calendar', looks: [look(2), look(3)] },
    {
      module: 'notes',
      looks: [
        look(2),
        look(3, {
          state: 'worse',
          rating: FINDING,
          errors: { before: 0.02, after: 0.11 },
          groups: [...groups]
        })
      ]
    }
  ])
  const sentence = new RegExp([
    'notes was rated lower: 3\\.9 → 3\\.1 \\(−0\\.8, range −1\\.2 to −0\\.4\\), by the same 9 personas since 2\\.5\\.0\\.',
    '14 days before, 3 after\\. Errors 2\\.0 % → 11 %\\.'
  ].join(' '))
  t.match((await page('/')).text, sentence)
  t.match((await page('/')).text, /2\.5\.0<\/a>: 1 no change seen\./)
  t.match((await page('/releases')).text, /2\.5\.0.*New editor.*worse.*1 worse, 1 no change seen/)
  const { status, text } = await page('/releases/2.5.0')
  t.equal(status, 200)
  const shown = [
    sentence,
    /9f2c1ab/,
    /Declares to touch notes/,
    /de −1\.1 \(5 personas\)/,
    /The next look comes after 5 days/,
    /href="\/modules\/notes"/
  ]
  for (const words of shown) t.match(text, words)
  t.ok(text.indexOf('notes was rated') < text.indexOf('calendar: no change'), 'worst first')
})

t.test('releases that are judged together are all named', async t => {
  await announce({ version: '1', at: '2026-01-01T00:00:00Z' })
  await announce({ version: '2', at: '2026-01-02T00:00:00Z' })
  await addLooks(db, { app: 'main', releases: ['1', '2'] }, [{ module: 'notes', looks: [look(2)] }])
  for (const version of ['1', '2']) {
    t.match((await page(`/releases/${version}`)).text, /judged together: 1, 2\./)
  }
})

t.test('what a deploy script sends cannot become markup, and an unknown release is a page', async t => {
  await announce({ version: '<b>x', notes: '<script>alert(1)</script>' })
  const { text } = await page(`/releases/${encodeURIComponent('<b>x')}`)
  t.notMatch(text, /<script>alert|<b>x/)
  t.match(await page('/releases/nowhere'), { status: 404, text: /no release nowhere/ })
})
