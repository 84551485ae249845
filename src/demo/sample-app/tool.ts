import { z } from 'zod'
import { Refusal } from './store.ts'
import type { Change } from './store.ts'

/** What one call of a tool may touch; `signal` fires when the caller gives up or the app closes. */
interface Call extends Change {
  signal: AbortSignal
}

export interface AppTool {
  definition: ToolDefinition
  /**
   * @throws Refusal with a sentence for the person: bad input, no such row, or a fault of the app
   */
  run(call: Call, input: unknown): Promise<unknown>
}

/** As `tools/list` shows it, in every revision of the protocol. */
interface ToolDefinition {
  name: string
  description: string
  /** JSON Schema of an object. */
  inputSchema: { type: 'object' }
  annotations: Record<string, boolean>
}

/**
 * What a call does to the data, in the annotations of MCP. Nothing in this app destroys anything.
 */
const annotations = {
  reads: { readOnlyHint: true, openWorldHint: false },
  adds: {
    readOnlyHint: false,
    destructiveHint: false,
    idempotentHint: false,
    openWorldHint: false
  },
  sets: { readOnlyHint: false, destructiveHint: false, idempotentHint: true, openWorldHint: false }
}

interface ToolSpec<Input extends z.ZodObject> {
  name: string
  /** `sets`: calling it twice with the same input has no further effect. */
  effect: keyof typeof annotations
  description: string
  input: Input
  run: (call: Call, input: z.infer<Input>) => unknown
}

export function defineTool<Input extends z.ZodObject> (spec: ToolSpec<Input>): AppTool {
  const definition: ToolDefinition = {
    name: spec.name,
    description: spec.description,
    inputSchema: { ...z.toJSONSchema(spec.input, { io: 'input' }), type: 'object' },
    annotations: annotations[spec.effect]
  }
  return {
    definition,
    run: async (call, input) => await spec.run(call, checked(spec.input, input))
  }
}

function checked<Input extends z.ZodObject> (schema: Input, input: unknown): z.infer<Input> {
  const parsed = schema.safeParse(input)
  if (parsed.success) return parsed.data
  const problems = parsed.error.issues.map(issue =>
    `${issue.path.join('.') || 'input'}: ${issue.message}`
  )
  throw new Refusal(`The input is not valid. ${problems.join('; ')}.`)
}

export const nothing = z.object({})
export const shortText = z.string().trim().min(1).max(200)
export const longText = z.string().trim().min(1).max(10_000)
export const query = z.string().trim().min(1).max(200).describe('Words to look for, in any case')
export const date = z.string().regex(/^\d{4}-\d{2}-\d{2}$/, 'must be a date as YYYY-MM-DD')
