import type { ModelTool } from '../models/model.ts'

/**
 * How much of a model's input the list of tools takes. Pure, and an estimate: only the provider
 * counts exactly.
 */

/**
 * Of the JSON that is sent. Schemas take fewer characters per token, so that the true figure is
 * higher rather than lower.
 */
const CHARACTERS_PER_TOKEN = 4

export interface SizedTool {
  name: string
  tokens: number
}

/** Of the tools as the model knows them, the largest first. */
export function sizesOf (tools: readonly ModelTool[]): SizedTool[] {
  return tools.map(({ name, description, inputSchema }) => ({
    name,
    tokens: Math.ceil(
      JSON.stringify({ name, description, input_schema: inputSchema }).length / CHARACTERS_PER_TOKEN
    )
  })).sort((a, b) => b.tokens - a.tokens || (a.name < b.name ? -1 : 1))
}

export const totalOf = (sizes: readonly SizedTool[]): number =>
  sizes.reduce((sum, { tokens }) => sum + tokens, 0)

/**
 * The largest list that a day has room for. The first request of a day pays for the whole list,
 * unless another day has put it into the provider's cache in the last minutes; later ones read it
 * from there, which does not count. After the first reply twice as much is kept back for the
 * ratings (`limits.ts`), so that a longer list ends the day there.
 */
export const roomForTools = (maxInputTokens: number): number => Math.floor(maxInputTokens / 3)

/** The fewest of the largest tools without which the others have room. */
export function tooMuch (sizes: readonly SizedTool[], room: number): SizedTool[] {
  let left = totalOf(sizes)
  const end = sizes.findIndex(({ tokens }) => {
    const fits = left <= room
    left -= tokens
    return fits
  })
  return end === -1 ? [...sizes] : sizes.slice(0, end)
}
