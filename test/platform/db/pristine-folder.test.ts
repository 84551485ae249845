import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { openDatabase } from '../../../src/platform/db/database.ts'
import { pendingMigrations } from '../../../src/platform/db/migrate.ts'
import { pristineFolder } from '../../../src/platform/db/pristine-folder.ts'
import { listEmails, upsertPersona } from '../../../src/personas/repository.ts'
import { PERSONA } from '../../helpers/app.ts'
import { migratedImage, onServer } from '../../helpers/database.ts'

const here = mkdtempSync(join(tmpdir(), 'pristine-'))
t.teardown(() => rmSync(here, { recursive: true, force: true }))

const embeddedOnly = { skip: onServer ? 'about embedded storage' : false }

t.test(
  'a new data folder begins as the first one did, without what was stored there',
  embeddedOnly,
  async t => {
    const pristineIn = join(here, 'kept')
    const options = { poolSize: 1, pristineIn, onError: () => {} }
    const open = (name: string, image?: Blob) =>
      openDatabase({ ...options, dataDir: join(here, name), image })
    const first = await open('first', new Blob([new Uint8Array(await migratedImage())]))
    await first.keepPristine()
    await upsertPersona(first.db, { ...PERSONA })
    await first.keepPristine()
    await first.close()
    t.equal(readdirSync(pristineIn).length, 1)

    const second = await open('second')
    t.same([await pendingMigrations(second.db), await listEmails(second.db)], [[], []])
    await upsertPersona(second.db, { ...PERSONA, email: 'second@personas.test' })
    await second.keepPristine()
    await second.close()

    const third = await open('third')
    t.same(await listEmails(third.db), [], 'a copy is no model for others')
    await third.close()
    const again = await open('second')
    t.same(await listEmails(again.db), ['second@personas.test'], 'what is there is never replaced')
    await again.close()
  }
)

t.test('half a copy is never taken for a whole one', async t => {
  const place = join(here, 'place')
  const folder = join(here, 'folder')
  mkdirSync(join(folder, 'base'), { recursive: true })
  writeFileSync(join(folder, 'base', 'rows'), 'rows')
  const pristine = pristineFolder(place)
  t.notOk(pristine.copyTo(join(here, 'none')), 'there is none yet')
  pristine.keep(folder)
  const [own = ''] = readdirSync(place)
  rmSync(place, { recursive: true })
  mkdirSync(join(place, `${own}.123`), { recursive: true })
  t.notOk(pristine.copyTo(join(here, 'none')), 'its process died while it was written')
  mkdirSync(join(place, 'of-an-older-version'))
  pristine.keep(folder)
  t.same(readdirSync(place), [own, `${own}.123`], 'what nobody will copy is gone')

  writeFileSync(join(here, 'taken'), 'a file')
  t.notOk(pristine.copyTo(join(here, 'taken')), 'where it cannot be copied')
  t.equal(readFileSync(join(here, 'taken'), 'utf8'), 'a file')
  t.ok(pristine.copyTo(join(here, 'copy')))
  t.equal(readFileSync(join(here, 'copy', 'base', 'rows'), 'utf8'), 'rows')
  t.same(
    readdirSync(here).filter(name => name.includes(`.${process.pid}`)),
    [],
    'nothing is left lying about'
  )
})

t.test('where nothing can be kept, all goes on without', async t => {
  const place = join(here, 'taken', 'place')
  const pristine = pristineFolder(place)
  pristine.keep(join(here, 'folder'))
  t.notOk(existsSync(place))
  t.notOk(pristine.copyTo(join(here, 'none')))
})
