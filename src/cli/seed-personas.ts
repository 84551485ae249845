import { parseArgs } from 'node:util'
import { CATALOGUE_FILE, readCatalogue } from './catalogue.ts'
import { withStore, type Store } from './open-store.ts'
import { signUpAll } from './sign-up-all.ts'
import { newestSeedVersion } from '../platform/keys.ts'
import { upsertPersona } from '../personas/repository.ts'
import type { Persona } from '../personas/schemas.ts'

const HELP = `npm run seed:personas [-- --file FILE] [--sign-up] [--dry-run]

Creates the personas of the catalogue, or updates those that are there (by email).
  --file FILE   another catalogue: a JSON list of { email, archetype, systemPrompt, name?, moduleMix?, tickCadence?, timeZone?, locale?, app? }
  --sign-up     create their accounts in your app, too: POST AUTH_SIGN_UP_PATH { email, password, name } at AUTH_URL, with the password that each
                signs in with. Who has an account already is left alone. The code is 1 where the app refuses one or does not answer;
                the personas are stored all the same, and the same command tries again
  --dry-run     check the catalogue and say what it holds, but store nothing`

const { values } = parseArgs({
  options: {
    file: { type: 'string' },
    'sign-up': { type: 'boolean' },
    'dry-run': { type: 'boolean' },
    help: { type: 'boolean' }
  }
})

if (values.help) {
  console.log(HELP)
} else if (values['dry-run']) {
  const personas = readCatalogue(values.file)
  for (const { email, name, archetype, tickCadence } of personas) {
    console.log([email, [name, archetype, tickCadence].filter(Boolean).join(', ')].join('  '))
  }
  console.log(
    `${personas.length} personas in ${values.file ?? CATALOGUE_FILE}; nothing was stored.`
  )
} else {
  await withStore(async app => {
    const personas = await store(app)
    if (values['sign-up'] !== true) {
      console.log(
        `${personas.length} personas are in the store. Each needs its account in your app: --sign-up creates them, or see "Accounts" in the README.`
      )
      return
    }
    const failed = await signUpAll(app, personas)
    const rest = failed === 0
      ? ''
      : `; for ${failed} of them the app created no account, see above. Run the same again once that is mended`
    console.log(`${personas.length} personas are in the store${rest}.`)
    if (failed > 0) process.exitCode = 1
  }, { apps: values['sign-up'] === true })
}

/** All or none: a catalogue that breaks off in the middle would be half a cast. */
function store (app: Store): Promise<Persona[]> {
  const catalogue = readCatalogue(values.file)
  return app.database.db.transaction().execute(async trx => {
    const personas: Persona[] = []
    for (const input of catalogue) {
      const { persona, created } = await upsertPersona(trx, input, {
        passwordVersion: newestSeedVersion(app.config)
      })
      console.log(
        `${
          created ? 'created' : 'updated'
        }  ${persona.email}  ${persona.name}, ${persona.archetype}, ${persona.tickCadence}`
      )
      personas.push(persona)
    }
    return personas
  })
}
