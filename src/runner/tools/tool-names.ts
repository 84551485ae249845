import { createHash } from 'node:crypto'

/**
 * MCP allows dots, slashes and more in a tool's name, Claude does not (`^[a-zA-Z0-9_-]{1,128}$`;
 * older documents say 64). A name that is not legal gets its strange characters replaced and a hash
 * of the original appended: injective where plain replacing collides at once (`a.b` and `a_b`), and
 * the same in every run, which the prompt cache needs.
 */

const LEGAL = /^[a-zA-Z0-9_-]{1,64}$/

export function legalName (original: string): string {
  if (LEGAL.test(original)) return original
  const hash = createHash('sha256').update(original).digest('hex').slice(0, 8)
  return `${original.replace(/[^a-zA-Z0-9_-]/g, '_').slice(0, 55)}_${hash}`
}

/**
 * Both directions for one list of tools. Where two tools would share a name the first keeps it, and
 * the others are `refused`.
 */
export function mapToolNames (
  originals: string[]
): { toOriginal: Map<string, string>, toLegal: Map<string, string>, refused: string[] } {
  const toOriginal = new Map<string, string>()
  const toLegal = new Map<string, string>()
  const refused: string[] = []
  for (const original of originals) {
    const legal = legalName(original)
    if (toOriginal.has(legal)) {
      refused.push(original)
      continue
    }
    toOriginal.set(legal, original)
    toLegal.set(original, legal)
  }
  return { toOriginal, toLegal, refused }
}
