import type { Insertable } from 'kysely'
import { readCatalogue } from '../../src/cli/catalogue.ts'
import { judgeReleases } from '../../src/analysis/verdicts/judge-releases.ts'
import type { Queryable } from '../../src/platform/db/database.ts'
import type {
  ActionsTable,
  FeedbackTable,
  PersonasTable,
  RunsTable,
  VisitsTable
} from '../../src/platform/db/tables.ts'

/**
 * A month of 19 personas and three releases, as rows: 2.4.0 makes calendar better, and 2.5.0 breaks
 * the search of notes, for German speakers most. The same rows on every day, from fixed dice.
 */

export const WORSE = { module: 'notes', release: '2.5.0', group: 'de' }
export const BETTER = { module: 'calendar', release: '2.4.0' }

const DAYS = 30
const PERSONAS = 19
/** How many days ago each release went live. */
const RELEASES = [
  { version: '2.3.0', ago: 26, notes: 'Habits have a home' },
  { version: '2.4.0', ago: 18, notes: 'A calendar that takes afternoons' },
  { version: '2.5.0', ago: 8, notes: 'A new search for notes', touches: ['notes'] }
]
const MODULES = ['notes', 'calendar', 'todo', 'journal', 'contacts', 'habits', 'articles', 'goals']
const PRAISE = 'The list was there at once, and what I wrote stayed.'
const COMPLAINT: Record<string, string> = {
  de: 'Ich suche meine Notiz von gestern und bekomme nur einen Fehler.',
  en: 'I searched for the note I wrote yesterday and only got an error.'
}
const FAULT = 'Search failed: index "notes_v2" does not exist (NOTES-503)'
const ARCHETYPES = ['planner', 'researcher', 'carer', 'tinkerer']
const DAY_MS = 24 * 60 * 60 * 1000

/** Numbers from 0 to 1, always the same ones (Lehmer, MINSTD). */
function dice (seed: number): () => number {
  let state = seed
  return () => {
    state = state * 48_271 % 2_147_483_647
    return state / 2_147_483_647
  }
}

interface Persona {
  id: string
  locale: string
  leaning: number
}

export async function plantMonth (db: Queryable): Promise<Persona[]> {
  const roll = dice(7)
  const noon = Math.floor(Date.now() / DAY_MS) * DAY_MS + DAY_MS / 2
  const personas = await addCast(db, roll)
  const days = Array.from({ length: DAYS }, (_, i) => DAYS - i)
  const rows = days.flatMap(ago =>
    personas.flatMap((persona, i) =>
      oneDay(persona, i, { ago, at: new Date(noon - ago * DAY_MS + i * 60_000) }, roll)
    )
  )
  const tools = MODULES.flatMap(module =>
    ['list', 'search'].map(verb => ({ tool_name: `${module}.${verb}`, module }))
  )
  await db.insertInto('known_tools').values(tools).execute()
  await addDays(db, rows.filter(({ run }) => run.app_version === null))
  for (const { ago, touches = [], ...release } of RELEASES) {
    // A verdict is given release by release, as it is in use: no later day is there yet.
    await addDays(db, rows.filter(({ run }) => run.app_version === release.version))
    await db.insertInto('releases').values({
      ...release,
      at: new Date(noon - ago * DAY_MS - DAY_MS / 3),
      touches: JSON.stringify(touches)
    }).execute()
    await judgeReleases(db)
  }
  return personas
}

async function addDays (db: Queryable, days: DayRows[]): Promise<void> {
  await inPieces(days.map(day => day.run), part => db.insertInto('runs').values(part).execute())
  const visits = days.flatMap(day => day.visits)
  await inPieces(visits, part => db.insertInto('module_visits').values(part).execute())
  const said = days.flatMap(day => day.said)
  await inPieces(said, part => db.insertInto('persona_feedback').values(part).execute())
  const calls = days.flatMap(day => day.calls)
  await inPieces(calls, part => db.insertInto('persona_actions').values(part).execute())
}

async function inPieces<T> (rows: T[], insert: (part: T[]) => Promise<unknown>): Promise<void> {
  for (let i = 0; i < rows.length; i += 400) await insert(rows.slice(i, i + 400))
}

