import { once } from 'node:events'
import type { Page } from 'playwright-core'
import t from 'tap'
import { legalName } from '../../src/agent/tool-names.ts'
import type { ScriptedReply } from '../../src/demo/scripted-claude/scripted-claude.ts'
import { runNow } from '../../src/runs/tick.ts'
import { noBrowser, openBrowser, openSignedIn } from '../helpers/browser.ts'
import { startWorld } from '../helpers/world.ts'

/** A model that answers when the test says so. */
function conductedModel () {
  const baton = new EventTarget()
  const replies: ScriptedReply[] = []
  return {
    script: async () => {
      while (replies.length === 0) await once(baton, 'reply')
      return replies.shift() ?? {}
    },
    reply (...more: ScriptedReply[]) {
      replies.push(...more)
      baton.dispatchEvent(new Event('reply'))
    }
  }
}

const call = (title: string): ScriptedReply => ({ text: `Ich notiere ${title}.`, toolCalls: [{ name: legalName('todo.create'), input: { title } }] })

/** What the page says about its stream from now on, however short. */
const LISTEN = `{
  const state = document.getElementById('live-state')
  globalThis.heard = []
  new MutationObserver(() => heard.push(state.textContent)).observe(state, { childList: true, characterData: true, subtree: true })
}`
const isTheSamePage = (page: Page) => page.evaluate("typeof heard === 'object'")

t.test('a day is watched while it is lived', { skip: noBrowser }, async t => {
  const model = conductedModel()
  const world = await startWorld(t, { script: model.script })
  const { database: { db }, scheduler, server } = world.app
  const origin = await world.app.listen({ port: 0, host: '127.0.0.1' })
  const persona = await world.persona({ name: 'Mara', locale: 'de' })
  const browser = await openBrowser(t)
  const page = await openSignedIn(browser, origin)
  const overview = await openSignedIn(browser, origin)

  const { runId } = await runNow(db, scheduler.queue, persona.id)
  await page.goto(`/runs/${runId}`)
  await page.getByText('Live', { exact: true }).waitFor()
  await page.evaluate(LISTEN)

  await t.test('each call and each word appears by itself', async t => {
    model.reply(call('Milch'))
    await page.locator('#action-1').getByText('ok', { exact: true }).waitFor()
    await page.getByText('Ich notiere Milch.').waitFor()
    t.ok(await isTheSamePage(page), 'the page was not loaded again')
  })

  await t.test('the overview names who lives a day, and how far it is', async () => {
    await overview.getByRole('heading', { name: 'Now in the app' }).waitFor()
    await overview.getByRole('link', { name: 'Mara' }).first().waitFor()
    await overview.getByText(/1 action in/).waitFor()
  })

  await t.test('what was unfolded stays so while more comes', async () => {
    await page.locator('#action-1 summary').click()
    await page.locator('#action-1').getByRole('heading', { name: 'What the app answered' }).waitFor()
    model.reply(call('Brot'))
    await page.locator('#action-2').getByText('ok', { exact: true }).waitFor()
    await page.locator('#action-1[class] details[open]').getByRole('heading', { name: 'What the app answered' }).waitFor()
  })

  await t.test('a stream that breaks is taken up again, and what happened meanwhile is there', async t => {
    server.closeAllConnections()
    model.reply(call('Butter'))
    await page.locator('#action-3').getByText('ok', { exact: true }).waitFor()
    await page.getByText('Live', { exact: true }).waitFor()
    const heard: string[] = await page.evaluate('heard')
    t.ok(heard.includes('Reconnecting …'), 'the reader was told')
    t.equal(heard.at(-1), 'Live')
    t.ok(await isTheSamePage(page))
  })

  await t.test('the end of the day appears too, with what the persona makes of it', async t => {
    const rating = { module: 'todo', rating: 4, notes: 'Alles notiert.', evidence: [{ action: 1, quote: 'Milch' }] }
    model.reply({ text: 'Das war es.' }, { text: JSON.stringify({ ratings: [rating], daySummary: 'Ein guter Tag.' }) })
    await page.getByText('completed', { exact: true }).waitFor()
    await page.getByText('Alles notiert.').waitFor()
    t.equal(await page.getByRole('button', { name: 'Cancel this run' }).count(), 0)
    await overview.getByRole('heading', { name: 'Now in the app' }).waitFor({ state: 'detached' })
    await overview.getByRole('region', { name: 'Modules' }).getByRole('link', { name: 'todo' }).waitFor()
  })
})
