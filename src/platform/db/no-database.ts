import {
  DummyDriver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler
} from 'kysely'
import { NotReadyError } from '../errors.ts'
import type { Queryable } from './database.ts'

/** A handle for commands that run without a database: every query fails and says why. */
export function noDatabase (): Queryable {
  return new Kysely({
    dialect: {
      createDriver: () => new NoDriver(),
      createAdapter: () => new PostgresAdapter(),
      createIntrospector: db => new PostgresIntrospector(db),
      createQueryCompiler: () => new PostgresQueryCompiler()
    }
  })
}

class NoDriver extends DummyDriver {
  override async acquireConnection (): Promise<never> {
    throw new NotReadyError('This stands in the database, which cannot be asked now.')
  }
}
