import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { acceptTools, listKnownTools } from '../../../runner/actions/known-tools.ts'
import { AcceptedTools, KnownTool } from '../../../runner/actions/tool-schemas.ts'
import { AppName, FIRST_APP } from '../../../personas/app-name.ts'
import { readHintsIgnored } from '../../../runner/apps/repository.ts'
import { judgeRules, mendTools } from '../tool-mend.ts'
import { errorsOf, ref } from '../ref.ts'

const common = { tags: ['admin'], security: [{ adminKey: [] }] }
const MAX_TOOLS = 1000
const AppQuery = Type.Optional(
  Type.Unsafe<string>({ ...AppName, default: FIRST_APP, description: 'whose tools' })
)
const Tools = Type.Object({ tools: Type.Array(ref(KnownTool)) })
const ListedTools = Type.Object({
  ...Tools.properties,
  hintsIgnored: Type.Boolean({
    description:
      'the app declares all its tools destructive, so that they are judged by their names, as of the latest run'
  }),
  unmapped: Type.Array(Type.String(), {
    description: 'tools that no pattern of the modules covers; none where no modules are set'
  }),
  idlePatterns: Type.Array(Type.String(), {
    description: 'patterns of the modules that cover no tool that the app has ever shown'
  })
})

/** What the app has shown of itself, and what of it an operator has accepted. */
export const adminToolRoutes: FastifyPluginAsyncTypebox = async app => {
  const { db } = app.database

  app.get('/', {
    schema: {
      ...common,
      operationId: 'listTools',
      summary:
        'The tools of the app: those first whose changed definition nobody has accepted, then those that no persona gets to see',
      querystring: Type.Object({
        app: AppQuery,
        limit: Type.Optional(Type.Integer({ minimum: 1, maximum: MAX_TOOLS, default: MAX_TOOLS }))
      }, { additionalProperties: false }),
      response: { 200: ListedTools, ...errorsOf(400, 401, 503) }
    }
  }, async request => {
    const { app: name = FIRST_APP, limit = MAX_TOOLS } = request.query
    const tools = await mendTools(app, name, await listKnownTools(db, name, limit))
    const { unmapped, idle } = await judgeRules(app, name)
    return { tools, hintsIgnored: await readHintsIgnored(db, name), unmapped, idlePatterns: idle }
  })

  app.post('/accept', {
    schema: {
      ...common,
      operationId: 'acceptTools',
      summary: 'Accept changed definitions as they were shown, all of them or none',
      querystring: Type.Object({ app: AppQuery }, { additionalProperties: false }),
      body: ref(AcceptedTools),
      response: { 200: Tools, ...errorsOf(400, 401, 409, 503) }
    }
  }, async request => {
    const { app: name = FIRST_APP } = request.query
    return { tools: await mendTools(app, name, await acceptTools(db, name, request.body.tools)) }
  })
}
