import { sql, type RawBuilder } from 'kysely'
import type { Queryable } from '../../platform/db/database.ts'
import { EMPTY_DIARY, type Diary } from './diary.ts'

/** All SQL on persona_diaries. */

export async function loadDiary (db: Queryable, personaId: string): Promise<Diary> {
  const row = await db.selectFrom('persona_diaries').select(['memory', 'entries']).where(
    'persona_id',
    '=',
    personaId
  ).executeTakeFirst()
  return row === undefined
    ? EMPTY_DIARY
    : { memory: row.memory, entries: row.entries as Diary['entries'] }
}

export async function saveDiary (db: Queryable, personaId: string, diary: Diary): Promise<void> {
  const columns = {
    memory: diary.memory,
    entries: JSON.stringify(diary.entries),
    updated_at: sql<Date>`now()`
  }
  await db.insertInto('persona_diaries').values({ persona_id: personaId, ...columns })
    .onConflict(conflict => conflict.column('persona_id').doUpdateSet(columns)).execute()
}

/**
 * The same as part of a statement that begins with the held run (`writeHeld` in
 * runner/runs/repository.ts).
 */
export function savedDiary ({ memory, entries }: Diary): RawBuilder<unknown> {
  return sql`diary AS (INSERT INTO persona_diaries (persona_id, memory, entries, updated_at)
    SELECT held.persona_id, ${memory}, ${JSON.stringify(entries)}::jsonb, now() FROM held
    ON CONFLICT (persona_id) DO UPDATE SET memory = excluded.memory, entries = excluded.entries, updated_at = excluded.updated_at)`
}

/** The persona forgets everything. */
export async function deleteDiary (db: Queryable, personaId: string): Promise<void> {
  await db.deleteFrom('persona_diaries').where('persona_id', '=', personaId).execute()
}
