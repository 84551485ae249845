import { FIRST_APP } from '../../personas/app-name.ts'

/** Addresses of pages. Every filter is in them, so that each can be linked and reloaded. Pure. */

type Filters = Record<string, string | number | boolean | undefined>

/** A path with what is filtered by; what is undefined or empty is left out. */
export function address (path: string, filters: Filters = {}): string {
  const given = Object.entries(filters).flatMap(([name, value]) =>
    value === undefined || value === '' ? [] : [[name, String(value)] as [string, string]]
  )
  const query = new URLSearchParams(given).toString()
  return query === '' ? path : `${path}?${query}`
}

export const personaPath = (id: string) => `/personas/${encodeURIComponent(id)}`
export const runPath = (id: string) => `/runs/${encodeURIComponent(id)}`

/** @param app that the module is of; the first one, or the only one, needs no mention */
export function modulePath (module: string, app?: string): string {
  return address(`/modules/${encodeURIComponent(module)}`, {
    app: app === FIRST_APP ? undefined : app
  })
}

/** @param app that the release is of; the first one, or the only one, needs no mention */
export function releasePath (version: string, app?: string): string {
  return address(`/releases/${encodeURIComponent(version)}`, {
    app: app === FIRST_APP ? undefined : app
  })
}

/** What the page of a run shows at once; a citation must know on which page its action is. */
export const ACTIONS_PER_PAGE = 200

/** Where an action stands in its run's timeline. @param number counted from 1 */
export function actionPath (runId: string, number: number): string {
  const page = Math.ceil(number / ACTIONS_PER_PAGE)
  return `${address(runPath(runId), { page: page > 1 ? page : undefined })}#action-${number}`
}
