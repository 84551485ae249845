import { sql } from 'kysely'
import { CALL_INPUT } from '../../platform/db/call-input.ts'
import type { Queryable } from '../../platform/db/database.ts'
import type { ActionRow } from '../../platform/db/tables.ts'
import { blameSentence } from '../../runner/tools/blame-sentences.ts'
import { actionPath } from './address.ts'
import { markQuotes, type Passage } from './quotes.ts'
import { blameWords, outcomeOf } from './run-words.ts'

/** One action with all that is stored of it: the very tool result behind a complaint. */

interface ActionDetail {
  number: number
  tool: string
  module: string
  outcome: ReturnType<typeof outcomeOf>
  blame: string | null
  /** By which rule, and what that means; null: none decided, or none that is known. */
  rule: { name: string, meaning: string } | null
  errorMessage: string | null
  latencyMs: number | null
  at: string
  /** Pretty-printed; null: not known, because another runner reported the call. */
  input: string | null
  /** The stored result, in passages, those that a rating quotes marked; null: none stored. */
  result: Passage[] | null
  citedBy: { module: string, rating: number | null, quote: string | null }[]
  /** Back to where it stands in the day. */
  timelineHref: string
}

type DetailRow = ActionRow & { input: unknown }

/** Undefined: the run has no such action. */
export async function readAction (
  db: Queryable,
  runId: string,
  number: number
): Promise<ActionDetail | undefined> {
  const { rows: [row] } = await sql<DetailRow>`
    SELECT a.*, ${CALL_INPUT} AS input
    FROM persona_actions a WHERE a.tick_id = ${runId} AND a.ordinal = ${number - 1} LIMIT 1`
    .execute(db)
  if (row === undefined) return undefined
  const citedBy = await readCitations(db, runId, number)
  const quotes = citedBy.flatMap(({ quote }) => quote ?? [])
  return {
    number,
    tool: row.tool_name,
    module: row.module,
    outcome: outcomeOf(row.result),
    blame: blameWords(row.blame),
    rule: ruleOf(row.blame_rule),
    errorMessage: row.error_message,
    latencyMs: row.latency_ms,
    at: row.created_at.toISOString(),
    input: row.input === null || row.input === undefined
      ? null
      : JSON.stringify(row.input, null, 2),
    result: row.result_text === null ? null : markQuotes(readable(row.result_text), quotes),
    citedBy,
    timelineHref: actionPath(runId, number)
  }
}

function ruleOf (name: string | null): ActionDetail['rule'] {
  const meaning = blameSentence(name)
  return name === null || meaning === null ? null : { name, meaning }
}

async function readCitations (
  db: Queryable,
  runId: string,
  number: number
): Promise<ActionDetail['citedBy']> {
  const { rows } = await sql<ActionDetail['citedBy'][number]>`
    SELECT f.module, f.rating, c ->> 'quote' AS quote FROM persona_feedback f, jsonb_array_elements(f.evidence) c
    WHERE f.tick_id = ${runId} AND jsonb_typeof(f.evidence) = 'array' AND (c ->> 'action')::int = ${number}
    ORDER BY f.module LIMIT 20`.execute(db)
  return rows
}

/** JSON in lines, as people read it; any other text as it is. */
function readable (text: string): string {
  try {
    return /^\s*[[{]/.test(text) ? JSON.stringify(JSON.parse(text), null, 2) : text
  } catch {
    return text
  }
}
