import { sql, type RawBuilder } from 'kysely'
import type { Queryable } from '../../platform/db/database.ts'
import type { ActionRow } from '../../platform/db/tables.ts'
import { ACTIONS_PER_PAGE, runPath } from './address.ts'
import { blameWords, outcomeOf } from './run-words.ts'

/**
 * All SQL of a run's timeline: a page of so many actions, with the persona's words between them. No
 * result is read, and words and arguments only as far as a line of the page shows them: a page
 * stays small whatever the run.
 */

interface SpokenEvent {
  kind: 'words'
  seq: number
  phase: 'acting' | 'reflecting'
  text: string
  isCut: boolean
  at: string
}
interface ActionEvent {
  kind: 'action'
  number: number
  tool: string
  module: string
  outcome: ReturnType<typeof outcomeOf>
  blame: string | null
  errorMessage: string | null
  latencyMs: number | null
  /** The beginning of the arguments, as one line; null: not known, or none. */
  input: string | null
  /** Bytes of the stored result; null: none stored. */
  resultBytes: number | null
  href: string
  at: string
}
type TimelineEvent = SpokenEvent | ActionEvent

const WORDS_MAX_CHARS = 1500
const INPUT_MAX_CHARS = 140
const ERROR_MAX_CHARS = 400

/** The text that stands in a message's content. */
const textIn = (content: RawBuilder<unknown>) =>
  sql<
    string | null
  >`(SELECT string_agg(b ->> 'text', E'\n') FROM jsonb_array_elements(${content}) b WHERE b ->> 'type' = 'text')`

/** @param page from 1 */
export async function readTimeline (
  db: Queryable,
  runId: string,
  page: number
): Promise<TimelineEvent[]> {
  const actions = await readActions(db, runId, (page - 1) * ACTIONS_PER_PAGE)
  const before = page === 1 ? -1 : await lastSeqBefore(db, runId, (page - 1) * ACTIONS_PER_PAGE)
  // The words behind the last action of a full page lead to the first of the next one.
  const until = actions.length === ACTIONS_PER_PAGE ? actions.at(-1)?.message_seq ?? null : null
  const words = await readWords(db, runId, before, until)
  const events = [
    ...words.map(row => ({ seq: row.seq, rank: -1, event: toSpoken(row) })),
    ...actions.map(row => ({
      seq: row.message_seq ?? Infinity,
      rank: row.ordinal,
      event: toEvent(runId, row)
    }))
  ]
  return events.sort((a, b) => a.seq === b.seq ? a.rank - b.rank : a.seq - b.seq).map(({ event }) =>
    event
  )
}

type LeanAction = Omit<ActionRow, 'result_text'> & {
  input: string | null
  result_bytes: number | null
}

async function readActions (
  db: Queryable,
  runId: string,
  fromOrdinal: number
): Promise<LeanAction[]> {
  const { rows } = await sql<LeanAction>`
    SELECT a.id, a.persona_id, a.tick_id, a.ordinal, a.tool_name, a.module, a.input_hash, a.result, left(a.error_message, ${ERROR_MAX_CHARS}) AS error_message,
      a.latency_ms, a.tool_use_id, a.message_seq, a.blame, a.created_at, a.finished_at, octet_length(a.result_text) AS result_bytes,
      (SELECT left(b ->> 'input', ${
    INPUT_MAX_CHARS + 1
  }) FROM messages m, jsonb_array_elements(m.content) b
        WHERE m.run_id = a.tick_id AND m.seq = a.message_seq AND b ->> 'id' = a.tool_use_id LIMIT 1) AS input
    FROM persona_actions a
    WHERE a.tick_id = ${runId} AND a.ordinal >= ${fromOrdinal} AND a.ordinal < ${
    fromOrdinal + ACTIONS_PER_PAGE
  }
    ORDER BY a.ordinal`.execute(db)
  return rows
}

async function lastSeqBefore (db: Queryable, runId: string, ordinal: number): Promise<number> {
  const { rows: [row] } = await sql<{ seq: number | null }>`
    SELECT message_seq AS seq FROM persona_actions WHERE tick_id = ${runId} AND ordinal < ${ordinal} ORDER BY ordinal DESC LIMIT 1`
    .execute(db)
  return row?.seq ?? -1
}

interface WordsRow {
  seq: number
  phase: SpokenEvent['phase']
  text: string
  length: number
  created_at: Date
}

async function readWords (
  db: Queryable,
  runId: string,
  after: number,
  until: number | null
): Promise<WordsRow[]> {
  const { rows } = await sql<WordsRow>`
    SELECT seq, phase, left(text, ${WORDS_MAX_CHARS}) AS text, length(text) AS length, created_at
    FROM (SELECT m.seq, m.phase, btrim(${
    textIn(sql`m.content`)
  }, E' \n\t') AS text, m.created_at FROM messages m
      WHERE m.run_id = ${runId} AND m.role = 'assistant' AND m.seq > ${after} AND (${until}::int IS NULL OR m.seq <= ${until})) said
    WHERE text <> '' ORDER BY seq LIMIT ${2 * ACTIONS_PER_PAGE}`.execute(db)
  return rows
}

const toSpoken = (row: WordsRow): SpokenEvent => ({
  kind: 'words',
  seq: row.seq,
  phase: row.phase,
  text: row.text,
  isCut: row.length > WORDS_MAX_CHARS,
  at: row.created_at.toISOString()
})

function toEvent (runId: string, row: LeanAction): ActionEvent {
  const number = row.ordinal + 1
  return {
    kind: 'action',
    number,
    tool: row.tool_name,
    module: row.module,
    outcome: outcomeOf(row.result),
    blame: blameWords(row.blame),
    errorMessage: row.error_message,
    latencyMs: row.latency_ms,
    input: row.input === null || row.input === '{}' ? null : shorten(row.input),
    resultBytes: row.result_bytes,
    href: `${runPath(runId)}/actions/${number}`,
    at: row.created_at.toISOString()
  }
}

const shorten = (text: string) =>
  [...text].length > INPUT_MAX_CHARS ? `${[...text].slice(0, INPUT_MAX_CHARS).join('')}…` : text

/** All that was said in one message, for words that a page had to cut. */
export async function readWholeWords (
  db: Queryable,
  runId: string,
  seq: number
): Promise<string | null> {
  const { rows: [row] } = await sql<{ text: string | null }>`
    SELECT ${
    textIn(sql`m.content`)
  } AS text FROM messages m WHERE m.run_id = ${runId} AND m.seq = ${seq} AND m.role = 'assistant'`
    .execute(db)
  return row?.text ?? null
}
