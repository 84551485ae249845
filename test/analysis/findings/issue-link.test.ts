import t from 'tap'
import { newIssueLink } from '../../../src/analysis/findings/issue-link.ts'

t.test('GitHub and GitLab get the names that they know', async t => {
  const hub = new URL(newIssueLink('https://github.com/acme/app.git', 'a & b', '# c\n'))
  t.equal(`${hub.origin}${hub.pathname}`, 'https://github.com/acme/app/issues/new')
  t.same([...hub.searchParams], [['title', 'a & b'], ['body', '# c\n']])
  const lab = new URL(newIssueLink('https://gitlab.example.com/acme/app/', 'a', 'b'))
  t.equal(lab.pathname, '/acme/app/-/issues/new')
  t.same([...lab.searchParams], [['issue[title]', 'a'], ['issue[description]', 'b']])
})

t.test('a long text is cut, so that servers take the address', async t => {
  t.ok(newIssueLink('https://github.com/a/b', 'a', 'x'.repeat(100_000)).length < 8000)
})
