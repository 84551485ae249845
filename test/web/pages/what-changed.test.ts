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
  t.match(
    text,
    /1\d of the same 19 personas rate it lower by half a point or more, (none|\d) higher\./
  )
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

t.test('the page of a module says whom it hit, and what personas say, worst first', async t => {
  const body = await read('/modules/notes')
  const text = textOf(body)
  t.match(text, /4\.\d → 2\.\d worse since 2\.5\.0 .*\d+ of the same 19 personas/)
  t.match(text, /Whom it hit since 2\.5\.0 By language German 10 personas .* English 9 personas/)
  t.match(body, /band after error/)
  const day = /href="(\/runs\?module=notes&amp;from=[^"]+)"/.exec(body)?.[1]?.replaceAll(
    '&amp;',
    '&'
  )
  t.match(await read(day ?? ''), /class="stacked lines"/, 'a point leads to the runs of its day')
  const said = [...body.matchAll(/<b>(\d)<\/b> of 5/g)].map(match => Number(match[1]))
  t.same(said, said.toSorted(), 'worst first')
  const high = await read('/modules/notes?rating=1')
  t.same(new Set([...high.matchAll(/<b>(\d)<\/b> of 5/g)].map(match => match[1])), new Set(['1']))
  const persona = /persona=([0-9a-f-]{36})#voices/.exec(body)?.[1] ?? ''
  t.match(await read(`/modules/notes?persona=${persona}`), `value="${persona}" selected`)
})

t.test('two releases stand side by side at one address, and an unknown one is told', async t => {
  const text = textOf(await read('/releases/2.5.0?with=2.4.0'))
  t.match(text, /2\.5\.0 beside 2\.4\.0/)
  t.match(text, /notes worse 4\.\d → 2\.\d .* calendar no worse .* better 3\.\d → 4\.\d/)
  t.match(textOf(await read('/releases/2.5.0?with=9')), /No other release is called “9”/)
})

t.test('the heat map colours a change, and never a level', async t => {
  const change = await read('/modules?show=change')
  t.match(change, /change since 2\.5\.0/)
  t.match(change, /class="shift-worse"><a class="cell" href="\/modules\/notes\?persona=/)
  t.notMatch(await read('/modules'), /class="shift-/)
  const better = [...change.matchAll(/shift-better"><a class="cell" href="\/modules\/calendar/g)]
  t.ok(better.length < 5, `an earlier release made calendar better (${better.length} cells)`)
})

t.test('a change stands where its verdict says', async t => {
  await db.updateTable('release_looks').set({ state: 'better' })
    .where('release', '=', WORSE.release).where('module', '=', WORSE.module).execute()
  const text = textOf(await read('/'))
  t.notMatch(text, / Worse /)
  t.match(text, /Better notes .* better since 2\.5\.0/)
})

t.test('after a mend both lines stand: the fall, and the rise since', async t => {
  await db.updateTable('release_looks').set({ state: 'worse' })
    .where('release', '=', '2.4.0').where('module', '=', WORSE.module).execute()
  for (const url of ['/', '/modules/notes']) {
    t.match(
      textOf(await read(url)),
      /better since 2\.5\.0 .* Before that .*worse since 2\.4\.0 , \d+ d ago/,
      url
    )
  }
  t.match(textOf(await read('/')), /Worse, then mended notes /)
})
