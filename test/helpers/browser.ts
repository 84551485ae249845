import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import {
  chromium,
  type Browser,
  type BrowserContextOptions,
  type Locator,
  type Page
} from 'playwright-core'
import { ADMIN_KEY } from './app.ts'
import { onServer } from './database.ts'

/** A real Chromium, where one is installed. */

const USUAL_PATHS = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/snap/bin/chromium',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome'
]
const executablePath = USUAL_PATHS.find(path => existsSync(path))
const FLAGS = [
  '--headless=new',
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync'
]
/** A busy machine takes its time; only what never comes is an error. */
const PATIENCE_MS = 60_000

/** What `t.test` takes as `skip`: false, or why nothing can be tested. */
export const noBrowser: false | string = executablePath === undefined
  ? 'no browser found; apt-get install chromium brings one'
  : onServer && 'a browser is shown the pages on embedded storage; test/pages asks for them on both'

interface Teardown {
  teardown(fn: () => Promise<void>): void
}

/** One for a whole file, with a profile of its own that is gone afterwards. */
export async function openBrowser (t: Teardown): Promise<Browser> {
  const browser = await chromium.launch({ executablePath, args: FLAGS, timeout: 2 * PATIENCE_MS })
  t.teardown(() => browser.close())
  return browser
}

export const PHONE: BrowserContextOptions = {
  viewport: { width: 390, height: 844 },
  deviceScaleFactor: 2,
  isMobile: true,
  hasTouch: true
}
export const DESK: BrowserContextOptions = { viewport: { width: 1280, height: 900 } }

/** A stranger: a page with cookies of its own. */
export async function openPage (
  browser: Browser,
  origin: string,
  options: BrowserContextOptions = {}
): Promise<Page> {
  const context = await browser.newContext({ baseURL: origin, ...DESK, ...options })
  context.setDefaultTimeout(PATIENCE_MS)
  return context.newPage()
}

/** A reader who has signed in through the form. */
export async function openSignedIn (
  browser: Browser,
  origin: string,
  { key = ADMIN_KEY, ...options }: BrowserContextOptions & { key?: string } = {}
): Promise<Page> {
  const page = await openPage(browser, origin, options)
  await page.goto('/sign-in')
  await page.getByLabel('Key').fill(key)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('navigation', { name: 'Pages' }).waitFor()
  return page
}

/** Waits until it can be seen, which a busy machine may take a while for. */
export async function sees (
  t: { ok(value: unknown, message: string): unknown },
  locator: Locator,
  what: string
): Promise<void> {
  await locator.waitFor()
  t.ok(true, what)
}

/**
 * Everything that a page complains about from now on: script errors, refusals by its policy,
 * dialogs.
 */
export function complaintsOf (page: Page): string[] {
  const complaints: string[] = []
  page.on('pageerror', error => complaints.push(error.message))
  page.on('dialog', dialog => {
    complaints.push(`dialog: ${dialog.message()}`)
    dialog.dismiss().catch(() => {})
  })
  page.on('console', message => {
    // An answer that is an error on purpose is named like that.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) {
      complaints.push(message.text())
    }
  })
  return complaints
}

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const runAxe = (options: object) =>
  `axe.run(${JSON.stringify(options)}).then(({ violations }) => violations
  .filter(({ impact }) => impact === 'serious' || impact === 'critical')
  .map(({ id, nodes }) => id + ': ' + nodes.map(node => node.html.slice(0, 200) + ' ' + (node.any[0]?.message ?? '')).join(' | ').slice(0, 900)))`

/**
 * Contrast follows the colours and all else does not, so no page needs both to be looked at in
 * every look.
 */
export type Looked = 'all' | 'contrast' | 'all but contrast'

const RULES: Record<Looked, object> = {
  all: {},
  contrast: { runOnly: ['color-contrast'] },
  'all but contrast': { rules: { 'color-contrast': { enabled: false } } }
}

/** What axe-core finds serious or critical on the page as it is now, one line each. */
export async function seriousIssues (page: Page, looked: Looked = 'all'): Promise<string[]> {
  // By the debugger: the page's policy lets in no script but its own.
  await page.evaluate(AXE)
  return page.evaluate(runAxe(RULES[looked]))
}

/**
 * By how many pixels the page is wider than the window. Not by its `innerWidth`: a phone zooms out
 * until everything fits.
 */
export async function overflowOf (page: Page): Promise<number> {
  const width: number = await page.evaluate('document.scrollingElement.scrollWidth')
  return Math.max(0, width - (page.viewportSize()?.width ?? 0))
}
