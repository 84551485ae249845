import { subscribe } from 'node:diagnostics_channel'
import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { startTestApp } from '../helpers/app.ts'

/**
 * Input of the API, found at the routes themselves: a new route is looked at without anybody
 * thinking of it.
 */

interface Schema {
  $ref?: string
  type?: string
  additionalProperties?: unknown
  maxLength?: number
  maxItems?: number
}
interface Input {
  where: string
  schema: Schema
}

const inputs: Input[] = []
subscribe('fastify.initialization', message => {
  ;(message as { fastify: FastifyInstance }).fastify.addHook(
    'onRoute',
    ({ method, url, schema }) => {
      // Of the pages, the one form that strangers may send.
      const parts = (schema as { hide?: boolean } | undefined)?.hide !== true
        ? ['body', 'querystring'] as const
        : url === '/sign-in'
        ? ['body'] as const
        : []
      for (const part of parts) {
        const found = schema?.[part] as Schema | undefined
        if (found !== undefined && method !== 'HEAD') {
          inputs.push({ where: `${method} ${url} ${part}`, schema: found })
        }
      }
    }
  )
})
const app = await startTestApp(t)
const shared = app.getSchemas() as Record<string, Schema>

/** Every schema within a schema, by its path. */
function* within (schema: Schema, path: string): Generator<[string, Schema]> {
  if (schema.$ref !== undefined) {
    yield* within(shared[schema.$ref.replace(/#$/, '')] ?? {}, path)
    return
  }
  yield [path, schema]
  for (const [key, value] of Object.entries(schema)) {
    if (key === 'default' || key === 'enum' || value === null || typeof value !== 'object') continue
    const children = key === 'properties' || key === 'patternProperties' || Array.isArray(value)
      ? Object.entries(value as object)
      : [['', value]]
    for (const [name, child] of children) {
      if (child !== null && typeof child === 'object') {
        yield* within(child as Schema, `${path}/${key}/${name}`)
      }
    }
  }
}

t.test('every input of the API refuses unknown fields, at every depth', async t => {
  t.ok(inputs.length >= 18, `${inputs.length} inputs`)
  for (const { where, schema } of inputs) {
    for (const [path, part] of within(schema, where)) {
      if (part.type === 'object') t.equal(part.additionalProperties, false, path)
    }
  }
})

t.test('every text and every list in a body has an end', async t => {
  const BOUNDED = ['format', 'pattern', 'enum', 'const']
  for (const { where, schema } of inputs) {
    for (const [path, part] of within(schema, where)) {
      if (part.type === 'string') {
        t.ok(part.maxLength !== undefined || BOUNDED.some(keyword => keyword in part), path)
      }
      if (part.type === 'array') t.type(part.maxItems, 'number', path)
    }
  }
})
