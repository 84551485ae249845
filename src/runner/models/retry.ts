/**
 * How often and after what pauses a request to the model is repeated. Pure.
 *
 * All repeating is done here and none by the SDK: it would wait out any `retry-after` up to 24 days
 * while a worker stands still, and it neither sees an error inside of a 200 nor a body that breaks
 * off, so there would be two budgets of attempts that multiply.
 */
export interface RetryPolicy {
  /** Requests at most, the first one included. */
  attempts: number
  /**
   * Of which so many for an answer that is no message at all: what a proxy says wrongly it soon
   * says again.
   */
  attemptsWhenGarbled: number
  /**
   * The first retries come soon, as the SDK's do: so long, doubled, less up to a quarter. Most
   * hiccups are over by then.
   */
  quickRetries: number
  quickMs: number
  /**
   * After those: anything up to this, doubled with every retry, so that personas which failed
   * together do not come back together.
   */
  baseMs: number
  capMs: number
  /**
   * The longest that the provider may ask us to wait here; more than this is an outage, for the
   * runner to wait out.
   */
  longestAskedMs: number
}

export const RETRY_POLICY: RetryPolicy = {
  attempts: 4,
  attemptsWhenGarbled: 3,
  quickRetries: 2,
  quickMs: 500,
  baseMs: 1000,
  capMs: 60_000,
  longestAskedMs: 30_000
}

/** What of a failed request decides whether it is repeated. */
export interface Repeatable {
  passes: boolean
  isGarbled: boolean
  /** What the provider asked for, in milliseconds. */
  retryAfterMs: number | undefined
}

/**
 * @param attempt the number of the request that failed, from 1
 * @param random from 0 to 1
 * @returns milliseconds until the next request; null: do not repeat it
 */
export function waitBeforeRetry (
  failure: Repeatable,
  attempt: number,
  policy: RetryPolicy,
  random = Math.random()
): number | null {
  const attempts = failure.isGarbled
    ? Math.min(policy.attempts, policy.attemptsWhenGarbled)
    : policy.attempts
  const asked = failure.retryAfterMs ?? 0
  if (!failure.passes || attempt >= attempts || asked > policy.longestAskedMs) return null
  return Math.max(asked, ownWait(attempt, policy, random))
}

function ownWait (attempt: number, policy: RetryPolicy, random: number): number {
  if (attempt <= policy.quickRetries) return policy.quickMs * 2 ** (attempt - 1) * (1 - random / 4)
  return Math.min(policy.capMs, policy.baseMs * 2 ** (attempt - 1)) * random
}
