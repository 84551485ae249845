import { annotationsOf, VARIABLES } from '../../platform/config.ts'
import { hideIn } from '../../platform/secrets.ts'
import { readKeyList } from '../../platform/keys.ts'

/**
 * Takes every secret of the environment out of what is to be shown: an app, a proxy or a database
 * may repeat one in its words.
 */
export function hideSecrets<T> (shown: T, env: Record<string, string | undefined>): T {
  const secrets = VARIABLES.filter(name => annotationsOf(name)?.secret).flatMap(name => {
    const value = env[name] ?? ''
    const parts = annotationsOf(name)?.list ? readKeyList(value).map(({ secret }) => secret) : []
    const password = URL.canParse(value) ? new URL(value).password : ''
    return [value, ...parts, password, decodeURIComponent(password)]
  })
  return hideIn(shown, secrets)
}
