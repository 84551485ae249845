import type { ErrorObject, Options } from 'ajv'
import fp from 'fastify-plugin'
import type { TSchema } from 'typebox'
import { ActionBatch, Action, Written } from '../../runner/actions/schemas.ts'
import { AcceptedTools, KnownTool } from '../../runner/actions/tool-schemas.ts'
import { App, AppInput } from '../../runner/apps/schemas.ts'
import { AccountInput, AccountStatus, SignUpResult } from '../../runner/accounts/schemas.ts'
import { DiarySchema } from '../../personas/diaries/schemas.ts'
import {
  Feedback,
  FeedbackBatch,
  FeedbackWritten,
  ModuleSummary
} from '../../analysis/feedback/schemas.ts'
import { Incident } from '../../analysis/incidents/schemas.ts'
import { CastGroup, Coverage } from '../../analysis/insights/cast-schemas.ts'
import {
  Finding,
  FindingDecision,
  FindingDetail,
  FindingEvent,
  Verification
} from '../../analysis/findings/schemas.ts'
import { Problem, SayDoGap } from '../../analysis/insights/problem-schemas.ts'
import { Mixed, ModuleGroup, ModuleInsight } from '../../analysis/insights/schemas.ts'
import { Persona, PersonaPatch } from '../../personas/schemas.ts'
import { Release, ReleaseChange, ReleaseInput } from '../../analysis/releases/schemas.ts'
import { Comparison } from '../../analysis/verdicts/compare-schemas.ts'
import { ReleaseVerdicts } from '../../analysis/verdicts/look-schemas.ts'
import { Run, TickResult, TranscriptMessage } from '../../runner/runs/schemas.ts'
import { ErrorBody } from '../routes/error-body.ts'
import {
  cleanJson,
  isCleanDocument,
  nestsTooDeep,
  MAX_JSON_DEPTH
} from '../../platform/clean-json.ts'
import { BadRequestError } from '../../platform/errors.ts'
import { createAjv, explainProblems } from '../../platform/schema-check.ts'
import { lazyCheck, once } from './lazy-schemas.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Nothing in the body had to be cleaned. */
    cameClean: boolean
  }
}

/** Schemas with a name of their own: components of the OpenAPI document, referred to by `ref()`. */
const SHARED: TSchema[] = [
  ErrorBody,
  AccountInput,
  AccountStatus,
  SignUpResult,
  DiarySchema,
  Persona,
  PersonaPatch,
  Run,
  TickResult,
  TranscriptMessage,
  Action,
  ActionBatch,
  Written,
  Feedback,
  FeedbackBatch,
  FeedbackWritten,
  ModuleSummary,
  Mixed,
  ModuleInsight,
  ModuleGroup,
  Problem,
  SayDoGap,
  CastGroup,
  Coverage,
  Release,
  ReleaseChange,
  ReleaseInput,
  ReleaseVerdicts,
  Finding,
  FindingDetail,
  FindingDecision,
  FindingEvent,
  Verification,
  Comparison,
  KnownTool,
  AcceptedTools,
  App,
  AppInput,
  Incident
]

/**
 * Every input is checked against its schema, unknown fields refused. Query strings and paths are
 * text and get converted; a body says what it means and is taken at its word (`"5"` is not a
 * rating).
 */
export default fp(async app => {
  for (const schema of SHARED) app.addSchema(schema)
  // JSON is what the API speaks; pages add forms for themselves.
  app.removeContentTypeParser(['text/plain', 'application/json'])
  const text = once(() => sharedAjv({ coerceTypes: 'array' }))
  const body = once(() => sharedAjv({ coerceTypes: false }))
  app.setValidatorCompiler(({ schema, httpPart }) =>
    lazyCheck(() => (httpPart === 'body' ? body() : text()).compile(schema as object))
  )
  app.setSchemaErrorFormatter((errors, part) =>
    new BadRequestError(explainProblems(errors as ErrorObject[], part))
  )

  const parse = app.getDefaultJsonParser('error', 'error')
  app.decorateRequest('cameClean', false)
  app.addContentTypeParser<string>(
    'application/json',
    { parseAs: 'string' },
    (request, json, done) => {
      const reach = reachForPrototype(json)
      if (reach !== null) {
        return done(
          new BadRequestError(
            `body${reach} must not be there: it would change what every object is`
          )
        )
      }
      request.cameClean = isCleanDocument(json)
      return parse(request, json, done)
    }
  )

  // What reaches a route is clean, whatever column it ends up in.
  app.addHook('preValidation', async request => {
    if (nestsTooDeep(request.body)) {
      throw new BadRequestError(`body nests deeper than ${MAX_JSON_DEPTH} levels`)
    }
    if (request.body !== undefined && !request.cameClean) request.body = cleanJson(request.body)
    request.params = cleanJson(request.params)
    request.query = cleanJson(request.query)
  })
}, { name: 'validation' })

const PROTOTYPE_WORDS = /__proto__|constructor|\\u00/i

/**
 * Where a document names a prototype, such as `/a/__proto__`; null: nowhere, or it is no JSON at
 * all.
 */
function reachForPrototype (json: string): string | null {
  if (!PROTOTYPE_WORDS.test(json)) return null
  try {
    return findReach(JSON.parse(json), '')
  } catch {
    return null
  }
}

function findReach (value: unknown, path: string): string | null {
  if (value === null || typeof value !== 'object') return null
  for (const [key, item] of Object.entries(value)) {
    const here = `${path}/${key}`
    if (key === '__proto__') return here
    if (
      key === 'constructor' && item !== null && typeof item === 'object' &&
      Object.hasOwn(item, 'prototype')
    ) return `${here}/prototype`
    const found = findReach(item, here)
    if (found !== null) return found
  }
  return null
}

function sharedAjv (options: Options) {
  const ajv = createAjv({ useDefaults: true, ...options })
  for (const schema of SHARED) ajv.addSchema(schema as object)
  return ajv
}
