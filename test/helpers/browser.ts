import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { chromium, type Browser, type BrowserContext, type BrowserContextOptions, type Page } from 'playwright-core'
import { ADMIN_KEY } from './app.ts'

/** A real Chromium, where there is one: Debian's, or the one that CHROMIUM names. */

const PATH = process.env.CHROMIUM ?? '/usr/bin/chromium'
const QUIET = ['--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync']

/** What `t.test` takes as `skip`: false, or why. */
export const noBrowser: false | string = existsSync(PATH) ? false : `no browser at ${PATH}; install Debian's chromium, or name one in CHROMIUM`

interface Teardown { teardown (fn: () => Promise<void>): void }

export async function openBrowser (t: Teardown): Promise<Browser> {
  const browser = await chromium.launch({ executablePath: PATH, args: ['--no-sandbox', '--headless', '--disable-gpu', ...QUIET] })
  t.teardown(() => browser.close())
  return browser
}

/** Everything that a page complains about, other than an answer that is an error on purpose. */
export function complaintsOf (page: Page): string[] {
  const complaints: string[] = []
  page.on('pageerror', error => complaints.push(error.message))
  page.on('dialog', dialog => { complaints.push(`dialog: ${dialog.message()}`); dialog.dismiss().catch(() => {}) })
  page.on('console', message => {
    if (message.type() === 'error' && !message.text().includes('Failed to load resource')) complaints.push(message.text())
  })
  return complaints
}

/** A browser of its own that is signed in. */
export async function openSignedIn (browser: Browser, origin: string, options: BrowserContextOptions = {}): Promise<Page> {
  const context: BrowserContext = await browser.newContext({ baseURL: origin, ...options })
  const page = await context.newPage()
  await page.goto('/sign-in')
  await page.getByLabel('Key').fill(ADMIN_KEY)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.waitForURL(`${origin}/`)
  return page
}

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** What axe-core finds serious or worse on the page as it is now, one line each. */
export async function seriousIssues (page: Page): Promise<string[]> {
  // Past the policy of the page, which lets no script of ours in either.
  const devtools = await page.context().newCDPSession(page)
  const evaluate = async (expression: string) =>
    (await devtools.send('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true })).result.value
  await evaluate(AXE)
  const found = await evaluate(`axe.run().then(({ violations }) => violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => id + ': ' + nodes.map(node => node.html).join(' | ').slice(0, 500)))`)
  await devtools.detach()
  return found
}
