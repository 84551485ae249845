/**
 * The clients of the service that this project rebuilds, written anew from the description of its
 * contract. Other teams run them, so they must work as they are: nothing in this file follows what
 * our server answers today.
 */

export interface OriginalPersona {
  userId: string
  email: string
  archetype: string
  systemPrompt: string
  moduleMix: Record<string, number>
  tickCadence: 'daily' | 'weekdays' | 'hourly'
  lastActiveAt: string | null
}

export interface OriginalAction {
  tickId: string
  toolName: string
  inputHash?: string
  result: 'ok' | 'error'
  errorMessage?: string
  latencyMs?: number
}

export interface OriginalFeedback {
  tickId: string
  module: string
  rating: number
  notes?: string | undefined
}

/** Reads who is due and posts what they did, as the original runner does. */
export class OriginalRunnerClient {
  readonly #url: string
  readonly #serviceKey: string

  constructor (url: string, serviceKey: string) {
    this.#url = url
    this.#serviceKey = serviceKey
  }

  async due (): Promise<OriginalPersona[]> {
    const body = await this.#send('GET', 'due') as { personas: OriginalPersona[] }
    return body.personas
  }

  postActions (userId: string, actions: OriginalAction[]): Promise<unknown> {
    return this.#send('POST', `${userId}/actions`, { actions })
  }

  postFeedback (userId: string, feedback: OriginalFeedback[]): Promise<unknown> {
    return this.#send('POST', `${userId}/feedback`, { feedback })
  }

  async #send (method: string, path: string, body?: object): Promise<unknown> {
    const response = await fetch(`${this.#url}/api/v1/internal/personas/${path}`, {
      method,
      headers: { 'content-type': 'application/json', 'x-service-key': this.#serviceKey },
      ...(body !== undefined && { body: JSON.stringify(body) })
    })
    if (!response.ok) throw new Error(`HTTP ${response.status}: ${await response.text()}`)
    return response.json()
  }
}

export interface OriginalAdminBody {
  email: string
  name?: string
  password: string
  archetype: string
  systemPrompt: string
  moduleMix: Record<string, number>
  tickCadence?: 'daily' | 'weekdays' | 'hourly'
}

/** Creates or updates one persona, as the original admin client does. */
export async function postOriginalPersona (
  url: string,
  adminKey: string,
  body: OriginalAdminBody
): Promise<{ status: number, body: any }> {
  const response = await fetch(`${url}/api/v1/admin/personas`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${adminKey}` },
    body: JSON.stringify(body)
  })
  return { status: response.status, body: await response.json() }
}
