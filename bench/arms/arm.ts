/** One way to live the same day: seven replies with six tool calls, then the rating. */

export interface Places {
  modelUrl: string
  mcpUrl: string
  statelessMcpUrl: string
  databaseUrl: string
}

export interface Arm {
  /** One whole day. @throws where it was not lived as scripted */
  run(): Promise<void>
  close(): Promise<void>
}

export const MODEL = 'claude-sonnet-5-5'
export const SYSTEM =
  'You are Mara, a researcher. You use a real app, and only through the tools you are given.'
export const DAY = 'Today is Monday. Live a short day in this app.'
export const REFLECT =
  'The day is over. Call no more tools. Rate each module you used: todo. Answer with JSON only.'

/** So that no arm is quick because it does less. */
export function mustRate (text: string): void {
  if (!text.includes('"ratings"')) {
    throw new Error(`the day ended without a rating: ${text.slice(0, 200)}`)
  }
}
