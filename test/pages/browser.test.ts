import type { Page } from 'playwright-core'
import t from 'tap'
import { complaintsOf, noBrowser, openBrowser, openSignedIn, seriousIssues } from '../helpers/browser.ts'
import { sequence } from '../helpers/scripts.ts'
import { startWorld } from '../helpers/world.ts'

/** Everything that a persona, a tool or an operator wrote, as somebody would write it who wants to break in. */
const evil = (where: string) => `</script></textarea>"'><script>window.hit='${where}'</script><img src=x onerror="window.hit='${where}'"><svg/onload=alert(1)>{{7*7}}<%= 7*7 %>`

t.test('in a real browser', { skip: noBrowser }, async t => {
  const day = [{ toolCalls: [{ name: 'todo.create', input: { title: evil('input') } }] }, { toolCalls: [{ name: 'todo.list', input: {} }] }, { text: evil('words') }]
  const world = await startWorld(t, { script: sequence(day), env: { PERSONA_CONCURRENCY: '4' } })
  const { db } = world.app.database
  const origin = await world.app.listen({ port: 0, host: '127.0.0.1' })
  const { id } = await world.persona({ name: evil('name'), archetype: evil('archetype').slice(0, 100), systemPrompt: evil('prompt') })
  await world.tick()
  const runId = (await db.selectFrom('runs').select('id').executeTakeFirstOrThrow()).id
  await db.updateTable('persona_actions').set({ result: 'error', blame: 'app', error_message: evil('error'), result_text: evil('result') }).where('ordinal', '=', 0).execute()
  await db.updateTable('runs').set({ day_summary: evil('summary'), state: 'failed', error_code: 'INTERNAL', error_message: evil('run error') }).execute()
  await db.insertInto('persona_feedback').values([1, 2, 3].map(i => ({
    id: `f${i}`, persona_id: id, tick_id: i === 1 ? runId : `other-${i}`, module: i === 1 ? 'todo' : evil('module').slice(0, 90), rating: 2, notes: evil('notes'), grounded: true, evidence: JSON.stringify([{ action: 1, quote: evil('quote') }]), model: evil('model'), prompt_version: 'v1', persona_version: 1
  }))).onConflict(conflict => conflict.doNothing()).execute()
  await db.insertInto('persona_diaries').values({
    persona_id: id, memory: evil('memory'), entries: JSON.stringify([{ date: '2026-11-20', did: evil('did'), annoyed: evil('annoyed'), plan: evil('plan') }])
  }).onConflict(conflict => conflict.column('persona_id').doUpdateSet({ memory: evil('memory') })).execute()
  await db.updateTable('runner_state').set({ paused: true, pause_reason: evil('pause') }).execute()

  const browser = await openBrowser(t)
  const paths = [
    '/', '/runner', '/personas', `/personas/${id}`, `/personas/${id}/edit`, '/personas/new', '/runs', `/runs/${runId}`, `/runs/${runId}/actions/1`,
    '/modules', '/modules/todo', `/modules/${encodeURIComponent(evil('module').slice(0, 90))}`, `/nothing/${encodeURIComponent('<b>')}`
  ]
  const settle = async (page: Page, path: string) => {
    await page.goto(path)
    await page.waitForLoadState('load')
    for (const summary of await page.locator('details:not([open]) > summary').all()) await summary.click()
    await page.waitForTimeout(300)
  }

  await t.test('what others wrote is shown as text and does nothing', async t => {
    const page = await openSignedIn(browser, origin)
    const complaints = complaintsOf(page)
    for (const path of paths) {
      await settle(page, path)
      t.equal(await page.evaluate('window.hit'), undefined, path)
      t.equal(await page.locator('main img, main script:not([src^="/assets/"]), main svg[onload]').count(), 0, `${path} has no element that was written into it`)
      t.notMatch(await page.locator('main').innerText(), /(?<!7\*7.*)49(?!\d)/, `${path} runs no template in a text`)
    }
    await page.goto('/')
    t.match(await page.locator('main').innerText(), evil('error'), 'and the text is all there')
    t.same(complaints, [])
  })

  for (const [name, options] of Object.entries({
    light: {}, dark: { colorScheme: 'dark' as const }, phone: { viewport: { width: 390, height: 844 } }
  })) {
    await t.test(`every page can be used by everyone, ${name}`, async t => {
      const page = await openSignedIn(browser, origin, options)
      for (const path of paths) {
        await settle(page, path)
        t.same(await seriousIssues(page), [], path)
        t.ok(await page.evaluate('document.documentElement.scrollWidth <= innerWidth'), `${path} does not scroll sideways`)
      }
      await page.getByRole('button', { name: 'Sign out' }).click()
      await page.waitForURL(`${origin}/sign-in`)
      t.same(await seriousIssues(page), [], 'the sign-in page')
      await page.context().close()
    })
  }

  await t.test('the overview shows a new day by itself, and times in the reader’s zone', async t => {
    await db.updateTable('runner_state').set({ paused: false, changed_at: new Date() }).execute()
    const page = await openSignedIn(browser, origin, { timezoneId: 'Asia/Tokyo' })
    await page.getByText('Live', { exact: true }).waitFor()
    const persona = await world.persona({ email: 'seen@personas.test', name: 'Seen Live' })
    await db.insertInto('runs').values({ persona_id: persona.id, persona_version: 1, state: 'acting', started_at: new Date(), queued_at: new Date() }).execute()
    await page.getByRole('link', { name: 'Seen Live' }).first().waitFor({ timeout: 5000 })
    await db.updateTable('runs').set({ state: 'completed', finished_at: new Date() }).where('persona_id', '=', persona.id).execute()
    await page.getByText('Now in the app').waitFor({ state: 'detached', timeout: 5000 })

    const queuedAt = new Date('2026-11-20T23:30:00Z')
    await db.updateTable('runs').set({ queued_at: queuedAt, started_at: queuedAt, finished_at: queuedAt }).where('persona_id', '=', persona.id).execute()
    await page.goto('/runs')
    await page.getByText('21 Nov 2026, 08:30').first().waitFor({ timeout: 5000 })
    await page.context().close()
  })

  await t.test('everything works without a script, in UTC', async t => {
    const page = await openSignedIn(browser, origin, { javaScriptEnabled: false })
    await page.goto('/runs')
    await page.getByText('2026-11-20 23:30 UTC').first().waitFor()
    await page.goto('/runner')
    await page.getByPlaceholder('Why (optional)').fill('by hand')
    await page.getByRole('button', { name: 'Pause' }).click()
    await page.getByText(/Paused since .*by hand/).waitFor()
    await page.getByRole('button', { name: 'Resume' }).click()
    await page.getByRole('button', { name: 'Pause' }).waitFor()
    await page.context().close()
  })

  await t.test('the stream comes back by itself after the server was away', async t => {
    const page = await openSignedIn(browser, origin)
    await page.getByText('Live', { exact: true }).waitFor()
    await page.context().setOffline(true)
    await page.evaluate('dispatchEvent(new PageTransitionEvent("pagehide")); dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true }))')
    await page.getByText('Reconnecting …').waitFor({ timeout: 5000 })
    await page.context().setOffline(false)
    await page.getByText('Live', { exact: true }).waitFor({ timeout: 10_000 })
    await page.context().close()
  })
})
