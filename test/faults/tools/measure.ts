import { setTimeout as sleep } from 'node:timers/promises'

/** The value that a share of all values does not exceed; 0 where there are none. */
export function percentile (values: number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0
}

export const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`

/** Asks again and again. @returns whether it came true within the time */
export async function until (
  holds: () => Promise<boolean> | boolean,
  { limitMs, everyMs = 100 }: { limitMs: number, everyMs?: number }
): Promise<boolean> {
  const deadline = performance.now() + limitMs
  for (;;) {
    if (await holds()) return true
    if (performance.now() > deadline) return false
    await sleep(everyMs)
  }
}
