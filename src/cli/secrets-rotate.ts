import { parseArgs } from 'node:util'
import { withStore } from './open-store.ts'
import { rotateClientSecrets } from '../runner/apps/client-secret.ts'
import { rotateBatch } from '../runner/accounts/vault.ts'
import { readEncryptionKeys } from '../platform/seal.ts'

const HELP = `npm run secrets:rotate

Encrypts the stored accounts, and the OAuth clients of apps, under the first key of ENCRYPTION_KEYS. To change the key: put a new one first, restart all
processes, run this, take the old one away. Stopped in the middle, it goes on where it was when it is run again.`

const { values } = parseArgs({ options: { help: { type: 'boolean' } } })

if (values.help) {
  console.log(HELP)
} else {
  await withStore(async app => {
    const vault = { db: app.database.db, keys: readEncryptionKeys(app.config.ENCRYPTION_KEYS) }
    let rotated = 0
    for (;;) {
      const rows = await rotateBatch(vault) + await rotateClientSecrets(vault)
      if (rows === 0) break
      rotated += rows
      console.log(`${rotated} so far`)
    }
    console.log(
      `${rotated} secrets were encrypted anew; all are under the key "${vault.keys[0]?.kid}".`
    )
  })
}
