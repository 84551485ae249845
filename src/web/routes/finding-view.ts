import type { FastifyInstance } from 'fastify'
import { describeFinding } from '../../analysis/findings/detail.ts'
import { newIssueLink } from '../../analysis/findings/issue-link.ts'
import { markdownOf } from '../../analysis/findings/markdown.ts'
import { getApp } from '../../runner/apps/repository.ts'

/** A finding as text for an issue tracker, and the link that files it. */
export async function readFindingText (
  { database: { db }, apps, config }: FastifyInstance,
  id: string
): Promise<{ markdown: string, newIssueUrl: string | null }> {
  const finding = await describeFinding(db, id)
  const address = config.PUBLIC_URL === undefined
    ? null
    : new URL(`/findings/${id}`, config.PUBLIC_URL).href
  const markdown = markdownOf(finding, address)
  const { repository } = apps.settingsOf(await getApp(db, finding.app))
  return {
    markdown,
    newIssueUrl: repository === undefined
      ? null
      : newIssueLink(repository, finding.title, markdown)
  }
}
