import { sql, type RawBuilder } from 'kysely'
import type { JournaledMessage } from '../agent/history.ts'
import type { Queryable } from '../../platform/db/database.ts'
import type { MessageRow } from '../../platform/db/tables.ts'
import type { TranscriptMessage } from './schemas.ts'

/** All SQL on messages. */

export const toMessage = (row: MessageRow) =>
  ({
    seq: row.seq,
    phase: row.phase,
    role: row.role,
    content: row.content,
    stopReason: row.stop_reason
  }) as unknown as JournaledMessage

/** Part of a statement that begins with the held run (`writeHeld` in runner/runs/repository.ts). */
export function insertMessage (
  { seq, phase, role, content, stopReason }: JournaledMessage
): RawBuilder<unknown> {
  return sql`message AS (INSERT INTO messages (run_id, seq, phase, role, content, stop_reason)
    SELECT held.id, ${seq}::int, ${phase}, ${role}, ${
    JSON.stringify(content)
  }::jsonb, ${stopReason} FROM held)`
}

export function listMessages (db: Queryable, runId: string): Promise<MessageRow[]> {
  return db.selectFrom('messages').selectAll().where('run_id', '=', runId).orderBy('seq').execute()
}

export async function listTranscript (db: Queryable, runId: string): Promise<TranscriptMessage[]> {
  const rows = await listMessages(db, runId)
  return rows.map(row => ({
    seq: row.seq,
    phase: row.phase,
    role: row.role,
    content: row.content,
    stopReason: row.stop_reason,
    createdAt: row.created_at.toISOString()
  }))
}

/** What the model said, without what it was told. */
export async function listReplies (db: Queryable, runId: string): Promise<MessageRow['content'][]> {
  const rows = await db.selectFrom('messages').select('content').where('run_id', '=', runId).where(
    'role',
    '=',
    'assistant'
  ).orderBy('seq').execute()
  return rows.map(row => row.content)
}
