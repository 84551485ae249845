/**
 * What the personas of one cast said of the modules, visit by visit, and the releases in between.
 */

export interface CastVisit {
  persona: string
  module: string
  /** Days since 1970-01-01 in UTC. */
  day: number
  /** 1 to 5; null: none was given. */
  rating: number | null
  /** 0 to 100; null: not measured. */
  friction: number | null
  /** Failed calls and all calls of the visit; null: not measured. */
  errors: number | null
  calls: number | null
  /**
   * The place of the release that the visit lived under in `CastRows.releases`; -1: before the
   * first.
   */
  release: number
  /** What must be alike on both sides of a release for the same persona: model, prompts. */
  context: string
  archetype: string | null
  locale: string | null
}

export interface Release {
  name: string
  /** The day on which it came. */
  day: number
  /** Modules that it declares to touch. */
  touches: string[]
}

export interface CastRows {
  visits: CastVisit[]
  /** In the order in which they came. */
  releases: Release[]
}
