import { lookup as systemLookup, type LookupAddress } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'
import type { Agent } from 'undici'
import { DialForbiddenError, DialRedirectedError } from '../errors.ts'
import type { AddressKind } from './address-kind.ts'
import { forbiddenKind, type DialPolicy } from './forbidden.ts'
import { bareHost, toPrivateHosts } from './private-hosts.ts'
import { thinFetch, type Fetch } from './thin-fetch.ts'

/**
 * The one way out to the URLs of an app. Every address is looked at when a connection is opened,
 * and the addresses that were looked at are those that are dialled, so a name that resolves
 * otherwise the next time gains nothing.
 */

/** `fetch`, with DialForbiddenError and DialRedirectedError among what it throws. */
export interface Dial extends Fetch {
  /** Where the URL was set that it is for. */
  readonly setting: string
}

export interface Dialler {
  /** @param setting where the URL was set, for messages, such as `MCP_URL` */
  dialFor(setting: string): Dial
  /**
   * Looks at what a URL would lead to, without connecting. A name that does not resolve now passes:
   * it is looked at again when it is dialled.
   * @throws DialForbiddenError
   */
  check(setting: string, url: string): Promise<void>
  close(): Promise<void>
}

export type Resolve = (
  host: string,
  answer: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void
) => void

const resolveBySystem: Resolve = (host, answer) => {
  systemLookup(host, { all: true }, answer)
}

/** A host was not dialled, or not found fit to be. */
class ForbiddenAddress extends Error {
  readonly host: string
  readonly address: string
  readonly kind: AddressKind

  constructor (host: string, address: string, kind: AddressKind) {
    super(`${host} is at ${address}`)
    this.host = host
    this.address = address
    this.kind = kind
  }

  toError (setting: string): DialForbiddenError {
    const { address, kind: { what, reach } } = this
    const host = bareHost(this.host)
    return new DialForbiddenError(setting, {
      host,
      address,
      what,
      allow: reach === 'internal' ? host : address
    })
  }
}

export function createDialler (policy: DialPolicy, resolve: Resolve = resolveBySystem): Dialler {
  const lookup = checkedLookup(policy, resolve)
  let opened: Promise<{ agent: Agent, fetch: Fetch }> | undefined
  return {
    dialFor (setting) {
      const dial: Fetch = async (url, init) => {
        const { fetch } = await (opened ??= open(policy, lookup))
        const response = await fetch(url, init).catch(error => {
          throw named(setting, error)
        })
        await refuseRedirect(setting, url, response)
        return response
      }
      return Object.assign(dial, { setting })
    },
    async check (setting, url) {
      const host = bareHost(new URL(url).hostname)
      const addresses = isIP(host) === 0 ? await resolved(resolve, host) : [host]
      const forbidden = forbiddenAmong(policy, host, addresses)
      if (forbidden !== undefined) throw named(setting, forbidden)
    },
    close: async () => {
      await (await opened)?.agent.destroy()
    }
  }
}

/** With the first request: a process that only answers starts sooner and holds less. */
async function open (
  policy: DialPolicy,
  lookup: LookupFunction
): Promise<{ agent: Agent, fetch: Fetch }> {
  const { Agent, buildConnector } = await import('undici')
  const connect = buildConnector({ lookup })
  const agent = new Agent({
    connect (options, callback) {
      // An address needs no lookup, so that one would not be asked.
      const forbidden = isIP(options.hostname) === 0
        ? undefined
        : forbiddenAmong(policy, options.hostname, [options.hostname])
      if (forbidden === undefined) connect(options, callback)
      else callback(forbidden, null)
    }
  })
  return { agent, fetch: thinFetch(agent) }
}

/**
 * For whoever brings no policy: internal addresses are fine, and those that are never an app are
 * not.
 */
export const dialOutsideProduction: Dialler['dialFor'] = setting => {
  outsideProduction ??= createDialler({ privateHosts: toPrivateHosts([]), internalAllowed: true })
  return outsideProduction.dialFor(setting)
}
let outsideProduction: Dialler | undefined

/** All addresses must be fit: which of them a connection takes is chance. */
function checkedLookup (policy: DialPolicy, resolve: Resolve): LookupFunction {
  return (host, { all, family }, callback) =>
    resolve(host, (error, found) => {
      const wanted = found?.filter(address =>
        family !== 4 && family !== 6 ? true : address.family === family
      ) ?? []
      const [first] = wanted
      if (error !== null) return callback(error, '')
      if (first === undefined) {
        return callback(
          Object.assign(new Error(`${host} has no address`), { code: 'ENOTFOUND' }),
          ''
        )
      }
      const forbidden = forbiddenAmong(policy, host, found.map(({ address }) => address))
      if (forbidden !== undefined) callback(forbidden, '')
      else if (all === true) callback(null, wanted)
      else callback(null, first.address, first.family)
    })
}

function forbiddenAmong (
  policy: DialPolicy,
  host: string,
  addresses: string[]
): ForbiddenAddress | undefined {
  for (const address of addresses) {
    const kind = forbiddenKind(policy, host, address)
    if (kind !== null) return new ForbiddenAddress(host, address, kind)
  }
  return undefined
}

function resolved (resolve: Resolve, host: string): Promise<string[]> {
  return new Promise(_resolve =>
    resolve(
      host,
      (error, found) => _resolve(error === null ? found.map(({ address }) => address) : [])
    )
  )
}

/** `fetch` hides in its cause what the connection failed of. */
function named (setting: string, error: unknown): unknown {
  const { cause } = error as { cause?: unknown }
  const forbidden = error instanceof ForbiddenAddress ? error : cause
  return forbidden instanceof ForbiddenAddress
    ? forbidden.toError(setting)
    : error
}

const REDIRECTS = new Set([301, 302, 303, 307, 308])

/** Headers with a persona's token would go along, to wherever the app says. */
async function refuseRedirect (
  setting: string,
  from: string | URL,
  answer: Response
): Promise<void> {
  const { status } = answer
  if (!REDIRECTS.has(status)) return
  const location = answer.headers.get('location')
  if (location === null) return
  await answer.body?.cancel().catch(() => {})
  const { origin, pathname, host } = new URL(from)
  throw new DialRedirectedError(setting, {
    from: origin + pathname,
    status,
    to: nameTarget(location, origin + pathname, host)
  })
}

/** The host, and within the same one the path; never a query, which may hold a token. */
function nameTarget (location: string, from: string, ownHost: string): string {
  if (!URL.canParse(location, from)) return 'something that is no URL'
  const { protocol, host, pathname } = new URL(location, from)
  return (host === ownHost ? `${protocol}//${host}${pathname}` : host || protocol).slice(0, 300)
}
