import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { BrowserContextOptions, Page } from 'playwright-core'
import t from 'tap'
import {
  DESK,
  noBrowser,
  openBrowser,
  openPage,
  openSignedIn,
  overflowOf,
  PHONE,
  seriousIssues,
  type Looked
} from '../helpers/browser.ts'
import { startLivedCast, type LivedCast } from '../helpers/lived-cast.ts'

// Forty pages, each looked at by axe: too much for a busy machine in the usual time.
t.setTimeout(480_000)

/** `PICTURES=1` makes pictures of all pages, for eyes; git ignores the folder. */
const PICTURES = join(import.meta.dirname, '../.pictures')

const LOOKS: Record<string, { looked: Looked, options: BrowserContextOptions }> = {
  light: { looked: 'all', options: { ...DESK, colorScheme: 'light' } },
  dark: { looked: 'contrast', options: { ...DESK, colorScheme: 'dark' } },
  phone: { looked: 'all but contrast', options: { ...PHONE, colorScheme: 'light' } }
}

async function picture (page: Page, name: string, options = {}): Promise<void> {
  if (process.env.PICTURES === undefined) return
  mkdirSync(PICTURES, { recursive: true })
  await page.screenshot({ path: join(PICTURES, `${name}.png`), ...options })
}

t.test(
  'every page can be used by everyone, in light, in dark and on a phone',
  { skip: noBrowser },
  async t => {
    const cast = await startLivedCast(t, { personas: 5, days: 3 })
    const pages = await addressesOf(cast)
    const browser = await openBrowser(t)
    for (const [look, { looked, options }] of Object.entries(LOOKS)) {
      await t.test(look, async t => {
        const stranger = await openPage(browser, cast.origin, options)
        await stranger.goto('/sign-in')
        t.same(await seriousIssues(stranger, looked), [], 'axe finds nothing serious on sign-in')
        await picture(stranger, `sign-in-${look}`)
        await stranger.context().close()

        const page = await openSignedIn(browser, cast.origin, options)
        for (const [name, path] of Object.entries(pages)) {
          await page.goto(path)
          await picture(page, `${name}-${look}`, { fullPage: true })
          await unfoldAll(page)
          t.same(await seriousIssues(page, looked), [], `axe finds nothing serious on ${name}`)
          t.equal(await overflowOf(page), 0, `${name} does not scroll sideways`)
        }
        await page.context().close()
      })
    }
  }
)

t.test('what keeps people from using a page is found', { skip: noBrowser }, async t => {
  const page = await openPage(await openBrowser(t), 'http://127.0.0.1')
  await page.setContent(
    '<html lang="en"><title>x</title><main style="width: 2000px"><button></button></main></html>'
  )
  t.match(await seriousIssues(page), [/^button-name/])
  t.equal(await overflowOf(page) > 0, true)
  t.match(await seriousIssues(page, 'all but contrast'), [/^button-name/])
  await page.setContent(
    '<html lang="en"><title>x</title><main style="color: #aaa; background: #fff">pale</main></html>'
  )
  t.match(await seriousIssues(page, 'contrast'), [/^color-contrast/])
  t.same(await seriousIssues(page, 'all but contrast'), [])
})

async function addressesOf (
  { app: { database: { db } }, personas: [persona] }: LivedCast
): Promise<Record<string, string>> {
  const { tick_id: run, ordinal } = await db.selectFrom('persona_actions').select([
    'tick_id',
    'ordinal'
  ])
    .where('blame', '=', 'app').where('module', '=', 'calendar').orderBy('created_at', 'desc')
    .executeTakeFirstOrThrow()
  return {
    overview: '/',
    personas: '/personas',
    persona: `/personas/${persona?.id}`,
    'persona-new': '/personas/new',
    'persona-edit': `/personas/${persona?.id}/edit`,
    runs: '/runs',
    run: `/runs/${run}`,
    action: `/runs/${run}/actions/${ordinal + 1}`,
    modules: '/modules',
    'modules-friction': '/modules?show=friction',
    module: '/modules/calendar',
    'modules-change': '/modules?show=change',
    releases: '/releases',
    release: '/releases/2.4.0',
    'release-beside': '/releases/2.4.0?with=2.3.0',
    search: '/search?q=a',
    runner: '/runner',
    tools: '/tools',
    'not-found': '/nowhere'
  }
}

/** What is folded is part of the page too, and some of it is fetched only then. */
async function unfoldAll (page: Page): Promise<void> {
  await page.evaluate(
    "document.querySelectorAll('details').forEach(details => { details.open = true })"
  )
  await page.locator('details[data-unfold] .unfolded:not([data-state="loaded"])').first().waitFor({
    state: 'detached'
  })
}
