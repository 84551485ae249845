import { INTERRUPTED, listRunActions } from '../actions/repository.ts'
import { knownRule } from '../tools/blame-sentences.ts'
import type { CallEnd, PlannedCall } from '../agent/day-journal.ts'
import type { Queryable } from '../../platform/db/database.ts'
import type { ActionRow } from '../../platform/db/tables.ts'
import { listReplies } from './messages.ts'

/**
 * What a run leaves behind, as its end is judged by: from the journal that wrote it, or from what
 * is stored.
 */
export interface RunRecord {
  /**
   * In their order. One that was interrupted counts as ended: with the run's end it is never taken
   * up again.
   */
  calls: RecordedCall[]
  /** The contents of what the model said. */
  replies: object[][]
}

export interface RecordedCall
  extends Pick<PlannedCall, 'ordinal' | 'toolName' | 'inputHash'>, CallEnd {
  module: string
  /** Null: of a call that another runner reported. */
  toolUseId: string | null
}

export function recordedCall (row: ActionRow): RecordedCall {
  return {
    ordinal: row.ordinal,
    toolName: row.tool_name,
    module: row.module,
    inputHash: row.input_hash ?? '',
    toolUseId: row.tool_use_id,
    ...(row.result === 'started'
      ? interrupted()
      : {
        result: row.result,
        errorMessage: row.error_message,
        blame: row.blame,
        blameRule: knownRule(row.blame_rule)
      }),
    latencyMs: row.latency_ms,
    resultText: row.result_text ?? ''
  }
}

export function interruptedCall (
  { ordinal, toolName, module, inputHash, toolUseId }: PlannedCall & { module: string }
): RecordedCall {
  return {
    ordinal,
    toolName,
    module,
    inputHash,
    toolUseId,
    ...interrupted(),
    latencyMs: null,
    resultText: ''
  }
}

const interrupted = () => ({
  result: INTERRUPTED.result,
  errorMessage: INTERRUPTED.error_message,
  blame: INTERRUPTED.blame,
  blameRule: INTERRUPTED.blame_rule
})

export async function readRecord (db: Queryable, runId: string): Promise<RunRecord> {
  return {
    calls: (await listRunActions(db, runId)).map(recordedCall),
    replies: await listReplies(db, runId)
  }
}
