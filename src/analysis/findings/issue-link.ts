/** The page of a tracker on which an issue is filed, already filled in. Pure. */

/** Servers refuse long addresses; GitHub takes 8 kB. */
const MAX_BODY_CHARS = 4000

/**
 * GitHub, and Gitea and Forgejo with it, take `title` and `body`; GitLab takes its own names.
 * @param repository its address, such as https://github.com/acme/app
 */
export function newIssueLink (repository: string, title: string, markdown: string): string {
  const base = repository.replace(/\/+$/, '').replace(/\.git$/, '')
  const body = markdown.length > MAX_BODY_CHARS
    ? `${markdown.slice(0, MAX_BODY_CHARS)}\n…`
    : markdown
  const isGitLab = /(^|\.)gitlab\./.test(new URL(base).hostname)
  return isGitLab
    ? `${base}/-/issues/new?${query({ 'issue[title]': title, 'issue[description]': body })}`
    : `${base}/issues/new?${query({ title, body })}`
}

const query = (fields: Record<string, string>) => new URLSearchParams(fields).toString()
