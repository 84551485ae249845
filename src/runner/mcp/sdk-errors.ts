import {
  ProtocolError,
  ProtocolErrorCode,
  SdkError,
  SdkErrorCode,
  UnsupportedProtocolVersionError
} from '@modelcontextprotocol/client'
import { HttpError, NoAnswerInTimeError, RevisionError, RpcError } from './failures.ts'
import type { RefusedResponse } from './watch.ts'
import { hider, hideIn } from '../../platform/secrets.ts'

/** What the errors of the SDK mean, in our own. */

/** How the SDK says that `initialize` was answered with a revision that it does not know. */
const UNKNOWN_REVISION = /^Server's protocol version is not supported: (.*)$/s

/** @param refusal what the last message was refused with, if it was: the SDK keeps less of it */
export function ownError (
  error: unknown,
  refusal: RefusedResponse | undefined,
  secrets: ReadonlySet<string>
): unknown {
  const hide = hider(secrets)
  if (error instanceof UnsupportedProtocolVersionError) {
    return new RevisionError(error.supported.map(hide))
  }
  if (error instanceof ProtocolError) {
    return new RpcError(
      error.code,
      hide(`MCP error ${error.code}: ${error.message}`),
      hideIn({ data: error.data }, secrets).data
    )
  }
  if (refusal !== undefined) return ofRefusal(refusal, hide)
  const revision = error instanceof Error ? UNKNOWN_REVISION.exec(error.message)?.[1] : undefined
  if (revision !== undefined) return new RevisionError([hide(revision)])
  return error instanceof SdkError ? ofSdk(error, secrets) : error
}

function ofRefusal (
  { status, body, headers, retryAfterMs }: RefusedResponse,
  hide: (text: string) => string
): Error {
  const revisions = revisionsIn(body)
  if (revisions.length > 0) return new RevisionError(revisions.map(hide))
  const shown = Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, hide(value)])
  )
  return new HttpError(status, hide(`HTTP ${status}${body === '' ? '' : `: ${body}`}`), {
    retryAfterMs,
    headers: shown,
    body: hide(body)
  })
}

function ofSdk (error: SdkError, secrets: ReadonlySet<string>): unknown {
  switch (error.code) {
    case SdkErrorCode.RequestTimeout:
      return new NoAnswerInTimeError(error.message)
    case SdkErrorCode.ClientHttpUnexpectedContent:
      return new HttpError(-1, hider(secrets)(error.message))
    // What the first look at a server's era failed of.
    case SdkErrorCode.EraNegotiationFailed:
      return error.cause === undefined ? error : ownError(error.cause, undefined, secrets)
    default:
      return error
  }
}

/** What a server tells that does not speak the revision of a request. */
function revisionsIn (body: string): string[] {
  try {
    const { error } = JSON.parse(body) as {
      error?: { code?: unknown, data?: { supported?: unknown } }
    }
    const supported = error?.code === ProtocolErrorCode.UnsupportedProtocolVersion
      ? error.data?.supported
      : undefined
    return Array.isArray(supported)
      ? supported.filter(revision => typeof revision === 'string')
      : []
  } catch {
    return []
  }
}
