import t from 'tap'
import { startTestApp } from '../helpers/app.ts'
import {
  complaintsOf,
  noBrowser,
  openBrowser,
  openSignedIn,
  sees,
  seriousIssues
} from '../helpers/browser.ts'

t.test(
  'a persona is created and edited, with what is wrong said at its field',
  { skip: noBrowser },
  async t => {
    const app = await startTestApp(t)
    const origin = await app.listen({ port: 0, host: '127.0.0.1' })
    const page = await openSignedIn(await openBrowser(t), origin)
    const complaints = complaintsOf(page)

    await t.test('wrong fields keep what was typed, and say what they want', async t => {
      await page.goto('/personas')
      await page.getByRole('main').getByRole('link', { name: 'New persona' }).click()
      await page.getByLabel('Name').fill('Mara')
      await page.getByLabel('Email').fill('mara')
      await page.getByLabel('Kind of person').fill('researcher')
      await page.getByLabel('Character').fill('Du bist Mara.')
      await page.getByLabel('Time zone').fill('Mars/Olympus')
      await page.getByRole('button', { name: 'Save' }).click()

      const alert = page.getByRole('alert')
      await sees(t, alert.getByText('2 fields need another look'), 'nothing is saved')
      for (const [label, typed] of [['Email', 'mara'], ['Time zone', 'Mars/Olympus']] as const) {
        const field = page.getByRole('textbox', { name: label, exact: true })
        t.equal(await field.inputValue(), typed)
        t.equal(await field.getAttribute('aria-invalid'), 'true')
        const [errorId] = (await field.getAttribute('aria-describedby') ?? '').split(' ')
        t.ok(await page.locator(`#${errorId}`).isVisible(), `${label} says why`)
      }
      t.equal(await page.getByLabel('Character').inputValue(), 'Du bist Mara.')
      t.same(await seriousIssues(page), [])
      await alert.getByRole('link', { name: 'Time zone' }).click()
      t.equal(
        await page.evaluate('document.querySelector(":target").id'),
        'timeZone',
        'the summary leads to the field'
      )
    })

    await t.test('mended, it is created', async t => {
      await page.getByRole('textbox', { name: 'Email' }).fill('mara@personas.test')
      await page.getByRole('textbox', { name: 'Time zone' }).fill('Asia/Tokyo')
      await page.getByRole('button', { name: 'Save' }).click()
      await sees(t, page.getByText('Created. It is due at the next tick.'), 'it is there')
      await sees(t, page.getByText('Du bist Mara.'), 'with its character')
    })

    await t.test('edited, it is another version', async t => {
      await page.getByRole('link', { name: 'Edit' }).click()
      await page.getByLabel('Character').fill('Du bist Mara, und hast es eilig.')
      await page.getByLabel('Patience').fill('low')
      await page.getByRole('button', { name: 'Save' }).click()
      await sees(t, page.getByText('Saved.'), 'it is saved')
      await sees(t, page.getByText('40 points'), 'what was chosen by name has its number')
      t.match(
        await app.database.db.selectFrom('personas').select(['version', 'time_zone']).execute(),
        [{ version: 2, time_zone: 'Asia/Tokyo' }]
      )
    })

    await t.test('the email of another persona is refused at its field', async t => {
      await page.goto('/personas/new')
      for (
        const [label, value] of [['Name', 'Ben'], ['Email', 'mara@personas.test'], [
          'Kind of person',
          'ceo'
        ], ['Character', 'Du bist Ben.']] as const
      ) {
        await page.getByRole('textbox', { name: label }).fill(value)
      }
      await page.getByRole('button', { name: 'Save' }).click()
      await sees(
        t,
        page.locator('#email-error').getByText('Another persona already has the email'),
        'and why'
      )
    })

    await t.test('paused, it says so, and its diary can be written', async t => {
      await page.goto('/personas')
      await page.getByRole('link', { name: 'Mara' }).click()
      await page.getByRole('button', { name: 'Pause' }).click()
      await sees(t, page.getByRole('heading', { level: 1 }).getByText('paused'), 'paused')
      await page.getByText('Rewrite the diary').click()
      await page.getByLabel('What it keeps in mind of all days').fill('Der Kalender ist langsam.')
      await page.getByRole('button', { name: 'Save the diary' }).click()
      await sees(t, page.locator('.memory').getByText('Der Kalender ist langsam.'), 'it remembers')
    })

    t.same(complaints, [])
  }
)
