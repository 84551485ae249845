import type { ChannelFinding } from './channel-finding.ts'
import type { ReleaseVerdict } from './judge-cast.ts'
import { errorShares, groupChanges } from './reasons.ts'
import type { ModuleVerdict } from './release-verdict.ts'
import { verdictSentence } from './sentence.ts'

/** Verdicts as they are printed and answered: names and rounded numbers. */

export function releaseToJson ({ releases, modules }: ReleaseVerdict): object {
  return {
    release: releases.at(-1),
    ...(releases.length > 1 ? { bundle: releases } : {}),
    modules: modules.map(found => moduleToJson(found, releases))
  }
}

function moduleToJson (found: ModuleVerdict, releases: readonly string[]): object {
  const decided = found.looks.find(({ day }) => day === found.seenOnDay)
  const channel = decided?.rating?.state === 'none' && decided.friction?.state !== 'none' ? 'friction' : 'rating'
  return {
    module: found.module,
    verdict: found.verdict,
    seenOnDay: found.seenOnDay,
    ...(found.reason === null ? {} : { reason: found.reason }),
    sentence: verdictSentence(found, releases),
    daysBefore: found.daysBefore,
    daysAfter: found.daysAfter,
    errors: errorShares(found.window),
    forWhom: found.seenOnDay === null
      ? []
      : groupChanges(found.window, channel, found.seenOnDay).map(({ delta, ...group }) => ({ ...group, delta: round(delta, 2) })),
    looks: found.looks.map(({ day, state, rating, friction, daysNeeded }) => ({
      day, verdict: state, rating: findingToJson(rating), friction: findingToJson(friction), daysNeeded
    }))
  }
}

function findingToJson (finding: ChannelFinding | null): object | null {
  if (finding === null) return null
  const { state, safe, enough, personas, visitsBefore, visitsAfter, ...numbers } = finding
  const rounded = Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, round(value, 4)]))
  return { state, personas, visitsBefore, visitsAfter, ...rounded, safe, enough }
}

/** To `digits` digits after the point, or as many significant ones of a smaller number. */
function round (value: number, digits: number): number {
  const isSmall = value !== 0 && Math.abs(value) < 10 ** (1 - digits)
  return Number(isSmall ? value.toPrecision(digits) : value.toFixed(digits))
}
