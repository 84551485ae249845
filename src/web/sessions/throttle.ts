import type { World } from '../../platform/keys.ts'

/**
 * Slows down whoever guesses keys: after a few wrong ones an address waits, twice as long each
 * time. In memory and bounded; each process counts for itself.
 */

const FREE_TRIES = 3
const LONGEST_WAIT_MS = 60_000
const FORGOTTEN_AFTER_MS = 15 * 60_000
const MAX_ENTRIES = 20_000

/** What the pages can be opened for. */
const GUESSED = ['admin', 'viewer'] as const satisfies readonly World[]
type Guessed = typeof GUESSED[number]

interface Throttle {
  /** How long this address has to wait before its next try, in milliseconds; 0: not at all. */
  waitMs(address: string): number
  /** A wrong key may have been meant for any world, so it counts in all. */
  failed(address: string): void
  /**
   * Forgets the wrong keys of this world alone: a viewer's sign-in says nothing about guesses at
   * the admin's key.
   */
  succeeded(address: string, world: Guessed): void
}

/** @param now milliseconds of a clock that never goes back */
export function createThrottle (now: () => number): Throttle {
  const tries = new Map<string, { wrong: number, at: number }>()
  const recent = (key: string) => {
    const entry = tries.get(key)
    return entry !== undefined && now() - entry.at < FORGOTTEN_AFTER_MS ? entry : undefined
  }
  const waitFor = (key: string) => {
    const entry = recent(key)
    if (entry === undefined || entry.wrong < FREE_TRIES) return 0
    const wait = Math.min(LONGEST_WAIT_MS, 1000 * 2 ** (entry.wrong - FREE_TRIES))
    return Math.max(0, Math.ceil(entry.at + wait - now()))
  }
  const keyOf = (world: Guessed, address: string) => `${world} ${networkOf(address)}`
  return {
    waitMs: address => Math.max(...GUESSED.map(world => waitFor(keyOf(world, address)))),
    failed (address) {
      for (const key of GUESSED.map(world => keyOf(world, address))) {
        const wrong = (recent(key)?.wrong ?? 0) + 1
        // Behind all others again, so that the first one is always the one heard of longest ago.
        tries.delete(key)
        tries.set(key, { wrong, at: now() })
        const [oldest] = tries.keys()
        if (tries.size > MAX_ENTRIES && oldest !== undefined) tries.delete(oldest)
      }
    },
    succeeded: (address, world) => {
      tries.delete(keyOf(world, address))
    }
  }
}

/** Who has one IPv6 address usually has 2^64 of them: the network counts. */
function networkOf (address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1]
  if (mapped !== undefined) return mapped
  return address.includes(':') ? expand(address).slice(0, 4).join(':') : address
}

function expand (address: string): string[] {
  const [head = '', tail] = address.split('%')[0]?.split('::') ?? []
  const front = head === '' ? [] : head.split(':')
  const back = tail === undefined || tail === '' ? [] : tail.split(':')
  return [
    ...front,
    ...Array.from({ length: Math.max(0, 8 - front.length - back.length) }, () => '0'),
    ...back
  ].map(part => part.replace(/^0+(?=.)/, ''))
}
