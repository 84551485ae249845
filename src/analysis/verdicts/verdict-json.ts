import type { ChannelFinding } from './channel-finding.ts'
import type { ReleaseVerdict } from './judge-cast.ts'
import { decidingLook, type ModuleLook, type ModuleLooks } from './release-verdict.ts'
import { verdictSentence } from './sentence.ts'

/** Verdicts as they are printed: names and rounded numbers. */

export function releaseToJson ({ releases, modules }: ReleaseVerdict): object {
  return {
    release: releases.at(-1),
    ...(releases.length > 1 ? { bundle: releases } : {}),
    modules: modules.map(found => moduleToJson(found, releases))
  }
}

function moduleToJson (found: ModuleLooks, releases: readonly string[]): object {
  const look = decidingLook(found.looks)
  return {
    module: found.module,
    verdict: look?.state ?? 'too_little_data',
    seenOnDay: look?.day ?? null,
    sentence: verdictSentence(found, releases),
    looks: found.looks.map(lookToJson)
  }
}

function lookToJson (
  { state, reason, rating, friction, errors, groups, ...look }: ModuleLook
): object {
  return {
    ...look,
    verdict: state,
    ...(reason === null ? {} : { reason }),
    rating: findingToJson(rating),
    friction: findingToJson(friction),
    errors: errors === null
      ? null
      : { before: round(errors.before, 4), after: round(errors.after, 4) },
    forWhom: groups.map(({ delta, ...group }) => ({ ...group, delta: round(delta, 2) }))
  }
}

function findingToJson (finding: ChannelFinding | null): object | null {
  if (finding === null) return null
  const { state, safe, enough, personas, visitsBefore, visitsAfter, ...numbers } = finding
  const rounded = Object.fromEntries(
    Object.entries(numbers).map(([name, value]) => [name, round(value, 4)])
  )
  return { state, personas, visitsBefore, visitsAfter, ...rounded, safe, enough }
}

/** To `digits` digits after the point, or as many significant ones of a smaller number. */
function round (value: number, digits: number): number {
  const isSmall = value !== 0 && Math.abs(value) < 10 ** (1 - digits)
  return Number(isSmall ? value.toPrecision(digits) : value.toFixed(digits))
}
