/* global document, location, fetch, DOMParser */

/**
 * The command palette and the keys. The palette shows the list of /search; without this script
 * that page does the same.
 *
 * / or Ctrl-K: palette. ?: list of keys. g and then o, m, r, p, l or s: a page.
 */

const PAGES = {
  o: ['/', 'Overview'],
  p: ['/personas', 'Personas'],
  r: ['/runs', 'Runs'],
  m: ['/modules', 'Modules'],
  l: ['/releases', 'Releases'],
  s: ['/runner', 'Runner']
}

function element (name, attributes = {}, ...children) {
  const made = document.createElement(name)
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value)
  made.append(...children)
  return made
}

/* The palette */

const input = element('input', {
  type: 'search',
  'aria-label': 'Find a module, persona, release or run',
  placeholder: 'Module, persona, release or run id',
  maxlength: '200'
})
const list = element('div', { class: 'found', 'aria-live': 'polite' })
const palette = element('dialog', { class: 'palette', 'aria-label': 'Search' }, input, list)
let asked = 0

function showPages () {
  const links = Object.values(PAGES).map(([href, name]) =>
    element('li', {}, element('a', { href }, name))
  )
  list.replaceChildren(element('ul', { class: 'rows hits' }, ...links))
}

async function find () {
  const text = input.value.trim()
  const mine = ++asked
  if (text === '') return showPages()
  const response = await fetch(`/search?q=${encodeURIComponent(text)}`, {
    headers: { 'x-live': '1' }
  }).catch(() => undefined)
  if (mine !== asked) return
  if (response === undefined || !response.ok) {
    list.textContent = 'The server does not answer. Type again to retry.'
    return
  }
  const page = new DOMParser().parseFromString(await response.text(), 'text/html')
  list.replaceChildren(...page.getElementById('hits')?.childNodes ?? [])
}

const links = () => [...list.querySelectorAll('a')]

palette.addEventListener('keydown', event => {
  const all = links()
  const at = all.indexOf(document.activeElement)
  if (event.key === 'ArrowDown') (all[at + 1] ?? all[0])?.focus()
  else if (event.key === 'ArrowUp') (at > 0 ? all[at - 1] : input)?.focus()
  else if (event.key === 'Enter' && at < 0) all[0]?.click()
  else return
  event.preventDefault()
})
input.addEventListener('input', find)

/* The list of keys */

const KEYS = [
  ['/ or Ctrl K', 'search'],
  ...Object.entries(PAGES).map(([key, [, name]]) => [`g ${key}`, name]),
  ['?', 'this list'],
  ['Esc', 'close']
]
const help = element(
  'dialog',
  { class: 'palette', 'aria-label': 'Keys' },
  element('h2', { class: 'first' }, 'Keys'),
  element(
    'dl',
    { class: 'facts' },
    ...KEYS.flatMap(([key, what]) => [
      element('dt', {}, element('kbd', {}, key)),
      element('dd', {}, what)
    ])
  ),
  element('form', { method: 'dialog' }, element('button', { class: 'secondary' }, 'Close'))
)

function open (dialog) {
  if (!dialog.isConnected) document.body.append(dialog)
  if (!dialog.open) dialog.showModal()
}

function openPalette () {
  open(palette)
  input.value = ''
  showPages()
  input.focus()
}

/* Keys */

let isAfterG = false
document.addEventListener('keydown', event => {
  const isPalette = event.key.toLowerCase() === 'k' && (event.ctrlKey || event.metaKey)
  const isWriting = event.target.matches?.('input, textarea, select')
  const wasAfterG = isAfterG
  isAfterG = false
  if (isPalette) openPalette()
  else if (isWriting || event.ctrlKey || event.metaKey || event.altKey) return
  else if (event.key === '/') openPalette()
  else if (event.key === '?') open(help)
  else if (event.key === 'g') isAfterG = true
  else if (wasAfterG && PAGES[event.key] !== undefined) location.assign(PAGES[event.key][0])
  else return
  event.preventDefault()
})

document.querySelector('a.search')?.addEventListener('click', event => {
  event.preventDefault()
  openPalette()
})
