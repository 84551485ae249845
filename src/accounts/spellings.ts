/**
 * How a service may repeat a secret in its words: as it is, in JSON, in JSON of ASCII alone (Python, PHP), in a form, in an
 * address, in HTML, in base64. Pure.
 */
export function spellingsOf (secret: string): string[] {
  const json = JSON.stringify(secret).slice(1, -1)
  const [ascii, loud] = [inAscii(json, hex => hex), inAscii(json, hex => hex.toUpperCase())]
  const form = new URLSearchParams({ '': secret }).toString().slice(1)
  const bytes = Buffer.from(secret)
  const spellings = [
    secret, json, ascii, loud, ascii.replaceAll('/', '\\/'), form, encodeURIComponent(secret.toWellFormed()), inHtml(secret),
    bytes.toString('base64').replace(/=+$/, ''), bytes.toString('base64url')
  ]
  return [...new Set(spellings)]
}

function inAscii (json: string, spell: (hex: string) => string): string {
  return json.replace(/[\u0080-\uffff]/g, unit => `\\u${spell(unit.charCodeAt(0).toString(16).padStart(4, '0'))}`)
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
const inHtml = (text: string) => text.replace(/[&<>"']/g, letter => ENTITIES[letter] ?? letter)
