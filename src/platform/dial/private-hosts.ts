import { isIP, isIPv4, type BlockList } from 'node:net'
import { blockList, kindOfAddress } from './address-kind.ts'

/** What an operator names as internal and yet to be reached. Pure. */

export interface PrivateHosts {
  /** Each allows its host to be at an internal address. */
  names: ReadonlySet<string>
  /** Each allows an address, of whatever kind and host. */
  addresses: BlockList
}

/**
 * @param entries host names, addresses and ranges in CIDR notation
 * @throws Error naming the entry that is none of these
 */
export function toPrivateHosts (entries: string[]): PrivateHosts {
  const names = new Set<string>()
  const ranges: string[] = []
  for (const entry of entries) {
    const range = toRange(entry)
    if (range !== undefined) ranges.push(range)
    else names.add(toName(entry))
  }
  return { names, addresses: blockList(ranges) }
}

function toRange (entry: string): string | undefined {
  const [address = '', bits, ...rest] = entry.replace(/^\[(.*)\]$/, '$1').split('/')
  if (isIP(address) === 0 || rest.length > 0) return undefined
  const most = isIPv4(address) ? 32 : 128
  if (bits === undefined) return `${address}/${most}`
  return /^\d{1,3}$/.test(bits) && Number(bits) <= most ? `${address}/${bits}` : undefined
}

function toName (entry: string): string {
  const host = hostOf(`http://${entry}/`)
  if (host === undefined || /[/:@?#\\\s]/.test(entry) || isIP(host) !== 0) {
    throw new Error(`"${entry}" is no host name, address or range such as 10.1.0.0/16`)
  }
  return host
}

/**
 * The host of a URL as all of the dialling writes it: lower case, without brackets, without the dot
 * of the root.
 */
export function hostOf (url: string): string | undefined {
  return URL.canParse(url) ? bareHost(new URL(url).hostname) : undefined
}

export function bareHost (host: string): string {
  return host.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '').toLowerCase()
}

const INTERNAL_NAME = /^[^.]+$|\.(localhost|local|internal|lan|svc|home\.arpa)$/

/**
 * Whether a host can only be meant to be internal: whoever writes `http://app:3000` or
 * `http://10.0.0.5` into the environment says so, while a name of the public internet that leads
 * inside may be somebody else's doing.
 */
export function isPlainlyInternal (host: string): boolean {
  return isIP(host) === 0 ? INTERNAL_NAME.test(host) : kindOfAddress(host)?.reach === 'internal'
}
