import { subscribe } from 'node:diagnostics_channel'
import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { admin, service, startTestApp } from '../../helpers/app.ts'
import { VIEWER_KEY } from '../../helpers/pages.ts'

/** The OpenAPI document against the routes that are really there. */

interface ParameterSchema {
  type?: string
  anyOf?: ParameterSchema[]
  items?: ParameterSchema
  maxItems?: number
  maxLength?: number
  enum?: unknown[]
  const?: unknown
  format?: string
  pattern?: string
}
interface Operation {
  operationId?: string
  summary?: string
  tags?: string[]
  security?: Record<string, string[]>[]
  parameters?: { in: string, name: string, schema?: ParameterSchema }[]
  requestBody?: object
  responses: Record<string, { content?: { 'application/json'?: { schema: { $ref?: string } } } }>
}
interface Document {
  openapi: string
  paths: Record<string, Record<string, Operation>>
  tags: { name: string }[]
  components: {
    schemas: Record<string, { properties?: object }>
    securitySchemes: Record<string, object>
  }
}

/** Every route as it is registered, whether documented or not. */
const registered = new Set<string>()
subscribe('fastify.initialization', message => {
  ;(message as { fastify: FastifyInstance }).fastify.addHook('onRoute', route => {
    // Pages and their assets are for readers, not for programs.
    if ((route.schema as { hide?: boolean } | undefined)?.hide === true) return
    const path = route.url.replace(/(?<=.)\/$/, '').replace(/:(\w+)/g, '{$1}')
    for (const method of [route.method].flat()) {
      if (method !== 'HEAD' && !path.startsWith('/docs')) {
        registered.add(`${method.toLowerCase()} ${path}`)
      }
    }
  })
})

const viewer = { authorization: `Bearer ${VIEWER_KEY}` }
const DEPLOY_KEY = 'deploy-key-for-tests'
const deploy = { authorization: `Bearer ${DEPLOY_KEY}` }
const app = await startTestApp(t, { env: { VIEWER_KEY, DEPLOY_KEY } })
const response = await app.inject('/docs/json')
const doc: Document = response.json()
const operations = Object.entries(doc.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({
    method,
    path,
    name: `${method} ${path}`,
    operation
  }))
)
const errorOf = (operation: Operation, status: number) =>
  operation.responses[status]?.content?.['application/json']?.schema.$ref

t.test('the document is OpenAPI 3.1 and open to everybody', async t => {
  t.equal(response.statusCode, 200)
  t.match(doc.openapi, /^3\.1\./)
  t.equal((await app.inject('/docs/')).statusCode, 200, 'and there is a page to read it on')
})

t.test('every route is documented, and nothing that is not there', async t => {
  t.ok(registered.size >= 17, `${registered.size} routes`)
  t.same(operations.map(({ name }) => name).sort(), [...registered].sort())
})

t.test('every operation has an id of its own, a summary, a declared tag, its parameters and an answer', async t => {
  const ids = operations.map(({ operation }) => operation.operationId)
  t.equal(new Set(ids).size, operations.length)
  const tags = new Set(doc.tags.map(tag => tag.name))
  for (const { name, path, operation } of operations) {
    t.match(operation.operationId, /^[a-z][A-Za-z]+$/, name)
    t.match(operation.summary, /^[A-Z].{10,}/, `${name} has a summary`)
    t.ok(
      operation.tags?.length === 1 && operation.tags.every(tag => tags.has(tag)),
      `${name} has a declared tag`
    )
    t.ok(
      Object.keys(operation.responses).some(status => status.startsWith('2')),
      `${name} says what it answers`
    )
    const inPath = operation.parameters?.filter(parameter =>
      parameter.in === 'path'
    ).map(parameter => parameter.name) ?? []
    t.same(
      inPath,
      [...path.matchAll(/\{(\w+)\}/g)].map(match =>
        match[1]
      ),
      `${name} has its path parameters`
    )
  }
})

