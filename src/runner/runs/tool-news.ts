import { listSetAside } from '../actions/set-aside-tools.ts'
import { mendAll, type PolicyPlace } from '../tools/tool-mend.ts'
import type { ToolPolicy } from '../tools/tool-policy.ts'
import type { SetAside, SetAsideReason } from '../tools/toolbox.ts'
import { FIRST_APP } from '../../personas/app-name.ts'
import type { Queryable } from '../../platform/db/database.ts'

/** What a run learns of the tools of its app as its day begins. */
export interface ToolNews {
  app: string
  /** Tools that the app describes otherwise than before. */
  changed: string[]
  setAside: SetAside[]
  /** How many tools the persona gets to see. */
  offered: number
  /** The one line that allows what a line can allow; null: there is none. */
  mend: string | null
  /** The app declares all its tools destructive, and they are judged by their names. */
  hintsSayNothing: boolean
}

export const placeOf = (app: string, policy: ToolPolicy): PolicyPlace => ({
  app: app === FIRST_APP ? null : app,
  policy
})

interface Log {
  warn(fields: object, message: string): void
}

/**
 * Says as a process starts which tools earlier runs set aside, a line for each app, and what would
 * allow them.
 */
export async function tellStored (
  db: Queryable,
  log: Log,
  findPolicy: (app: string) => Promise<ToolPolicy>
): Promise<void> {
  for (
    const [app, tools = []] of Object.entries(
      Object.groupBy(await listSetAside(db), tool => tool.app)
    )
  ) {
    const setAside = tools.map(({ name, reason }) => ({ name, reason: reason as SetAsideReason }))
    const mend = mendAll(placeOf(app, await findPolicy(app)), setAside)
    log.warn(
      { app, tools: tools.map(tool => tool.name), mend },
      'tools that no persona got to see in earlier runs; GET /api/v1/admin/tools says why'
    )
  }
}

/**
 * Says in the log which tools of an app no persona gets to see: each once per app, tool and reason
 * in this process.
 */
export function tellToolNews (log: Log): (news: ToolNews) => void {
  const told = new Set<string>()
  const isNew = (...what: string[]) => {
    const key = JSON.stringify(what)
    const known = told.has(key)
    told.add(key)
    return !known
  }
  return ({ app, changed, setAside, offered, mend, hintsSayNothing }) => {
    if (changed.length > 0) {
      log.warn(
        { app, tools: changed },
        'the app describes tools otherwise than before: compare ratings with care'
      )
    }
    if (hintsSayNothing && isNew(app)) {
      log.warn(
        { app },
        'the app declares (nearly) all its tools destructive, which tells none apart: they are judged by their names'
      )
    }
    const news = setAside.filter(({ name, reason }) => isNew(app, name, reason))
    for (const { name, reason, why } of news) {
      log.warn({ app, tool: name, reason, why }, 'no persona gets to see this tool of the app')
    }
    if (news.length > 0) {
      log.warn(
        { app, offered, setAside: setAside.length, mend },
        'tools of the app are set aside; GET /api/v1/admin/tools lists them'
      )
    }
  }
}
