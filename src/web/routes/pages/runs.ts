import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { personaPath, runPath } from '../../dashboard/address.ts'
import { readAction } from '../../dashboard/run-action.ts'
import { readTimeline, readWholeWords } from '../../dashboard/run-timeline.ts'
import { readRunHead, readRunRatings, readRunVisits } from '../../dashboard/run.ts'
import { PageNotFoundError, RunNotOpenError } from '../../../platform/errors.ts'
import { cancelRun } from '../../../runner/runs/cancel-run.ts'
import { describeRunList, RunListQuery } from './run-list.ts'
import { noticeOf } from './notices.ts'

const id = Type.String({ maxLength: 100 })
const RunId = Type.Object({ id })
const Place = Type.Object({ id, number: Type.Integer({ minimum: 0, maximum: 2_147_483_646 }) })
const text = (maxLength: number) => Type.Optional(Type.String({ maxLength }))
const Page = Type.Optional(Type.Integer({ minimum: 1, maximum: 100_000 }))

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

  app.get(
    '/runs',
    { schema: { hide: true, querystring: RunListQuery } },
    async (request, reply) =>
      reply.view('runs.eta', {
        title: 'Runs',
        nav: 'runs',
        ...await describeRunList(db, request.query)
      })
  )

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
