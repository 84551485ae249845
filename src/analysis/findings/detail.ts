import type { Queryable } from '../../platform/db/database.ts'
import {
  readDays,
  readEvidence,
  readFingerprints,
  readGroups,
  readMaybeSame,
  readVisits
} from './detail-queries.ts'
import { curlOf, stepSentence, type Step } from './repro.ts'
import { getRow, toFinding } from './read-findings.ts'
import type { FindingDetail } from './schemas.ts'
import { readQuiet } from './repository.ts'
import { listVerifications, readSteps } from './verifications-repository.ts'
import { sentencesOf, titleOf } from './words.ts'

/** Everything that is known of one finding. @throws FindingNotFoundError */
export async function describeFinding (db: Queryable, id: string): Promise<FindingDetail> {
  const row = await getRow(db, id)
  const finding = toFinding(row)
  const [
    archetypes,
    locales,
    days,
    fingerprints,
    evidence,
    visits,
    quiet,
    maybeSame,
    repro,
    verifications
  ] = await Promise.all([
    readGroups(db, row, 'archetype'),
    readGroups(db, row, 'locale'),
    readDays(db, id),
    readFingerprints(db, id),
    readEvidence(db, row),
    readVisits(db, row),
    finding.kind === 'verdict' || finding.state === 'resolved' ? null : readQuiet(db, [id]),
    readMaybeSame(db, row),
    readSteps(db, id),
    listVerifications(db, id)
  ])
  const told = { ...finding, archetypes, locales, visits }
  return {
    ...told,
    sentences: sentencesOf(told),
    quiet: finite(quiet?.get(id)),
    days,
    fingerprints,
    maybeSame: maybeSame.map(other => ({ id: other.id, title: titleOf(other) })),
    evidence,
    steps: (repro?.steps ?? []).map(toShown),
    verifications
  }
}

function toShown (step: Step, i: number): FindingDetail['steps'][number] {
  const { number, tool, references } = step
  return {
    number,
    tool,
    arguments: step.arguments,
    references,
    sentence: stepSentence(step),
    curl: curlOf(step, i + 1)
  }
}

type Quiet = NonNullable<FindingDetail['quiet']>

function finite (quiet: Quiet | undefined): Quiet | null {
  return quiet !== undefined && Number.isFinite(quiet.needed) ? quiet : null
}
