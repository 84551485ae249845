import t from 'tap'
import { legalName } from '../../src/runner/tools/tool-names.ts'
import type { Script } from 'scripted-claude/scripted-claude'
import { noBrowser, openBrowser, openSignedIn } from '../helpers/browser.ts'
import { startWorld } from '../helpers/world.ts'

const COMPLAINT = 'Der Kalender nimmt keine Termine am Nachmittag.'

/** Meets the planted fault of the sample app, and complains about it with evidence. */
const complain: Script = (_request, { index }) =>
  [
    { toolCalls: [{ name: legalName('todo.list'), input: {} }] },
    {
      toolCalls: [{
        name: legalName('calendar.create'),
        input: { title: 'Chorprobe', start: '2026-11-25T19:00' }
      }]
    },
    { text: 'Dann eben nicht.' },
    {
      text: JSON.stringify({
        ratings: [
          {
            module: 'todo',
            rating: 4,
            notes: '#1 ging gut',
            evidence: [{ action: 1, quote: '"title"' }]
          },
          {
            module: 'calendar',
            rating: 1,
            notes: COMPLAINT,
            evidence: [{ action: 2, quote: 'could not save event' }]
          }
        ]
      })
    }
  ][index] ?? { text: '' }

t.test('in three clicks from the overview to the very tool result behind a complaint', {
  skip: noBrowser
}, async t => {
  const world = await startWorld(t, { script: complain })
  const origin = await world.app.listen({ port: 0, host: '127.0.0.1' })
  await world.persona({ name: 'Mara', locale: 'de' })
  t.match(await world.tick(), { ranSuccessfully: 1 })
  const page = await openSignedIn(await openBrowser(t), origin)

  await t.test('module, problem, result', async () => {
    const worst = page.getByRole('region', { name: 'Modules' }).getByRole('row').nth(1)
    await worst.getByRole('link', { name: 'calendar' }).click()
    await page.getByRole('heading', { level: 1, name: 'calendar' }).waitFor()
    const problem = page.getByRole('article').filter({ hasText: 'calendar.create' })
    await problem.getByText(COMPLAINT).waitFor()
    await problem.getByRole('link', { name: 'Result of #2' }).click()
    await page.getByRole('heading', { name: 'What the app answered' }).waitFor()
  })

  await t.test('there stand its arguments and the words it quoted, marked', async t => {
    const [input, result] = await page.locator('pre').allInnerTexts()
    t.match(input, /"title": "Chorprobe"/)
    t.match(result, 'Internal error: could not save event (CAL-500)')
    t.equal(await page.locator('pre mark').innerText(), 'could not save event')
  })

  await t.test('and from there it is one click to where it happened, with the result unfolded on demand', async t => {
    await page.getByRole('link', { name: 'In the day' }).click()
    const action = page.locator('#action-2')
    // Who comes by a citation finds it unfolded.
    await action.getByRole('heading', { name: 'What the app answered' }).waitFor()
    t.match(await action.locator('pre').last().innerText(), 'CAL-500')
    t.match(page.url(), /#action-2$/)
    const other = page.locator('#action-1')
    await other.getByText('Arguments and result').click()
    await other.getByText('"title"').first().waitFor()
  })

  await t.test('a citation beside what the persona says jumps to its action', async t => {
    await page.getByRole('article').filter({ hasText: COMPLAINT }).getByRole('link', { name: '#2' })
      .click()
    t.match(page.url(), /#action-2$/)
    t.equal(
      await page.getByText(COMPLAINT).first().getAttribute('lang'),
      'de',
      'and is marked as German'
    )
  })
})
