import type { RequestTool } from '../messages-request.ts'

/** `open` needs the id of a thing that is there already. */
export type ToolKind = 'look' | 'add' | 'open'

/** A tool as a player sees it, without knowing how its name was mapped. */
export interface PlayableTool {
  /** As the request names it. */
  name: string
  module: string
  kind: ToolKind
  schema: Record<string, unknown>
}

const LOOKS = /^(list|search|history|find|show|view|query|browse|overview|get|read)/i
const CHANGES =
  /^(update|edit|rename|complete|check|tick|move|reschedule|progress|finish|mark|set)/i
/** A persona deletes nothing that it did not add, so the players delete nothing at all. */
const DESTROYS = /^(delete|remove|destroy|clear|reset|purge|drop|archive|cancel)/i
/** What the runner appends to a name that it had to change. */
const HASH_SUFFIX = /_[0-9a-f]{8}$/

const ID_NAME = /^id$|Id$|_id$/

export function playableTools (tools: RequestTool[]): PlayableTool[] {
  return tools.flatMap(tool => {
    const { module, verb } = splitName(tool.name)
    if (DESTROYS.test(verb)) return []
    return [{
      name: tool.name,
      module,
      kind: kindOf(verb, tool.input_schema),
      schema: tool.input_schema
    }]
  })
}

export function splitName (toolName: string): { module: string, verb: string } {
  const [module = '', ...rest] = toolName.replace(HASH_SUFFIX, '').split(/[_-]/)
  return { module, verb: rest.join('_') }
}

export function isIdName (propertyName: string): boolean {
  return ID_NAME.test(propertyName)
}

function kindOf (verb: string, schema: Record<string, unknown>): ToolKind {
  const required = Array.isArray(schema['required']) ? schema['required'].map(String) : []
  if (required.some(isIdName) || CHANGES.test(verb)) return 'open'
  return LOOKS.test(verb) ? 'look' : 'add'
}
