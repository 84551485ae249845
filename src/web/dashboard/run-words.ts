import type { ActionRow, FeedbackRow, RunRow } from '../../platform/db/tables.ts'

/** What happened, in words for somebody who does not know the codes. Pure. */

type Tone = 'ok' | 'error' | 'warn' | 'muted'

const TONES: Record<RunRow['state'], Tone> = {
  queued: 'muted',
  acting: 'ok',
  reflecting: 'ok',
  completed: 'ok',
  incomplete: 'warn',
  failed: 'error',
  abandoned: 'error'
}
export const toneOf = (state: RunRow['state']): Tone => TONES[state]

const END_REASONS: Record<string, string> = {
  end_turn: 'It was done for the day.',
  max_turns: 'It reached the limit of turns for one day.',
  max_tool_calls: 'It reached the limit of tool calls for one day.',
  max_input_tokens: 'It reached the limit of tokens that one day may send to the model.',
  max_output_tokens: 'It reached the limit of tokens that one day may get from the model.',
  max_usd: 'It reached the limit of dollars for one day.',
  daily_budget: 'The budget of the day for all runs was used up.',
  max_tokens: 'Its replies were cut off, twice in a row.',
  context: 'The conversation became longer than the model takes.',
  unknown_tools: 'It kept calling tools that do not exist.',
  timeout: 'The day took longer than a run may take.',
  cancelled: 'An operator ended the day.',
  refusal: 'The model refused to go on.',
  walked_away: 'It lost patience and left.'
}

const ERAS: Record<string, string> = {
  stateless: 'without sessions',
  session: 'in a session over streamable HTTP',
  sse: 'in a session over HTTP+SSE'
}
export const eraWords = (era: string | null): string => ERAS[era ?? ''] ?? ''

type Told = Pick<
  RunRow,
  | 'state'
  | 'end_reason'
  | 'end_detail'
  | 'error_code'
  | 'error_message'
  | 'cancel_requested_at'
  | 'deferred_until'
  | 'deferred_for'
  | 'finished_at'
>

/** One sentence: where a run stands, or why it ended. */
export function explainRun (run: Told): string {
  if (run.deferred_until !== null && run.finished_at === null) {
    return `Waits for a service that is out of order: ${
      run.deferred_for ?? 'nothing more is known'
    }`
  }
  switch (run.state) {
    case 'queued':
      return 'Waiting for a free worker.'
    case 'acting':
      return run.cancel_requested_at === null
        ? 'Living its day in the app.'
        : 'Asked to end; it stops before its next step.'
    case 'reflecting':
      return 'The day is over; it is rating what it used.'
    case 'failed':
    case 'abandoned':
      return `${run.error_code ?? 'INTERNAL'}: ${run.error_message ?? 'nothing more is known'}`
    default:
      return withDetail(
        END_REASONS[run.end_reason ?? ''] ??
          `The model stopped for a reason that is not known here: ${
            run.end_reason ?? 'none given'
          }.`,
        run.end_detail
      )
  }
}

function withDetail (sentence: string, detail: string | null): string {
  return detail === null ? sentence : `${sentence.replace(/\.$/, '')}: ${detail}.`
}

const RESULT_TONES: Record<ActionRow['result'], Tone> = {
  started: 'muted',
  ok: 'ok',
  error: 'error',
  unknown: 'warn',
  rejected: 'warn'
}
const RESULT_WORDS: Record<ActionRow['result'], string> = {
  started: 'going on',
  ok: 'ok',
  error: 'error',
  unknown: 'no answer',
  rejected: 'not sent'
}
export const outcomeOf = (result: ActionRow['result']) => ({
  word: RESULT_WORDS[result],
  tone: RESULT_TONES[result]
})

const BLAME_WORDS: Record<NonNullable<ActionRow['blame']>, string> = {
  app: 'the app',
  persona: 'the persona’s arguments',
  model: 'the model',
  account: 'the account',
  harness: 'this runner'
}
export const blameWords = (blame: ActionRow['blame']) => blame === null ? null : BLAME_WORDS[blame]

const UNGROUNDED: Record<string, string> = {
  no_citation: 'it cites no action',
  unknown_action: 'it cites an action that does not exist',
  wrong_module: 'it cites an action of another module',
  invented_quote: 'it quotes words the app never said',
  incident: 'somebody may have tried to steer the run',
  no_quote: 'it quotes nothing the app answered'
}

/** Why a rating counts nowhere; null: it counts. */
export function whyUncounted (
  { grounded, ungrounded_reason: reason, rating }: Pick<
    FeedbackRow,
    'grounded' | 'ungrounded_reason' | 'rating'
  >
): string | null {
  if (grounded === null) return 'evidence never checked: sent by another runner'
  if (!grounded) {
    const [code = '', ...about] = (reason ?? '').split(': ')
    return [UNGROUNDED[code] ?? code, ...about].filter(part => part !== '').join(': ')
  }
  return rating === null ? 'it cannot say' : null
}
