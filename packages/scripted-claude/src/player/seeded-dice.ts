import { createHash } from 'node:crypto'

/**
 * Chance that falls the same way for the same seed, so that a demo can be told and a test can be
 * trusted.
 */
export interface Dice {
  /** True in `share` of all throws, 0 to 1. */
  chance(share: number): boolean
  /** @throws RangeError when there is nothing to pick from. */
  pick<T>(items: readonly T[]): T
  /** An integer, both ends included. */
  between(min: number, max: number): number
}

export function diceFor (...seed: (string | number)[]): Dice {
  const next = mulberry32(createHash('sha256').update(JSON.stringify(seed)).digest().readUInt32LE())
  const between = (min: number, max: number) => min + Math.floor(next() * (max - min + 1))
  return {
    between,
    chance: share => next() < share,
    pick (items) {
      const item = items[between(0, items.length - 1)]
      if (item === undefined) throw new RangeError('nothing to pick from')
      return item
    }
  }
}

/** Tommy Ettinger's 32-bit generator: public domain, one line of state, good enough for a play. */
function mulberry32 (seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6D2B79F5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
