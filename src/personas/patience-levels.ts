/**
 * What a persona puts up with in a day, in points; `runner/agent/patience.ts` says what uses them
 * up.
 */
const LEVELS = { low: 40, medium: 100, high: 250 }

export function patiencePoints (value: 'low' | 'medium' | 'high' | number): number {
  return typeof value === 'number' ? value : LEVELS[value]
}
