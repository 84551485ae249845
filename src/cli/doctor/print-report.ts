import type { DoctorReport, Finding } from './schemas.ts'

/**
 * The report as a person reads it: a line for each finding, with what to do behind the arrow. Pure.
 */

const MARKS: Record<Finding['status'], string> = { ok: '✓', failed: '✗', not_checked: '–' }
const WIDTH = 'configuration'.length

export function printReport ({ ok, findings }: DoctorReport): string {
  const hasSeveralApps =
    new Set(findings.map(({ app }) => app).filter(app => app !== null)).size > 1
  const lines = findings.map(finding => lineOf(finding, hasSeveralApps))
  const problems = findings.filter(({ status }) => status === 'failed').length
  const end = ok
    ? 'Nothing stands in the way of a start.'
    : `${problems} of ${findings.length} checks failed.`
  return [...lines, '', end].join('\n')
}

function lineOf ({ check, app, status, says, todo }: Finding, namesApp: boolean): string {
  const about = namesApp && app !== null ? `${app}: ` : ''
  const why = status === 'not_checked' ? `not checked: ${says}` : says
  return `${MARKS[status]} ${check.padEnd(WIDTH)}  ${about}${why}${
    todo === null ? '' : ` → ${todo}`
  }`
}
