import { startServer, type ServerProcess } from '../../helpers/server-process.ts'
import { ADMIN_KEY, SEED_SECRET, SERVICE_KEY } from '../../helpers/app.ts'
import type { CountingApp } from './counting-app.ts'
import { urlFor, type Store } from './store.ts'
import type { Teardown } from './teardown.ts'
import type { TokenModel } from './token-model.ts'

/** Real server processes on one database, with one app and one model. */

export interface Worker extends ServerProcess {
  name: string
  /** Once it listens. */
  address: string
}

export interface World {
  store: Store
  app: CountingApp
  model: TokenModel
}

export interface Fleet {
  /** Those that listen and were not ended by us. */
  readonly workers: Worker[]
  /** Resolves once it listens. */
  add(env?: Record<string, string>, options?: { nodeArgs: string[] }): Promise<Worker>
  /** No signal is sent to it any more; it counts as gone. */
  remove(worker: Worker): void
  /** The latest warnings of the processes, for whoever has to find out. */
  output(): string
}

/**
 * How long the queue waits for a sign of life, where the configuration can say so; 10 s is the
 * least that pg-boss takes.
 */
export const SHORT_HEARTBEAT = { HEARTBEAT_SECONDS: '10' }

export function startFleet (t: Teardown, world: World, common: Record<string, string> = {}): Fleet {
  const started: Worker[] = []
  const workers: Worker[] = []
  return {
    workers,
    async add (env = {}, options) {
      const name = `w${started.length + 1}`
      const process = startServer(t, { ...envFor(world, name), ...common, ...env }, options)
      const worker = { ...process, name, address: '' }
      started.push(worker)
      worker.address = await process.listening
      workers.push(worker)
      return worker
    },
    remove (worker) {
      workers.splice(workers.indexOf(worker), 1)
    },
    output: () =>
      started.flatMap(({ name, output }) => warningsIn(output()).map(line => `${name}: ${line}`))
        .slice(-20).join('\n')
  }
}

/** Lines of a log that are no mere news, and whatever is no log. */
function warningsIn (output: string): string[] {
  return output.split('\n').filter(line => line !== '' && !/^\{"level":[123]0,/.test(line))
}

function envFor ({ store, app, model }: World, name: string): Record<string, string> {
  return {
    NODE_ENV: 'test',
    // The address that a process listens on is said at this level.
    LOG_LEVEL: 'info',
    SERVICE_KEY,
    ADMIN_KEY,
    DATABASE_URL: urlFor(store, name),
    ANTHROPIC_API_KEY: 'stand-in',
    ANTHROPIC_BASE_URL: model.url,
    MCP_URL: app.mcpUrl(name),
    AUTH_URL: app.authUrl,
    PERSONA_SEED_SECRET: SEED_SECRET,
    MCP_TRUSTED: 'true',
    TICK_SCHEDULE: '* * * * * *',
    QUEUE_LIMIT: '100000',
    PERSONA_CONCURRENCY: '4'
  }
}
