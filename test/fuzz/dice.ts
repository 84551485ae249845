/** Chance that comes the same again from the same seed (mulberry32). */
export interface Dice {
  /** From 0 up to, but not including, 1. */
  roll(): number
  chance(probability: number): boolean
  /** A whole number, both ends included. */
  between(from: number, to: number): number
  pick<T>(items: readonly T[]): T
}

export function createDice (seed: number): Dice {
  let state = seed >>> 0
  const roll = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
  return {
    roll,
    chance: probability => roll() < probability,
    between: (from, to) => from + Math.floor(roll() * (to - from + 1)),
    pick (items) {
      const item = items[Math.floor(roll() * items.length)]
      if (item === undefined && items.length === 0) throw new Error('nothing to pick from')
      return item as typeof items[number]
    }
  }
}
