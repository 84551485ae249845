import t from 'tap'
import { openDatabase } from '../../src/platform/db/database.ts'
import { createPersona, startTestApp } from '../helpers/app.ts'
import {
  noBrowser,
  openBrowser,
  openPage,
  openSignedIn,
  sees,
  seriousIssues
} from '../helpers/browser.ts'
import { closedPort } from '../helpers/closed-port.ts'
import { VIEWER_KEY } from '../helpers/pages.ts'
import { startWorld } from '../helpers/world.ts'

t.test('every error state says what is wrong and what to do', { skip: noBrowser }, async t => {
  const browser = await openBrowser(t)
  const world = await startWorld(t, { env: { VIEWER_KEY } })
  const origin = await world.app.listen({ port: 0, host: '127.0.0.1' })

  await t.test('nobody and nothing is there yet', async t => {
    const page = await openSignedIn(browser, origin)
    await sees(t, page.getByText('There is no persona yet.'), 'the overview says so')
    t.same(await seriousIssues(page), [])
    await page.getByRole('link', { name: 'create one here' }).click()
    await sees(
      t,
      page.getByRole('heading', { name: 'New persona' }),
      'and leads to what comes next'
    )
    for (
      const [path, words] of [['/runs', 'No runs here.'], ['/modules', 'No module is known yet'], [
        '/personas',
        'There is nobody yet'
      ]] as const
    ) {
      await page.goto(path)
      await sees(t, page.getByText(words), path)
    }
    await page.context().close()
  })

  await t.test('an address that leads nowhere keeps the way to all other pages', async t => {
    const page = await openSignedIn(browser, origin)
    const answer = await page.goto('/runs/nothing')
    t.equal(answer?.status(), 404)
    await sees(t, page.getByRole('heading', { name: 'Nothing here' }), 'a run that is not there')
    await page.goto('/nowhere')
    await sees(t, page.getByText('There is no page at /nowhere.'), 'a page that is not there')
    await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Runs' })
      .click()
    await sees(t, page.getByRole('heading', { name: 'Runs' }), 'on it goes')
    await page.context().close()
  })

  await t.test('a reader who may change nothing is told at once', async t => {
    const page = await openSignedIn(browser, origin, { key: VIEWER_KEY })
    await sees(t, page.getByText('reading only'), 'on every page')
    await page.goto('/personas')
    t.equal(
      await page.getByRole('link', { name: /new persona|create/i }).count(),
      0,
      'no control that would not work'
    )
    t.equal((await page.goto('/personas/new'))?.status(), 403)
    await sees(t, page.getByText('You are signed in for reading only.'), 'why not')
    await page.getByRole('button', { name: 'Sign in with another key' }).click()
    await sees(t, page.getByRole('heading', { name: 'Sign in' }), 'what to do')
    await page.context().close()
  })

  await t.test('a run that failed says why, wherever it is shown, and can be run again', async t => {
    // Without an account in the app.
    await createPersona(world.app, { name: 'Mara' })
    await world.tick()
    const page = await openSignedIn(browser, origin)
    await page.goto('/runner')
    const broken = page.getByRole('listitem').filter({ hasText: 'Mara' })
    await sees(t, broken.getByText('failed', { exact: true }), 'the runner lists it')
    const code = await broken.locator('code').innerText()
    await broken.getByRole('link', { name: 'Mara' }).click()
    await sees(t, page.getByText(code).first(), 'its page names the same code')
    t.same(await seriousIssues(page), [])
    await page.goto('/runner')
    await broken.getByRole('button', { name: 'Run again' }).first().click()
    await sees(t, page.getByRole('heading', { name: /Mara’s day/ }), 'there it is again')
    await page.context().close()
  })

  await t.test('a wrong key is said at its field, and whoever guesses has to wait', async t => {
    const page = await openPage(browser, origin)
    await page.goto('/personas?tickCadence=daily')
    for (const attempt of [1, 2, 3]) {
      await page.getByLabel('Key').fill(`guess-${attempt}`)
      await page.getByRole('button', { name: 'Sign in' }).click()
      await sees(t, page.getByText('That is not the key.'), `guess ${attempt}`)
      t.equal(await page.getByLabel('Key').getAttribute('aria-invalid'), 'true')
    }
    // Each wrong one doubles the wait, so that some time a busy machine too is faster than the wait
    // is long.
    for (
      let waits = false;
      !waits;
      waits = await page.getByText(/Too many wrong keys\. Wait \d+ s/).isVisible()
    ) {
      await page.getByLabel('Key').fill('another guess')
      await page.getByRole('button', { name: 'Sign in' }).click()
      await page.locator('#problem').waitFor()
    }
    t.same(await seriousIssues(page), [])
    await page.context().close()
  })

  await t.test('without a database there is a page all the same', async t => {
    const url = `postgres://nobody@127.0.0.1:${await closedPort()}/nothing`
    const away = await startTestApp(t, {
      database: await openDatabase({ url, dataDir: '', poolSize: 1, onError: () => {} })
    })
    const page = await openPage(browser, await away.listen({ port: 0, host: '127.0.0.1' }))
    const answer = await page.goto('/')
    t.equal(answer?.status(), 503)
    await sees(t, page.getByText('this process waits for it'), 'what is wrong')
    t.same(await seriousIssues(page), [])
    await page.context().close()
  })
})
