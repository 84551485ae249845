import { parseArgs } from 'node:util'

/** What `npm run demo` was asked for. */
export interface DemoOptions {
  days: number
  /** Keep serving after the report. */
  stay: boolean
  /** What the personas speak. */
  locale: Locale
}

type Locale = 'de' | 'en'

export const HELP = `npm run demo [-- --days N] [--locale de|en] [--stay | --exit]

Ten personas sign in to a sample app, use it through MCP and rate it. You watch their first day;
27 more days follow at once, with two releases of the app. Without ANTHROPIC_API_KEY a scripted
stand-in plays the personas.
  --days N  live N days, from 1 to 60; default: 28, and 1 with your own key, which costs money
  --locale  what the personas speak: de or en; default: as your terminal
  --stay    keep serving afterwards, until Ctrl-C (what happens in a terminal)
  --exit    end after the report (what happens otherwise)
PORT=8080 npm run demo serves the pages on that port.`

const DEFAULT_DAYS = 28
const MAX_DAYS = 60

/**
 * @param terminal the locale of the terminal, such as `de-AT`
 * @returns null where help was asked for
 * @throws Error with a sentence for the terminal
 */
export function readOptions (
  args: string[],
  { hasKey, isTerminal, terminal }: { hasKey: boolean, isTerminal: boolean, terminal: string }
): DemoOptions | null {
  const { values } = parseArgs({
    args,
    options: {
      days: { type: 'string' },
      locale: { type: 'string' },
      stay: { type: 'boolean' },
      exit: { type: 'boolean' },
      help: { type: 'boolean' }
    }
  })
  if (values.help === true) return null
  return {
    days: values.days === undefined ? (hasKey ? 1 : DEFAULT_DAYS) : daysOf(values.days),
    stay: values.stay ?? (values.exit !== true && isTerminal),
    locale: values.locale === undefined ? nearest(terminal) : localeOf(values.locale)
  }
}

function daysOf (text: string): number {
  const days = Number(text)
  if (/^\d+$/.test(text) && days >= 1 && days <= MAX_DAYS) return days
  throw new Error(`--days must be a whole number from 1 to ${MAX_DAYS} (it is "${text}").`)
}

const nearest = (terminal: string): Locale => terminal.startsWith('de') ? 'de' : 'en'

function localeOf (text: string): Locale {
  if (text === 'de' || text === 'en') return text
  throw new Error(`--locale must be de or en (it is "${text}").`)
}
