import { parseArgs } from 'node:util'
import { readCatalogue } from './catalogue.ts'
import { withStore } from './open-store.ts'
import { deletePersonasByEmail, listEmails } from '../personas/repository.ts'

const HELP = `npm run seed:cleanup [-- --file FILE] [--all] [--dry-run]

Removes the personas of the catalogue with all their runs, actions and feedback, and says which personas were not in it.
  --file FILE   another catalogue
  --all         remove those that are not in the catalogue, too
  --dry-run     say what would go, but remove nothing`

const { values } = parseArgs({
  options: {
    file: { type: 'string' },
    all: { type: 'boolean' },
    'dry-run': { type: 'boolean' },
    help: { type: 'boolean' }
  }
})

if (values.help) {
  console.log(HELP)
} else {
  await withStore(async app => {
    const catalogue = new Set(
      readCatalogue(values.file).map(persona => persona.email.toLowerCase())
    )
    const stored = await listEmails(app.database.db)
    const others = stored.filter(email => !catalogue.has(email))
    const doomed = values.all ? stored : stored.filter(email => catalogue.has(email))
    if (!values['dry-run'] && doomed.length > 0) {
      await deletePersonasByEmail(app.database.db, doomed)
    }
    for (const email of doomed) {
      console.log(`${values['dry-run'] ? 'would remove' : 'removed'}  ${email}`)
    }
    for (const email of others) {
      console.log(`not in the catalogue${values.all ? '' : ', kept'}  ${email}`)
    }
    console.log(
      `${doomed.length} ${values['dry-run'] ? 'would go' : 'removed'}, ${
        stored.length - doomed.length
      } kept, ${others.length} not in the catalogue.`
    )
  })
}
