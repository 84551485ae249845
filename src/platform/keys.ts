/**
 * Keys that open routes. Each has a name of its own (`kid`), which stands in logs in place of the
 * key, so that an operator sees which one is still in use before taking it away. Pure.
 */

export interface Key {
  kid: string
  secret: string
}

const WORLDS = ['service', 'admin', 'viewer', 'deploy'] as const
/**
 * What a key opens: the internal routes, the admin routes and pages, both of the latter for
 * reading, or the one route that announces a release.
 */
export type World = typeof WORLDS[number]
export type Keys = Record<World, Key[]>

/** The kid of the key in `SERVICE_KEY`, `ADMIN_KEY` or `VIEWER_KEY`, which has no place for one. */
const SINGLE_KID = 'single'

const ENTRY = '[A-Za-z0-9._-]{1,32}:[^\\s,]{8,}'
/** Up to four `kid:secret`, separated by commas. */
export const KEY_LIST = `^\\s*${ENTRY}(\\s*,\\s*${ENTRY}){0,3}\\s*$`

/** The key that may stand alone and those of the list, in this order. */
function readKeys (single: string | undefined, list: string | undefined): Key[] {
  return [
    ...(single === undefined ? [] : [{ kid: SINGLE_KID, secret: single }]),
    ...readKeyList(list ?? '')
  ]
}

/** @param list as KEY_LIST; the first colon of an entry ends its kid */
export function readKeyList (list: string): Key[] {
  return list.split(',').map(entry => entry.trim()).filter(entry => entry !== '').map(entry => {
    const colon = entry.indexOf(':')
    return { kid: entry.slice(0, colon), secret: entry.slice(colon + 1) }
  })
}

const SEED_ENTRY = '[1-9]\\d{0,2}:[^\\s,]{16,}'
/** Up to four `version:secret`, separated by commas. */
export const SEED_SECRET_LIST = `^\\s*${SEED_ENTRY}(\\s*,\\s*${SEED_ENTRY}){0,3}\\s*$`

interface SeedVariables {
  PERSONA_SEED_SECRET?: string | undefined
  PERSONA_SEED_SECRETS?: string | undefined
}

/**
 * What the passwords of personas are derived from, by version. The first is for new personas; the
 * secret that stands alone is version 1.
 */
export function readSeedSecrets (
  { PERSONA_SEED_SECRET: single, PERSONA_SEED_SECRETS: list }: SeedVariables
): Map<number, string> {
  const listed = readKeyList(list ?? '').map(({ kid, secret }) => [Number(kid), secret] as const)
  return new Map([...listed, ...(single === undefined ? [] : [[1, single] as const])])
}

/** The version of a persona that is made now. */
export function newestSeedVersion (env: SeedVariables): number {
  const [first = 1] = readSeedSecrets(env).keys()
  return first
}

/** What makes the list useless in any environment. */
export function seedSecretProblems (
  { PERSONA_SEED_SECRET: single, PERSONA_SEED_SECRETS: list }: SeedVariables
): string[] {
  const versions = [
    ...readKeyList(list ?? '').map(key => key.kid),
    ...(single === undefined ? [] : ['1'])
  ]
  const twice = versions.find((version, i) => versions.indexOf(version) !== i)
  if (twice === undefined) return []
  const alone = single !== undefined && twice === '1' ? '; PERSONA_SEED_SECRET is version 1' : ''
  return [`PERSONA_SEED_SECRETS must name each version once ("${twice}" is there twice${alone})`]
}

/** All keys of an environment that its schema has let through. */
export function keysOf (env: Partial<Record<string, unknown>>): Keys {
  const text = (name: string) => typeof env[name] === 'string' ? env[name] : undefined
  const of = (name: string) => readKeys(text(`${name}_KEY`), text(`${name}_KEYS`))
  return { service: of('SERVICE'), admin: of('ADMIN'), viewer: of('VIEWER'), deploy: of('DEPLOY') }
}

/** What makes keys useless in any environment, never with a key in it. */
export function keyProblems (env: Record<string, string>): string[] {
  const keys = keysOf(env)
  const lines = WORLDS.flatMap(world => {
    const twice = keys[world].map(key => key.kid).find((kid, i, kids) => kids.indexOf(kid) !== i)
    return twice === undefined
      ? []
      : [
        `${world.toUpperCase()}_KEYS must name each key differently ("${twice}" is there twice${
          twice === SINGLE_KID ? `; so is ${world.toUpperCase()}_KEY called` : ''
        })`
      ]
  })
  const admin = keys.admin.map(key => key.secret)
  if (keys.viewer.some(key => admin.includes(key.secret))) {
    const name = env.VIEWER_KEY !== undefined && admin.includes(env.VIEWER_KEY)
      ? 'VIEWER_KEY'
      : 'VIEWER_KEYS'
    lines.push(
      `${name} must differ from ADMIN_KEY and ADMIN_KEYS, or whoever may only read may do everything`
    )
  }
  return lines
}
