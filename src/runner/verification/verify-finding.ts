import { fingerprintOf } from '../../analysis/findings/fingerprint.ts'
import { readFingerprints } from '../../analysis/findings/detail-queries.ts'
import { getRow } from '../../analysis/findings/read-findings.ts'
import type { Step } from '../../analysis/findings/repro.ts'
import type { Verification } from '../../analysis/findings/schemas.ts'
import { addVerification, readSteps } from '../../analysis/findings/verifications-repository.ts'
import { getPersona } from '../../personas/repository.ts'
import type { Persona } from '../../personas/schemas.ts'
import type { Queryable } from '../../platform/db/database.ts'
import { AppError, FindingConflictError } from '../../platform/errors.ts'
import type { ConnectedApp } from '../apps/connect.ts'
import type { Toolbox, ToolOutcome } from '../tools/toolbox.ts'
import { replay, type Replay } from './replay.ts'

/** Whether a finding is still there: its calls are made again, and no model is asked. */

/** Kinds that one call shows; the others take a whole day of a persona. */
const REPLAYED: ReadonlySet<string> = new Set(['error', 'contract', 'slow'])
export const isReplayed = (kind: string) => REPLAYED.has(kind)
const TIME_LIMIT_MS = 120_000

interface Asked {
  finding: string
  /** Whose account is used; left out: that of the persona that met it. */
  personaId?: string | undefined
}

/**
 * @throws FindingNotFoundError, PersonaNotFoundError
 * @throws FindingConflictError when nothing can be replayed, or the persona lives just now
 */
export async function verifyFinding (
  db: Queryable,
  connected: (app: string) => Promise<ConnectedApp>,
  { finding: id, personaId }: Asked
): Promise<Verification> {
  const row = await getRow(db, id)
  const repro = isReplayed(row.kind) ? await readSteps(db, id) : null
  if (repro === null) {
    throw new FindingConflictError(
      `Finding ${id} (${row.kind}) has no calls that can be made again. Let personas live a day instead.`
    )
  }
  const persona = await getPersona(db, personaId ?? repro.personaId)
  if (persona.app !== row.app) {
    throw new FindingConflictError(
      `personaId: ${persona.name} lives in the app ${persona.app}, and finding ${id} is of ${row.app}.`
    )
  }
  await mustNotLive(db, persona)
  const replayed = await replayAs(persona, await connected(row.app), repro.steps)
  const { transcript } = replayed
  const keys = new Set((await readFingerprints(db, id)).map(({ fingerprint }) => fingerprint))
  const judged = replayed.ended === 'early'
    ? { outcome: 'cannot_be_replayed' as const, why: replayed.why }
    : judge(replayed.last, { ...row, keys, slowMs: repro.slowMs })
  return addVerification(db, id, persona.id, { ...judged, transcript })
}

/** An app that lets the persona not in, or is out of order, ends the replay early. */
async function replayAs (
  persona: Persona,
  { accounts, openToolbox, toolPolicy: policy }: ConnectedApp,
  steps: readonly Step[]
): Promise<Replay> {
  const signal = AbortSignal.timeout(TIME_LIMIT_MS)
  let toolbox: Toolbox | undefined
  try {
    toolbox = await openToolbox(await accounts.signIn(persona, signal), signal)
    return await replay(steps, { toolbox, policy, signal })
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    return { ended: 'early', why: `${error.code}: ${error.message}`, transcript: [] }
  } finally {
    await toolbox?.close()
  }
}

async function mustNotLive (db: Queryable, { id, name }: { id: string, name: string }) {
  const open = await db.selectFrom('runs').select('id').where('persona_id', '=', id)
    .where('finished_at', 'is', null).executeTakeFirst()
  if (open === undefined) return
  throw new FindingConflictError(
    `${name} lives in the app just now (run ${open.id}). Wait for its end, or name another persona.`
  )
}

interface Sought {
  app: string
  kind: string
  module: string
  tool: string | null
  keys: ReadonlySet<string>
  slowMs: number
}

function judge (
  { result, errorMessage, latencyMs }: ToolOutcome,
  { keys, slowMs, ...sought }: Sought
): Pick<Verification, 'outcome' | 'why'> {
  const { app, kind, module, tool } = sought
  if (result === 'ok') {
    const isSlow = kind === 'slow' && latencyMs > slowMs
    return { outcome: isSlow ? 'still_there' : 'gone', why: null }
  }
  const blame = kind === 'contract' ? 'persona' : 'app'
  const { key } = fingerprintOf({ app, kind, module, tool, blame, message: errorMessage })
  return keys.has(key)
    ? { outcome: 'still_there', why: null }
    : { outcome: 'other_error', why: errorMessage }
}
