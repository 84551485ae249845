import type { SetAside } from '../agent/toolbox.ts'

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

/** Says in the log which tools of an app no persona gets to see: each once per app, tool and reason in this process. */
export function tellToolNews (log: { warn (fields: object, message: string): void }): (news: ToolNews) => void {
  const told = new Set<string>()
  const isNew = (...what: string[]) => {
    const key = JSON.stringify(what)
    const known = told.has(key)
    told.add(key)
    return !known
  }
  return ({ app, changed, setAside, offered, mend, hintsSayNothing }) => {
    if (changed.length > 0) log.warn({ app, tools: changed }, 'the app describes tools otherwise than before: compare ratings with care')
    if (hintsSayNothing && isNew(app)) {
      log.warn({ app }, 'the app declares (nearly) all its tools destructive, which tells none apart: they are judged by their names')
    }
    const news = setAside.filter(({ name, reason }) => isNew(app, name, reason))
    for (const { name, reason, why } of news) log.warn({ app, tool: name, reason, why }, 'no persona gets to see this tool of the app')
    if (news.length > 0) log.warn({ app, offered, setAside: setAside.length, mend }, 'tools of the app are set aside; GET /api/v1/admin/tools lists them')
  }
}
