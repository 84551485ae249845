import { parseArgs } from 'node:util'
import { withStore } from './open-store.ts'
import { derivePassword } from '../runner/accounts/password.ts'
import { findStatus } from '../runner/accounts/repository.ts'
import { FIRST_APP } from '../personas/app-name.ts'
import { LoginFailedError } from '../platform/errors.ts'
import { readSeedSecrets } from '../platform/keys.ts'
import { getPersonaByEmail } from '../personas/repository.ts'

const HELP = `npm run persona:password -- EMAIL [--version N]

Prints the password that a persona signs in with, and nothing else, to set it in your app.
  --version N   as derived under this one of PERSONA_SEED_SECRETS; left out: the version of the persona

A password that was stored for the persona is never shown.`

const { values, positionals } = parseArgs({
  options: { version: { type: 'string' }, help: { type: 'boolean' } },
  allowPositionals: true
})
const [email] = positionals

if (values.help || email === undefined) {
  console.log(HELP)
  if (!values.help) process.exitCode = 1
} else {
  await withStore(async app => {
    const persona = await getPersonaByEmail(app.database.db, email)
    const status = await findStatus(app.database.db, persona.id)
    if (values.version === undefined && status?.kind === 'password') {
      throw new LoginFailedError(
        `${persona.email} signs in with a password that was stored for it (${status.setAt}), which is never shown. --version ${persona.passwordVersion} prints the derived one; DELETE /api/v1/admin/personas/${persona.id}/account goes back to that.`
      )
    }
    const version = values.version === undefined ? persona.passwordVersion : Number(values.version)
    const secrets = readSeedSecrets(app.config)
    const secret = secrets.get(version)
    if (secret === undefined) {
      throw new LoginFailedError(
        `No seed secret of version ${values.version ?? version} is set: PERSONA_SEED_SECRETS has ${
          [...secrets.keys()].join(', ') || 'none'
        }.`
      )
    }
    console.log(
      derivePassword(secret, persona.email, persona.app === FIRST_APP ? undefined : persona.app)
    )
  })
}
