import { sql } from 'kysely'
import type { Queryable } from '../../platform/db/database.ts'

/**
 * What live pages watch, as topics with a mark that is another one after every change:
 *
 * - `run:<id>`: its state, its turns, its actions; told while it is lived and once it has ended
 * - `persona:<id>`: the same for its runs, and whatever is changed of the persona, such as by
 *   pausing it
 * - `runs`: any of these, and whatever enters or leaves the queue
 * - `ratings`: a rating was stored
 * - `runner`: an operator paused or resumed, or a service went out of order or recovered
 */
export type Marks = Map<string, string>

interface MarkRow {
  run_id: string | null
  persona_id: string | null
  topic: string
  mark: string
}

/**
 * An ended run and a changed persona stay in sight so long: much longer than the pause between two
 * looks.
 */
const SEEN_FOR = '15 seconds'
/** Calls of one message that may still be open; all earlier ones have ended. */
const LATEST_CALLS = 16

/** Marks that go into those of other topics and are nobody's own. */
const INNER = /^(queue$|changed:)/

/**
 * One statement that walks what is open, what has just ended and who was just changed, each along
 * an index.
 */
export async function readMarks (db: Queryable): Promise<Marks> {
  const { rows } = await sql<MarkRow>`
    SELECT r.id AS run_id, r.persona_id, 'run:' || r.id AS topic,
           concat_ws(' ', r.state, r.attempt, r.turns, r.output_tokens, r.cancel_requested_at, r.deferred_until, calls.latest, calls.ended) AS mark
    FROM runs r LEFT JOIN LATERAL (
      SELECT max(a.ordinal) AS latest, count(a.finished_at) AS ended
      FROM (SELECT ordinal, finished_at FROM persona_actions WHERE tick_id = r.id ORDER BY ordinal DESC LIMIT ${LATEST_CALLS}) AS a
    ) AS calls ON true
    WHERE r.finished_at IS NULL AND r.state IN ('acting', 'reflecting')
    UNION ALL
    SELECT id, persona_id, 'run:' || id, state FROM runs WHERE finished_at > now() - ${
    sql.lit(SEEN_FOR)
  }::interval
    UNION ALL
    SELECT NULL, id, 'changed:' || id, updated_at::text FROM personas WHERE updated_at > now() - ${
    sql.lit(SEEN_FOR)
  }::interval
    UNION ALL
    SELECT NULL, NULL, 'queue', concat_ws(' ', count(*), max(queued_at)) FROM runs WHERE finished_at IS NULL AND state = 'queued'
    UNION ALL
    SELECT NULL, NULL, 'ratings', coalesce(max(created_at)::text, '') FROM persona_feedback
    UNION ALL
    SELECT NULL, NULL, 'runner', concat_ws(' ', changed_at, (SELECT string_agg(concat(id, open_until), ' ' ORDER BY id) FROM breakers))
    FROM runner_state`.execute(db)
  return gather(rows)
}

function gather (rows: MarkRow[]): Marks {
  const marks: Marks = new Map()
  for (const { topic, run_id: runId, persona_id: personaId, mark } of rows) {
    marks.set(topic, mark)
    if (personaId !== null) {
      marks.set(
        `persona:${personaId}`,
        `${marks.get(`persona:${personaId}`) ?? ''} ${runId ?? ''} ${mark}`
      )
    }
  }
  const all = rows.filter(row => row.run_id !== null || row.topic === 'queue').map(row =>
    `${row.topic} ${row.mark}`
  )
  marks.set('runs', all.sort().join(';'))
  return marks
}

/** Topics that are not as they were. What has ended long ago leaves without a word. */
export function changedTopics (before: Marks, after: Marks): string[] {
  return [...after].filter(([topic, mark]) => before.get(topic) !== mark && !INNER.test(topic)).map(
    ([topic]) => topic
  )
}
