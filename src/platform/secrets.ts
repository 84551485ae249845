/**
 * Takes the key out of whatever others say: a proxy may repeat it in its words, `fetch` does so
 * when the key is no legal header or the address holds a password.
 */

/** Shorter ones are stand-ins' keys, and would be found in innocent words. */
const MIN_LENGTH = 6

/** Everything secret in how the model is reached. */
export function secretsOf (
  { apiKey, baseUrl }: { apiKey: string, baseUrl?: string | undefined }
): string[] {
  const url = baseUrl !== undefined && URL.canParse(baseUrl) ? new URL(baseUrl) : undefined
  const plain = [
    apiKey,
    apiKey.trim(),
    url?.username ?? '',
    url?.password ?? '',
    ...url?.searchParams.values() ?? []
  ]
  const spellings = plain.flatMap(
    secret => [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)]
  )
  return [...new Set(spellings)].filter(secret => secret.length >= MIN_LENGTH).sort((a, b) =>
    b.length - a.length
  )
}

/**
 * Takes out what a persona signs in with, wherever in an answer of the app it stands, and changes
 * the answer for that.
 */
export function hideIn<T> (answer: T, secrets: Iterable<string>): T {
  const known = knownAmong(secrets)
  if (known.length === 0) return answer
  const hide = hider(known)
  // A list that grows, and no recursion: an answer may nest as deep as it likes.
  const open: unknown[] = [answer]
  for (const item of open) {
    if (item === null || typeof item !== 'object') continue
    for (const [name, value] of Object.entries(item)) {
      const holder = item as Record<string, unknown>
      const shown = hide(name)
      if (shown !== name) delete holder[name]
      if (typeof value === 'string') holder[shown] = hide(value)
      else {
        if (shown !== name) holder[shown] = value
        open.push(value)
      }
    }
  }
  return answer
}

export function hider (secrets: Iterable<string>): (text: string) => string {
  const known = knownAmong(secrets)
  return text => known.reduce((rest, secret) => rest.replaceAll(secret, '[secret]'), text)
}

/** The longest first: one may be a part of another. */
function knownAmong (secrets: Iterable<string>): string[] {
  return [...secrets].filter(secret => secret.length >= MIN_LENGTH).sort((a, b) =>
    b.length - a.length
  )
}

/** What looks like a key is taken out too: it may be that of another account. */
const PATTERNS: [RegExp, string][] = [
  [/\bsk-ant-[\w-]+/g, '[key]'],
  [/\/\/[^/@\s]+@/g, '//[key]@'],
  [/\b(x-api-key|authorization)(["']?\s*[:=]\s*["']?)(?:bearer\s+)?[^\s"',}]+/gi, '$1$2[key]']
]

export function scrub (text: string, secrets: string[]): string {
  const known = secrets.reduce((rest, secret) => rest.replaceAll(secret, '[key]'), text)
  return PATTERNS.reduce((rest, [pattern, instead]) => rest.replace(pattern, instead), known)
}
