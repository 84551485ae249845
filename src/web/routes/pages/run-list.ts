import { Type, type Static } from 'typebox'
import { listAppNames } from '../../../runner/apps/repository.ts'
import { RUN_STATES } from '../../../runner/runs/states.ts'
import type { Queryable } from '../../../platform/db/database.ts'
import { address } from '../../dashboard/address.ts'
import { findPersonaCard } from '../../dashboard/personas.ts'
import { listRunLines } from '../../dashboard/runs.ts'
import { dayOf, hint } from './hints.ts'

const text = (maxLength: number) => Type.Optional(Type.String({ maxLength }))
export const RunListQuery = Type.Object({
  state: text(20),
  app: text(100),
  persona: text(100),
  module: text(128),
  archetype: text(200),
  release: text(100),
  reason: text(40),
  error: text(60),
  rating: text(2),
  from: text(10),
  to: text(10),
  q: text(200),
  cursor: text(100)
})
type RunListQuery = Static<typeof RunListQuery>

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
const RATINGS = ['1', '2', '3', '4']

/** Every filter is in the address; what cannot be understood is told, and filters nothing. */
export async function describeRunList (db: Queryable, query: RunListQuery) {
  const { cursor = '' } = query
  const names = await listAppNames(db)
  const card = query.persona !== undefined && UUID.test(query.persona)
    ? await findPersonaCard(db, query.persona)
    : undefined
  const { filter, hints } = understand(query, names, card?.id)
  const kept = {
    state: filter.state,
    app: filter.app,
    persona: card?.id,
    module: filter.module,
    archetype: filter.archetype,
    release: filter.release,
    reason: filter.endReason,
    error: filter.errorCode,
    rating: filter.ratingAtMost,
    from: filter.from,
    to: filter.to,
    q: filter.search
  }
  const choose = (name: 'state' | 'app', values: readonly string[]) =>
    [undefined, ...values].map(value => ({
      name: value ?? 'all',
      href: address('/runs', { ...kept, [name]: value }),
      isCurrent: value === kept[name]
    }))
  const { runs, nextCursor } = await listRunLines(db, { ...filter, cursor: cursor || undefined })
  return {
    runs,
    hints,
    kept,
    ratings: RATINGS,
    isFiltered: Object.values(kept).some(value => value !== undefined),
    states: choose('state', RUN_STATES),
    // Of a persona's runs all are of its own app.
    apps: names.length > 1 && card === undefined ? choose('app', names) : [],
    persona: card,
    withoutPersona: address('/runs', { ...kept, persona: undefined }),
    isFirstPage: cursor === '',
    first: cursor === '' ? null : address('/runs', kept),
    next: nextCursor === undefined ? null : address('/runs', { ...kept, cursor: nextCursor })
  }
}

function understand (query: RunListQuery, names: string[], personaId: string | undefined) {
  const state = RUN_STATES.find(known => known === query.state)
  const app = names.find(name => names.length > 1 && name === query.app)
  const rating = RATINGS.find(known => known === query.rating)
  const [from, to] = [dayOf(query.from), dayOf(query.to)]
  const day = 'a day such as 2026-11-23'
  const asked = (name: keyof RunListQuery, understood: unknown, wanted: string) =>
    hint({ name, given: query[name], understood, wanted })
  const hints = [
    asked('state', state, `one of ${RUN_STATES.join(', ')}`),
    names.length > 1 ? asked('app', app, `one of ${names.join(', ')}`) : null,
    asked('persona', personaId, 'the id of a persona'),
    asked('rating', rating, 'a number from 1 to 4'),
    asked('from', from, day),
    asked('to', to, day)
  ].filter(each => each !== null)
  const filter = {
    state,
    app,
    personaId,
    from,
    to,
    module: query.module || undefined,
    archetype: query.archetype || undefined,
    release: query.release || undefined,
    endReason: query.reason || undefined,
    errorCode: query.error || undefined,
    ratingAtMost: rating === undefined ? undefined : Number(rating),
    search: query.q?.trim() || undefined
  }
  return { filter, hints }
}
