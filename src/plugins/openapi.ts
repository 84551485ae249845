import fp from 'fastify-plugin'
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import { VERSION } from '../version.ts'

/** OpenAPI 3.1 from the route schemas, at `/docs`. */
export default fp(async app => {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'persona-runner', version: VERSION, description: 'Synthetic users that live in your app and say, with evidence, what helped and what hurt.' },
      components: {
        securitySchemes: {
          serviceKey: { type: 'apiKey', in: 'header', name: 'X-Service-Key' },
          adminKey: { type: 'http', scheme: 'bearer' }
        }
      },
      tags: [
        { name: 'internal', description: 'for other runners: who is due, what they did, how they rate' },
        { name: 'admin', description: 'for operators' },
        { name: 'health', description: 'for supervisors' },
        { name: 'diagnostics', description: 'outside production only' }
      ]
    },
    // Both spellings are served; the document names the one without a slash at the end.
    transform: ({ schema, url }) => ({ schema, url: url.replace(/(?<=.)\/$/, '') }),
    refResolver: { buildLocalReference: (json, _base, _fragment, i) => String(json.$id ?? `schema-${i}`) }
  })
  await app.register(swaggerUi, { routePrefix: '/docs' })
}, { name: 'openapi' })
