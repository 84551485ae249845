import { parseArgs } from 'node:util'
import { CATALOGUE_FILE, readCatalogue } from './catalogue.ts'
import { withStore } from './open-store.ts'
import { newestSeedVersion } from '../keys.ts'
import { upsertPersona } from '../personas/repository.ts'

const HELP = `npm run seed:personas [-- --file FILE] [--dry-run]

Creates the personas of the catalogue, or updates those that are there (by email).
  --file FILE   another catalogue: a JSON list of { email, archetype, systemPrompt, name?, moduleMix?, tickCadence?, timeZone?, locale?, app? }
  --dry-run     check the catalogue and say what it holds, but store nothing`

const { values } = parseArgs({ options: { file: { type: 'string' }, 'dry-run': { type: 'boolean' }, help: { type: 'boolean' } } })

if (values.help) {
  console.log(HELP)
} else if (values['dry-run']) {
  const personas = readCatalogue(values.file)
  for (const { email, name, archetype, tickCadence } of personas) console.log([email, [name, archetype, tickCadence].filter(Boolean).join(', ')].join('  '))
  console.log(`${personas.length} personas in ${values.file ?? CATALOGUE_FILE}; nothing was stored.`)
} else {
  await withStore(async app => {
    const personas = readCatalogue(values.file)
    // All or none: a catalogue that breaks off in the middle would be half a cast.
    await app.database.db.transaction().execute(async trx => {
      for (const input of personas) {
        const { persona, created } = await upsertPersona(trx, input, { passwordVersion: newestSeedVersion(app.config) })
        console.log(`${created ? 'created' : 'updated'}  ${persona.email}  ${persona.name}, ${persona.archetype}, ${persona.tickCadence}`)
      }
    })
    console.log(`${personas.length} personas are in the store. Each needs its account in your app: see "Accounts" in the README.`)
  })
}
