import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import type { Schema } from './values.ts'

/** Our OpenAPI document, as somebody reads it who knows nothing else of us. */

export interface Parameter {
  in: string
  name: string
  required?: boolean
  schema: Schema
}
export interface Answer {
  status: number
  type: string
  headers: Record<string, string | string[] | undefined>
  body: string
}
export interface Operation {
  id: string
  method: string
  path: string
  schemes: string[]
  parameters: Parameter[]
  body: Schema | undefined
}

interface Content {
  schema?: Schema
}
interface RawOperation {
  operationId: string
  security?: Record<string, string[]>[]
  parameters?: Parameter[]
  requestBody?: { content: Record<string, Content> }
  responses: Record<string, { content?: Record<string, Content> }>
}
export interface OpenApi {
  paths: Record<string, Record<string, RawOperation>>
  components: { schemas: Record<string, Schema> }
}

export function readOperations (doc: OpenApi): Operation[] {
  return Object.entries(doc.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      id: operation.operationId,
      method: method.toUpperCase(),
      path,
      schemes: (operation.security ?? []).flatMap(scheme => Object.keys(scheme)),
      parameters: operation.parameters ?? [],
      body: operation.requestBody?.content['application/json']?.schema
    }))
  )
}

export function resolveIn (doc: OpenApi): (ref: string) => Schema {
  return ref => doc.components.schemas[ref.replace('#/components/schemas/', '')] ?? {}
}

/** Says what is wrong with an answer by the document; undefined: nothing. */
export function createAnswerCheck (
  doc: OpenApi
): (operation: Operation, answer: Answer) => string | undefined {
  const ajv = new Ajv2020({ strict: false, allErrors: false })
  addFormats.default(ajv)
  ajv.addSchema(doc, 'doc')
  const escape = (part: string) =>
    encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'))
  return ({ path, method }, { status, type, body }) => {
    const documented = doc.paths[path]?.[method.toLowerCase()]?.responses[status]
    if (documented === undefined) return 'this status is not documented'
    const media = type.split(';')[0] ?? ''
    if (documented.content === undefined) {
      return body === ''
        ? undefined
        : 'a body that is not documented'
    }
    const content = documented.content[media]
    if (content === undefined) return `the type "${type}" is not documented`
    if (media !== 'application/json' || content.schema === undefined) return undefined
    const pointer = [
      'paths',
      path,
      method.toLowerCase(),
      'responses',
      String(status),
      'content',
      media,
      'schema'
    ].map(escape).join('/')
    const check = ajv.getSchema(`doc#/${pointer}`)
    if (check === undefined) return 'its schema cannot be found'
    return check(parse(body)) ? undefined : ajv.errorsText(check.errors)
  }
}

function parse (text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
