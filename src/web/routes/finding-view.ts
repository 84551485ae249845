import type { FastifyInstance } from 'fastify'
import { newIssueLink } from '../../analysis/findings/issue-link.ts'
import { markdownOf } from '../../analysis/findings/markdown.ts'
import type { FindingDetail } from '../../analysis/findings/schemas.ts'
import { getApp } from '../../runner/apps/repository.ts'

/** A finding as text for an issue tracker, and the link that files it. */
export async function readFindingText (
  { database: { db }, apps, config }: FastifyInstance,
  finding: FindingDetail
): Promise<{ markdown: string, newIssueUrl: string | null }> {
  const address = config.PUBLIC_URL === undefined
    ? null
    : new URL(`/findings/${finding.id}`, config.PUBLIC_URL).href
  const markdown = markdownOf(finding, address)
  const { repository } = apps.settingsOf(await getApp(db, finding.app))
  return {
    markdown,
    newIssueUrl: repository === undefined
      ? null
      : newIssueLink(repository, finding.title, markdown)
  }
}
