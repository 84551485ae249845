import type { Persona } from '../../personas/schemas.ts'
import type { Config } from '../../platform/config.ts'
import type { ConnectedApp } from '../../runner/apps/connect.ts'
import type { AppSettings } from '../../runner/apps/schemas.ts'
import type { Model } from '../../runner/models/model.ts'
import type { Queryable } from '../../platform/db/database.ts'
import type { Dialler } from '../../platform/dial/dialler.ts'
import type { Finding } from './schemas.ts'

/** What the environment and the database describe, and the checks look at. */

export interface SetUpApp {
  name: string
  settings: AppSettings
  connected: ConnectedApp
}

export interface Setup {
  config: Readonly<Config>
  dialler: Dialler
  model: Model
  store: Store
  /** @throws AppNotFoundError */
  findApp(name: string): Promise<SetUpApp>
}

/** How far the database can be asked. */
export interface Store {
  findings: Finding[]
  /** Null: it cannot be asked for what is in it. */
  db: Queryable | null
  /** Nothing is stored yet, and that is known. */
  isEmpty: boolean
  close(): Promise<void>
}

/** Who lives in an app. */
export interface CastOfApp {
  runsPerDay: number
  personas: number
  /** One to sign in with for which an account is stored; null: there is none. */
  withAccount: Persona | null
  withoutAccount: Persona | null
}
