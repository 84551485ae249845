import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply } from 'fastify'
import { Type } from 'typebox'
import { listKnownTools } from '../../../runner/actions/known-tools.ts'
import { FIRST_APP } from '../../../personas/app-name.ts'
import { getApp, putApp, readHintsIgnored } from '../../../runner/apps/repository.ts'
import { mendOfTools } from '../../../runner/apps/tool-report.ts'
import type { RulesPreview } from '../../../runner/modules/preview.ts'
import { readModuleRules, type ModuleRules } from '../../../runner/modules/rules.ts'
import { AppOfEnvironmentError, ConfigError, messageOf } from '../../../platform/errors.ts'
import { address, modulePath } from '../../dashboard/address.ts'
import { judgeRules, mendTools } from '../tool-mend.ts'
import { readAppChoice } from './app-choice.ts'

/** More than any app lists (`mcp-session.ts`), with what it listed before. */
const MAX_TOOLS = 1000
/** As a further app may have them (`AppSettings`). */
const MAX_MODULES = 100
const MAX_PATTERNS = 200

const ToolQuery = Type.Object({
  app: Type.Optional(Type.String({ maxLength: 100 })),
  done: Type.Optional(Type.String({ maxLength: 20 }))
})
const ModulesForm = Type.Object({
  app: Type.Optional(Type.String({ maxLength: 100 })),
  version: Type.Optional(Type.String({ maxLength: 20 })),
  modules: Type.String({ maxLength: 100_000 })
})

/** What somebody wrote into the form, and what comes of it. */
interface Draft {
  text: string
  error: string | null
  preview: RulesPreview | null
}

/** Which of an app's tools personas get to see, in which modules, and how to change either. */
export const toolPages: FastifyPluginAsyncTypebox = async app => {
  const { db } = app.database

  async function show (
    reply: FastifyReply,
    given: string | undefined,
    { draft, done }: { draft?: Draft, done?: string | undefined }
  ): Promise<FastifyReply> {
    const choice = await readAppChoice(db, given)
    const name = choice.app ?? FIRST_APP
    const [tools, connected, rules, hintsIgnored, { version }] = await Promise.all([
      listKnownTools(db, name, MAX_TOOLS).then(listed => mendTools(app, name, listed)),
      app.apps.find(name),
      judgeRules(app, name),
      readHintsIgnored(db, name),
      getApp(db, name)
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
      hintsIgnored,
      unmapped: new Set(rules.unmapped),
      idle: rules.idle,
      draft: draft ?? { text: textOf(connected.modules), error: null, preview: null },
      isFirst: name === FIRST_APP,
      app: name,
      version,
      done: done === 'modules',
      apps: choice.tabsFor('/tools'),
      links: { module: (module: string) => modulePath(module, choice.app) }
    })
  }

  app.get(
    '/tools',
    { schema: { hide: true, querystring: ToolQuery } },
    async ({ query }, reply) => show(reply, query.app, { done: query.done })
  )

  async function toDraft (name: string, text: string): Promise<Draft> {
    const read = readRules(text)
    return typeof read === 'string'
      ? { text, error: read, preview: null }
      : { text, error: null, preview: await judgeRules(app, name, read) }
  }

  app.post(
    '/tools/modules/preview',
    { schema: { hide: true, body: ModulesForm } },
    async ({ body }, reply) => {
      const draft = await toDraft(body.app ?? FIRST_APP, body.modules)
      return show(reply.code(draft.error === null ? 200 : 400), body.app, { draft })
    }
  )

  app.post(
    '/tools/modules',
    { schema: { hide: true, body: ModulesForm } },
    async ({ body: { app: name = FIRST_APP, version, modules: text } }, reply) => {
      if (name === FIRST_APP) throw new AppOfEnvironmentError(name)
      const stored = await getApp(db, name)
      const rules = readRules(text)
      const error = typeof rules === 'string'
        ? rules
        : version === String(stored.version)
        ? null
        : 'The app was changed by somebody else meanwhile. Look at the list again, then save.'
      if (typeof rules === 'string' || error !== null) {
        const draft = { ...await toDraft(name, text), error }
        return show(reply.code(400), name, { draft })
      }
      const modules = rules.map(([module, tools]) => ({ module, tools: [...tools] }))
      const settings = { ...app.apps.settingsOf(stored), modules }
      await putApp(db, name, settings, stored.clientSecret)
      return reply.redirect(address('/tools', { app: name, done: 'modules' }), 303)
    }
  )
}

const textOf = (rules: ModuleRules) => JSON.stringify(Object.fromEntries(rules), null, 2)

/** @returns what is wrong, as a sentence, or the rules */
function readRules (text: string): ModuleRules | string {
  try {
    const rules = readModuleRules(JSON.parse(text.trim() === '' ? '{}' : text), 'Modules')
    if (rules.length > MAX_MODULES) return `Modules: at most ${MAX_MODULES} of them.`
    const long = rules.find(([, patterns]) => patterns.length > MAX_PATTERNS)
    return long === undefined
      ? rules
      : `Modules: "${long[0]}" has more than ${MAX_PATTERNS} patterns.`
  } catch (error) {
    if (error instanceof ConfigError) return error.message
    if (error instanceof SyntaxError) return `Modules is not valid JSON: ${messageOf(error)}`
    throw error
  }
}
