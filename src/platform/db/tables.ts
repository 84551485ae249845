import type { ColumnType, Generated, JSONColumnType, Selectable } from 'kysely'

/** What each column means, and what its null means, stands beside it in `migrations/`. */
export interface Database {
  personas: PersonasTable
  runs: RunsTable
  messages: MessagesTable
  persona_actions: ActionsTable
  persona_feedback: FeedbackTable
  runner_state: RunnerStateTable
  module_visits: VisitsTable
  persona_diaries: DiariesTable
  releases: ReleasesTable
  release_looks: ReleaseLooksTable
  known_tools: KnownToolsTable
  tools_set_aside: ToolsSetAsideTable
  incidents: IncidentsTable
  page_sessions: PageSessionsTable
  breakers: BreakersTable
  daily_spend: DailySpendTable
  spend_reservations: SpendReservationsTable
  replicas: ReplicasTable
  account_secrets: AccountSecretsTable
  apps: AppsTable
  findings: FindingsTable
  finding_fingerprints: FindingFingerprintsTable
  finding_sightings: FindingSightingsTable
  finding_events: FindingEventsTable
  finding_verifications: FindingVerificationsTable
  finding_work: FindingWorkTable
  finding_recounts: FindingRecountsTable
}

/** Written by the database's clock, or compared with it; never by this process's clock. */
type Instant = ColumnType<Date, Date | string | undefined, Date | string>
type NullableInstant = ColumnType<
  Date | null,
  Date | string | null | undefined,
  Date | string | null
>
/** `pg` returns 64-bit integers as text. */
type BigCount = ColumnType<string, number | string | undefined, number | string>

type JsonOrNull = ColumnType<object | null, string | null, never>

/** US dollars; `pg` returns exact decimals as text. */
type Money = ColumnType<string, number | string | undefined, number | string>

/** Whose fault it was that a call did not end ok. */
export type Blame = 'app' | 'persona' | 'model' | 'account' | 'harness'

export interface PersonasTable {
  id: Generated<string>
  email: string
  name: string
  archetype: string
  system_prompt: string
  module_mix: JSONColumnType<Record<string, number>>
  cadence: 'hourly' | 'daily' | 'weekdays'
  time_zone: Generated<string>
  locale: Generated<string>
  paused: Generated<boolean>
  pause_reason: string | null
  last_active_at: NullableInstant
  consecutive_failures: Generated<number>
  not_before: NullableInstant
  version: Generated<number>
  patience: Generated<number>
  strikes: Generated<number>
  mark_key: Generated<string>
  password_version: Generated<number>
  app: Generated<string>
  created_at: Instant
  updated_at: Instant
}

export interface AppsTable {
  name: string
  settings: ColumnType<object | null, string, string>
  key_id: string | null
  sealed: string | null
  hints_ignored: Generated<boolean>
  version: Generated<number>
  created_at: Instant
  updated_at: Instant
}

export interface RunsTable {
  id: Generated<string>
  persona_id: string
  persona_version: number
  state: Generated<
    'queued' | 'acting' | 'reflecting' | 'completed' | 'incomplete' | 'failed' | 'abandoned'
  >
  attempt: Generated<number>
  tick: string | null
  queued_at: Instant
  started_at: NullableInstant
  finished_at: NullableInstant
  cancel_requested_at: NullableInstant
  end_reason: string | null
  error_code: string | null
  error_message: string | null
  day_summary: string | null
  costliest_module: string | null
  model: string | null
  prompt_version: string | null
  turns: Generated<number>
  input_tokens: BigCount
  output_tokens: BigCount
  cache_write_tokens: BigCount
  cache_read_tokens: BigCount
  app_version: string | null
  walked_away_over: number[] | null
  deferred_at: NullableInstant
  deferred_until: NullableInstant
  deferred_for: string | null
  deferred_ms: BigCount
  end_detail: string | null
  usd: ColumnType<string | null, number | string | null | undefined, number | string | null>
  unanswered_usd: ColumnType<string, number | string | undefined, number | string>
  protocol_version: string | null
  mcp_era: string | null
  app: Generated<string>
}

interface MessagesTable {
  run_id: string
  seq: number
  phase: 'acting' | 'reflecting'
  role: 'user' | 'assistant'
  content: JSONColumnType<object[]>
  stop_reason: string | null
  created_at: Instant
}

export interface ActionsTable {
  id: string
  persona_id: string
  tick_id: string
  ordinal: number
  tool_name: string
  module: string
  told_module: string | null
  input_hash: string | null
  result: 'started' | 'ok' | 'error' | 'unknown' | 'rejected'
  error_message: string | null
  latency_ms: number | null
  result_text: string | null
  tool_use_id: string | null
  message_seq: number | null
  blame: Blame | null
  blame_rule: string | null
  created_at: Instant
  finished_at: NullableInstant
}

export interface FeedbackTable {
  id: string
  persona_id: string
  tick_id: string
  module: string
  rating: number | null
  notes: string | null
  evidence: JSONColumnType<object[]> | null
  compared_to_last_time: string | null
  raw_text: string | null
  grounded: boolean | null
  ungrounded_reason: string | null
  model: string | null
  prompt_version: string | null
  persona_version: number | null
  app_version: string | null
  created_at: Instant
}

