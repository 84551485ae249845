/**
 * The port to the app under test: its tools, as one persona sees them. `mcp-toolbox.ts` is the adapter
 * for MCP over streamable HTTP.
 */

/** Only what the app is to blame for counts against its modules. */
export type Blame = 'app' | 'persona' | 'model' | 'account' | 'harness'

export interface Tool {
  /** As the app names it (`todo.create`); rows store this name. */
  name: string
  description: string
  inputSchema: Record<string, unknown>
  /** Declared by the app: calling it twice with the same input has no further effect. */
  repeatable: boolean
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
  /** Whose fault it was; null where it ended ok. */
  blame: Blame | null
  latencyMs: number
}

export interface Toolbox {
  readonly tools: Tool[]
  /** Never throws: whatever goes wrong with a call, an app that is gone included, is an outcome. */
  call (name: string, input: Record<string, unknown>, options: { signal: AbortSignal }): Promise<ToolOutcome>
  /** Ends the session with the app, within 2 s whatever the app does. */
  close (): Promise<void>
}
