import { ModelError, type Outage } from '../../../platform/errors.ts'
import type { ApiFailure } from './failure.ts'
import type { ModelRequest } from '../model.ts'

/**
 * What a failed request means for the run, and for all others. The words of the 400s are those that
 * the API is known to use: it has no other way to say what is wrong with a request.
 */

/** The status is 400 as well when the account has used up what it may spend. */
const SPEND_LIMIT = /spend(ing)? limit|usage limits?|credit balance/i
const TOO_LONG = /prompt is too long|context (window|limit|length)|too many (input )?tokens/i
/** The request never went out. */
const NOBODY_THERE =
  /\b(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT_TIMEOUT)\b/
const NAMED_TOOL = /\btools\.(\d+)\b/

export function toModelError (
  failure: ApiFailure,
  request: Pick<ModelRequest, 'tools'>
): ModelError {
  const { status, message, requestId, retryAfterMs } = failure
  const said = requestId === undefined ? message : `${message} (${requestId})`
  const outage: Outage = { service: 'model', ...(retryAfterMs !== undefined && { retryAfterMs }) }
  if (failure.isGarbled) {
    const what = message === '' ? '' : ` (${message})`
    const advice = 'A proxy may stand in between; check ANTHROPIC_BASE_URL.'
    return new ModelError(
      'MODEL_BAD_ANSWER',
      `The model API answered with something that is not a message, each time it was asked${what}. ${advice}`,
      { mayBeCharged: true }
    )
  }
  switch (status) {
    case undefined:
      return new ModelError(
        'MODEL_UNREACHABLE',
        `The model API cannot be reached: check ANTHROPIC_BASE_URL and the network. ${said}`,
        { outage, mayBeCharged: !NOBODY_THERE.test(message) }
      )
    case 401:
    case 403:
      return new ModelError(
        'MODEL_UNAUTHORIZED',
        `The model API refuses the key (${status}): check ANTHROPIC_API_KEY. ${said}`,
        { outage }
      )
    case 402:
      return new ModelError('MODEL_UNAUTHORIZED', `The model account cannot pay (402). ${said}`, {
        outage
      })
    case 404:
      return new ModelError(
        'MODEL_NOT_FOUND',
        `The model API knows no such model (404): check ANTHROPIC_MODEL. ${said}`,
        { outage }
      )
    case 429:
      return new ModelError('MODEL_RATE_LIMITED', `The model API limits the rate. ${said}`, {
        outage
      })
  }
  if (status === 408 || status === 409 || status >= 500) {
    return new ModelError(
      'MODEL_OVERLOADED',
      `The model API is overloaded or out of order (${status}). ${said}`,
      { outage }
    )
  }
  return toRefusal(status, message, said, outage, request)
}

function toRefusal (
  status: number,
  message: string,
  said: string,
  outage: Outage,
  { tools }: Pick<ModelRequest, 'tools'>
): ModelError {
  const tool = tools[Number(NAMED_TOOL.exec(message)?.[1] ?? NaN)]
  if (status === 400 && tool !== undefined) {
    return new ModelError(
      'MODEL_REFUSED_REQUEST',
      `The model API does not take the tool "${tool.name}" (400). ${said}`,
      { remedy: { kind: 'leave_out', toolName: tool.name } }
    )
  }
  if (status === 400 && SPEND_LIMIT.test(message)) {
    return new ModelError(
      'MODEL_UNAUTHORIZED',
      `The model account has spent what it may (400): raise its limit or wait. ${said}`,
      { outage }
    )
  }
  if (status === 413 || TOO_LONG.test(message)) {
    return new ModelError(
      'MODEL_REFUSED_REQUEST',
      `The conversation is too long for the model (${status}). ${said}`,
      { remedy: { kind: 'shorten' } }
    )
  }
  return new ModelError(
    'MODEL_REFUSED_REQUEST',
    `The model API refused the request (${status}): check ANTHROPIC_MODEL and the tools of the app. ${said}`
  )
}
