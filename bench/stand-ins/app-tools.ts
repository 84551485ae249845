/**
 * 30 tools as an app of some size lists them: ten modules with three each, about 4,000 tokens in
 * all.
 */

export interface AppTool {
  name: string
  description: string
  inputSchema: Record<string, unknown>
}

const MODULES = [
  'todo',
  'journal',
  'calendar',
  'contacts',
  'notes',
  'habits',
  'mood',
  'goals',
  'articles',
  'files'
]
const text = (description: string) => ({ type: 'string', description })

export const APP_TOOLS: AppTool[] = MODULES.flatMap(module => [
  {
    name: `${module}_list`,
    description:
      `Lists the entries of the module ${module} that belong to the signed-in person, newest first. Use it to look before you add or change anything.`,
    inputSchema: {
      type: 'object',
      properties: {
        limit: {
          type: 'integer',
          minimum: 1,
          maximum: 100,
          description: 'How many entries at most; 20 unless told otherwise'
        },
        query: text('Words that must occur in the title or the text of an entry'),
        since: text('Only entries changed since this day, as YYYY-MM-DD')
      }
    }
  },
  {
    name: `${module}_create`,
    description:
      `Adds an entry to the module ${module} and answers with its id. Fails when an entry with the same title is there already.`,
    inputSchema: {
      type: 'object',
      properties: {
        title: text('A short title, at most 200 characters'),
        text: text('What the entry says, in plain text; may be left out'),
        due: text('A day the entry is for, as YYYY-MM-DD'),
        tags: { type: 'array', items: { type: 'string' }, description: 'Words to find it by later' }
      },
      required: ['title']
    }
  },
  {
    name: `${module}_update`,
    description: `Changes an entry of the module ${module}. What is left out stays as it is.`,
    inputSchema: {
      type: 'object',
      properties: {
        id: text('The id of the entry, as listed'),
        title: text('Another title'),
        text: text('Another text'),
        done: { type: 'boolean', description: 'Whether it is done with' }
      },
      required: ['id']
    }
  }
])

/** What every call answers, by the kind of its tool. */
export function answerOf (tool: string): string {
  if (!tool.endsWith('_list')) {
    return JSON.stringify({ id: 'entry-41', saved: true, at: '2026-11-23T08:00:00Z' })
  }
  const entries = Array.from(
    { length: 12 },
    (_, i) => ({
      id: `entry-${i}`,
      title: `Water the plants ${i}`,
      text: 'Both on the balcony and in the kitchen',
      due: '2026-11-24'
    })
  )
  return JSON.stringify({ entries, total: 12 })
}