async function addCast (db: Queryable, roll: () => number): Promise<Persona[]> {
  const known = readCatalogue()
  const rows = Array.from({ length: PERSONAS }, (_, i): Insertable<PersonasTable> => {
    const model = known[i % known.length]
    const again = i < known.length ? '' : ' II'
    return {
      email: `month${i}@personas.test`,
      name: `${model?.name ?? 'Persona'}${again}`,
      archetype: ARCHETYPES[i % ARCHETYPES.length] ?? '',
      system_prompt: model?.systemPrompt ?? 'You are somebody.',
      module_mix: JSON.stringify(model?.moduleMix ?? { notes: 1 }),
      cadence: 'daily',
      locale: i % 2 === 0 ? 'de' : 'en',
      time_zone: 'Europe/Berlin',
      last_active_at: new Date(Date.now() - DAY_MS / 8)
    }
  })
  const added = await db.insertInto('personas').values(rows).returning(['id', 'locale']).execute()
  return added.map(row => ({ ...row, leaning: roll() - 0.5 }))
}

interface Day {
  ago: number
  at: Date
}

interface DayRows {
  run: Insertable<RunsTable>
  visits: Insertable<VisitsTable>[]
  said: Insertable<FeedbackTable>[]
  calls: Insertable<ActionsTable>[]
}

function oneDay (persona: Persona, i: number, { ago, at }: Day, roll: () => number): DayRows {
  const id = `month-${ago}-${i}`
  const version = RELEASES.findLast(release => ago < release.ago)?.version ?? null
  const used = MODULES.filter((module, m) => module === 'notes' || (m + i + ago) % 2 === 0)
  const context = {
    persona_id: persona.id,
    persona_version: 1,
    model: 'claude-opus-4-5',
    prompt_version: 'p1',
    app_version: version
  }
  const rows: DayRows = { run: runRow(id, at, context), visits: [], said: [], calls: [] }
  used.forEach((module, number) => {
    const isHurt = module === WORSE.module && ago < 8 && (persona.locale === 'de' || roll() < 0.5)
    const isHelped = module === BETTER.module && ago < 18
    const base = isHurt ? 2.5 : isHelped ? 4.5 : module === 'calendar' ? 3.2 : 4
    const rating = Math.min(
      5,
      Math.max(1, Math.round(base + persona.leaning + (roll() - 0.5) * 1.4))
    )
    const fails = isHurt || (module === 'calendar' && !isHelped && roll() < 0.4)
    rows.visits.push(visitRow({ id, at, module, fails, roll }, context))
    rows.said.push({
      id: `${id}-${module}`,
      tick_id: id,
      module,
      rating,
      grounded: true,
      notes: isHurt ? COMPLAINT[persona.locale] ?? null : PRAISE,
      evidence: JSON.stringify([{ action: number + 1, quote: fails ? 'Search failed' : 'items' }]),
      created_at: at,
      ...context
    })
    rows.calls.push(callRow({ id, at, module, number, fails, roll }, persona.id))
  })
  return rows
}

type Context = Pick<
  Insertable<VisitsTable>,
  'persona_id' | 'persona_version' | 'model' | 'prompt_version' | 'app_version'
>

function runRow (id: string, at: Date, context: Context): Insertable<RunsTable> {
  return {
    id,
    state: 'completed',
    end_reason: 'end_turn',
    queued_at: at,
    started_at: at,
    finished_at: new Date(at.getTime() + 95_000),
    turns: 5,
    input_tokens: 6000,
    output_tokens: 900,
    usd: 0.04,
    day_summary: 'A short day in the app.',
    ...context
  }
}

interface Visit {
  id: string
  at: Date
  module: string
  fails: boolean
  roll: () => number
}

function visitRow (
  { id, at, module, fails, roll }: Visit,
  context: Context
): Insertable<VisitsTable> {
  return {
    run_id: id,
    module,
    calls: 2,
    app_errors: fails ? 1 : 0,
    persona_errors: 0,
    model_errors: 0,
    account_errors: 0,
    harness_errors: 0,
    repeats: 0,
    repair_loops: 0,
    slow_calls: 0,
    unknown_calls: 0,
    latency_ms_sum: 300,
    friction: fails ? 35 + Math.round(roll() * 20) : Math.round(roll() * 8),
    created_at: at,
    ...context
  }
}

function callRow (
  { id, at, module, number, fails, roll }: Visit & { number: number },
  persona: string
): Insertable<ActionsTable> {
  const tool = `${module}.${fails ? 'search' : 'list'}`
  return {
    id: `${id}-${number}-${tool}`,
    tick_id: id,
    persona_id: persona,
    ordinal: number,
    tool_name: tool,
    module,
    result: fails ? 'error' : 'ok',
    error_message: fails ? FAULT : null,
    blame: fails ? 'app' : null,
    result_text: fails ? FAULT : '{"items":[]}',
    latency_ms: 80 + Math.round(roll() * 200),
    created_at: at,
    finished_at: at
  }
}
