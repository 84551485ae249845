import { contains, kindOfAddress, type AddressKind } from './address-kind.ts'
import { bareHost, type PrivateHosts } from './private-hosts.ts'

/** The rule of where the runner connects. Pure. */

export interface DialPolicy {
  privateHosts: PrivateHosts
  /** True: any host may be at an internal address, as outside production. */
  internalAllowed: boolean
}

/**
 * @param host as the URL names it
 * @param address one that it resolves to, or the host itself where it is an address
 * @returns null: the runner may connect; else what speaks against the address
 */
export function forbiddenKind (
  { privateHosts, internalAllowed }: DialPolicy,
  host: string,
  address: string
): AddressKind | null {
  const kind = kindOfAddress(address)
  if (kind === null || contains(privateHosts.addresses, address.replace(/%.*$/, ''))) return null
  const meant = internalAllowed || privateHosts.names.has(bareHost(host))
  return kind.reach === 'internal' && meant ? null : kind
}
