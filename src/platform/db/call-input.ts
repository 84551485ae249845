import { sql } from 'kysely'

/**
 * The arguments of a call, from the message that asked for it; null where none is stored. In a
 * statement in which `a` is the row of persona_actions.
 */
export const CALL_INPUT = sql<unknown>`(
  SELECT b -> 'input' FROM messages m, jsonb_array_elements(m.content) b
  WHERE m.run_id = a.tick_id AND m.seq = a.message_seq AND b ->> 'id' = a.tool_use_id LIMIT 1)`
