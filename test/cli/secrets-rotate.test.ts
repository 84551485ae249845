import { randomBytes } from 'node:crypto'
import t from 'tap'
import { findSecret } from '../../src/runner/accounts/repository.ts'
import { openTokens, rotateBatch, sealFor } from '../../src/runner/accounts/vault.ts'
import { openDatabase } from '../../src/platform/db/database.ts'
import { migrate } from '../../src/platform/db/migrate.ts'
import { runCommand } from '../helpers/command.ts'
import { storeEnv } from '../helpers/server-process.ts'

const ROWS = 800
const old = { kid: 'old', secret: randomBytes(32) }
const fresh = { kid: 'new', secret: randomBytes(32) }
const listed = (...keys: typeof old[]) =>
  keys.map(({ kid, secret }) => `${kid}:${secret.toString('base64')}`).join()

const env = await storeEnv(t)

async function withDatabase<T> (
  work: (db: Awaited<ReturnType<typeof openDatabase>>['db']) => Promise<T>
): Promise<T> {
  const opened = await openDatabase({
    url: env.DATABASE_URL,
    dataDir: env.DATA_DIR ?? '',
    poolSize: 3,
    onError: () => {}
  })
  try {
    return await work(opened.db)
  } finally {
    await opened.close()
  }
}

const rotate = async (keys: string, killAfter?: RegExp) =>
  runCommand('secrets-rotate.ts', { env: { ...env, ENCRYPTION_KEYS: keys }, killAfter })

await withDatabase(async db => {
  await migrate(db)
  const columns = (i: number) => ({
    email: `p${i}@personas.test`,
    name: 'P',
    archetype: 'a',
    system_prompt: 's',
    module_mix: '{}',
    cadence: 'daily' as const
  })
  const personas = await db.insertInto('personas').values(
    Array.from({ length: ROWS }, (_, i) => columns(i))
  ).returning('id').execute()
  const vault = { db, keys: [old] }
  await db.insertInto('account_secrets').values(personas.map(({ id }) => {
    const { keyId, sealed } = sealFor(vault, id, { refreshToken: `token of ${id}` })
    return { persona_id: id, kind: 'refresh-token' as const, key_id: keyId, sealed }
  })).execute()
})

t.test('killed in the middle and run again, it leaves every secret readable under the new key alone', async t => {
  t.match(await rotate(listed(fresh, old), /so far/), { code: null })
  const { code, output } = await rotate(listed(fresh, old))
  t.equal(code, 0)
  const left = Number(
    /(\d+) secrets were encrypted anew; all are under the key "new"/.exec(output)?.[1]
  )
  t.ok(left > 0 && left < ROWS, `${left} of ${ROWS} were left`)
  t.notMatch(output, /token of/)
  await withDatabase(async db => {
    const ids = await db.selectFrom('personas').select('id').execute()
    const vault = { db, keys: [fresh] }
    for (const { id } of ids) {
      const stored = await findSecret(db, id)
      if (stored === undefined || openTokens(vault, stored).refreshToken !== `token of ${id}`) {
        t.fail(id)
      }
    }
    t.equal(await rotateBatch(vault), 0, 'nothing is left to do')
    const third = { kid: 'third', secret: randomBytes(32) }
    await t.rejects(rotateBatch({ db, keys: [third] }), {
      code: 'SECRET_KEY_UNKNOWN',
      message: /under the key "new", which is not in ENCRYPTION_KEYS/
    })
    await t.rejects(rotateBatch({ db, keys: [] }), { code: 'ENCRYPTION_OFF' })
    t.equal(await rotateBatch({ db, keys: [third, fresh] }, 3), 3, 'nothing was changed by that')
  })
})
