import type { AppSettings } from './schemas.ts'

/** What no schema can say of an app's settings. Pure. */

interface Circumstances {
  hasClientSecret: boolean
  /** PERSONA_SEED_SECRET is set. */
  hasSeedSecret: boolean
  /** ENCRYPTION_KEYS is set. */
  hasKeys: boolean
  isProduction: boolean
}

/** One line for each thing that is wrong. */
export function problemsOf (settings: AppSettings, circumstances: Circumstances): string[] {
  const inProduction = circumstances.isProduction ? unfitForProduction(settings, circumstances) : []
  return [...missing(settings, circumstances), ...unfitAddresses(settings), ...inProduction]
}

function missing (
  { accounts, authUrl, oauthClientId }: AppSettings,
  { hasClientSecret, hasSeedSecret }: Circumstances
): string[] {
  const needed: [field: string, isThere: boolean, kinds: AppSettings['accounts'][]][] = [
    ['body/authUrl must be set', authUrl !== undefined, ['password']],
    ['PERSONA_SEED_SECRET must be set in the environment', hasSeedSecret, ['password']],
    ['body/oauthClientId must be set', oauthClientId !== undefined, [
      'client-credentials',
      'refresh-token'
    ]],
    ['body/oauthClientSecret must be set', hasClientSecret, ['client-credentials']]
  ]
  return needed.filter(([, isThere, kinds]) => !isThere && kinds.includes(accounts)).map(([what]) =>
    `${what}, because accounts is ${accounts}`
  )
}

/** `fetch` takes no address with a password in it; and it would stand in messages. */
function unfitAddresses (settings: AppSettings): string[] {
  return (['mcpUrl', 'authUrl', 'oauthTokenUrl'] as const).flatMap(field => {
    const text = settings[field]
    if (text === undefined) return []
    if (!URL.canParse(text)) return [`body/${field} cannot be read as an address`]
    const { username, password } = new URL(text)
    return username + password === ''
      ? []
      : [
        `body/${field} must not hold a user or a password before the @: such an address cannot be called`
      ]
  })
}

/** As `production.ts` has it for the first app. */
function unfitForProduction (
  { accounts, oauthTokenUrl }: AppSettings,
  { hasKeys }: Circumstances
): string[] {
  const isStored = accounts === 'headers' || accounts === 'refresh-token'
  const asksForTokens = accounts === 'client-credentials' || accounts === 'refresh-token'
  return [
    ...(isStored && !hasKeys
      ? [
        `ENCRYPTION_KEYS must be set in the environment, because accounts is ${accounts}: nothing is stored without`
      ]
      : []),
    ...(asksForTokens && oauthTokenUrl === undefined
      ? [
        `body/oauthTokenUrl must be set in production, because accounts is ${accounts}: else the app itself would say who gets its secrets`
      ]
      : []),
    ...(oauthTokenUrl?.startsWith('http:')
      ? [
        'body/oauthTokenUrl must begin with https:// in production, or secrets could be read on the way'
      ]
      : [])
  ]
}
