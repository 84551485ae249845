import type { Verdict } from './release-verdict.ts'

const WORST_FIRST: readonly Verdict[] = [
  'worse',
  'mixed',
  'everything_moved',
  'better',
  'not_comparable',
  'too_little_data',
  'no_change_seen',
  'no_worse'
]

/** By verdict, then by name. */
export function worstFirst<M extends { module: string }> (
  modules: readonly M[],
  verdictOf: (module: M) => Verdict
): M[] {
  const rank = (module: M) => WORST_FIRST.indexOf(verdictOf(module))
  return modules.toSorted((a, b) => rank(a) - rank(b) || (a.module < b.module ? -1 : 1))
}
