import { Type, type Static } from 'typebox'
import Value from 'typebox/value'
import {
  MAX_ACTIONS_PER_BATCH,
  type ActionBatch,
  type ActionInput
} from '../../runner/actions/schemas.ts'
import {
  MAX_FEEDBACK_PER_BATCH,
  UnratedRow,
  type FeedbackInput
} from '../../analysis/feedback/schemas.ts'
import type { Persona } from '../../personas/schemas.ts'
import { ConfigError, messageOf } from '../../platform/errors.ts'
import { oneLine } from '../../platform/text.ts'

/** The client of the internal routes, for runners in other processes. */

interface InternalClientOptions {
  /** Of the persona store, without `/api/v1`. */
  baseUrl: string
  /** SERVICE_KEY of the store. */
  serviceKey: string
  /** Another `fetch`; default: the global one. */
  fetch?: typeof globalThis.fetch
  /** For one request, in milliseconds. Default 30,000. */
  timeoutMs?: number
}

interface DuePersonas {
  personas: Persona[]
  serverTime: string
}
interface Written {
  /** Rows that were not there before. */
  written: number
}
interface FeedbackWritten extends Written {
  /**
   * Rows that the store keeps without a number: those of the module `__parse`, and those sent with
   * null.
   */
  withoutRating: UnratedRow[]
}

/** What the store answered instead of doing what it was asked for, or that it did not answer. */
export class InternalClientError extends Error {
  /** Of the answer; null: none came. */
  readonly status: number | null
  /**
   * The store's own, see docs/errors.md; `UNREACHABLE`, or `BAD_ANSWER` where something else
   * answered.
   */
  readonly code: string
  constructor (status: number | null, code: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.status = status
    this.code = code
  }
}

const ErrorAnswer = Type.Object({ code: Type.String(), message: Type.String() })
const WrittenAnswer = Type.Object({
  written: Type.Integer(),
  withoutRating: Type.Optional(Type.Array(UnratedRow))
})
const DueAnswer = Type.Object({
  personas: Type.Array(Type.Object({ userId: Type.String() })),
  serverTime: Type.String()
})

export class InternalClient {
  readonly #base: string
  readonly #key: string
  readonly #fetch: typeof globalThis.fetch
  readonly #timeoutMs: number

  /** @throws ConfigError for an address or a key that cannot work */
  constructor (
    { baseUrl, serviceKey, fetch = globalThis.fetch, timeoutMs = 30_000 }: InternalClientOptions
  ) {
    if (serviceKey.trim() === '') {
      throw new ConfigError(
        'InternalClient: serviceKey is empty. Give the SERVICE_KEY of the persona store.'
      )
    }
    const url = URL.canParse(baseUrl) ? new URL(baseUrl) : null
    if (url === null || !/^https?:$/.test(url.protocol)) {
      throw new ConfigError(
        `InternalClient: baseUrl "${baseUrl}" is not an http or https address, such as http://localhost:3000.`
      )
    }
    this.#base = `${url.origin}${url.pathname.replace(/\/+$/, '')}/api/v1/internal/personas`
    this.#key = serviceKey
    this.#fetch = fetch
    this.#timeoutMs = timeoutMs
  }

  /** Who is due now, never-run first, then the stalest. */
  async listDuePersonas (): Promise<DuePersonas> {
    return await this.#request('GET', '/due', DueAnswer) as DuePersonas
  }

  /**
   * Stores what a persona did (`userId` of who is due), in as many requests as it takes; the same
   * actions sent again are stored once. Give all actions of a tick in one call and in the order
   * they happened: their positions are their ids. An empty list says no more than that the persona
   * was active.
   * @throws InternalClientError; batches before the one that failed are stored, so send everything
   *   again
   */
  async postActions (userId: string, actions: ActionInput[]): Promise<Written> {
    const { written } = await this.#postAll(userId, 'actions', actionBatches(actions))
    return { written }
  }

  /**
   * Stores how a persona rates what it used: one rating per module per tick. Errors as
   * `postActions`.
   */
  async postFeedback (userId: string, feedback: FeedbackInput[]): Promise<FeedbackWritten> {
    return this.#postAll(
      userId,
      'feedback',
      chunk(feedback, MAX_FEEDBACK_PER_BATCH).map(part => ({ feedback: part }))
    )
  }

  /** One after the other, so that what is stored is always a beginning of what was sent. */
  async #postAll (userId: string, what: string, bodies: object[]): Promise<FeedbackWritten> {
    const sum: FeedbackWritten = { written: 0, withoutRating: [] }
    for (const body of bodies) {
      const answer = await this.#request(
        'POST',
        `/${encodeURIComponent(userId)}/${what}`,
        WrittenAnswer,
        body
      )
      sum.written += answer.written
      sum.withoutRating.push(...answer.withoutRating ?? [])
    }
    return sum
  }

  async #request<Schema extends Type.TSchema> (
    method: string,
    path: string,
    schema: Schema,
    body?: object
  ): Promise<Static<Schema>> {
    const { status, text } = await this.#exchange(method, path, body)
    const answer = parse(text)
    if (status >= 400) {
      const known = Value.Check(ErrorAnswer, answer)
        ? answer
        : { code: 'BAD_ANSWER', message: oneLine(text, 200) }
      throw new InternalClientError(status, known.code, known.message)
    }
    if (!Value.Check(schema, answer)) {
      throw new InternalClientError(
        status,
        'BAD_ANSWER',
        `${this.#base}${path} did not answer as the persona store does: ${oneLine(text, 200)}`
      )
    }
    return answer
  }

  async #exchange (
    method: string,
    path: string,
    body: object | undefined
  ): Promise<{ status: number, text: string }> {
    const headers = {
      'x-service-key': this.#key,
      ...(body !== undefined && { 'content-type': 'application/json' })
    }
    try {
      const response = await this.#fetch(`${this.#base}${path}`, {
        method,
        headers,
        body: body === undefined ? null : JSON.stringify(body),
        redirect: 'error',
        signal: AbortSignal.timeout(this.#timeoutMs)
      })
      return { status: response.status, text: await response.text() }
    } catch (error) {
      const cause = (error as { cause?: { code?: string } }).cause?.code ?? messageOf(error)
      throw new InternalClientError(
        null,
        'UNREACHABLE',
        `The persona store does not answer at ${this.#base}: ${oneLine(cause, 200)}`,
        { cause: error }
      )
    }
  }
}

/**
 * Never two ticks in one request: an action's id is its position in its tick, and the store counts
 * positions from one offset for the whole request.
 */
function actionBatches (actions: ActionInput[]): ActionBatch[] {
  if (actions.length === 0) return [{ actions: [] }]
  const byTick = [...Map.groupBy(actions, action => action.tickId).values()]
  return byTick.flatMap(
    ofTick =>
      chunk(ofTick, MAX_ACTIONS_PER_BATCH).map((part, i) => ({
        actions: part,
        offset: i * MAX_ACTIONS_PER_BATCH
      }))
  )
}

function chunk<Item> (items: Item[], size: number): Item[][] {
  return Array.from(
    { length: Math.ceil(items.length / size) },
    (_, i) => items.slice(i * size, (i + 1) * size)
  )
}

function parse (text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
