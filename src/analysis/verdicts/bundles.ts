import type { Release } from './cast-rows.ts'

/** Releases that come so close together that their effects cannot be told apart. Pure. */

export interface Bundle {
  /** Places in the list of releases. */
  first: number
  last: number
  /** In the order in which they came; one name where the release stands alone. */
  names: string[]
  touches: string[]
}

const DAYS_APART = 2

export function bundlesOf (releases: readonly Release[]): Bundle[] {
  const bundles: Bundle[] = []
  releases.forEach(({ name, day, touches }, place) => {
    const open = bundles.at(-1)
    const previousDay = releases[place - 1]?.day ?? -Infinity
    if (open !== undefined && day - previousDay <= DAYS_APART) {
      open.last = place
      open.names.push(name)
      open.touches.push(...touches)
    } else {
      bundles.push({ first: place, last: place, names: [name], touches: [...touches] })
    }
  })
  return bundles
}
