import { subscribe } from 'node:diagnostics_channel'
import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { admin, ADMIN_KEY, service, SERVICE_KEY, startTestApp } from '../../helpers/app.ts'
import { sameOrigin, signIn, VIEWER_KEY } from '../../helpers/pages.ts'

/**
 * Every route × every kind of credential. A route without a line here fails, and so does a line
 * without a route.
 *
 * `yes`: the route itself answers, whatever it answers; a number: refused with this status; `in`:
 * led to the sign-in. `wrong` sends a wrong key in every place at once, `swapped` each right key in
 * the place of the other. `pA` and `pV` are signed in to the pages as admin and as viewer.
 */
const GOLDEN = `
                                                  none     wrong    swapped  service  admin    viewer   pA       pV       deploy
GET    /health                                    yes      yes      yes      yes      yes      yes      yes      yes      yes
GET    /ready                                     yes      yes      yes      yes      yes      yes      yes      yes      yes
GET    /docs                                      yes      yes      yes      yes      yes      yes      yes      yes      yes
GET    /docs/json                                 yes      yes      yes      yes      yes      yes      yes      yes      yes
GET    /docs/static/*                             yes      yes      yes      yes      yes      yes      yes      yes      yes
GET    /docs/static/index.html                    yes      yes      yes      yes      yes      yes      yes      yes      yes
GET    /docs/static/swagger-initializer.js        yes      yes      yes      yes      yes      yes      yes      yes      yes
GET    /docs/yaml                                 yes      yes      yes      yes      yes      yes      yes      yes      yes
GET    /diag/login                                yes      yes      yes      yes      yes      yes      yes      yes      yes
POST   /diag/tick                                 yes      yes      yes      yes      yes      yes      yes      yes      yes
POST   /api/v1/internal/personas/:userId/actions  401      401      401      yes      401      401      401      401      401
POST   /api/v1/internal/personas/:userId/feedback 401      401      401      yes      401      401      401      401      401
GET    /api/v1/internal/personas/due              401      401      401      yes      401      401      401      401      401
GET    /api/v1/admin/export/actions               401      401      401      401      yes      yes      401      401      401
GET    /api/v1/admin/export/feedback              401      401      401      401      yes      yes      401      401      401
GET    /api/v1/admin/export/runs                  401      401      401      401      yes      yes      401      401      401
GET    /api/v1/admin/findings                     401      401      401      401      yes      yes      401      401      401
GET    /api/v1/admin/findings/:id                 401      401      401      401      yes      yes      401      401      401
PATCH  /api/v1/admin/findings/:id                 401      401      401      401      yes      403      401      401      401
GET    /api/v1/admin/findings/:id/markdown        401      401      401      401      yes      yes      401      401      401
POST   /api/v1/admin/findings/:id/merge           401      401      401      401      yes      403      401      401      401
POST   /api/v1/admin/findings/:id/split           401      401      401      401      yes      403      401      401      401
POST   /api/v1/admin/findings/:id/state           401      401      401      401      yes      403      401      401      401
GET    /api/v1/admin/findings/:id/timeline        401      401      401      401      yes      yes      401      401      401
POST   /api/v1/admin/findings/:id/verify          401      401      401      401      yes      403      401      401      401
GET    /api/v1/admin/incidents                    401      401      401      401      yes      yes      401      401      401
GET    /api/v1/admin/insights/cast                401      401      401      401      yes      yes      401      401      401
GET    /api/v1/admin/insights/compare             401      401      401      401      yes      yes      401      401      401
GET    /api/v1/admin/insights/gaps                401      401      401      401      yes      yes      401      401      401
GET    /api/v1/admin/insights/modules             401      401      401      401      yes      yes      401      401      401
GET    /api/v1/admin/insights/problems            401      401      401      401      yes      yes      401      401      401
DELETE /api/v1/admin/page-sessions                401      401      401      401      yes      403      401      401      401
GET    /api/v1/admin/personas                     401      401      401      401      yes      yes      401      401      401
POST   /api/v1/admin/personas                     401      401      401      401      yes      403      401      401      401
GET    /api/v1/admin/personas/:id                 401      401      401      401      yes      yes      401      401      401
PATCH  /api/v1/admin/personas/:id                 401      401      401      401      yes      403      401      401      401
DELETE /api/v1/admin/personas/:id                 401      401      401      401      yes      403      401      401      401
GET    /api/v1/admin/personas/:id/account         401      401      401      401      yes      yes      401      401      401
PUT    /api/v1/admin/personas/:id/account         401      401      401      401      yes      403      401      401      401
DELETE /api/v1/admin/personas/:id/account         401      401      401      401      yes      403      401      401      401
GET    /api/v1/admin/personas/:id/diary           401      401      401      401      yes      yes      401      401      401
PUT    /api/v1/admin/personas/:id/diary           401      401      401      401      yes      403      401      401      401
DELETE /api/v1/admin/personas/:id/diary           401      401      401      401      yes      403      401      401      401
POST   /api/v1/admin/personas/:id/fork            401      401      401      401      yes      403      401      401      401
POST   /api/v1/admin/personas/:id/pause           401      401      401      401      yes      403      401      401      401
POST   /api/v1/admin/personas/:id/resume          401      401      401      401      yes      403      401      401      401
POST   /api/v1/admin/personas/:id/run             401      401      401      401      yes      403      401      401      401
GET    /api/v1/admin/releases                     401      401      401      401      yes      yes      401      401      401
POST   /api/v1/admin/releases                     401      401      401      401      yes      403      401      401      yes
GET    /api/v1/admin/releases/:version/verdicts   401      401      401      401      yes      yes      401      401      401
GET    /api/v1/admin/releases/:version            401      401      401      401      yes      yes      401      401      401
PATCH  /api/v1/admin/releases/:version            401      401      401      401      yes      403      401      401      401
DELETE /api/v1/admin/releases/:version            401      401      401      401      yes      403      401      401      401
GET    /api/v1/admin/runner                       401      401      401      401      yes      yes      401      401      401
POST   /api/v1/admin/runner                       401      401      401      401      yes      403      401      401      401
POST   /api/v1/admin/runner/close-breaker         401      401      401      401      yes      403      401      401      401
GET    /api/v1/admin/runs                         401      401      401      401      yes      yes      401      401      401
GET    /api/v1/admin/runs/:id                     401      401      401      401      yes      yes      401      401      401
POST   /api/v1/admin/runs/:id/cancel              401      401      401      401      yes      403      401      401      401
GET    /api/v1/admin/apps                         401      401      401      401      yes      yes      401      401      401
GET    /api/v1/admin/apps/:name                   401      401      401      401      yes      yes      401      401      401
PUT    /api/v1/admin/apps/:name                   401      401      401      401      yes      403      401      401      401
DELETE /api/v1/admin/apps/:name                   401      401      401      401      yes      403      401      401      401
GET    /api/v1/admin/tools                        401      401      401      401      yes      yes      401      401      401
POST   /api/v1/admin/tools/accept                 401      401      401      401      yes      403      401      401      401
GET    /*                                         yes      yes      yes      yes      yes      yes      yes      yes      yes
GET    /assets/*                                  yes      yes      yes      yes      yes      yes      yes      yes      yes
GET    /sign-in                                   yes      yes      yes      yes      yes      yes      yes      yes      yes
POST   /sign-in                                   yes      yes      yes      yes      yes      yes      yes      yes      yes
GET    /sign-in/demo/:token                       yes      yes      yes      yes      yes      yes      yes      yes      yes
POST   /sign-out                                  in       in       in       in       in       in       in       in       in
GET    /                                          in       in       in       in       in       in       yes      yes      in
GET    /events                                    in       in       in       in       in       in       yes      yes      in
GET    /health-line                               in       in       in       in       in       in       yes      yes      in
GET    /modules                                   in       in       in       in       in       in       yes      yes      in
GET    /modules/:module                           in       in       in       in       in       in       yes      yes      in
GET    /overview/insights                         in       in       in       in       in       in       yes      yes      in
GET    /search                                    in       in       in       in       in       in       yes      yes      in
GET    /overview/now                              in       in       in       in       in       in       yes      yes      in
GET    /personas                                  in       in       in       in       in       in       yes      yes      in
POST   /personas                                  401      401      401      401      401      401      yes      403      401
GET    /personas/:id                              in       in       in       in       in       in       yes      yes      in
POST   /personas/:id/diary                        401      401      401      401      401      401      yes      403      401
POST   /personas/:id/diary/reset                  401      401      401      401      401      401      yes      403      401
GET    /personas/:id/edit                         in       in       in       in       in       in       yes      403      in
POST   /personas/:id/edit                         401      401      401      401      401      401      yes      403      401
POST   /personas/:id/pause                        401      401      401      401      401      401      yes      403      401
POST   /personas/:id/resume                       401      401      401      401      401      401      yes      403      401
POST   /personas/:id/run                          401      401      401      401      401      401      yes      403      401
GET    /personas/new                              in       in       in       in       in       in       yes      403      in
GET    /tools                                     in       in       in       in       in       in       yes      yes      in
GET    /findings                                  in       in       in       in       in       in       yes      yes      in
GET    /findings/:id                              in       in       in       in       in       in       yes      yes      in
POST   /findings/:id/state                        401      401      401      401      401      401      yes      403      401
POST   /findings/:id/verify                       401      401      401      401      401      401      yes      403      401
POST   /tools/modules                             401      401      401      401      401      401      yes      403      401
POST   /tools/modules/preview                     401      401      401      401      401      401      yes      403      401
GET    /releases                                  in       in       in       in       in       in       yes      yes      in
GET    /releases/:version                         in       in       in       in       in       in       yes      yes      in
GET    /runner                                    in       in       in       in       in       in       yes      yes      in
POST   /runner/again                              401      401      401      401      401      401      yes      403      401
POST   /runner/close-breaker                      401      401      401      401      401      401      yes      403      401
GET    /runner/now                                in       in       in       in       in       in       yes      yes      in
POST   /runner/pause                              401      401      401      401      401      401      yes      403      401
POST   /runner/resume                             401      401      401      401      401      401      yes      403      401
GET    /runs                                      in       in       in       in       in       in       yes      yes      in
GET    /runs/:id                                  in       in       in       in       in       in       yes      yes      in
GET    /runs/:id/actions/:number                  in       in       in       in       in       in       yes      yes      in
POST   /runs/:id/cancel                           401      401      401      401      401      401      yes      403      401
GET    /runs/:id/words/:number                    in       in       in       in       in       in       yes      yes      in
`

