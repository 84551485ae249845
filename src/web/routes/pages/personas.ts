import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type, type Static } from 'typebox'
import { listAppNames } from '../../../runner/apps/repository.ts'
import { address, personaPath, runPath } from '../../dashboard/address.ts'
import { mixBars, readRatingsOverTime, timeThere } from '../../dashboard/persona.ts'
import {
  findPersonaCard,
  listArchetypes,
  listPersonaCards,
  type PersonaListFilter,
  type PersonaSort
} from '../../dashboard/personas.ts'
import { listRunLines } from '../../dashboard/runs.ts'
import { DIARY_MAX_BYTES } from '../../../personas/diaries/diary.ts'
import { loadDiary } from '../../../personas/diaries/repository.ts'
import {
  AppError,
  PersonaNotFoundError,
  RunnerOffError,
  RunOpenError
} from '../../../platform/errors.ts'
import { getPersona, setPaused } from '../../../personas/repository.ts'
import { TickCadence } from '../../../personas/schemas.ts'
import { runNow } from '../../../runner/runs/tick.ts'
import { hint } from './hints.ts'
import { noticeOf } from './notices.ts'
import { personaDiaryPages } from './persona-diary.ts'
import { personaEditPages } from './persona-edit.ts'

const PersonaId = Type.Object({ id: Type.String({ maxLength: 100 }) })
const text = (maxLength: number) => Type.Optional(Type.String({ maxLength }))
const ListQuery = Type.Object({
  archetype: text(100),
  tickCadence: text(20),
  paused: text(20),
  app: text(100),
  search: text(200),
  cursor: text(300),
  sort: text(40),
  page: Type.Optional(Type.Integer({ minimum: 1, maximum: 100_000 }))
})
const PageQuery = Type.Object({ runs: text(100), done: text(40), problem: text(40) })

/** The cast: everybody, and each by itself. */
export const personaPages: FastifyPluginAsyncTypebox = async app => {
  const { db } = app.database
  await app.register(personaEditPages)
  await app.register(personaDiaryPages)

  app.get(
    '/personas',
    { schema: { hide: true, querystring: ListQuery } },
    async (request, reply) => {
      const filter = readFilter(request.query)
      const { cursor, page = 1, sort, ...narrowed } = filter
      const kept = { ...narrowed, paused: request.query.paused || undefined, sort }
      const [list, archetypes, apps] = await Promise.all([
        listPersonaCards(db, filter),
        listArchetypes(db),
        listAppNames(db)
      ])
      return reply.view('personas.eta', {
        title: 'Personas',
        nav: 'personas',
        ...list,
        archetypes,
        apps: apps.length > 1 ? apps : [],
        cadences: TickCadence.enum,
        filter: { ...narrowed, sort },
        hints: hintsOf(request.query, filter),
        sorts: SORTS.map(({ name, value }) => ({
          name,
          href: address('/personas', { ...kept, sort: value }),
          isCurrent: value === sort
        })),
        isFiltered: Object.values(narrowed).some(value => value !== undefined),
        first: cursor === undefined && page === 1 ? null : address('/personas', kept),
        next: !list.hasMore
          ? null
          : address('/personas', {
            ...kept,
            ...(sort === undefined ? { cursor: list.nextCursor } : { page: page + 1 })
          }),
        links: { persona: personaPath, run: runPath }
      })
    }
  )

  app.get(
    '/personas/:id',
    { schema: { hide: true, params: PersonaId, querystring: PageQuery } },
    async (request, reply) => {
      const persona = await getPersona(db, request.params.id)
      const cursor = request.query.runs
      const [card, diary, modules, runs] = await Promise.all([
        findPersonaCard(db, persona.id),
        loadDiary(db, persona.id),
        readRatingsOverTime(db, persona.id),
        listRunLines(db, { personaId: persona.id, cursor, limit: 10 })
      ])
      if (card === undefined) throw new PersonaNotFoundError(persona.id)
      return reply.view('persona.eta', {
        title: persona.name,
        nav: 'personas',
        persona,
        card,
        diary,
        diaryLimit: DIARY_MAX_BYTES,
        modules,
        runs: runs.runs,
        firstRuns: cursor === undefined ? null : `${personaPath(persona.id)}#runs`,
        nextRuns: runs.nextCursor === undefined
          ? null
          : `${address(personaPath(persona.id), { runs: runs.nextCursor })}#runs`,
        mix: mixBars(persona.moduleMix),
        timeThere: timeThere(persona.timeZone),
        notice: noticeOf(request.query),
        path: personaPath(persona.id)
      })
    }
  )

  for (const [verb, paused] of [['pause', true], ['resume', false]] as const) {
    app.post(
      `/personas/:id/${verb}`,
      { schema: { hide: true, params: PersonaId } },
      async (request, reply) => {
        const { id } = await setPaused(db, request.params.id, paused)
        return reply.redirect(`${personaPath(id)}?done=${verb}`, 303)
      }
    )
  }

  app.post(
    '/personas/:id/run',
    { schema: { hide: true, params: PersonaId } },
    async (request, reply) => {
      const { id } = await getPersona(db, request.params.id)
      try {
        if (app.scheduler.missing.length > 0) throw new RunnerOffError(app.scheduler.missing)
        const { runId } = await runNow(db, app.scheduler.queue, id)
        return reply.redirect(`${runPath(runId)}?done=opened`, 303)
      } catch (error) {
        if (error instanceof RunOpenError || error instanceof RunnerOffError) {
          return reply
            .redirect(problemPath(id, error), 303)
        }
        throw error
      }
    }
  )
}

const problemPath = (id: string, error: AppError) =>
  address(personaPath(id), { problem: error.code })

const SORTS: { name: string, value: PersonaSort | undefined }[] = [
  { name: 'by email', value: undefined },
  { name: 'unhappiest first', value: 'unhappiness' },
  { name: 'fell most first', value: 'change' },
  { name: 'last day', value: 'last-day' }
]

function hintsOf (query: Static<typeof ListQuery>, filter: PersonaListFilter): string[] {
  const sorts = SORTS.flatMap(({ value }) => value ?? []).join(', ')
  return [
    hint({
      name: 'sort',
      given: query.sort,
      understood: filter.sort,
      wanted: sorts,
      instead: 'the list is in order of email'
    }),
    hint({
      name: 'tickCadence',
      given: query.tickCadence,
      understood: filter.tickCadence,
      wanted: TickCadence.enum.join(', ')
    }),
    hint({ name: 'paused', given: query.paused, understood: filter.paused, wanted: 'yes, no' })
  ].filter(each => each !== null)
}

/** What a filter does not know is told, and is no filter. */
function readFilter (query: Static<typeof ListQuery>): PersonaListFilter {
  const given = (value?: string) => value?.trim() || undefined
  return {
    archetype: given(query.archetype),
    tickCadence: TickCadence.enum.find(cadence => cadence === query.tickCadence),
    paused: query.paused === 'yes' ? true : query.paused === 'no' ? false : undefined,
    app: given(query.app),
    search: given(query.search),
    cursor: given(query.sort) === undefined ? given(query.cursor) : undefined,
    sort: SORTS.find(({ value }) => value === query.sort)?.value,
    page: query.page
  }
}
