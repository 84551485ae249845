import type { AppError } from '../../platform/errors.ts'
import type { BlameRule } from './blame-sentences.ts'
import type { DenialReason, ToolHints } from './tool-policy.ts'

/**
 * The port to the app under test: its tools, as one persona sees them. `mcp-toolbox.ts` is the
 * adapter for MCP over streamable HTTP.
 */

/**
 * - `stateless`: revision 2026-07-28 of MCP, without sessions
 * - `session`: the revisions before it, over streamable HTTP, begun by `initialize`
 * - `sse`: HTTP+SSE of 2024-11-05: requests go to one address, all answers come on one stream
 */
export type McpEra = 'stateless' | 'session' | 'sse'

/** Only what the app is to blame for counts against its modules. */
export type Blame = 'app' | 'persona' | 'model' | 'account' | 'harness'

export interface Tool {
  /** As the app names it (`todo.create`); rows store this name. */
  name: string
  description: string
  /** What the model is shown. */
  inputSchema: Record<string, unknown>
  /** What the app says its input must be like; undefined: what the model is shown. */
  appSchema?: Record<string, unknown>
  /**
   * By the names of properties that the model is shown, those that the app knows, where they
   * differ.
   */
  renamed?: ReadonlyMap<string, string>
  /** Declared by the app: calling it twice with the same input has no further effect. */
  repeatable: boolean
  /** What the app declares of it, true or not. */
  hints?: ToolHints
}

/**
 * Why a persona does not get to see a tool: the policy (`DenialReason`), a definition that has
 * changed, the model's provider, or something in the tool itself that makes it of no use.
 */
export type SetAsideReason =
  | DenialReason
  | 'changed'
  | 'refused_by_model'
  | 'name_unusable'
  | 'same_name'
  | 'schema_unusable'
  | 'needs_task'

/** A tool that the app lists and the persona does not get to see. */
export interface SetAside {
  name: string
  reason: SetAsideReason
  /** One line for operators. */
  why: string
}

/** An app's refusal of a call. */
export interface Said {
  /** HTTP status in place of an answer; null: there was an answer. */
  status: number | null
  /** Of a JSON-RPC error; null: the answer is a result. */
  code: number | null
  /** What the app said, in full. */
  words: string
}

/** How one tool call ended. A failed tool is a result, not an exception. */
export interface ToolOutcome {
  /**
   * `ok`: the tool answered. `error`: it answered that it failed, or refused before acting.
   * `unknown`: no answer came, so whether it acted cannot be told.
   */
  result: 'ok' | 'error' | 'unknown'
  /** What the tool said, as text; empty where nothing came. */
  text: string
  /** Set unless `ok`: one line for rows and operators. */
  errorMessage: string | null
  /** Whose fault it was; null where it ended ok, or it is nobody's. */
  blame: Blame | null
  /** Which rule decided that; left out where it ended ok. */
  blameRule?: BlameRule
  /** What the app refused the call with. Who knows more of the run may judge by it anew. */
  said?: Said
  latencyMs: number
  /** Set where the day cannot go on after this call: to be thrown once the outcome is recorded. */
  fatal?: AppError
}

interface CallOptions {
  signal: AbortSignal
  /**
   * Awaited each time right before the call goes out; what it throws is thrown, and nothing is
   * sent.
   */
  beforeSend?: () => Promise<void>
}

export interface Toolbox {
  /** As of the opening or the latest `refresh`. */
  readonly tools: Tool[]
  readonly setAside: SetAside[]
  /** By tool name, a hash of all that the app says of the tool: another hash is another promise. */
  readonly definitions: ReadonlyMap<string, string>
  /** How the app is spoken to; null where there is no wire. */
  readonly era: McpEra | null
  /** What was agreed on with the app; null where nothing was. */
  readonly protocolVersion: string | null
  readonly serverInfo: { name: string, version: string } | null
  /**
   * Lists the tools anew if the app said that they have changed. For the time between two steps.
   * @throws AppError, with `outage` where the app is out of order for everybody
   */
  refresh(signal: AbortSignal): Promise<void>
  /**
   * Whatever goes wrong with a call that may have reached the app is an outcome.
   * @throws only where the app certainly did not act: the same call may be sent at any later time.
   *   With `outage` where the app is out of order for everybody.
   */
  call(name: string, input: Record<string, unknown>, options: CallOptions): Promise<ToolOutcome>
  /** Ends the session with the app, within 2 s whatever the app does. */
  close(): Promise<void>
}
