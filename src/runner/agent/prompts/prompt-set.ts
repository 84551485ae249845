import type { Marks } from '../marks.ts'

/** One action of the run, as the persona is reminded of it when it rates. */
export interface ActionLine {
  /** Counted from 1 within the run; what the persona cites as `#3`. */
  number: number
  toolName: string
  module: string
  outcome: 'ok' | 'error' | 'unknown' | 'rejected'
}

/**
 * Every word that is sent to the model in one language. Tool results are data and never become part
 * of these.
 */
export interface PromptSet {
  /** The frame around the persona's own system prompt. */
  system(persona: { systemPrompt: string }, marks: Marks): string
  /**
   * Opens the acting phase. `today` is a date in the persona's own time zone, already written out;
   * `diary` is what it wrote on earlier days, given back as data, empty on the first.
   */
  day(day: { today: string, favouriteModules: string[], diary?: string }): string
  /** Opens the reflecting phase, in the same conversation. */
  reflect(used: { modules: string[], actions: ActionLine[] }): string
  /** Asks once more, naming what was wrong with the first answer. */
  repair(problems: string[]): string
  /** Said when the model paused, or was cut off, in the middle of its turn. */
  goOn: string
  /** Tells the persona that its day is over before it was done, and why. */
  dayCutShort: Record<'max_turns' | 'walked_away', string>
  /** What the model is told in place of a tool result. */
  toolNotes: {
    unknownTool(name: string): string
    denied(name: string): string
    invalidInput(problems: string[]): string
    unknownOutcome: string
    notExecuted: string
    tooManyCalls(limit: number): string
    dayOver: string
    truncated(omittedBytes: number): string
  }
}
