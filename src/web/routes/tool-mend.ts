import type { FastifyInstance } from 'fastify'
import type { ListedTool } from '../../runner/actions/known-tools.ts'
import type { KnownTool } from '../../runner/actions/tool-schemas.ts'
import { mendOfTool } from '../../runner/apps/tool-report.ts'

/**
 * Says of each tool that no persona gets to see which line of the app's settings, as they are by
 * now, changes that.
 */
export async function mendTools (
  { apps }: FastifyInstance,
  name: string,
  tools: ListedTool[]
): Promise<KnownTool[]> {
  // An app that nobody knows has none.
  if (!tools.some(tool => tool.setAside !== null)) {
    return tools.map(tool => ({ ...tool, setAside: null }))
  }
  const app = await apps.find(name)
  return tools.map(tool => ({
    ...tool,
    setAside: tool.setAside === null
      ? null
      : { ...tool.setAside, mend: mendOfTool(app, { ...tool.setAside, name: tool.name }) }
  }))
}
