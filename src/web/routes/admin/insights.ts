import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { describeCast } from '../../../analysis/insights/cast.ts'
import { CastGroup, Coverage } from '../../../analysis/insights/cast-schemas.ts'
import { findGaps } from '../../../analysis/insights/gaps.ts'
import { describeModules } from '../../../analysis/insights/modules.ts'
import { Problem, SayDoGap } from '../../../analysis/insights/problem-schemas.ts'
import { findProblems } from '../../../analysis/insights/problems.ts'
import {
  CastQuery,
  GapsQuery,
  ModulesQuery,
  ProblemsQuery
} from '../../../analysis/insights/queries.ts'
import { Mixed, ModuleGroup, Range } from '../../../analysis/insights/schemas.ts'
import { compareInApp } from '../../../analysis/verdicts/compare-app.ts'
import { CompareQuery, Comparison } from '../../../analysis/verdicts/compare-schemas.ts'
import { errorsOf, ref } from '../ref.ts'

const common = { tags: ['admin'], security: [{ adminKey: [] }] }
const errors = errorsOf(400, 401, 503)
const Total = Type.Integer({ description: 'how many there are, shown or not' })

/** What the personas found, counted as docs/ratings.md says. Without a range: the last 30 days. */
export const adminInsightRoutes: FastifyPluginAsyncTypebox = async app => {
  const { db } = app.database

  app.get('/modules', {
    schema: {
      ...common,
      operationId: 'moduleInsights',
      summary:
        'How each module does, worst first. Unless mix=true: models and prompts apart, each persona in its newest version',
      querystring: ModulesQuery,
      response: {
        200: Type.Object({
          range: Range,
          mixed: ref(Mixed),
          unreadable: Type.Integer({
            description: 'runs whose answer could not be read; they rate nothing'
          }),
          groups: Type.Array(ref(ModuleGroup), {
            description: 'the latest first; a single one with mix=true'
          })
        }),
        ...errors
      }
    }
  }, async request => describeModules(db, request.query))

  app.get('/problems', {
    schema: {
      ...common,
      operationId: 'topProblems',
      summary:
        'What went wrong most often, by module, tool and kind of error, with examples and the feedback that cites them',
      querystring: ProblemsQuery,
      response: {
        200: Type.Object({ range: Range, total: Total, problems: Type.Array(ref(Problem)) }),
        ...errors
      }
    }
  }, async request => findProblems(db, request.query))

  app.get('/gaps', {
    schema: {
      ...common,
      operationId: 'sayDoGaps',
      summary:
        'Visits whose rating and friction contradict each other, newest first; one of the two is wrong',
      querystring: GapsQuery,
      response: {
        200: Type.Object({ range: Range, total: Total, gaps: Type.Array(ref(SayDoGap)) }),
        ...errors
      }
    }
  }, async request => findGaps(db, request.query))

  app.get('/cast', {
    schema: {
      ...common,
      operationId: 'castQuality',
      summary:
        'Whether the personas are a crowd or one model in ten hats, and which tools and modules nobody used',
      querystring: CastQuery,
      response: {
        200: Type.Object({
          range: Range,
          mixed: ref(Mixed),
          coverage: ref(Coverage),
          groups: Type.Array(ref(CastGroup))
        }),
        ...errors
      }
    }
  }, async request => describeCast(db, request.query))
  app.get('/compare', {
    schema: {
      ...common,
      operationId: 'compareInsights',
      summary:
        'How two releases of an app differ, or two ranges of days, by module and the same personas (docs/verdicts.md)',
      querystring: CompareQuery,
      response: { 200: ref(Comparison), ...errorsOf(400, 401, 404, 409, 503) }
    }
  }, async request => compareInApp(db, request.query))
}