interface RunnerStateTable {
  only_row: Generated<boolean>
  paused: Generated<boolean>
  pause_reason: string | null
  changed_at: Instant
}

export interface VisitsTable {
  run_id: string
  module: string
  persona_id: string
  persona_version: number
  model: string | null
  prompt_version: string | null
  app_version: string | null
  calls: number
  app_errors: number
  persona_errors: number
  model_errors: number
  account_errors: number
  harness_errors: number
  repeats: number
  repair_loops: number
  slow_calls: number
  unknown_calls: number
  latency_ms_sum: BigCount
  friction: number
  walked_away: Generated<boolean>
  say_do_gap: boolean | null
  rated_as: string | null
  created_at: Instant
}

interface DiariesTable {
  persona_id: string
  memory: Generated<string>
  entries: JSONColumnType<{ date: string, did: string, annoyed: string, plan: string }[]>
  updated_at: Instant
}

export interface ReleasesTable {
  app: Generated<string>
  version: string
  at: Instant
  notes: string | null
  commit_id: string | null
  link: string | null
  touches: ColumnType<string[], string | undefined, string>
  created_at: Instant
}

export interface ReleaseLooksTable {
  app: string
  release: string
  module: string
  day: number
  releases: ColumnType<string[], string, never>
  state: string
  reason: string | null
  days_before: number
  rating: JsonOrNull
  friction: JsonOrNull
  days_needed: number | null
  errors: JsonOrNull
  groups: ColumnType<object[], string, never>
  judged_at: Instant
}

export interface KnownToolsTable {
  app: Generated<string>
  tool_name: string
  module: string
  first_seen_at: Instant
  last_seen_at: Instant
  definition_hash: string | null
  changed_at: NullableInstant
  accepted_hash: string | null
  derived_module: string | null
}

interface ToolsSetAsideTable {
  app: string
  tool_name: string
  reason: string
  why: string
  model: string | null
  definition_hash: string | null
  since: Instant
  noted_at: Instant
}

export interface IncidentsTable {
  id: string
  run_id: string
  persona_id: string
  ordinal: number | null
  kind: string
  excerpt: string
  created_at: Instant
}

interface BreakersTable {
  id: string
  service: 'model' | 'app'
  failures: number
  opened_at: Instant
  open_until: Instant
  probe_until: NullableInstant
  code: string
  reason: string
}

interface DailySpendTable {
  day: string
  usd: Money
  calls: Generated<number>
  unanswered_calls: Generated<number>
}

interface SpendReservationsTable {
  run_id: string
  attempt: number
  day: string
  usd: Money
}

interface ReplicasTable {
  id: string
  host: string
  pid: number
  version: string
  working: boolean
  started_at: Instant
  seen_at: Instant
}

export interface PageSessionsTable {
  id: string
  role: 'admin' | 'viewer'
  created_at: Instant
  expires_at: Instant
  last_seen_at: Instant
}

export interface AccountSecretsTable {
  persona_id: string
  kind: 'headers' | 'refresh-token' | 'password'
  key_id: string
  sealed: string
  set_at: Instant
  renewed_at: NullableInstant
  renew_at: NullableInstant
  exchange_id: string | null
  exchange_until: NullableInstant
  unusable: 'refused' | 'in-doubt' | null
}

export interface FindingsTable {
  id: Generated<string>
  app: string
  kind: string
  module: string
  tool: string | null
  template: string
  state: Generated<'new' | 'ongoing' | 'resolved' | 'regressed' | 'ignored'>
  state_since: Instant
  decision: ColumnType<object | null, string | null | undefined, string | null>
  shown_since: NullableInstant
  tracker_url: string | null
  merged_into: string | null
  first_seen_at: NullableInstant
  last_seen_at: NullableInstant
  first_release: string | null
  last_release: string | null
  times: Generated<number>
  runs: Generated<number>
  personas: Generated<number>
  severity: Generated<number>
  impact: Generated<number>
  created_at: Instant
}

interface FindingFingerprintsTable {
  fingerprint: string
  finding_id: string
  version: number
  template: string
}

interface FindingSightingsTable {
  fingerprint: string
  source: string
  run_id: string | null
  persona_id: string | null
  at: Instant
  app_version: string | null
  numbers: number[]
  times: number
  severity: number
}

interface FindingEventsTable {
  id: Generated<string>
  finding_id: string
  at: Instant
  kind: string
  detail: ColumnType<object, string | undefined, never>
}

interface FindingVerificationsTable {
  id: Generated<string>
  finding_id: string
  persona_id: string
  at: Instant
  outcome: 'still_there' | 'gone' | 'other_error' | 'cannot_be_replayed'
  why: string | null
  transcript: JSONColumnType<object[], string, never>
}

interface FindingWorkTable {
  run_id: string
  since: Instant
}

interface FindingRecountsTable {
  finding_id: string
}

export type PersonaRow = Selectable<PersonasTable>
export type RunRow = Selectable<RunsTable>
export type MessageRow = Selectable<MessagesTable>
export type ActionRow = Selectable<ActionsTable>
export type FeedbackRow = Selectable<FeedbackTable>
