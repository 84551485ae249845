import { withDeadline } from '../../platform/deadline.ts'
import { dialOutsideProduction, type Dial } from '../../platform/dial/dialler.ts'
import { forgetEra, isEraKnown, openInItsEra } from './era.ts'
import { isOfAnotherEra, kindOf, toConnectError, type Named } from './failures.ts'
import { holdIdentity, type Identity } from './identity.ts'
import { onlyOnce, pauses, recovery } from './recovery.ts'
import type { Session, SessionLimits } from './session.ts'
import { toTools, type VettedTools } from './tools.ts'
import { createSlots, type RequestSlots } from './request-slots.ts'

/**
 * The sessions that a run has with the app, one after the other, and the tools that the latest of
 * them listed.
 */

export interface ConnectionOptions extends Identity {
  url: string
  /** Undefined: as outside production. */
  dial?: Dial
  /** Whether to believe what the app declares of its tools. */
  trusted: boolean
  /**
   * The places at the app that all personas of this process share. Undefined: as many as anybody
   * likes.
   */
  slots?: RequestSlots
}

export interface ConnectionLimits extends SessionLimits {
  /** The pauses between tries of what did not reach the app, in milliseconds. */
  backOffMs: readonly number[]
}

/** How a request ended, after all that could be mended was. */
type Settled<T> = { ok: true, value: T } | { ok: false, error: unknown }

interface Connection {
  readonly app: Named
  readonly session: Session
  readonly tools: VettedTools
  /** Lists the tools anew where the app said that they have changed. @throws AppError */
  refresh(signal: AbortSignal): Promise<void>
  /**
   * @param harmless sending it twice has no further effect
   * @param beforeSend awaited before each try; what it throws is thrown, and nothing is sent
   * @param onHeldBack told how long it had to wait here before it went out, in milliseconds
   * @throws where the app did not act and cannot be asked again for now
   */
  request<T>(
    send: (session: Session) => Promise<T>,
    options: {
      harmless: boolean
      signal: AbortSignal
      beforeSend?: (() => Promise<void>) | undefined
      onHeldBack?: (ms: number) => void
    }
  ): Promise<Settled<T>>
  close(): Promise<void>
}

/** @throws McpUnreachableError, McpUnauthorizedError, and what a new sign-in throws */
export async function connect (
  options: ConnectionOptions,
  limits: ConnectionLimits,
  signal: AbortSignal
): Promise<Connection> {
  const { url, dial = dialOutsideProduction('MCP_URL'), trusted, slots = createSlots(Infinity) } =
    options
  const app = { url, setting: dial.setting }
  const identity = holdIdentity(options)
  let stale = false
  let { session, tools } = await begin({ patient: false }, signal)

  /** A new session with its list of tools. */
  async function begin (
    { patient }: { patient: boolean },
    signal: AbortSignal
  ): Promise<{ session: Session, tools: VettedTools }> {
    const once = onlyOnce()
    const waitFor = pauses(limits.backOffMs, signal)
    for (;;) {
      const isKept = isEraKnown(url)
      try {
        return await inTurn(() => tryToBegin(signal), signal)
      } catch (error) {
        if (isKept && isOfAnotherEra(error) && once('era')) {
          forgetEra(url)
          continue
        }
        const kind = kindOf(error)
        if (signal.aborted || kind === 'forbidden' || kind === 'barred') {
          throw toConnectError(app, error, signal)
        }
        if (kind === 'unauthorized' && once('renew') && await identity.renew(signal)) continue
        // When a run begins, the breaker is the back-off of an app that is not there.
        const waits = kind === 'turned_away' || (patient && kind !== 'unauthorized')
        if (!waits || !await waitFor(error)) throw toConnectError(app, error, signal)
      }
    }
  }

  async function tryToBegin (
    signal: AbortSignal
  ): Promise<{ session: Session, tools: VettedTools }> {
    const { headers, secrets } = identity
    const session = await openInItsEra({
      url,
      dial,
      limits,
      headers,
      secrets,
      onToolsChanged: () => {
        stale = true
      }
    }, signal)
    try {
      return { session, tools: toTools(await session.listTools(signal), trusted) }
    } catch (error) {
      await session.close()
      throw error
    }
  }

  /** With headers that are fresh, and when there is a place at the app. */
  async function inTurn<T> (
    work: () => Promise<T>,
    signal: AbortSignal,
    onHeldBack = (_ms: number) => {}
  ): Promise<T> {
    const waitsSince = performance.now()
    const giveBack = await slots.take(signal)
    try {
      await identity.freshen(signal)
      onHeldBack(performance.now() - waitsSince)
      return await work()
    } finally {
      giveBack()
    }
  }

  async function reopen (signal: AbortSignal): Promise<void> {
    const lost = session
    // Who restarts may be of another version.
    forgetEra(url)
    ;({ session, tools } = await begin({ patient: true }, signal))
    await lost.close(false)
  }

  const connection: Connection = {
    app,
    get session () {
      return session
    },
    get tools () {
      return tools
    },
    async refresh (signal) {
      if (!stale) return
      stale = false
      const listed = await connection.request(session => session.listTools(signal), {
        harmless: true,
        signal
      })
      if (!listed.ok) throw toConnectError(app, listed.error, signal)
      const now = toTools(listed.value, trusted)
      // An app that shows nothing at all is about to start or to stop: a call will tell.
      if (now.tools.length > 0) tools = now
    },
    async request (send, { harmless, signal, beforeSend, onHeldBack }) {
      const mend = recovery({
        app,
        harmless,
        backOffMs: limits.backOffMs,
        signal,
        renew: () => identity.renew(signal),
        reopen: () => reopen(signal)
      })
      for (;;) {
        const settled = await inTurn(
          async () => {
            await beforeSend?.()
            return settle(send(session))
          },
          signal,
          onHeldBack
        )
        if (settled.ok || !await mend(settled.error)) return settled
      }
    },
    async close () {
      // With headers that hold no more, the app would keep the session for nobody.
      await withDeadline(
        new AbortController().signal,
        limits.closeTimeoutMs,
        signal => identity.freshen(signal)
      )
      await session.close()
    }
  }
  return connection
}

function settle<T> (answer: Promise<T>): Promise<Settled<T>> {
  return answer.then(value => ({ ok: true, value }), (error: unknown) => ({ ok: false, error }))
}
