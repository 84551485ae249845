/**
 * What a page says after something was done. Only codes travel in addresses, so that no link can
 * put words into a page. Pure.
 */

interface Notice {
  tone: 'ok' | 'warn' | 'error'
  text: string
}

const DONE: Record<string, string> = {
  created: 'Created. It is due at the next tick.',
  saved: 'Saved.',
  pause: 'Paused: no tick takes it any more. A run under way goes on.',
  resume: 'Resumed, and any back-off is over.',
  diary: 'The diary is saved.',
  'diary-cut': 'The diary is saved. It was too long; the oldest days have left it.',
  forgot: 'The diary is empty now.',
  opened: 'The day begins as soon as a worker is free.',
  cancelled: 'Asked to end. A day under way stops before its next step.'
}

const PROBLEMS: Record<string, string> = {
  RUN_OPEN: 'This persona already has an open run. Wait for it to end, or cancel it.',
  RUNNER_OFF: 'The runner is off, because a key is missing. The runner page says which.',
  RUN_NOT_OPEN: 'This run has already ended, so there is nothing to cancel.'
}

export function noticeOf (
  { done, problem }: { done?: string | undefined, problem?: string | undefined }
): Notice | null {
  if (problem !== undefined && Object.hasOwn(PROBLEMS, problem)) {
    return { tone: 'error', text: PROBLEMS[problem] ?? '' }
  }
  if (done !== undefined && Object.hasOwn(DONE, done)) return { tone: 'ok', text: DONE[done] ?? '' }
  return null
}
