import type { FastifySchema, RouteOptions } from 'fastify'
import fp from 'fastify-plugin'
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import { VERSION } from '../../platform/version.ts'

/** OpenAPI 3.1 from the route schemas, at `/docs`. */
export default fp(async app => {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'persona-runner',
        version: VERSION,
        description:
          'Synthetic users that live in your app and say, with evidence, what helped and what hurt.'
      },
      components: {
        securitySchemes: {
          serviceKey: { type: 'apiKey', in: 'header', name: 'X-Service-Key' },
          adminKey: { type: 'http', scheme: 'bearer' },
          viewerKey: { type: 'http', scheme: 'bearer', description: 'reads what an admin reads' },
          deployKey: {
            type: 'http',
            scheme: 'bearer',
            description: 'announces releases and nothing else'
          }
        }
      },
      tags: [
        {
          name: 'internal',
          description: 'for other runners: who is due, what they did, how they rate'
        },
        { name: 'admin', description: 'for operators' },
        { name: 'health', description: 'for supervisors' },
        { name: 'diagnostics', description: 'outside production only' }
      ]
    },
    // Both spellings are served; the document names the one without a slash at the end.
    transform: ({ schema, url, route }) => ({
      schema: withCommonAnswers(schema, route),
      url: url.replace(/(?<=.)\/$/, '')
    }),
    refResolver: {
      buildLocalReference: (json, _base, _fragment, i) => String(json.$id ?? `schema-${i}`)
    }
  })
  await app.register(swaggerUi, { routePrefix: '/docs', staticCSP: true })
}, { name: 'openapi' })

/** What any route may answer before it is asked anything, and who may read besides the admin. */
function withCommonAnswers (
  schema: FastifySchema,
  { method, config }: RouteOptions
): FastifySchema {
  const isRead = [method].flat().every(each => each === 'GET' || each === 'HEAD')
  const isAdmin = schema.security?.some(scheme => 'adminKey' in scheme) === true
  const takesInput = schema.body !== undefined || schema.querystring !== undefined ||
    schema.params !== undefined
  const answers = {
    ...((takesInput || !isRead) &&
      { 400: error('the request is not valid; the message names what') }),
    ...(schema.params !== undefined && { 414: error('a part of the path is too long') }),
    431: error('path and headers are too large'),
    ...(!isRead && { 413: error('the body is too large'), 415: error('the body is not JSON') }),
    ...(isAdmin && !isRead && { 403: error('this key is for reading only') }),
    ...(config?.alwaysAnswers !== true &&
      {
        429: error('too many requests; Retry-After says when'),
        503: error('not ready or overloaded; Retry-After says when')
      })
  }
  return {
    ...schema,
    ...(isAdmin && isRead && { security: [...schema.security ?? [], { viewerKey: [] }] }),
    response: { ...answers, ...schema.response as object | undefined }
  }
}

const error = (description: string) => ({ $ref: 'Error#', description })
