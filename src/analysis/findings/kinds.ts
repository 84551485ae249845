/** The kinds of findings, and how much evidence each needs before it is shown. Pure. */

export const KINDS = [
  'error',
  'silent_fault',
  'slow',
  'contract',
  'walked_away',
  'complaint',
  'verdict',
  'incident',
  'say_do_gap'
] as const
export type Kind = typeof KINDS[number]

/**
 * Personas that must have met it. One persona may be clumsy or in a bad mood; an error, a lost
 * write or an attempt to steer needs no second witness. A verdict rests on a release, and on no
 * persona.
 */
const MIN_PERSONAS: Partial<Record<Kind, number>> = {
  contract: 3,
  say_do_gap: 2,
  slow: 2,
  verdict: 0
}

export function isShown (kind: Kind, personas: number): boolean {
  return personas >= (MIN_PERSONAS[kind] ?? 1)
}

/** From least to worst; the number is stored. */
export const SEVERITIES = ['seen', 'worked_around', 'gave_up', 'walked_away'] as const
export type Severity = typeof SEVERITIES[number]

export const severityNumber = (severity: Severity): number => SEVERITIES.indexOf(severity) + 1
export const severityName = (stored: number): Severity => SEVERITIES[stored - 1] ?? 'seen'
