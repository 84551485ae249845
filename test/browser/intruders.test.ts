import { sql } from 'kysely'
import t from 'tap'
import { addLooks } from '../../src/analysis/verdicts/looks-repository.ts'
import type { ModuleLook } from '../../src/analysis/verdicts/release-verdict.ts'
import { createPersona, startTestApp } from '../helpers/app.ts'
import { complaintsOf, noBrowser, openBrowser, openSignedIn } from '../helpers/browser.ts'
import { insightRows } from '../helpers/insight-rows.ts'

/**
 * What somebody would write who wants to break into a page. It says where it stood, should it ever
 * run.
 */
const evil = (where: string) =>
  `${where}</script></textarea></title>"'><script>window.hit='${where}'</script><img src=x onerror="window.hit='${where}'">` +
  `<svg/onload="alert('${where}')"><a href="javascript:alert(1)">x</a><style>main{display:none}</style><base href="//evil.test/">`

const LOOK: ModuleLook = {
  day: 2,
  state: 'worse',
  reason: null,
  daysBefore: 9,
  rating: null,
  friction: null,
  daysNeeded: null,
  errors: null,
  groups: [{ by: 'archetype', group: evil('group'), personas: 5, delta: -1 }]
}

t.test('whatever a persona, a tool or an operator wrote is text and does nothing', {
  skip: noBrowser
}, async t => {
  const app = await startTestApp(t, {
    env: { ANTHROPIC_API_KEY: 'unused', MCP_URL: 'http://127.0.0.1:9/mcp' }
  })
  const { db } = app.database
  const origin = await app.listen({ port: 0, host: '127.0.0.1' })
  const module = evil('module').slice(0, 128)
  const { id } = await createPersona(app, {
    name: evil('name').slice(0, 200),
    archetype: evil('kind').slice(0, 100),
    systemPrompt: evil('prompt')
  })
  const rows = insightRows(db)
  await rows.run('r', id, {
    state: 'failed',
    error_code: 'INTERNAL',
    error_message: evil('error'),
    day_summary: evil('summary'),
    costliest_module: module,
    model: evil('model'),
    prompt_version: evil('prompts'),
    app_version: evil('release').slice(0, 100)
  })
  const content = [{ type: 'text', text: evil('words') }, {
    type: 'tool_use',
    id: 'a',
    name: 'x',
    input: { [evil('key')]: evil('input') }
  }]
  await db.insertInto('messages').values({
    run_id: 'r',
    seq: 1,
    phase: 'acting',
    role: 'assistant',
    content: JSON.stringify(content)
  }).execute()
  await rows.action('r', 1, evil('tool'), {
    module,
    message_seq: 1,
    tool_use_id: 'a',
    result: 'error',
    blame: 'app',
    error_message: evil('refusal'),
    result_text: JSON.stringify({ answer: evil('result') })
  })
  await rows.visit('r', module, { friction: 50, app_errors: 1 })
  await rows.rating('r', module, 1, {
    notes: evil('notes'),
    evidence: JSON.stringify([{ action: 1, quote: evil('quote') }]) as never
  })
  await db.insertInto('persona_feedback').values({
    id: 'r-__parse',
    tick_id: 'r',
    persona_id: id,
    module: '__parse',
    raw_text: evil('raw'),
    notes: evil('why')
  }).execute()
  const entry = {
    date: evil('date'),
    did: evil('did'),
    annoyed: evil('annoyed'),
    plan: evil('plan')
  }
  await db.insertInto('persona_diaries').values({
    persona_id: id,
    memory: evil('memory'),
    entries: JSON.stringify([entry])
  }).execute()
  const version = evil('version').slice(0, 100)
  await db.insertInto('releases').values({
    version,
    at: sql`now()`,
    notes: evil('changes'),
    commit_id: evil('commit').slice(0, 100),
    link: 'https://evil.test/"onmouseover="window.hit=1',
    touches: JSON.stringify([evil('touched')])
  }).execute()
  await addLooks(db, { app: 'main', releases: [version] }, [{ module, looks: [LOOK] }])
  await db.insertInto('known_tools').values({
    app: 'main',
    tool_name: evil('tool').slice(0, 128),
    module
  }).execute()
  await db.insertInto('tools_set_aside').values({
    app: 'main',
    tool_name: evil('aside').slice(0, 128),
    reason: 'schema',
    why: evil('reason'),
    definition_hash: null,
    model: null
  }).execute()
  await db.updateTable('runner_state').set({ paused: true, pause_reason: evil('pause') }).execute()

  const page = await openSignedIn(await openBrowser(t), origin)
  const complaints = complaintsOf(page)
  for (
    const [path, shown] of Object.entries({
      '/': ['refusal', 'notes', 'pause'],
      '/personas': ['name', 'kind'],
      [`/personas/${id}`]: ['name', 'prompt', 'memory', 'did', 'annoyed', 'plan', 'summary'],
      [`/personas/${id}/edit`]: ['name'],
      '/runs': ['name', 'error', 'summary'],
      '/runs/r': [
        'name',
        'error',
        'words',
        'notes',
        'quote',
        'refusal',
        'why',
        'raw',
        'result',
        'input'
      ],
      '/runs/r/actions/1': ['tool', 'input', 'result'],
      '/modules': ['module'],
      [`/modules/${encodeURIComponent(module)}`]: ['module', 'refusal', 'notes', 'changes', 'tool'],
      '/releases': ['version', 'changes'],
      [`/releases/${encodeURIComponent(version)}`]: [
        'version',
        'changes',
        'commit',
        'touched',
        'module',
        'group'
      ],
      '/tools': ['tool', 'aside', 'reason'],
      '/runner': ['pause', 'error'],
      [`/${encodeURIComponent(evil('path'))}`]: []
    })
  ) {
    await t.test(path.slice(0, 60), async t => {
      await page.goto(path)
      await page.evaluate(
        "document.querySelectorAll('details').forEach(details => { details.open = true })"
      )
      await page.locator('details[data-unfold] .unfolded:not([data-state="loaded"])').first()
        .waitFor({ state: 'detached' })
      const text = await page.locator('main').textContent() ?? ''
      for (const where of shown) {
        t.ok(text.includes(`${where}</script>`), `${where} is there, as text`)
      }
      t.equal(await page.evaluate('window.hit'), undefined, 'no script has run')
      const intruders = page.locator(
        'img:not([alt=""]), main script:not([src^="/assets/"]), svg[onload], [href^="javascript:"], main style, base'
      )
      t.equal(await intruders.count(), 0, 'no element was written into it')
    })
  }
  t.same(complaints, [], 'not even the policy had anything to refuse')
})