const registered = new Set<string>()
subscribe('fastify.initialization', message => {
  ;(message as { fastify: FastifyInstance }).fastify.addHook('onRoute', route => {
    for (const method of [route.method].flat()) registered.add(`${method} ${route.url}`)
  })
})
const DEPLOY_KEY = 'deploy-key-for-tests'
const app = await startTestApp(t, { env: { VIEWER_KEY, DEPLOY_KEY } })

const CREDENTIALS: Record<string, () => Promise<Record<string, string>> | Record<string, string>> =
  {
    none: () => ({}),
    wrong: () => ({
      'x-service-key': 'wrong-key',
      authorization: 'Bearer wrong-key',
      cookie: `persona-runner-3070=${'x'.repeat(43)}`
    }),
    swapped: () => ({
      'x-service-key': ADMIN_KEY,
      authorization: `Bearer ${SERVICE_KEY}`,
      cookie: `persona-runner-3070=${ADMIN_KEY}`
    }),
    service: () => service,
    admin: () => admin,
    viewer: () => ({ authorization: `Bearer ${VIEWER_KEY}` }),
    pA: () => signIn(app),
    pV: () => signIn(app, VIEWER_KEY),
    deploy: () => ({ authorization: `Bearer ${DEPLOY_KEY}` })
  }

