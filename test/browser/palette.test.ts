import t from 'tap'
import { complaintsOf, noBrowser, openBrowser, openSignedIn, sees } from '../helpers/browser.ts'
import { startTestApp } from '../helpers/app.ts'
import { plantMonth } from '../helpers/planted-month.ts'

t.test(
  'the month is read by keyboard: search, sort, save, follow',
  { skip: noBrowser },
  async t => {
    const app = await startTestApp(t)
    await plantMonth(app.database.db)
    const origin = await app.listen({ port: 0, host: '127.0.0.1' })
    const page = await openSignedIn(await openBrowser(t), origin)
    const complaints = complaintsOf(page)
    // Keys are heard from the load event on, which waits for the scripts.
    await page.goto('/')

    await t.test('/ finds a module, and Enter opens it', async t => {
      await page.keyboard.press('/')
      await page.keyboard.type('note')
      await page.getByRole('dialog').getByRole('link', { name: 'notes' }).waitFor()
      await page.keyboard.press('Enter')
      await page.getByRole('heading', { level: 1, name: 'notes' }).waitFor()
      t.match(page.url(), /\/modules\/notes$/)
    })

    await t.test('a point of the plot tells its value on focus and leads to its day', async t => {
      const point = page.locator('svg.plot a').last()
      await point.focus()
      await sees(t, point.locator('.value'), 'the value is seen')
      await page.keyboard.press('Enter')
      await page.getByRole('heading', { level: 1, name: 'Runs' }).waitFor()
      t.match(page.url(), /module=notes&from=\d{4}-\d\d-\d\d/)
    })

    await t.test('a column sorts, and what is seen is saved as CSV', async t => {
      const table = page.getByRole('region', { name: 'Runs' })
      await table.getByRole('button', { name: 'Persona' }).press('Enter')
      const names = await table.locator('tbody th').allInnerTexts()
      t.same(names, names.toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true })))
      const saving = page.waitForEvent('download')
      await page.getByRole('button', { name: 'Runs as CSV' }).press('Enter')
      t.equal((await saving).suggestedFilename(), 'runs.csv')
    })

    await t.test('g and a letter open a page, ? lists the keys', async t => {
      await page.keyboard.press('?')
      await sees(t, page.getByRole('dialog', { name: 'Keys' }), 'the keys are listed')
      await page.keyboard.press('Escape')
      await page.keyboard.press('g')
      await page.keyboard.press('o')
      await sees(t, page.getByRole('heading', { name: 'What changed' }), 'the overview')
    })

    t.same(complaints, [])
  }
)
