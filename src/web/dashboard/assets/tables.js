/* global document, Blob, URL, MutationObserver */

/**
 * Sorts tables by their columns and saves what is seen as CSV. Without this script a table stands
 * in the order of the server.
 */

const textOf = cell => (cell?.textContent ?? '').replace(/\s+/g, ' ').trim()

/** Times and numbers by their size, words by the alphabet; what is empty or a dash last. */
function keyOf (cell) {
  const time = cell?.querySelector('time[datetime]')
  if (time) return Date.parse(time.dateTime)
  const text = textOf(cell)
  const number = /^[−-]?[\d,]+(\.\d+)?/.exec(text)?.[0]
  if (number !== undefined) return Number(number.replace('−', '-').replaceAll(',', ''))
  return text === '–' ? '' : text
}

function compare (a, b) {
  if (a === '' || b === '') return (a === '' ? 1 : 0) - (b === '' ? 1 : 0)
  return typeof a === 'number' && typeof b === 'number'
    ? a - b
    : String(a).localeCompare(String(b), 'en', { numeric: true })
}

/** How each table is sorted, by its name: a live region draws it anew. */
const sorted = new Map()

function sortBy (table, heading, isUp) {
  const column = heading.cellIndex
  for (const each of heading.parentNode.cells) each.removeAttribute('aria-sort')
  heading.setAttribute('aria-sort', isUp ? 'ascending' : 'descending')
  const [body] = table.tBodies
  const rows = [...body.rows].map(row => ({ row, key: keyOf(row.cells[column]) }))
  rows.sort((a, b) =>
    a.key === '' || b.key === '' || isUp ? compare(a.key, b.key) : compare(b.key, a.key)
  )
  body.append(...rows.map(({ row }) => row))
}

/** A cell that a spreadsheet would take for a formula begins with an apostrophe. */
function csvCell (text) {
  const safe = /^[=+@\t\r]/.test(text) ? `'${text}` : text
  return `"${safe.replaceAll('"', '""')}"`
}

function save (table, name) {
  const lines = [...table.rows].map(row => [...row.cells].map(cell => csvCell(textOf(cell))))
  const blob = new Blob([`\uFEFF${lines.map(line => line.join(',')).join('\r\n')}\r\n`], {
    type: 'text/csv'
  })
  const link = document.createElement('a')
  link.href = URL.createObjectURL(blob)
  link.download = `${name.toLowerCase().replace(/\W+/g, '-')}.csv`
  link.click()
  URL.revokeObjectURL(link.href)
}

function equip (table) {
  table.dataset.equipped = ''
  const region = table.closest('.scroll')
  const name = region.getAttribute('aria-label') ?? 'table'
  for (const heading of table.tHead?.rows[0]?.cells ?? []) {
    if (table.classList.contains('heat') || textOf(heading) === '') continue
    const button = document.createElement('button')
    button.type = 'button'
    button.className = 'sort'
    button.append(...heading.childNodes)
    button.id = `sort-${name.toLowerCase().replace(/\W+/g, '-')}-${heading.cellIndex}`
    button.addEventListener('click', () => {
      const isUp = heading.getAttribute('aria-sort') !== 'ascending'
      sorted.set(name, { column: heading.cellIndex, isUp })
      sortBy(table, heading, isUp)
    })
    heading.append(button)
  }
  const order = sorted.get(name)
  const heading = order && table.tHead?.rows[0]?.cells[order.column]
  if (heading) sortBy(table, heading, order.isUp)
  const button = document.createElement('button')
  button.type = 'button'
  button.className = 'plain csv'
  button.textContent = 'CSV'
  button.setAttribute('aria-label', `${name} as CSV`)
  button.addEventListener('click', () => save(table, name))
  if (!region.nextElementSibling?.matches('.csv')) region.after(button)
}

function equipAll () {
  for (const table of document.querySelectorAll('.scroll > table:not([data-equipped])')) {
    if (table.tHead !== null) equip(table)
  }
}

equipAll()
// Live regions are drawn anew.
new MutationObserver(equipAll).observe(document.getElementById('main'), {
  childList: true,
  subtree: true
})
