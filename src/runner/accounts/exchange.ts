import { reasonOf } from './reason.ts'
import type { Dial } from '../../platform/dial/dialler.ts'
import { AppError, AuthUnreachableError, type Outage } from '../../platform/errors.ts'

/** One request to a sign-in service that speaks JSON. */

const TIMEOUT_MS = 10_000

export interface Exchanged {
  status: number
  ok: boolean
  headers: Headers
  text: string
}

/**
 * @throws AuthUnreachableError where no whole answer came; DialForbiddenError, DialRedirectedError
 */
export async function exchange (
  dial: Dial,
  url: string,
  init: RequestInit,
  signal: AbortSignal
): Promise<Exchanged> {
  try {
    const response = await dial(url, {
      ...init,
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)])
    })
    const text = await response.text()
    return { status: response.status, ok: response.ok, headers: response.headers, text }
  } catch (error) {
    if (error instanceof AppError) throw error
    // A run that ended says nothing about the service.
    const outage: Outage | undefined = signal.aborted ? undefined : { service: 'app' }
    throw new AuthUnreachableError(
      `The sign-in service does not answer at ${url}: ${
        reasonOf(error)
      }. Check ${dial.setting} and that the service runs.`,
      { cause: error, outage }
    )
  }
}
