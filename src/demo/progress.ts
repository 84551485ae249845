import type { Queryable } from '../platform/db/database.ts'

/**
 * Shows the days as they are lived: a line per tool call and per rated day, read from the rows that
 * any operator could read.
 */

const LOOK_EVERY_MS = 250
const MARKS: Record<string, string> = { ok: '✓', error: '✗', unknown: '?', rejected: '–' }

export function watchDays (db: Queryable, personas: { name: string }[]): () => Promise<void> {
  const width = Math.max(...personas.map(persona => persona.name.length))
  const shown = new Set<string>()
  const look = async () => {
    for (const action of await newActions(db, shown)) {
      const error = action.error_message === null ? '' : `  ${shorten(action.error_message, 90)}`
      const latency = action.latency_ms === null ? '' : `${action.latency_ms} ms`
      console.log(
        `  ${action.name.padEnd(width)}  ${MARKS[action.result] ?? ' '} ${
          action.tool_name.padEnd(18)
        } ${latency.padStart(7)}${error}`
      )
    }
    for (const run of await newEnds(db, shown)) {
      console.log(
        `  ${run.name.padEnd(width)}  ■ ${run.day_summary ?? run.error_message ?? run.state}`
      )
    }
  }
  let looking = Promise.resolve()
  const timer = setInterval(() => {
    looking = looking.then(look)
  }, LOOK_EVERY_MS)
  return async () => {
    clearInterval(timer)
    await looking.then(look)
  }
}

const BAR = 30

/** Draws how many of the days are lived; in a pipe, nothing. */
export function progressOf (days: number): (day: number) => void {
  return day => {
    if (process.stdout.isTTY !== true) return
    const filled = Math.round(BAR * day / days)
    const bar = '█'.repeat(filled) + '░'.repeat(BAR - filled)
    process.stdout.write(
      `\r  Day ${String(day).padStart(2)} of ${days} ${bar}${day === days ? '\n' : ''}`
    )
  }
}

async function newActions (db: Queryable, shown: Set<string>) {
  const rows = await db.selectFrom('persona_actions').innerJoin(
    'personas',
    'personas.id',
    'persona_actions.persona_id'
  )
    .select([
      'persona_actions.id',
      'personas.name',
      'tool_name',
      'result',
      'error_message',
      'latency_ms'
    ])
    .where('result', '<>', 'started').orderBy('persona_actions.finished_at')
    .orderBy('persona_actions.id').execute()
  return rows.filter(row => addOnce(shown, row.id))
}

async function newEnds (db: Queryable, shown: Set<string>) {
  const rows = await db.selectFrom('runs').innerJoin('personas', 'personas.id', 'runs.persona_id')
    .select(['runs.id', 'personas.name', 'state', 'day_summary', 'error_message'])
    .where('finished_at', 'is not', null).orderBy('finished_at').orderBy('runs.id').execute()
  return rows.filter(row => addOnce(shown, row.id))
}

/** Whether it was not there before. */
function addOnce (set: Set<string>, id: string): boolean {
  return !set.has(id) && set.add(id).has(id)
}

/** The beginning of a text as one line, with a mark where it was cut. */
export function shorten (text: string, length: number): string {
  const characters = [...text.replace(/\s+/g, ' ')]
  return characters.length <= length
    ? characters.join('')
    : `${characters.slice(0, length - 1).join('')}…`
}
