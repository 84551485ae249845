/** What came over the wire is `unknown`; this is the first thing every rule asks of it. */
export function isRecord (value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
