import type { FastifyInstance } from 'fastify'
import { admin } from './app.ts'
import { signIn } from './pages.ts'
import type { OpenDatabase } from '../../src/platform/db/database.ts'

/** All that is stored and all that readers are told, to look for what must not be in it. */

/** Every row of every table, those of the queue among them. */
export async function everyRow (database: OpenDatabase): Promise<string> {
  const { rows } = await database.executeSql(
    `SELECT quote_ident(table_schema) || '.' || quote_ident(table_name) AS name FROM information_schema.tables
    WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema')`
  )
  const names = (rows as { name: string }[]).map(({ name }) => name)
  const isThere = names.includes('public.messages') &&
    names.some(name => name.startsWith('pgboss.'))
  if (!isThere) throw new Error(`not all tables: ${names.join()}`)
  let text = ''
  for (const name of names) {
    text += JSON.stringify((await database.executeSql(`SELECT * FROM ${name}`)).rows)
  }
  return text
}

const ADMIN_PATHS = [
  'personas',
  'runs',
  'runner',
  'tools',
  'incidents',
  'apps',
  'insights/modules',
  'insights/problems',
  'insights/gaps',
  'insights/cast',
  'releases',
  'export/runs',
  'export/runs?format=csv',
  'export/actions',
  'export/feedback'
].map(path => `/api/v1/admin/${path}`)
const PAGES = [
  '/',
  '/personas',
  '/runs',
  '/modules',
  '/modules/notes',
  '/runner',
  '/overview/insights',
  '/overview/now'
]

/** Of both kinds of reader, by route. @throws where one is not answered */
export async function everyAnswer (app: FastifyInstance): Promise<Record<string, string>> {
  const cookie = await signIn(app)
  const texts: Record<string, string> = {}
  const read = async (route: string, url: string, headers: Record<string, string>) => {
    const answer = await app.inject({ url, headers })
    if (answer.statusCode !== 200 && answer.statusCode !== 404) {
      throw new Error(`${url}: ${answer.statusCode}`)
    }
    texts[route] = (texts[route] ?? '') + answer.body
  }
  for (const url of [...ADMIN_PATHS, '/ready', '/docs/json']) await read(url, url, admin)
  for (const url of PAGES) await read(url, url, cookie)
  const { runs } = JSON.parse(texts['/api/v1/admin/runs'] ?? '') as {
    runs: { id: string, personaId: string }[]
  }
  for (const { id, personaId } of runs) {
    await read('/api/v1/admin/runs/:id', `/api/v1/admin/runs/${id}`, admin)
    await read('/api/v1/admin/personas/:id', `/api/v1/admin/personas/${personaId}`, admin)
    for (const what of ['account', 'diary']) {
      await read(what, `/api/v1/admin/personas/${personaId}/${what}`, admin)
    }
    await read('/runs/:id', `/runs/${id}`, cookie)
    await read('/personas/:id', `/personas/${personaId}`, cookie)
  }
  return texts
}
