import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { listRunActions, toAction } from '../../../runner/actions/repository.ts'
import { Action } from '../../../runner/actions/schemas.ts'
import { listRunFeedback } from '../../../analysis/feedback/repository.ts'
import { Feedback } from '../../../analysis/feedback/schemas.ts'
import { listTranscript } from '../../../runner/runs/messages.ts'
import { cancelRun } from '../../../runner/runs/cancel-run.ts'
import { getRun, listRuns } from '../../../runner/runs/repository.ts'
import { Run, RunFilter, TranscriptMessage } from '../../../runner/runs/schemas.ts'
import { errorsOf, ref } from '../ref.ts'

const RunId = Type.Object({ id: Type.String({ maxLength: 100 }) })
const common = { tags: ['admin'], security: [{ adminKey: [] }] }

export const adminRunRoutes: FastifyPluginAsyncTypebox = async app => {
  const { db } = app.database

  app.get('/', {
    schema: {
      ...common,
      operationId: 'listRuns',
      summary: 'Runs, newest first',
      querystring: RunFilter,
      response: {
        200: Type.Object({
          runs: Type.Array(ref(Run)),
          nextCursor: Type.Union([Type.String(), Type.Null()])
        }),
        ...errorsOf(400, 401, 503)
      }
    }
  }, async request => listRuns(db, request.query))

  app.get('/:id', {
    schema: {
      ...common,
      operationId: 'getRun',
      summary: 'A run with its transcript, actions and feedback',
      params: RunId,
      response: {
        200: Type.Object({
          run: ref(Run),
          transcript: Type.Array(ref(TranscriptMessage)),
          actions: Type.Array(ref(Action)),
          feedback: Type.Array(ref(Feedback))
        }),
        ...errorsOf(401, 404, 503)
      }
    }
  }, async request => {
    const run = await getRun(db, request.params.id)
    const [transcript, actions, feedback] = await Promise.all([
      listTranscript(db, run.id),
      listRunActions(db, run.id),
      listRunFeedback(db, run.id)
    ])
    return { run, transcript, actions: actions.map(toAction), feedback }
  })

  app.post('/:id/cancel', {
    schema: {
      ...common,
      operationId: 'cancelRun',
      summary: 'End an open run before its next step; one still waiting ends at once',
      params: RunId,
      response: { 200: ref(Run), ...errorsOf(401, 404, 409, 503) }
    }
  }, async request => cancelRun(db, request.params.id))
}
