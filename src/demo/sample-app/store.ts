/** The fields of one row in each module, as the person who owns it sees them. */
interface Fields {
  todo: { title: string, done: boolean, due: string | null }
  journal: { date: string, text: string }
  notes: { title: string, text: string }
  habits: { name: string, rhythm: 'daily' | 'weekly', checkedOn: string[] }
  mood: { date: string, score: number, note: string | null }
  calendar: { title: string, start: string, durationMinutes: number }
  contacts: { name: string, phone: string, note: string | null }
  goals: { title: string, percent: number, targetDate: string | null }
  articles: { title: string, url: string, text: string | null }
}

export type Module = keyof Fields
type Row<M extends Module> = { id: string } & Fields[M]
export type Drafts = { [M in Module]: Fields[M][] }

/** Everything one person has in the app. Nothing of it can be reached from another space. */
export interface Space {
  id: string
  rows: { [M in Module]: Row<M>[] }
  /** How often each tool really changed something here. */
  effects: Record<string, number>
  faults: Faults
}

/** Faults that a release of the app brought, and that a later one mends. */
export interface Faults {
  /** The refusal of each broken tool. */
  byTool: Record<string, string>
}

/**
 * On whose data a change is made, and by which tool: what `insert` and `patch` need in order to
 * count it.
 */
export interface Change {
  space: Space
  tool: string
}

/** The app refuses; its message is a plain sentence for the person. */
export class Refusal extends Error {}

/**
 * Lists answer at most so many rows, so that a long life in the app does not outgrow a reader's
 * patience.
 */
const PAGE_ROWS = 50

/** How the rows of a module are called in ids and in refusals. */
const kinds: Record<Module, { prefix: string, singular: string }> = {
  todo: { prefix: 't', singular: 'todo' },
  journal: { prefix: 'j', singular: 'journal entry' },
  notes: { prefix: 'n', singular: 'note' },
  habits: { prefix: 'h', singular: 'habit' },
  mood: { prefix: 'm', singular: 'mood entry' },
  calendar: { prefix: 'e', singular: 'event' },
  contacts: { prefix: 'c', singular: 'contact' },
  goals: { prefix: 'g', singular: 'goal' },
  articles: { prefix: 'a', singular: 'article' }
}

/** Ids count up from 1 in each module: rows are never removed. */
function rowId (module: Module, index: number): string {
  return `${kinds[module].prefix}_${index + 1}`
}

function numbered<M extends Module> (module: M, drafts: Fields[M][]): Row<M>[] {
  return drafts.map((fields, index) => ({ id: rowId(module, index), ...fields }))
}

/** A space that starts with the given rows; they do not count as effects. */
export function newSpace (id: string, drafts: Drafts, faults: Faults): Space {
  const rows = {
    todo: numbered('todo', drafts.todo),
    journal: numbered('journal', drafts.journal),
    notes: numbered('notes', drafts.notes),
    habits: numbered('habits', drafts.habits),
    mood: numbered('mood', drafts.mood),
    calendar: numbered('calendar', drafts.calendar),
    contacts: numbered('contacts', drafts.contacts),
    goals: numbered('goals', drafts.goals),
    articles: numbered('articles', drafts.articles)
  }
  return { id, rows, effects: {}, faults }
}

function count ({ space, tool }: Change): void {
  space.effects[tool] = (space.effects[tool] ?? 0) + 1
}

export function insert<M extends Module> (change: Change, module: M, fields: Fields[M]): Row<M> {
  const rows = change.space.rows[module]
  const row: Row<M> = { id: rowId(module, rows.length), ...fields }
  rows.push(row)
  count(change)
  return row
}

/** Sets the fields that are given and differ; a patch that changes nothing is no effect. */
export function patch<R extends object> (change: Change, row: R, fields: Partial<R>): R {
  const before = new Map(Object.entries(row))
  const differing = Object.entries(fields).filter(([key, value]) =>
    value !== undefined && value !== before.get(key)
  )
  if (differing.length > 0) {
    Object.assign(row, Object.fromEntries(differing))
    count(change)
  }
  return row
}

/** @throws Refusal when this space has no such row, whoever else may have one */
export function find<M extends Module> (space: Space, module: M, id: string): Row<M> {
  const row = space.rows[module].find(candidate => candidate.id === id)
  if (row === undefined) throw new Refusal(`No ${kinds[module].singular} has the id "${id}".`)
  return row
}

/** One page of rows, the newest first. */
export function newest<R> (rows: R[]): R[] {
  return rows.slice(-PAGE_ROWS).reverse()
}

/** Whether one of the texts holds the words searched for, in any case. */
export function mentions (query: string, ...texts: string[]): boolean {
  const wanted = query.toLowerCase()
  return texts.some(text => text.toLowerCase().includes(wanted))
}
