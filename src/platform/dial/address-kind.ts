import { BlockList, isIPv4, isIPv6 } from 'node:net'

/**
 * What kind of place an IP address is. Pure. Sources: the IANA special-purpose address registries
 * (RFC 6890).
 */

export interface AddressKind {
  /** Completes "which is …". */
  what: string
  /**
   * `internal`: an app may well live there. `never`: no app does, or something lives there that
   * gives out secrets.
   */
  reach: 'internal' | 'never'
}

interface SpecialRange extends AddressKind {
  list: BlockList
}

/** The first that fits counts. */
const SPECIAL: SpecialRange[] = [
  // Several lie within ranges that are merely internal. Among them AWS, Azure, Alibaba, Oracle,
  // Google and Scaleway.
  special('never', 'a metadata service of a cloud', [
    '169.254.169.254/32',
    '169.254.170.2/32',
    '168.63.129.16/32',
    '100.100.100.200/32',
    '192.0.0.192/32',
    'fd00:ec2::/32',
    'fd20:ce::254/128',
    'fd00:42::42/128',
    'fd00:c1::a9fe:a9fe/128'
  ]),
  special('internal', 'this machine itself', ['127.0.0.0/8', '::1/128']),
  special('internal', 'an address of a private network', [
    '10.0.0.0/8',
    '172.16.0.0/12',
    '192.168.0.0/16',
    'fc00::/7',
    'fec0::/10'
  ]),
  special('internal', 'an address shared behind a provider', ['100.64.0.0/10']),
  special('never', 'no address of any machine', ['0.0.0.0/8', '::/128']),
  special('never', 'a link-local address', ['169.254.0.0/16', 'fe80::/10']),
  special('never', 'a multicast address', ['224.0.0.0/4', 'ff00::/8']),
  special('never', 'an address for documentation', [
    '192.0.2.0/24',
    '198.51.100.0/24',
    '203.0.113.0/24',
    '2001:db8::/32',
    '3fff::/20'
  ]),
  // 2001::/23 holds Teredo, which hides an IPv4 address and a port.
  special('never', 'a reserved address', [
    '192.0.0.0/24',
    '192.88.99.0/24',
    '198.18.0.0/15',
    '240.0.0.0/4',
    '2001::/23'
  ])
]

/**
 * All of IPv6 that leads out: global unicast, and what stands for an IPv4 address that is looked at
 * by itself.
 */
const OUTWARD = blockList(['2000::/3', '::ffff:0:0/96', '64:ff9b::/96'])
const RESERVED: AddressKind = { reach: 'never', what: 'a reserved address' }

/**
 * @param address as a resolver or a URL gives it; a zone (`%eth0`) does not matter
 * @returns null for an address of the public internet; what is no address at all is reserved
 */
export function kindOfAddress (address: string): AddressKind | null {
  const bare = address.replace(/%.*$/, '')
  if (!isIPv4(bare) && !isIPv6(bare)) return RESERVED
  const found = specialOf(bare)
  if (found !== undefined || isIPv4(bare)) return found ?? null
  const inner = embeddedIPv4(bare)
  const kind = inner === undefined ? undefined : specialOf(inner)
  return kind ?? (contains(OUTWARD, bare) ? null : RESERVED)
}

/**
 * Whether an address is on a list; a list of IPv4 addresses knows them in their IPv6-mapped form
 * too.
 */
export function contains (list: BlockList, address: string): boolean {
  return list.check(address, isIPv4(address) ? 'ipv4' : 'ipv6')
}

/** @param ranges in CIDR notation; throws where one is none */
export function blockList (ranges: string[]): BlockList {
  const list = new BlockList()
  for (const range of ranges) {
    const [network = '', bits] = range.split('/')
    list.addSubnet(network, Number(bits), isIPv4(network) ? 'ipv4' : 'ipv6')
  }
  return list
}

function special (reach: AddressKind['reach'], what: string, ranges: string[]): SpecialRange {
  return { reach, what, list: blockList(ranges) }
}

function specialOf (address: string): AddressKind | undefined {
  return SPECIAL.find(({ list }) => contains(list, address))
}

/** The IPv4 address that gateways take out of an IPv6 address and connect to. */
function embeddedIPv4 (address: string): string | undefined {
  const groups = groupsOf(address)
  const at = (i: number) => dotted(groups[i] ?? 0, groups[i + 1] ?? 0)
  const startsWith = (...start: number[]) => start.every((group, i) => groups[i] === group)
  // mapped; NAT64 (RFC 6052)
  if (startsWith(0, 0, 0, 0, 0, 0xffff) || startsWith(0x64, 0xff9b, 0, 0, 0, 0)) return at(6)
  if (startsWith(0x2002)) return at(1) // 6to4 (RFC 3056)
  // ISATAP (RFC 5214)
  if (groups[5] === 0x5efe && (groups[4] === 0 || groups[4] === 0x200)) return at(6)
  return undefined
}

/** The eight groups of an IPv6 address; the parser of URLs turns every spelling into one. */
function groupsOf (address: string): number[] {
  const [head = '', tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::')
  const numbers = (part: string) =>
    part === '' ? [] : part.split(':').map(group => parseInt(group, 16))
  const before = numbers(head)
  const after = numbers(tail ?? '')
  return [...before, ...Array<number>(8 - before.length - after.length).fill(0), ...after]
}

function dotted (high: number, low: number): string {
  return [high >> 8, high & 255, low >> 8, low & 255].join('.')
}
