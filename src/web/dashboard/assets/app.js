/* global document, window, location, fetch, DOMParser, EventSource, getSelection, CSS */

/**
 * All the script there is: times in the reader's zone, and live regions. Without it every page
 * works, and shows UTC.
 *
 * A live region is an element with an id and `data-live="topic another"` (topics:
 * src/web/dashboard/live-marks.ts). When one of them changes, it is fetched again: from `data-src`,
 * which answers what stands in it, or else as the element with the same id in the page itself.
 */

const WHEN = { day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit' }
const here = new Intl.DateTimeFormat('en-GB', WHEN)
/** The server's clock counts: what it says is three seconds old is not from the future. */
const skewMs = Date.parse(document.body.dataset.now ?? '') - Date.now() || 0
const now = () => Date.now() + skewMs

/* Times */

function showTimes (root) {
  for (const time of root.querySelectorAll('time[datetime]')) {
    const at = new Date(time.dateTime)
    if (time.hasAttribute('data-ago')) time.title = here.format(at)
    else if (!time.hasAttribute('data-since')) showDate(time, at)
  }
  countTimes(root)
}

function showDate (time, at) {
  time.textContent = here.format(at)
  const zone = time.dataset.zone
  if (zone === undefined) return
  try {
    const there = new Intl.DateTimeFormat('en-GB', {
      weekday: 'short',
      hour: '2-digit',
      minute: '2-digit',
      timeZone: zone
    })
    if (here.resolvedOptions().timeZone === zone) return
    const note = document.createElement('small')
    note.textContent = ` (${there.format(at)} in ${zone})`
    // Beside a link, and not part of it.
    const link = time.closest('a')
    link === null ? time.append(note) : link.after(note)
  } catch {
    // A zone that this browser does not know: the reader's own time will do.
  }
}

function countTimes (root) {
  for (const time of root.querySelectorAll('time[data-ago], time[data-since]')) {
    const ms = now() - Date.parse(time.dateTime)
    const text = time.hasAttribute('data-since') ? sinceText(Math.max(0, ms)) : agoText(ms)
    if (time.textContent !== text) time.textContent = text
    if (ms < 0) time.dataset.ahead = ''
    else if (time.dataset.ahead !== undefined && ms > 1500) hasCome(time)
  }
}

/** What was said to come has come: nothing else may tell what is next. */
function hasCome (time) {
  delete time.dataset.ahead
  const region = time.closest('[data-live][id]')
  if (region !== null) refresh([region])
}

function agoText (ms) {
  const size = Math.abs(ms)
  if (size < 5000) return 'now'
  const text = size < 60_000 ? `${Math.floor(size / 1000)} s` : coarse(Math.floor(size / 60_000))
  return ms >= 0 ? `${text} ago` : `in ${text}`
}

function coarse (minutes) {
  if (minutes < 60) return `${minutes} min`
  return minutes < 48 * 60 ? `${Math.floor(minutes / 60)} h` : `${Math.floor(minutes / 1440)} d`
}

function sinceText (ms) {
  const seconds = Math.floor(ms / 1000)
  if (seconds < 60) return `${seconds} s`
  return seconds < 3600
    ? `${Math.floor(seconds / 60)} min ${seconds % 60} s`
    : `${Math.floor(seconds / 3600)} h ${Math.floor(seconds / 60) % 60} min`
}

/* Live regions */

/** What the server last sent for each region: the same again changes nothing. */
const sent = new WeakMap()
const waiting = new Set()
let isRefreshing = false

const liveRegions = () => [...document.querySelectorAll('[data-live][id]')]
const sourceOf = region => region.dataset.src ?? location.pathname + location.search

function refresh (regions) {
  for (const region of regions) waiting.add(region.id)
  if (!isRefreshing) fetchWaiting()
}

async function fetchWaiting () {
  isRefreshing = true
  try {
    while (waiting.size > 0) {
      const due = liveRegions().filter(region => waiting.has(region.id))
      waiting.clear()
      for (const [source, regions] of Map.groupBy(due, sourceOf)) {
        await fetchRegions(source, regions)
      }
    }
  } finally {
    isRefreshing = false
  }
}

async function fetchRegions (source, regions) {
  const response = await fetch(source, { headers: { 'x-live': '1' } }).catch(() => undefined)
  if (response?.status === 401) return location.reload()
  if (response === undefined || !response.ok) return setTimeout(refresh, RETRY_MS, regions)
  const page = new DOMParser().parseFromString(await response.text(), 'text/html')
  for (const region of regions) {
    const fresh = page.getElementById(region.id) ??
      (region.dataset.src === undefined ? null : page.body)
    if (fresh === null || fresh.innerHTML.trim() === sent.get(region)) continue
    if (isInUse(region)) setTimeout(refresh, 2000, [region])
    else replace(region, fresh)
  }
}

/** Nobody's half-written text or selection is taken away. */
function isInUse (region) {
  const selection = getSelection()
  const isSelected = selection !== null && !selection.isCollapsed &&
    region.contains(selection.anchorNode)
  const isWritten = [...region.querySelectorAll('input, textarea')].some(field =>
    field.value !== field.defaultValue
  )
  const isRead = CSS.supports('selector(:popover-open)') &&
    region.querySelector(':popover-open') !== null
  return isSelected || isWritten || isRead ||
    (region.contains(document.activeElement) &&
      document.activeElement.matches('input, textarea, select'))
}

function replace (region, fresh) {
  const nameOf = details => details.id || details.dataset.unfold
  const open = new Set([...region.querySelectorAll('details[open]')].map(nameOf))
  const focused = region.contains(document.activeElement) ? document.activeElement : null
  const scrolled = [...region.querySelectorAll('.scroll')].map(box => box.scrollLeft)
  sent.set(region, fresh.innerHTML.trim())
  region.replaceChildren(...document.importNode(fresh, true).childNodes)
  for (const details of region.querySelectorAll('details')) {
    if (nameOf(details) && open.has(nameOf(details))) details.open = true
  }
  region.querySelectorAll('.scroll').forEach((box, i) => {
    box.scrollLeft = scrolled[i] ?? 0
  })
  const again = focused?.id
    ? document.getElementById(focused.id)
    : [...region.querySelectorAll('a[href]')].find(a => a.href === focused?.href)
  again?.focus({ preventScroll: true })
  // What another script makes, such as a head that sorts, comes a moment later.
  if (focused?.id && again === null) {
    setTimeout(() => document.getElementById(focused.id)?.focus({ preventScroll: true }))
  }
  showTimes(region)
}

/* The stream */

/**
 * The server is heard of every 15 s; after that long a silence the line is dead without knowing it.
 */
const SILENCE_MS = 40_000
const RETRY_MS = 3000
let stream
let lastHeardAt = 0
let retry

function connect () {
  clearTimeout(retry)
  stream?.close()
  stream = new EventSource('/events')
  const heard = () => {
    lastHeardAt = Date.now()
  }
  heard()
  // What happened while nobody listened is not told again: everything is looked at anew.
  stream.addEventListener('open', () => {
    heard()
    showState('Live', 'ok')
    refresh(liveRegions())
  })
  stream.addEventListener('beat', heard)
  stream.addEventListener('change', event => {
    heard()
    const topics = new Set(JSON.parse(event.data))
    refresh(
      liveRegions().filter(region =>
        region.dataset.live.split(' ').some(topic => topics.has(topic))
      )
    )
  })
  stream.addEventListener('error', () => {
    showState('Reconnecting …', 'warn')
    if (stream.readyState !== EventSource.CLOSED) return
    clearTimeout(retry)
    retry = setTimeout(() => {
      refresh(liveRegions())
      connect()
    }, RETRY_MS)
  })
}

function disconnect () {
  clearTimeout(retry)
  stream?.close()
  stream = undefined
}

function showState (text, tone) {
  const state = document.getElementById('live-state')
  if (state === null) return
  state.hidden = false
  if (state.textContent !== text) state.textContent = text
  state.className = `live-state ${tone}`
}

/* Start */

// Where a plot is wider than the page, what is newest is seen first.
for (const box of document.querySelectorAll('.scroll:has(> .plot)')) {
  box.scrollLeft = box.scrollWidth
}
for (const region of liveRegions()) sent.set(region, region.innerHTML.trim())
showTimes(document)
setInterval(() => countTimes(document), 1000)

if (liveRegions().length > 0) {
  connect()
  // A browser gives few connections to one site: a page that nobody looks at needs none.
  document.addEventListener('visibilitychange', () => {
    document.hidden ? disconnect() : connect()
  })
  window.addEventListener('pagehide', disconnect)
  window.addEventListener('pageshow', event => {
    if (event.persisted) connect()
  })
  setInterval(() => {
    if (stream !== undefined && Date.now() - lastHeardAt > SILENCE_MS) connect()
  }, 5000)
}
