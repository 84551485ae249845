/**
 * How a service may repeat a secret in its words: as it is, without the blanks around it, in
 * another normal form of Unicode, in JSON, in JSON of ASCII alone (Python, PHP), in a form, in an
 * address, in HTML, in base64. Pure.
 */
export function spellingsOf (secret: string): string[] {
  const forms = [
    secret,
    secret.trim(),
    ...['NFC', 'NFD', 'NFKC'].map(form => secret.normalize(form))
  ]
  return [...new Set(forms.flatMap(encodingsOf))]
}

function encodingsOf (text: string): string[] {
  const json = JSON.stringify(text).slice(1, -1)
  const [ascii, loud] = [inAscii(json, hex => hex), inAscii(json, hex => hex.toUpperCase())]
  const form = new URLSearchParams({ '': text }).toString().slice(1)
  const bytes = Buffer.from(text)
  return [
    text,
    json,
    ascii,
    loud,
    ascii.replaceAll('/', '\\/'),
    form,
    encodeURIComponent(text.toWellFormed()),
    ...APOSTROPHES.map(apostrophe => inHtml(text, apostrophe)),
    bytes.toString('base64').replace(/=+$/, ''),
    bytes.toString('base64url')
  ]
}

function inAscii (json: string, spell: (hex: string) => string): string {
  return json.replace(
    /[\u0080-\uffff]/g,
    unit => `\\u${spell(unit.charCodeAt(0).toString(16).padStart(4, '0'))}`
  )
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
/** Of JavaScript, PHP and Python. */
const APOSTROPHES = ['&#39;', '&#039;', '&#x27;']
const inHtml = (text: string, apostrophe: string) =>
  text.replace(/[&<>"']/g, letter => ENTITIES[letter] ?? apostrophe)
