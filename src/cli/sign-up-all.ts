import { setTimeout as pause } from 'node:timers/promises'
import type { Store } from './open-store.ts'
import type { SignedUp } from '../runner/accounts/sign-up.ts'
import { signUpIn } from '../runner/apps/sign-up.ts'
import type { Persona } from '../personas/schemas.ts'

/**
 * Sign-up of a cast, one after the other: services allow few in a short time (Better Auth: three in
 * ten seconds).
 */

/**
 * In milliseconds: where a service turns sign-ups away and does not say for how long, and what it
 * is waited for at most.
 */
const WAIT_MS = 10_000
const LONGEST_WAIT_MS = 60_000
const TRIES = 5
const REQUEST_MS = 12_000

const SHOWN: Record<SignedUp['outcome'], string> = {
  created: 'signed up',
  exists: 'has an account',
  refused: 'refused',
  unanswered: 'unanswered',
  'not-tried': 'not tried'
}

/**
 * Says for each persona what became of it. @returns how many have no account for all that is known
 */
export async function signUpAll (
  { apps }: Pick<Store, 'apps'>,
  personas: Persona[]
): Promise<number> {
  const silent = new Map<string, string>()
  let failed = 0
  for (const persona of personas) {
    const { outcome, message } = await signUpUnlessSilent(apps, persona, silent)
    console.log(`${SHOWN[outcome]}  ${persona.email}${outcome === 'created' ? '' : `  ${message}`}`)
    if (outcome === 'unanswered' && !silent.has(persona.app)) silent.set(persona.app, persona.email)
    if (outcome === 'refused' || outcome === 'unanswered') failed++
  }
  return failed
}

/** An app that did not answer one persona is not asked for the next. */
async function signUpUnlessSilent (
  apps: Store['apps'],
  persona: Persona,
  silent: Map<string, string>
): Promise<SignedUp> {
  const before = silent.get(persona.app)
  if (before !== undefined) {
    return {
      outcome: 'unanswered',
      message: `Nothing was sent: the app "${persona.app}" did not answer for ${before}.`
    }
  }
  const connected = await apps.find(persona.app)
  for (let tries = 1;; tries++) {
    const result = await signUpIn(connected, persona, AbortSignal.timeout(REQUEST_MS))
    const { isTurnedAway = false, retryAfterMs = WAIT_MS } = result
    if (!isTurnedAway || tries === TRIES) return result
    const waitMs = Math.min(retryAfterMs, LONGEST_WAIT_MS)
    console.log(
      `waiting ${
        Math.ceil(waitMs / 1000)
      } s, as the app "${persona.app}" turns sign-ups away for now`
    )
    await pause(waitMs)
  }
}