/**
 * What a credential gets from a route, in one word. No request has a body, and no name in a path
 * exists.
 */
async function ask (route: string, credential: string): Promise<string> {
  const [method, url = ''] = route.split(' ')
  // Anew each time: some routes end the session.
  const headers = { ...sameOrigin, ...await CREDENTIALS[credential]?.() }
  const response = await app.inject({
    method: method as 'GET',
    url: url.replace(/:number/, '1').replace(/:\w+|\*/g, 'nobody'),
    headers,
    payloadAsStream: true
  })
  response.stream().destroy()
  const { statusCode, headers: { location } } = response
  if (statusCode === 401 || statusCode === 403) return String(statusCode)
  return statusCode === 303 && /^\/sign-in(\?to=|$)/.test(String(location)) ? 'in' : 'yes'
}

/** HEAD goes with its GET, and a slash at the end makes no other route. */
const lineOf = (route: string) => route.replace(/^HEAD /, 'GET ').replace(/(?<= .+)\/$/, '')

const [header = '', ...lines] = GOLDEN.trim().split('\n')
const columns = header.trim().split(/ +/)
const golden = new Map(lines.map(line => {
  const [method, url, ...words] = line.trim().split(/ +/)
  return [`${method} ${url}`, words.join(' ')]
}))

t.test('every registered route has its line, and every line its route', async t => {
  t.same(columns, Object.keys(CREDENTIALS))
  t.same([...new Set([...registered].map(lineOf))].sort(), [...golden.keys()].sort())
})

t.test('every route lets in whom its line says, and nobody else', async t => {
  for (const route of registered) {
    const words = []
    for (const credential of Object.keys(CREDENTIALS)) words.push(await ask(route, credential))
    t.equal(words.join(' '), golden.get(lineOf(route)), route)
  }
})
