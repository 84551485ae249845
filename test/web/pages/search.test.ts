import t from 'tap'
import { createPersona, startTestApp } from '../../helpers/app.ts'
import { intruders, linksOf, MARKUP, signIn } from '../../helpers/browse.ts'
import { insightRows } from '../../helpers/insight-rows.ts'

const app = await startTestApp(t)
const { db } = app.database
const reader = await signIn(app)
const mara = await createPersona(app, { name: 'Mara 100%' })
await insightRows(db).run('run-1', mara.id)
await db.insertInto('known_tools').values({ tool_name: 'notes.list', module: 'notes' }).execute()
await db.insertInto('releases').values({ version: '2.5.0', notes: MARKUP, at: new Date() })
  .execute()

const find = async (text: string) => {
  const { status, body } = await reader.get(`/search?q=${encodeURIComponent(text)}`)
  t.equal(status, 200, text)
  const list = /<div id="hits">.*?<\/div>/s.exec(body)?.[0] ?? ''
  return { body, hits: linksOf(list) }
}

t.test('search finds modules, personas, releases and runs, in any case', async t => {
  t.same((await find('NOTE')).hits, ['/modules/notes'])
  t.same((await find('mara')).hits, [`/personas/${mara.id}`])
  t.same((await find('2.5')).hits, ['/releases/2.5.0'])
  t.same((await find('run-1')).hits, ['/runs/run-1'])
  t.same((await find('100%')).hits, [`/personas/${mara.id}`], '% is a letter')
})

t.test('what is not found leads on, and nothing that was written becomes markup', async t => {
  t.match((await find('nothing-like-it')).hits, ['/runs?q=nothing-like-it'])
  t.same(intruders((await find(MARKUP)).body), [])
  t.same(intruders((await find('2.5')).body), [])
  t.same((await find('a\u0000b')).hits.length, 1)
  t.equal((await reader.get('/runs?q=a%00b')).status < 500, true)
  t.equal((await reader.get('/modules/notes?persona=%00&rating=%00')).status < 500, true)
})
