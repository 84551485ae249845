import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { openClientSecret, sealClientSecret } from '../../../runner/apps/client-secret.ts'
import { placeOf } from '../../../runner/apps/connect.ts'
import {
  deleteApp,
  getApp,
  listApps,
  putApp,
  type StoredApp
} from '../../../runner/apps/repository.ts'
import { problemsOf } from '../../../runner/apps/rules.ts'
import { AppName, FIRST_APP } from '../../../personas/app-name.ts'
import { App, AppInput, type AppSettings } from '../../../runner/apps/schemas.ts'
import {
  AppOfEnvironmentError,
  BadRequestError,
  DialForbiddenError
} from '../../../platform/errors.ts'
import { readSeedSecrets } from '../../../platform/keys.ts'
import { countByApp } from '../../../personas/repository.ts'
import { errorsOf, ref } from '../ref.ts'
import { judgeRules } from '../tool-mend.ts'

const common = { tags: ['admin'], security: [{ adminKey: [] }] }
const Name = Type.Object({ name: AppName })

/** The apps that personas live in, side by side. The first one is what the environment says. */
export const adminAppRoutes: FastifyPluginAsyncTypebox = async app => {
  const { config, apps, dialler, database: { db } } = app

  function toApp (stored: StoredApp, personas: Map<string, number>): App {
    const isFirst = stored.settings === null
    return {
      name: stored.name,
      definedBy: isFirst ? 'environment' : 'admin',
      settings: apps.settingsOf(stored),
      hasClientSecret: isFirst
        ? config.OAUTH_CLIENT_SECRET !== undefined
        : stored.clientSecret !== null,
      personas: personas.get(stored.name) ?? 0,
      version: stored.version,
      createdAt: stored.createdAt,
      updatedAt: stored.updatedAt
    }
  }

  /** Looked at when saved, and once more whenever it is dialled. @throws BadRequestError */
  async function checkAddresses (name: string, settings: AppSettings): Promise<void> {
    for (const field of ['mcpUrl', 'authUrl', 'oauthTokenUrl'] as const) {
      const url = settings[field]
      if (url === undefined) continue
      await dialler.check(placeOf(name, field), url).catch((error: unknown) => {
        throw error instanceof DialForbiddenError ? new BadRequestError(error.message) : error
      })
    }
  }

  app.get('/', {
    schema: {
      ...common,
      operationId: 'listApps',
      summary: 'The apps that personas live in, that of the environment first; never a secret',
      response: { 200: Type.Object({ apps: Type.Array(ref(App)) }), ...errorsOf(401, 503) }
    }
  }, async () => {
    const [stored, personas] = await Promise.all([listApps(db), countByApp(db)])
    return { apps: stored.map(one => toApp(one, personas)) }
  })

  app.get('/:name', {
    schema: {
      ...common,
      operationId: 'getApp',
      summary: 'An app, with how many personas live in it',
      params: Name,
      response: { 200: ref(App), ...errorsOf(400, 401, 404, 503) }
    }
  }, async request => toApp(await getApp(db, request.params.name), await countByApp(db)))

  app.put('/:name', {
    schema: {
      ...common,
      operationId: 'putApp',
      summary:
        'Set an app up, or replace what is known of it; runs that begin from now on go by it',
      params: Name,
      body: ref(AppInput),
      response: { 200: ref(App), 201: ref(App), ...errorsOf(400, 401, 404, 409, 503) }
    }
  }, async (request, reply) => {
    const { params: { name }, body: { oauthClientSecret, ...settings } } = request
    if (name === FIRST_APP) throw new AppOfEnvironmentError(name)
    const before = (await listApps(db)).find(stored => stored.name === name)
    const kept = before !== undefined && goesToTheSame(apps.settingsOf(before), settings)
      ? openClientSecret(apps.vault, before)
      : undefined
    const clientSecret = oauthClientSecret ?? kept
    const problems = problemsOf(settings, {
      hasClientSecret: clientSecret !== undefined,
      hasSeedSecret: readSeedSecrets(config).size > 0,
      hasKeys: apps.vault.keys.length > 0,
      isProduction: config.NODE_ENV === 'production'
    })
    if (problems.length > 0) throw new BadRequestError(problems.join('; '))
    await checkAddresses(name, settings)
    const sealed = clientSecret === undefined
      ? null
      : sealClientSecret(apps.vault, name, clientSecret)
    const { app: stored, created } = await putApp(db, name, settings, sealed)
    const { idle } = await judgeRules(app, name)
    return reply.code(created ? 201 : 200).send({
      ...toApp(stored, await countByApp(db)),
      ...(idle.length > 0 && { idlePatterns: idle })
    })
  })

  app.delete('/:name', {
    schema: {
      ...common,
      operationId: 'deleteApp',
      summary: 'Forget an app that no persona lives in',
      params: Name,
      response: { 204: Type.Null(), ...errorsOf(400, 401, 404, 409, 503) }
    }
  }, async (request, reply) => {
    const { name } = request.params
    if (name === FIRST_APP) throw new AppOfEnvironmentError(name)
    await deleteApp(db, name)
    return reply.code(204).send(null)
  })
}

/** Keep the secret only if URL, token endpoint and client id are unchanged. */
function goesToTheSame (before: AppSettings, after: AppSettings): boolean {
  return before.mcpUrl === after.mcpUrl && before.oauthTokenUrl === after.oauthTokenUrl &&
    before.oauthClientId === after.oauthClientId
}
