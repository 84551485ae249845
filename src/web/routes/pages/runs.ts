import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { listAppNames } from '../../../runner/apps/repository.ts'
import { address, personaPath, runPath } from '../../dashboard/address.ts'
import { findPersonaCard } from '../../dashboard/personas.ts'
import { readAction } from '../../dashboard/run-action.ts'
import { readTimeline, readWholeWords } from '../../dashboard/run-timeline.ts'
import { readRunHead, readRunRatings, readRunVisits } from '../../dashboard/run.ts'
import { listRunLines } from '../../dashboard/runs.ts'
import { PageNotFoundError, RunNotOpenError } from '../../../platform/errors.ts'
import { cancelRun } from '../../../runner/runs/cancel-run.ts'
import { RUN_STATES } from '../../../runner/runs/states.ts'
import { noticeOf } from './notices.ts'

const id = Type.String({ maxLength: 100 })
const RunId = Type.Object({ id })
const Place = Type.Object({ id, number: Type.Integer({ minimum: 0, maximum: 2_147_483_646 }) })
const text = (maxLength: number) => Type.Optional(Type.String({ maxLength }))
const Page = Type.Optional(Type.Integer({ minimum: 1, maximum: 100_000 }))
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** What happened: all runs, one run, and one action of it. */
export const runPages: FastifyPluginAsyncTypebox = async app => {
  const { db } = app.database
  const limits = {
    turns: app.config.MAX_TURNS,
    runTimeoutMs: app.config.RUN_TIMEOUT_MS,
    maxUsd: app.config.MAX_RUN_USD ?? null
  }

  const describeRun = async (runId: string) => {
    const [head, ratings, visits] = await Promise.all([
      readRunHead(db, runId),
      readRunRatings(db, runId),
      readRunVisits(db, runId)
    ])
    return {
      ...head,
      ...ratings,
      visits,
      limits,
      path: runPath(runId),
      personaPath: personaPath(head.persona.id)
    }
  }

  const describeDay = async (runId: string, page: number | undefined, pages: number) => {
    const current = Math.min(page ?? 1, pages)
    return { events: await readTimeline(db, runId, current), page: current }
  }

  app.get('/runs', {
    schema: {
      hide: true,
      querystring: Type.Object({
        state: text(20),
        app: text(100),
        persona: text(100),
        cursor: text(100)
      })
    }
  }, async (request, reply) => {
    const { persona, cursor = '' } = request.query
    const state = RUN_STATES.find(known => known === request.query.state)
    const names = await listAppNames(db)
    const app = names.find(name => names.length > 1 && name === request.query.app)
    const card = persona !== undefined && UUID.test(persona)
      ? await findPersonaCard(db, persona)
      : undefined
    const kept = { state, app, persona: card?.id }
    const choose = <T extends string>(
      name: 'state' | 'app',
      values: readonly T[],
      chosen: T | undefined
    ) =>
      [undefined, ...values].map(value => ({
        name: value ?? 'all',
        href: address('/runs', { ...kept, [name]: value }),
        isCurrent: value === chosen
      }))
    const { runs, nextCursor } = await listRunLines(db, {
      state,
      app,
      personaId: card?.id,
      cursor: cursor || undefined
    })
    return reply.view('runs.eta', {
      title: 'Runs',
      nav: 'runs',
      runs,
      states: choose('state', RUN_STATES, state),
      // Of a persona's runs all are of its own app.
      apps: names.length > 1 && card === undefined ? choose('app', names, app) : [],
      persona: card,
      withoutPersona: address('/runs', { state, app }),
      isFirstPage: cursor === '',
      first: cursor === '' ? null : address('/runs', kept),
      next: nextCursor === undefined ? null : address('/runs', { ...kept, cursor: nextCursor })
    })
  })

  app.get('/runs/:id', {
    schema: {
      hide: true,
      params: RunId,
      querystring: Type.Object({ page: Page, done: text(40), problem: text(40) })
    }
  }, async (request, reply) => {
    const run = await describeRun(request.params.id)
    const day = await describeDay(run.run.id, request.query.page, run.pages)
    return reply.view('run.eta', {
      title: `${run.persona.name}’s day`,
      nav: 'runs',
      ...run,
      ...day,
      notice: noticeOf(request.query)
    })
  })

  app.get('/runs/:id/actions/:number', {
    schema: { hide: true, params: Place, querystring: Type.Object({ fragment: text(1) }) }
  }, async (request, reply) => {
    const { id: runId, number } = request.params
    const head = await readRunHead(db, runId)
    const action = await readAction(db, runId, number)
    if (action === undefined) throw new PageNotFoundError(request.url)
    const shown = {
      title: `#${number} ${action.tool}`,
      nav: 'runs',
      action,
      run: head.run,
      persona: head.persona,
      path: runPath(runId),
      last: head.actions
    }
    return request.query.fragment === undefined
      ? reply.view('action.eta', shown)
      : reply.view('action-body.eta', { ...shown, fragment: true })
  })

  app.get(
    '/runs/:id/words/:number',
    { schema: { hide: true, params: Place } },
    async (request, reply) => {
      const { id: runId, number: seq } = request.params
      const { persona } = await readRunHead(db, runId)
      const words = await readWholeWords(db, runId, seq)
      if (words === null) throw new PageNotFoundError(request.url)
      return reply.view('words.eta', {
        title: 'In its own words',
        nav: 'runs',
        words,
        persona,
        path: runPath(runId)
      })
    }
  )

  app.post(
    '/runs/:id/cancel',
    { schema: { hide: true, params: RunId } },
    async (request, reply) => {
      const path = runPath(request.params.id)
      try {
        await cancelRun(db, request.params.id)
        return reply.redirect(`${path}?done=cancelled`, 303)
      } catch (error) {
        if (error instanceof RunNotOpenError) {
          return reply.redirect(
            `${path}?problem=RUN_NOT_OPEN`,
            303
          )
        }
        throw error
      }
    }
  )
}
