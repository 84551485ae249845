import { fileURLToPath } from 'node:url'

/**
 * Where files that are no code are found, and nowhere else: in the bundle no file lies where it was
 * written, but `dist/` holds the same tree as the root (`build/bundle.ts`).
 */
export const pathOf = (fromRoot: string) =>
  fileURLToPath(new URL(`../../${fromRoot}`, import.meta.url))

/**
 * What may be made again, for this copy of the program alone. Not in a folder that other users may
 * write: what is in it runs.
 */
export const CACHE = pathOf('node_modules/.cache')
