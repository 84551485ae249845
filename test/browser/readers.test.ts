import t from 'tap'
import { createPersona, startTestApp } from '../helpers/app.ts'
import { noBrowser, openBrowser, openSignedIn, sees } from '../helpers/browser.ts'
import { insightRows } from '../helpers/insight-rows.ts'

t.test('readers in other places, and without a script', { skip: noBrowser }, async t => {
  const app = await startTestApp(t, {
    env: { ANTHROPIC_API_KEY: 'unused', MCP_URL: 'http://127.0.0.1:9/mcp' }
  })
  const { db } = app.database
  const origin = await app.listen({ port: 0, host: '127.0.0.1' })
  const browser = await openBrowser(t)
  const { id } = await createPersona(app, { timeZone: 'America/New_York', locale: 'de' })
  const at = new Date('2026-11-20T23:30:00Z')
  const rows = insightRows(db)
  await rows.run('one', id, {
    queued_at: at,
    started_at: at,
    finished_at: at,
    day_summary: 'Alles erledigt.',
    app_version: '1.0'
  })
  await rows.run('two', id, { app_version: '2.0' })
  for (const [run, rating] of [['one', 2], ['two', 5]] as const) {
    await rows.visit(run, 'todo')
    await rows.rating(run, 'todo', rating, { notes: `Note ${rating}` })
  }

  await t.test('times are those of the reader, with the persona’s own beside them', async t => {
    const page = await openSignedIn(browser, origin, { timezoneId: 'Asia/Tokyo' })
    await page.goto('/runs/one')
    const began = page.locator('time[data-zone]').first()
    await sees(t, began.getByText('21 Nov 2026, 08:30'), 'in Tokyo')
    await sees(t, began.getByText('(Fri 18:30 in America/New_York)'), 'in New York')
    t.equal(
      await page.getByText('Alles erledigt.').getAttribute('lang'),
      'de',
      'its words are marked as German'
    )
    t.equal(await page.locator('html').getAttribute('lang'), 'en')
    await page.context().close()
  })

  await t.test('without a script everything works, in UTC', async t => {
    const page = await openSignedIn(browser, origin, { javaScriptEnabled: false })
    await page.goto('/runs')
    await sees(t, page.getByText('2026-11-20 23:30 UTC'), 'a date')
    await page.goto('/runner')
    await page.getByPlaceholder('Why (optional)').fill('by hand')
    await page.getByRole('button', { name: 'Pause' }).click()
    await sees(t, page.getByText(/Paused since .*by hand/), 'paused')
    await page.getByRole('button', { name: 'Resume' }).click()
    await sees(t, page.getByRole('button', { name: 'Pause' }), 'resumed')
    await page.context().close()
  })

  await t.test('a release is picked, and stays picked in the address', async t => {
    const page = await openSignedIn(browser, origin)
    await page.goto('/modules/todo?days=90')
    t.equal(await page.getByText(/^Note/).count(), 2)
    await page.getByLabel('Release').selectOption('2.0')
    await page.getByRole('button', { name: 'Show' }).click()
    await page.waitForURL(/appVersion=2\.0/)
    await sees(t, page.getByText('Note 5'), 'what was said under it')
    t.equal(await page.getByText('Note 2').count(), 0, 'and nothing else')
    t.match(page.url(), /days=90/, 'the other filters stay')
    await page.reload()
    t.equal(await page.getByLabel('Release').inputValue(), '2.0')
    await page.getByLabel('Release').selectOption('all')
    await page.getByRole('button', { name: 'Show' }).click()
    await sees(t, page.getByText('Note 2'), 'all again')
    await page.context().close()
  })
})
