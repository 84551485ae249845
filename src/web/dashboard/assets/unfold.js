/* global document, window, location, fetch, DOMParser */

/**
 * A run's page holds no arguments and results: they are fetched when somebody unfolds them. Without
 * this, a link leads there.
 */

async function unfold (details) {
  const place = details.querySelector('.unfolded')
  if (place === null || place.dataset.state !== undefined) return
  place.dataset.state = 'loading'
  const response = await fetch(details.dataset.unfold, { headers: { 'x-live': '1' } }).catch(() =>
    undefined
  )
  if (response?.status === 401) return location.reload()
  // The link in it stays, and the next opening tries again.
  if (response === undefined || !response.ok) return delete place.dataset.state
  const page = new DOMParser().parseFromString(await response.text(), 'text/html')
  place.prepend(...document.importNode(page.body, true).childNodes)
  place.dataset.state = 'loaded'
}

/** Who comes by a citation wants to read what it cites. */
function openTarget () {
  const target = /^#action-\d+$/.test(location.hash)
    ? document.getElementById(location.hash.slice(1))
    : null
  const details = target?.querySelector('details[data-unfold]')
  if (details) details.open = true
}

document.addEventListener('toggle', event => {
  if (event.target.open && event.target.dataset?.unfold !== undefined) unfold(event.target)
}, true)
window.addEventListener('hashchange', openTarget)
openTarget()
