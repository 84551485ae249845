import { openDatabase } from '../../src/platform/db/database.ts'
import { migrate } from '../../src/platform/db/migrate.ts'
import { startPostgres } from '../../test/helpers/postgres-server.ts'
import type { Places } from '../arms/arm.ts'
import { startStandIns, type StandIns } from '../stand-ins/stand-ins.ts'

/** What all arms share: a stand-in model, an app, and a migrated Postgres of its own. */

export interface Stage extends Omit<StandIns, 'close'> {
  places: Places
  close(): Promise<void>
}

export async function openStage (): Promise<Stage> {
  const postgres = await startPostgres()
  const standIns = await startStandIns()
  const database = await openDatabase({
    url: postgres.url,
    dataDir: '',
    poolSize: 2,
    onError: () => {}
  })
  await migrate(database.db)
  await database.close()
  return {
    ...standIns,
    places: {
      modelUrl: standIns.modelUrl,
      mcpUrl: standIns.mcpUrl,
      statelessMcpUrl: standIns.statelessMcpUrl,
      databaseUrl: postgres.url
    },
    async close () {
      standIns.close()
      await postgres.stop('immediate')
    }
  }
}
