import { sql } from 'kysely'
import t from 'tap'
import { deletePersona, deletePersonasByEmail } from '../../src/personas/repository.ts'
import { createPersona, startTestApp } from '../helpers/app.ts'
import { onServer, openTestDatabase } from '../helpers/database.ts'
import { insightRows } from '../helpers/insight-rows.ts'

// Embedded storage has one connection, so no two transactions meet there.
const skip = onServer ? false : 'two transactions need a server'

t.test(
  'deleting a persona waits for the end of its run, and neither is a deadlock',
  { skip },
  async t => {
    const database = await openTestDatabase(t)
    const app = await startTestApp(t, { database })
    const { db } = database
    const rows = insightRows(db)
    const ways = {
      'by id': (id: string) => deletePersona(db, id),
      'by email': () => deletePersonasByEmail(db, ['by-email@personas.test'])
    }
    for (const [name, remove] of Object.entries(ways)) {
      const email = `${name.replace(' ', '-')}@personas.test`
      const { id } = await createPersona(app, { email })
      await rows.run(`run ${name}`, id)
      let removing: Promise<unknown> = Promise.reject(new Error('not begun'))
      removing.catch(() => {})
      await db.transaction().execute(async trx => {
        // The end of a run: its row, then its persona's.
        await trx.updateTable('runs').set({ state: 'completed' }).where('id', '=', `run ${name}`)
          .execute()
        removing = remove(id)
        await someoneWaits()
        await trx.updateTable('personas').set({ last_active_at: sql<Date>`now()` })
          .where('id', '=', id).execute()
      })
      await t.resolves(removing, name)
      const left = await db.selectFrom('runs').select('id').where('persona_id', '=', id).execute()
      t.same(left, [], `${name}: its runs are gone with it`)
    }

    async function someoneWaits (): Promise<void> {
      for (;;) {
        const { rows } = await sql`SELECT FROM pg_locks l JOIN pg_stat_activity a USING (pid)
        WHERE NOT l.granted AND a.datname = current_database()`.execute(db)
        if (rows.length > 0) return
      }
    }
  }
)
