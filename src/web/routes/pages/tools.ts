import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { listKnownTools } from '../../../runner/actions/known-tools.ts'
import { FIRST_APP } from '../../../personas/app-name.ts'
import { mendOfTools } from '../../../runner/apps/tool-report.ts'
import { modulePath } from '../../dashboard/address.ts'
import { mendTools } from '../tool-mend.ts'
import { readAppChoice } from './app-choice.ts'

/** More than any app lists (`mcp-session.ts`), with what it listed before. */
const MAX_TOOLS = 1000
const ToolQuery = Type.Object({ app: Type.Optional(Type.String({ maxLength: 100 })) })

/** Which of an app's tools personas get to see, and what to do about the others. */
export const toolPages: FastifyPluginAsyncTypebox = async app => {
  const { db } = app.database

  app.get('/tools', { schema: { hide: true, querystring: ToolQuery } }, async (request, reply) => {
    const choice = await readAppChoice(db, request.query.app)
    const name = choice.app ?? FIRST_APP
    const [tools, connected] = await Promise.all([
      listKnownTools(db, name, MAX_TOOLS).then(listed => mendTools(app, name, listed)),
      app.apps.find(name)
    ])
    const setAside = tools.flatMap(tool =>
      tool.setAside === null ? [] : [{ name: tool.name, reason: tool.setAside.reason }]
    )
    return reply.view('tools.eta', {
      title: 'Tools',
      nav: 'runner',
      tools,
      setAside: setAside.length,
      mend: mendOfTools(connected, setAside),
      policy: connected.toolPolicy.standard,
      apps: choice.tabsFor('/tools'),
      links: { module: (module: string) => modulePath(module, choice.app) }
    })
  })
}
