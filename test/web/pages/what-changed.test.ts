import t from 'tap'
import { startTestApp } from '../../helpers/app.ts'
import { signIn, textOf } from '../../helpers/pages.ts'
import { BETTER, plantMonth, WORSE } from '../../helpers/planted-month.ts'

const app = await startTestApp(t)
const { db } = app.database
const headers = await signIn(app)
const read = async (url: string) => (await app.inject({ url, headers })).body

t.test('before the first day nothing is said to have changed', async t => {
  t.notMatch(textOf(await read('/')), / Worse | Better |No release is known/)
})

t.test('the overview names the module, the release, whom and how much, worst first', async t => {
  await plantMonth(db)
  const body = await read('/')
  const text = textOf(body)
  t.match(text, /Worse notes 4\.\d → 2\.\d worse since 2\.5\.0 , \d+ d ago/)
  t.match(text, /1\d of 19 personas rate it lower by half a point or more, none higher\./)
  t.match(text, /Most: [^.]*−1\.\d[^:]*German speakers −1\.\d/)
  t.match(text, /Better calendar 3\.\d → 4\.\d better since 2\.4\.0/)
  t.match(text, /Since 2\.5\.0 : 6 no worse\./)
  t.ok(text.indexOf(' Worse ') < text.indexOf(' Better '))
  for (const { module, release } of [WORSE, BETTER]) {
    t.match(body, `href="/modules/${module}#voices"`)
    t.match(body, `href="/releases/${release}"`)
  }
  t.match(body, /class="band after error"/, 'the plot shows the fall after its release')
})

t.test('a change stands where its verdict says', async t => {
  await db.updateTable('release_looks').set({ state: 'better' })
    .where('release', '=', WORSE.release).where('module', '=', WORSE.module).execute()
  const text = textOf(await read('/'))
  t.notMatch(text, / Worse /)
  t.match(text, /Better notes .* better since 2\.5\.0/)
})
