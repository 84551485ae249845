import { once } from 'node:events'
import type { Page } from 'playwright-core'
import t from 'tap'
import { legalName } from '../../src/runner/tools/tool-names.ts'
import type { ScriptedReply } from 'scripted-claude/scripted-claude'
import { runNow } from '../../src/runner/runs/tick.ts'
import { noBrowser, openBrowser, openSignedIn, sees } from '../helpers/browser.ts'
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

const call = (title: string): ScriptedReply => ({
  text: `Ich notiere ${title}.`,
  toolCalls: [{ name: legalName('todo.create'), input: { title } }]
})

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
  const personaPage = await openSignedIn(browser, origin)
  await personaPage.goto(`/personas/${persona.id}`)

  const { runId } = await runNow(db, scheduler.queue, persona.id)
  await page.goto(`/runs/${runId}`)
  await page.getByText('Live', { exact: true }).waitFor()
  await page.evaluate(LISTEN)

  await t.test('each call and each word appears by itself', async t => {
    model.reply(call('Milch'))
    await sees(t, page.locator('#action-1').getByText('ok', { exact: true }), 'the call')
    await sees(t, page.getByText('Ich notiere Milch.'), 'the words')
    t.ok(await isTheSamePage(page), 'the page was not loaded again')
  })

  await t.test('the overview names who lives a day, and how far it is', async t => {
    await sees(
      t,
      overview.getByRole('heading', { name: 'Now in the app' }),
      'that somebody is there'
    )
    await sees(t, overview.getByRole('link', { name: 'Mara' }).first(), 'who')
    await sees(t, overview.getByText(/1 action in/), 'how far')
  })

  await t.test('its persona is said to be living a day', async t => {
    await sees(t, personaPage.getByRole('link', { name: 'living a day now' }), 'with a link to it')
    t.ok(await personaPage.getByRole('button', { name: 'Run now' }).isDisabled())
  })

  await t.test('what was unfolded stays so while more comes', async t => {
    await page.locator('#action-1 summary').click()
    await page.locator('#action-1').getByRole('heading', { name: 'What the app answered' })
      .waitFor()
    model.reply(call('Brot'))
    await page.locator('#action-2').getByText('ok', { exact: true }).waitFor()
    await sees(
      t,
      page.locator('#action-1 details[open]').getByRole('heading', {
        name: 'What the app answered'
      }),
      'still unfolded'
    )
  })

  await t.test('a stream that breaks is taken up again, and what happened meanwhile is there', async t => {
    server.closeAllConnections()
    model.reply(call('Butter'))
    await sees(
      t,
      page.locator('#action-3').getByText('ok', { exact: true }),
      'what happened meanwhile'
    )
    await page.getByText('Live', { exact: true }).waitFor()
    const heard: string[] = await page.evaluate('heard')
    t.ok(heard.includes('Reconnecting …'), 'the reader was told')
    t.equal(heard.at(-1), 'Live')
    t.ok(await isTheSamePage(page))
  })

  await t.test('the end of the day appears on every page, with what the persona makes of it', async t => {
    const modulePage = await openSignedIn(browser, origin)
    await modulePage.goto('/modules/todo')
    await modulePage.getByText('Live', { exact: true }).waitFor()
    await modulePage.evaluate(LISTEN)
    const rating = {
      module: 'todo',
      rating: 4,
      notes: 'Alles notiert.',
      evidence: [{ action: 1, quote: 'Milch' }]
    }
    model.reply({ text: 'Das war es.' }, {
      text: JSON.stringify({ ratings: [rating], daySummary: 'Ein guter Tag.' })
    })
    await sees(t, page.getByText('completed', { exact: true }), 'its state')
    await sees(t, page.getByText('Alles notiert.', { exact: true }), 'its words')
    t.equal(await page.getByRole('button', { name: 'Cancel this run' }).count(), 0)
    await overview.getByRole('heading', { name: 'Now in the app' }).waitFor({ state: 'detached' })
    await sees(
      t,
      overview.getByRole('region', { name: 'Modules' }).getByRole('link', { name: 'todo' }),
      'the module on the overview'
    )
    await sees(
      t,
      personaPage.getByRole('link', { name: /: 4$/ }).first(),
      'its rating among those of the persona'
    )
    await sees(
      t,
      modulePage.getByText('Alles notiert.', { exact: true }),
      'its words on the page of the module'
    )
    t.ok(await isTheSamePage(modulePage))
  })
})
