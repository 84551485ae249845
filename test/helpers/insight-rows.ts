import type { Insertable } from 'kysely'
import type { Queryable } from '../../src/platform/db/database.ts'
import type {
  ActionsTable,
  FeedbackTable,
  RunsTable,
  VisitsTable
} from '../../src/platform/db/tables.ts'

/** Rows as the runner writes them, by a few words each. */
export function insightRows (db: Queryable) {
  const versionsOf = async (runId: string) =>
    db.selectFrom('runs')
      .select(['persona_id', 'persona_version', 'model', 'prompt_version', 'app_version']).where(
        'id',
        '=',
        runId
      ).executeTakeFirstOrThrow()

  return {
    async run (id: string, personaId: string, columns: Partial<Insertable<RunsTable>> = {}) {
      await db.insertInto('runs').values({
        id,
        persona_id: personaId,
        persona_version: 1,
        state: 'completed',
        model: 'opus',
        prompt_version: 'p1',
        app_version: '1.0',
        started_at: new Date(),
        finished_at: new Date(),
        ...columns
      }).execute()
    },

    async visit (runId: string, module: string, columns: Partial<Insertable<VisitsTable>> = {}) {
      await db.insertInto('module_visits').values({
        run_id: runId,
        module,
        ...await versionsOf(runId),
        calls: 1,
        app_errors: 0,
        persona_errors: 0,
        model_errors: 0,
        account_errors: 0,
        harness_errors: 0,
        repeats: 0,
        repair_loops: 0,
        slow_calls: 0,
        unknown_calls: 0,
        latency_ms_sum: 0,
        friction: 0,
        ...columns
      }).execute()
    },

    async rating (
      runId: string,
      module: string,
      rating: number | null,
      columns: Partial<Insertable<FeedbackTable>> = {}
    ) {
      await db.insertInto('persona_feedback').values({
        id: `${runId}-${module}`,
        tick_id: runId,
        module,
        rating,
        grounded: true,
        ...await versionsOf(runId),
        ...columns
      }).execute()
    },

    async action (
      runId: string,
      number: number,
      toolName: string,
      columns: Partial<Insertable<ActionsTable>> = {}
    ) {
      const { persona_id: personaId } = await versionsOf(runId)
      await db.insertInto('persona_actions').values({
        id: `${runId}-${number - 1}-${toolName}`,
        tick_id: runId,
        persona_id: personaId,
        ordinal: number - 1,
        tool_name: toolName,
        module: toolName.split('.')[0] ?? '',
        result: 'ok',
        latency_ms: 100,
        ...columns
      }).execute()
    }
  }
}
