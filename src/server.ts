import { enableCompileCache } from 'node:module'
import { join } from 'node:path'
import closeWithGrace from 'close-with-grace'
import type { buildApp } from './app.ts'
import { readEnvironment } from './platform/environment.ts'
import { AppError, ConfigError } from './platform/errors.ts'
import { CACHE } from './platform/paths.ts'
import { refuseUnfit } from './platform/production.ts'

/** The process: its environment, its signals and its exit. */

/** Below the 25 s that an orchestrator waits before it kills; a second signal exits at once. */
const SHUTDOWN_MS = 24_000

/** EX_CONFIG of sysexits.h: starting again helps nothing until somebody changes the environment. */
const EXIT_CONFIG = 78

/** Where it cannot be written, nothing is kept. */
const COMPILED = join(CACHE, 'persona-runner')
enableCompileCache(COMPILED)

const env = readEnvironment()
const pretty = process.stdout.isTTY && env.NODE_ENV !== 'production'

/** Names the variable of the key and never the key. */
function wherePagesAre (address: string, config: Record<string, unknown>): string {
  const key = ['ADMIN_KEY', 'ADMIN_KEYS'].find(name => config[name] !== undefined)
  const way = key === undefined
    ? 'set ADMIN_KEY and restart to be let in'
    : `sign in with the key in ${key}`
  return `the pages are at ${address}/ (${way}), the routes at ${address}/docs`
}

const NOT_OPENED: Record<string, string> = {
  EADDRINUSE: 'another process listens there. Stop it, or set PORT to another port',
  EACCES: 'this user may not open it. Set PORT to one above 1023',
  EADDRNOTAVAIL:
    'this machine has no such address. Set HOST to one that it has, such as 127.0.0.1 or 0.0.0.0',
  ENOTFOUND: 'no such name is known. Set HOST to an address, such as 127.0.0.1 or 0.0.0.0'
}

/** @throws ConfigError where the address cannot be listened on */
async function listen (app: Awaited<ReturnType<typeof buildApp>>): Promise<string> {
  const { HOST: host, PORT: port } = app.config
  try {
    return await app.listen({ host, port })
  } catch (error) {
    const reason = NOT_OPENED[(error as NodeJS.ErrnoException).code ?? '']
    await app.close()
    throw reason === undefined
      ? error
      : new ConfigError(`The server cannot listen on ${host}:${port}: ${reason}.`)
  }
}

try {
  refuseUnfit(env)
  // Loaded only now: what is not fit is told at once, before anything is opened.
  const { buildApp } = await import('./app.ts')
  const app = await buildApp({
    env,
    logger: {
      level: 'info',
      redact: ['req.headers.authorization', 'req.headers["x-service-key"]', 'req.headers.cookie'],
      ...(pretty &&
        {
          transport: {
            target: 'pino-pretty',
            options: { ignore: 'pid,hostname', translateTime: 'SYS:HH:MM:ss' }
          }
        })
    }
  })
  closeWithGrace({ delay: SHUTDOWN_MS, logger: app.log }, async ({ err, signal }) => {
    if (err !== undefined) app.log.fatal({ err }, 'stopping after an error that nobody caught')
    else app.log.info({ signal }, 'stopping: running days reach their next step first')
    await app.close()
  })
  const address = await listen(app)
  app.log.info(wherePagesAre(app.config.PUBLIC_URL?.replace(/\/$/, '') ?? address, app.config))
} catch (error) {
  // What we foresaw says what to do; anything else needs its stack.
  process.stderr.write(
    `${error instanceof AppError ? error.message : (error as Error).stack ?? String(error)}\n`
  )
  process.exit(error instanceof ConfigError ? EXIT_CONFIG : 1)
}
