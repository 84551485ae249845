import { listAppNames } from '../../../runner/apps/repository.ts'
import { FIRST_APP } from '../../../personas/app-name.ts'
import { address } from '../../dashboard/address.ts'
import type { Queryable } from '../../../platform/db/database.ts'
import { hint } from './hints.ts'

/** Which of several apps a page is about. */
interface AppChoice {
  /** Undefined: there is only one. */
  app: string | undefined
  /** What an address must say; nothing for the first app. */
  kept: string | undefined
  /** About a name that no app has. */
  hints: string[]
  /** Links to the same page of each app; none where there is only one. */
  tabsFor(
    path: string,
    kept?: Record<string, string | number | undefined>
  ): { name: string, href: string, isCurrent: boolean }[]
}

/** @param given by the address; what is no app's name is no choice */
export async function readAppChoice (db: Queryable, given: string | undefined): Promise<AppChoice> {
  const names = await listAppNames(db)
  const known = names.find(name => name === given)
  const unknown = hint({
    name: 'app',
    given,
    understood: known,
    wanted: names.join(', '),
    instead: `${FIRST_APP} is shown`
  })
  const hints = unknown === null ? [] : [unknown]
  if (names.length < 2) return { app: undefined, kept: undefined, hints, tabsFor: () => [] }
  const app = known ?? FIRST_APP
  const keptOf = (name: string) => name === FIRST_APP ? undefined : name
  return {
    app,
    kept: keptOf(app),
    hints,
    tabsFor: (path, kept) =>
      names.map(name => ({
        name,
        href: address(path, { ...kept, app: keptOf(name) }),
        isCurrent: name === app
      }))
  }
}
