import { HttpError, NoAnswerInTimeError, RevisionError, RpcError } from './failures.ts'
import { STATELESS_REVISION } from './answer.ts'
import { NoSseServerError } from './sse.ts'
import { openSession, type Session, type SessionOptions, type Way } from './session.ts'

/**
 * In which era of the protocol an app is spoken to: found out once, kept for the app as long as the
 * process lives, and forgotten when it proves wrong.
 */

const KEPT = 256
const ways = new Map<string, Way>()

export function isEraKnown (url: string): boolean {
  return ways.has(url)
}

export function forgetEra (url: string): void {
  ways.delete(url)
}

/** @throws as `openSession` */
export async function openInItsEra (
  options: SessionOptions,
  signal: AbortSignal
): Promise<Session> {
  const kept = ways.get(options.url)
  const session = kept === undefined
    ? await findOut(options, signal)
    : await openSession(options, kept, signal)
  ways.delete(options.url)
  ways.set(options.url, session.way)
  for (const oldest of ways.keys()) if (ways.size > KEPT) ways.delete(oldest)
  return session
}

async function findOut (options: SessionOptions, signal: AbortSignal): Promise<Session> {
  let way: Way | undefined = { over: 'http' }
  const failures: unknown[] = []
  while (way !== undefined) {
    try {
      return await openSession(options, way, signal)
    } catch (error) {
      failures.push(error)
      way = signal.aborted ? undefined : wayAfter(way, error)
    }
  }
  // The last resort fails of not being one, which says less than what came before.
  throw failures.length > 1 && failures.at(-1) instanceof NoSseServerError
    ? failures.at(-2)
    : failures.at(-1)
}

/**
 * Statuses with which a server of 2024-11-05 says that nothing is posted to where its stream is.
 */
const NOT_TO_BE_POSTED_TO = [400, 404, 405, 406, 415, 501]

function wayAfter (way: Way, error: unknown): Way | undefined {
  if (way.over === 'sse') return undefined
  const askedFirst = way.prior === undefined
  if (error instanceof RevisionError && askedFirst && error.theirs.includes(STATELESS_REVISION)) {
    return WITHOUT_DISCOVERY
  }
  if (error instanceof RpcError || error instanceof RevisionError) return undefined
  // Servers with sessions may fail of a request that comes before `initialize`, or never answer it.
  const fails = error instanceof NoAnswerInTimeError ||
    (error instanceof HttpError && error.status === 500)
  if (fails && askedFirst) return { over: 'http', prior: { kind: 'legacy' } }
  return error instanceof HttpError && NOT_TO_BE_POSTED_TO.includes(error.status)
    ? { over: 'sse' }
    : undefined
}

/** For a server that takes nothing but this revision, and does not tell what it can. */
const WITHOUT_DISCOVERY: Way = {
  over: 'http',
  prior: {
    kind: 'modern',
    discover: {
      resultType: 'complete',
      supportedVersions: [STATELESS_REVISION],
      capabilities: { tools: {} },
      ttlMs: 0,
      cacheScope: 'private'
    }
  }
}
