import { sql } from 'kysely'
import type { Queryable } from '../../platform/db/database.ts'
import { groupColumns, inScope, type Scope } from './filters.ts'

/**
 * Tools whose contract makes personas err: several were refused, so their descriptions may not say
 * what they want.
 */

/** One persona may be clumsy; the number is ours. */
const MIN_PERSONAS = 3

export interface ContractRow {
  group_model: string | null
  group_prompts: string | null
  module: string
  tool: string
  errors: number
  personas: number
  /** What was said most often. */
  words: string | null
}

/**
 * Of all versions of a persona: a contract that misled an earlier one is the same contract. The
 * worst tool first.
 */
export async function readContract (
  db: Queryable,
  scope: Scope & { mix: boolean }
): Promise<ContractRow[]> {
  const { model, prompts } = groupColumns(scope.mix, 'r')
  const { rows } = await sql<ContractRow>`
    SELECT ${model} AS group_model, ${prompts} AS group_prompts, a.module, a.tool_name AS tool, count(*)::int AS errors,
           count(DISTINCT a.persona_id)::int AS personas, mode() WITHIN GROUP (ORDER BY a.error_message) AS words
    FROM persona_actions a JOIN runs r ON r.id = a.tick_id
    WHERE a.result IN ('error', 'unknown', 'rejected') AND a.blame = 'persona' AND ${
    inScope(scope, 'a', { versions: 'r' })
  }
    GROUP BY 1, 2, 3, 4 HAVING count(DISTINCT a.persona_id) >= ${MIN_PERSONAS}
    ORDER BY personas DESC, errors DESC, a.module, a.tool_name, 1, 2`.execute(db)
  return rows
}
