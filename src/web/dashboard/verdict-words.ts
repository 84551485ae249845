/** How verdicts look on the pages. Pure. */

const WORDS: Record<string, { text: string, tone: string }> = {
  worse: { text: 'worse', tone: 'error' },
  mixed: { text: 'mixed', tone: 'warn' },
  everything_moved: { text: 'everything moved', tone: 'warn' },
  better: { text: 'better', tone: 'ok' },
  no_worse: { text: 'no worse', tone: 'muted' },
  no_change_seen: { text: 'no change seen', tone: 'muted' },
  too_little_data: { text: 'too little data', tone: 'muted' },
  not_comparable: { text: 'not comparable', tone: 'muted' }
}

export const verdictWord = (verdict: string) => WORDS[verdict] ?? { text: verdict, tone: 'muted' }

/** `2 worse, 1 better, 5 no change seen`, in the order of the list. */
export function tally (verdicts: readonly string[]): string {
  const counts = Map.groupBy(verdicts, verdict => verdictWord(verdict).text)
  return [...counts].map(([text, all]) => `${all.length} ${text}`).join(', ')
}
