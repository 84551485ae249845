import type { FastifyInstance } from 'fastify'
import { readKnownModules, type ListedTool } from '../../runner/actions/known-tools.ts'
import type { KnownTool } from '../../runner/actions/tool-schemas.ts'
import { previewRules, type RulesPreview } from '../../runner/modules/preview.ts'
import type { ModuleRules } from '../../runner/modules/rules.ts'
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

/**
 * What the rules of an app do with its tools.
 * @param after other rules, which are looked at before they are set
 */
export async function judgeRules (
  { apps, database: { db } }: FastifyInstance,
  name: string,
  after?: ModuleRules
): Promise<RulesPreview> {
  const known = await readKnownModules(db, name)
  // An app that nobody knows has no tool.
  const before = known.size === 0 ? [] : (await apps.find(name)).modules
  return previewRules(known, before, after ?? before)
}
