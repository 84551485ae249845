import { isIP } from 'node:net'
import fp from 'fastify-plugin'
import type { Config } from '../../platform/config.ts'
import { createDialler, type Dialler } from '../../platform/dial/dialler.ts'
import {
  hostOf,
  isPlainlyInternal,
  toPrivateHosts,
  type PrivateHosts
} from '../../platform/dial/private-hosts.ts'
import { ConfigError, DialForbiddenError } from '../../platform/errors.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** The way out to the app that the environment names. */
    dialler: Dialler
  }
}

/** What leads to the app. */
const SETTINGS = ['MCP_URL', 'AUTH_URL', 'OAUTH_TOKEN_URL'] as const

/**
 * Decorates `app.dialler`. An address that the runner would never connect to stops the boot; a name
 * only warns.
 */
export default fp(async app => {
  const privateHosts = allowedBy(app.config)
  const dialler = createDialler({
    privateHosts,
    internalAllowed: app.config.NODE_ENV !== 'production'
  })
  app.decorate('dialler', dialler)
  app.addHook('onClose', () => dialler.close())
  for (const setting of SETTINGS) {
    const url = app.config[setting]
    const host = url === undefined ? undefined : hostOf(url)
    if (url === undefined) continue
    if (host === undefined) throw new ConfigError(`${setting} has no host that can be read`)
    const looked = dialler.check(setting, url)
    if (isIP(host) !== 0) {
      await looked.catch(error => {
        throw new ConfigError((error as Error).message, { cause: error })
      })
    } else {
      // What the name server says may change, so nothing waits for it.
      looked.catch((error: unknown) => {
        if (error instanceof DialForbiddenError) app.log.warn({ code: error.code }, error.message)
      })
    }
  }
}, { name: 'dialler', dependencies: ['env'] })

/**
 * The environment is the operator's own hand: a host in it that can only be internal needs no
 * second permission.
 * @throws ConfigError where PRIVATE_HOSTS names what is no host
 */
function allowedBy (config: Config): PrivateHosts {
  const listed = config.PRIVATE_HOSTS?.split(',').map(entry => entry.trim()) ?? []
  const given = SETTINGS.map(setting => hostOf(config[setting] ?? '')).filter(host =>
    host !== undefined
  )
  try {
    const { names, addresses } = toPrivateHosts(listed)
    return { addresses, names: new Set([...names, ...given.filter(isPlainlyInternal)]) }
  } catch (error) {
    throw new ConfigError(`PRIVATE_HOSTS: ${(error as Error).message}`, { cause: error })
  }
}
