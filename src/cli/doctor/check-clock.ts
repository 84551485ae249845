import { thinFetch } from '../../platform/dial/thin-fetch.ts'
import { placeOf } from '../../runner/apps/connect.ts'
import { serverTime } from '../../personas/repository.ts'
import { failed, findingOf, notChecked, ok } from './finding.ts'
import type { Finding } from './schemas.ts'
import type { SetUpApp, Setup } from './setup.ts'
import { count } from './words.ts'

/**
 * This machine's clock beside others. The database's decides who is due, and this one when a token
 * ends: apart by minutes, tokens are renewed too late and days begin at other hours than the
 * records say.
 */

const TOLERANCE_S = 10
const TIMEOUT_MS = 10_000

const send = thinFetch()

interface OtherClock {
  name: string
  secondsAhead: number
}

/** @param asksModel whether the model's API may be asked */
export async function checkClock (
  setup: Setup,
  apps: SetUpApp[],
  asksModel: boolean
): Promise<Finding> {
  return findingOf('clock', {}, async () => {
    const clocks = [
      await ofDatabase(setup),
      asksModel ? await ofModel(setup) : null,
      ...await Promise.all(apps.map(app => ofApp(setup, app)))
    ].filter(clock => clock !== null)
    if (clocks.length === 0) {
      return notChecked(
        'clock',
        'neither the database, the model nor an app could be asked for the time'
      )
    }
    const told = clocks.map(({ name, secondsAhead }) => `${name} ${distance(secondsAhead)}`).join(
      ', '
    )
    const isApart = clocks.some(({ secondsAhead }) => Math.abs(secondsAhead) > TOLERANCE_S)
    const says = `${told} (tolerance ${TOLERANCE_S} s)`
    return isApart
      ? failed('clock', says, { todo: 'set the clocks of these machines by NTP' })
      : ok('clock', says)
  })
}

function distance (secondsAhead: number): string {
  const seconds = Math.round(Math.abs(secondsAhead))
  return seconds === 0
    ? 'agrees'
    : `is ${count(seconds, 'second')} ${secondsAhead > 0 ? 'ahead of' : 'behind'} this machine`
}

/** Against the middle of the time that the question took. */
async function ask (
  name: string,
  question: () => Promise<string | null>
): Promise<OtherClock | null> {
  const askedAt = Date.now()
  const answer = await question()
  const at = Date.parse(answer ?? '')
  return Number.isNaN(at) ? null : { name, secondsAhead: (at - (askedAt + Date.now()) / 2) / 1000 }
}

async function ofDatabase ({ store: { db } }: Setup): Promise<OtherClock | null> {
  return db === null ? null : ask('the database', () => serverTime(db))
}

const MODEL_API = 'https://api.anthropic.com'

/** Without a key: any answer carries the time, and costs nothing. */
async function ofModel ({ config }: Setup): Promise<OtherClock | null> {
  if (config.ANTHROPIC_API_KEY === undefined) return null
  return ask("the model's API", async () => {
    const response = await send(config.ANTHROPIC_BASE_URL ?? MODEL_API, {
      method: 'HEAD',
      signal: AbortSignal.timeout(TIMEOUT_MS)
    })
    await response.body?.cancel()
    return response.headers.get('date')
  }).catch(() => null)
}

/**
 * By the header `Date`, which counts whole seconds. An app that does not answer is told of
 * elsewhere.
 */
async function ofApp (
  { dialler }: Setup,
  { name, settings: { mcpUrl } }: SetUpApp
): Promise<OtherClock | null> {
  return ask(`the app ${name}`, async () => {
    const response = await dialler.dialFor(placeOf(name, 'mcpUrl'))(mcpUrl, {
      method: 'HEAD',
      signal: AbortSignal.timeout(TIMEOUT_MS)
    })
    await response.body?.cancel()
    return response.headers.get('date')
  }).catch(() => null)
}
