/** Which columns of which table an export has. Transcripts and the answers of tools are in none. */

export interface Source {
  /** Name in the file → expression. */
  columns: Record<string, string>
  /** The table under the alias `x`, with the persona as `p`. */
  table: string
  at: string
  /** Rows of long texts come in shorter pages. */
  pageSize: number
}

const PERSONA = { personaId: 'x.persona_id', archetype: 'p.archetype' }
const VERSIONS = {
  model: 'x.model',
  promptVersion: 'x.prompt_version',
  personaVersion: 'x.persona_version',
  appVersion: 'x.app_version'
}

export const SOURCES = {
  runs: {
    table: 'runs',
    at: 'x.queued_at',
    pageSize: 1000,
    columns: {
      id: 'x.id',
      ...PERSONA,
      ...VERSIONS,
      state: 'x.state',
      tick: 'x.tick',
      attempt: 'x.attempt',
      queuedAt: 'x.queued_at',
      startedAt: 'x.started_at',
      finishedAt: 'x.finished_at',
      endReason: 'x.end_reason',
      errorCode: 'x.error_code',
      errorMessage: 'x.error_message',
      daySummary: 'x.day_summary',
      costliestModule: 'x.costliest_module',
      walkedAwayOver: 'x.walked_away_over',
      turns: 'x.turns',
      inputTokens: 'x.input_tokens::float8',
      outputTokens: 'x.output_tokens::float8',
      cacheWriteTokens: 'x.cache_write_tokens::float8',
      cacheReadTokens: 'x.cache_read_tokens::float8'
    }
  },
  actions: {
    table: 'persona_actions',
    at: 'x.created_at',
    pageSize: 1000,
    columns: {
      id: 'x.id',
      tickId: 'x.tick_id',
      number: 'x.ordinal + 1',
      ...PERSONA,
      toolName: 'x.tool_name',
      module: 'x.module',
      inputHash: 'x.input_hash',
      result: 'x.result',
      blame: 'x.blame',
      blameRule: 'x.blame_rule',
      errorMessage: 'x.error_message',
      latencyMs: 'x.latency_ms',
      createdAt: 'x.created_at'
    }
  },
  feedback: {
    table: 'persona_feedback',
    at: 'x.created_at',
    pageSize: 500,
    columns: {
      id: 'x.id',
      tickId: 'x.tick_id',
      ...PERSONA,
      module: 'x.module',
      rating: 'x.rating',
      grounded: 'x.grounded',
      ungroundedReason: 'x.ungrounded_reason',
      notes: 'x.notes',
      evidence: 'x.evidence',
      comparedToLastTime: 'x.compared_to_last_time',
      ...VERSIONS,
      rawText: 'x.raw_text',
      createdAt: 'x.created_at'
    }
  }
} as const satisfies Record<string, Source>
export type ExportName = keyof typeof SOURCES
