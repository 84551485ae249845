import { checkConversation } from './check-conversation.ts'
import { checkMessages } from './check-messages.ts'
import { checkSettings, checkTools } from './check-settings.ts'
import { isRecord } from './is-record.ts'

export interface Refusal {
  status: number
  type: string
  message: string
}

type Headers = Record<string, string | string[] | undefined>

/** In the order of the real API: what is malformed is named before what is inconsistent. */
const RULES = [checkText, checkSettings, checkTools, checkMessages, checkConversation]

/**
 * Refuses what the real Messages API refuses, in its words where they are known, so that a
 * conversation which the stand-in took does not break on the first paid request. `null`: nothing to
 * object to.
 */
export function checkRequest (body: unknown, headers: Headers): Refusal | null {
  if (!hasKey(headers)) {
    return {
      status: 401,
      type: 'authentication_error',
      message: 'a key is required, as Authorization: Bearer or x-api-key'
    }
  }
  if (!headers['anthropic-version']) return invalid('anthropic-version: header is required')
  if (!isRecord(body)) return invalid('The request body must be a JSON object')
  for (const rule of RULES) {
    const problem = rule(body)
    if (problem !== null) return invalid(problem)
  }
  return null
}

/** The 400 that almost every refusal is. */
export function invalid (message: string): Refusal {
  return { status: 400, type: 'invalid_request_error', message }
}

function hasKey (headers: Headers): boolean {
  const bearer = /^Bearer\s+(\S+)$/i.exec(String(headers['authorization'] ?? ''))
  return bearer !== null || Boolean(headers['x-api-key'])
}

/**
 * A lone surrogate anywhere makes the real API refuse the conversation for ever, wherever in it the
 * text stands.
 */
function checkText (body: Record<string, unknown>): string | null {
  let broken = false
  JSON.stringify(body, (key, value: unknown) => {
    broken ||= !key.isWellFormed() || (typeof value === 'string' && !value.isWellFormed())
    return value
  })
  return broken ? 'The request body is not valid JSON: no low surrogate in string' : null
}
