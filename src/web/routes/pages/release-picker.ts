/** The form that narrows a page down to one release of the app. Pure. */

interface ReleasePicker {
  path: string
  /** All other filters, which stay. */
  kept: [name: string, value: string][]
  options: { version: string, isCurrent: boolean }[]
}

/**
 * Null: there is nothing to pick from. A release that was asked for by address is there, known or
 * not.
 */
export function pickRelease (
  versions: string[],
  current: string | undefined,
  { path, kept }: { path: string, kept: Record<string, string | number | undefined> }
): ReleasePicker | null {
  const all = current === undefined || versions.includes(current)
    ? versions
    : [current, ...versions]
  if (all.length === 0) return null
  return {
    path,
    kept: Object.entries(kept).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, String(value)] as [string, string]]
    ),
    options: all.map(version => ({ version, isCurrent: version === current }))
  }
}
