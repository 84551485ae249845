import type { Page } from 'playwright-core'
import t from 'tap'
import { ADMIN_KEY, createPersona, startTestApp } from '../helpers/app.ts'
import { noBrowser, openBrowser, openPage, sees } from '../helpers/browser.ts'

/** The text, the name or the label of what has the focus. */
const focused = (page: Page): Promise<string> =>
  page.evaluate(
    '(({ textContent, labels, id }) => (labels?.[0]?.textContent ?? textContent).trim().split("\\n")[0].trim() || id)(document.activeElement)'
  )

/** Presses Tab until that has the focus; all that had it before. */
async function tabTo (page: Page, wanted: string): Promise<string[]> {
  const passed: string[] = []
  while (passed.length < 60) {
    await page.keyboard.press('Tab')
    const name = await focused(page)
    if (name === wanted) return passed
    passed.push(name)
  }
  throw new Error(`Tab never comes to "${wanted}", only to ${passed.join(', ')}`)
}

t.test('everything can be done with the keyboard alone', { skip: noBrowser }, async t => {
  const app = await startTestApp(t)
  await createPersona(app)
  const page = await openPage(
    await openBrowser(t),
    await app.listen({ port: 0, host: '127.0.0.1' })
  )

  await t.test('signing in', async t => {
    await page.goto('/')
    t.equal(await focused(page), 'Key', 'the only field has the focus at once')
    await page.keyboard.type(ADMIN_KEY)
    await page.keyboard.press('Enter')
    await sees(t, page.getByRole('navigation', { name: 'Pages' }), 'signed in')
  })

  await t.test('past the navigation to the content', async t => {
    await page.goto('/personas')
    await page.keyboard.press('Tab')
    t.equal(await focused(page), 'Skip to content')
    t.ok(
      await page.getByRole('link', { name: 'Skip to content' }).isVisible(),
      'who sees it knows where it is'
    )
    await page.keyboard.press('Enter')
    t.equal(await page.evaluate('document.activeElement.id'), 'main')
    await page.keyboard.press('Tab')
    t.equal(await focused(page), 'New persona', 'the next one is of the content')
  })

  await t.test('through the page in the order in which it is read', async t => {
    await page.goto('/personas')
    const passed = await tabTo(page, 'Mara')
    const main = [
      'Overview',
      'Personas',
      'Runs',
      'Modules',
      'Runner',
      'Sign out',
      'New persona',
      'Search',
      'Kind',
      'Rhythm',
      'Paused',
      'Filter'
    ]
    // The heads of the table sort it, and have the names of some filters.
    t.same([...new Set(passed)].filter(name => main.includes(name)), main)
    await page.keyboard.press('Enter')
    await sees(t, page.getByRole('heading', { level: 1, name: /Mara/ }), 'the persona')
  })

  await t.test('pausing a persona, and the diary', async t => {
    await tabTo(page, 'Pause')
    await page.keyboard.press('Enter')
    await sees(t, page.getByText('Paused: no tick takes it any more.'), 'paused')
    await tabTo(page, 'Rewrite the diary')
    await page.keyboard.press('Enter')
    await tabTo(page, 'What it keeps in mind of all days')
    await page.keyboard.type('Der Kalender ist langsam.')
    await tabTo(page, 'Save the diary')
    await page.keyboard.press('Enter')
    await sees(t, page.locator('.memory').getByText('Der Kalender ist langsam.'), 'written')
  })

  await t.test('what has the focus can be seen', async t => {
    await page.goto('/runner')
    await tabTo(page, 'Pause')
    const outline = await page.evaluate(
      'parseFloat(getComputedStyle(document.activeElement).outlineWidth)'
    )
    t.ok(Number(outline) >= 2, `${outline} px`)
  })
})