/** Whether a value of the schema may be as long as a URL. */
function isUnbounded (schema: ParameterSchema): boolean {
  if (schema.anyOf !== undefined) return schema.anyOf.some(isUnbounded)
  if (schema.type === 'array') return schema.maxItems === undefined
  return schema.type === 'string' && [
    schema.maxLength,
    schema.enum,
    schema.const,
    schema.format,
    schema.pattern
  ].every(limit => limit === undefined)
}

t.test('every text parameter has a limit', t => {
  const parameters = operations.flatMap(({ name, operation }) =>
    (operation.parameters ?? []).map(parameter => ({ ...parameter, route: name }))
  )
  t.ok(parameters.length > 50, `${parameters.length} parameters`)
  const unbounded = parameters.filter(({ schema }) => schema === undefined || isUnbounded(schema))
  t.same(unbounded.map(parameter => `${parameter.route}: ${parameter.name}`), [])
  t.end()
})

t.test('every refusal that a route can give is documented as an error body', async t => {
  t.same(Object.keys(doc.components.schemas.Error?.properties ?? {}), ['code', 'message'])
  for (const { name, path, operation } of operations) {
    const takesInput = operation.requestBody !== undefined ||
      operation.parameters?.some(parameter => parameter.in === 'query')
    const expected = [
      takesInput && 400,
      operation.security && 401,
      operation.security && path.includes('{') && 404,
      operation.security && 503
    ]
    for (const status of expected.filter(status => typeof status === 'number')) {
      t.equal(errorOf(operation, status), '#/components/schemas/Error', `${name} ${status}`)
    }
    for (
      const status of Object.keys(operation.responses).filter(status =>
        status >= '400' && path !== '/ready'
      )
    ) {
      t.equal(errorOf(operation, Number(status)), '#/components/schemas/Error', `${name} ${status}`)
    }
  }
})

t.test('what the document says about keys is what the guards do', async t => {
  const keys: Record<string, Record<string, string>> = {
    serviceKey: service,
    adminKey: admin,
    viewerKey: viewer,
    deployKey: deploy,
    none: {}
  }
  t.same(['none', ...Object.keys(doc.components.securitySchemes)].sort(), Object.keys(keys).sort())
  for (const { name, method, path, operation } of operations) {
    const schemes = (operation.security ?? []).flatMap(scheme => Object.keys(scheme))
    const expected = keysFor(method, path)
    t.same(schemes, expected, name)
    for (const [key, headers] of Object.entries(keys)) {
      // Whatever it is asked, the request does nothing to any row.
      const url = path.replace(/\{\w+\}/g, 'nobody')
      const { statusCode } = await app.inject({
        method: method.toUpperCase() as 'GET',
        url,
        headers
      })
      t.equal(
        statusCode === 401 || statusCode === 403,
        expected.length > 0 && !expected.includes(key),
        `${name} with ${key}`
      )
    }
  }
})

function keysFor (method: string, path: string): string[] {
  if (path.includes('/internal/')) return ['serviceKey']
  if (!path.includes('/admin/')) return []
  if (method === 'get') return ['adminKey', 'viewerKey']
  return method === 'post' && path === '/api/v1/admin/releases'
    ? ['adminKey', 'deployKey']
    : ['adminKey']
}

function collectRefs (node: unknown, found: string[] = []): string[] {
  if (node === null || typeof node !== 'object') return found
  for (const [key, value] of Object.entries(node)) {
    if (key === '$ref' && typeof value === 'string') found.push(value)
    else collectRefs(value, found)
  }
  return found
}

function resolve (ref: string): unknown {
  return ref.replace(/^#\//, '').split('/').reduce<unknown>(
    (node, key) =>
      (node as Record<string, unknown> | undefined)
        ?.[key.replaceAll('~1', '/').replaceAll('~0', '~')],
    doc
  )
}

t.test('every reference leads somewhere within the document, and every component is referred to', async t => {
  const refs = new Set(collectRefs(doc))
  for (const ref of refs) t.ok(ref.startsWith('#/') && resolve(ref) !== undefined, ref)
  for (const name of Object.keys(doc.components.schemas)) {
    t.ok(refs.has(`#/components/schemas/${name}`), `${name} is used`)
  }
})
