import { toolsByName } from './modules.ts'
import { Refusal, type Space } from './store.ts'

/** The tools as both faces of the app serve them. */

export const toolDefinitions = [...toolsByName.values()].map(tool => tool.definition)

interface ToolAnswer {
  [key: string]: unknown
  content: { type: 'text', text: string }[]
  isError?: boolean
}

/** @returns null where there is no such tool */
export async function callTool (
  space: Space,
  name: string,
  input: unknown,
  signal: AbortSignal
): Promise<ToolAnswer | null> {
  const tool = toolsByName.get(name)
  if (tool === undefined) return null
  try {
    const fault = space.faults.byTool[name]
    if (fault !== undefined) throw new Refusal(fault)
    return {
      content: [{
        type: 'text',
        text: JSON.stringify(await tool.run({ space, tool: name, signal }, input))
      }]
    }
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    return { content: [{ type: 'text', text: error.message }], isError: true }
  }
}
