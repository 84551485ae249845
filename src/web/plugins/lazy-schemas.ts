import type { ErrorObject, ValidateFunction } from 'ajv'
import buildSerializer from '@fastify/fast-json-stringify-compiler'
import type { FastifyServerOptions } from 'fastify'

/**
 * A process knows a hundred schemas and uses a few of them: each is compiled when it is first
 * needed. All of them at once would be the largest part of the start.
 */

/** For `Fastify(…)`: how answers become text. */
export const LAZY_SERIALIZERS = {
  compilersFactory: {
    buildSerializer (externalSchemas, options) {
      const compile = buildSerializer()(externalSchemas, options)
      return route => {
        const serialize = once(() => compile(route))
        return (data: unknown) => serialize()(data)
      }
    }
  }
} satisfies FastifyServerOptions['schemaController']

/**
 * A check that is made when it is first asked for, with the errors where Fastify looks for them.
 */
export function lazyCheck (
  compile: () => ValidateFunction
): { (data: unknown): boolean, errors?: ErrorObject[] | null | undefined } {
  let check: ValidateFunction | undefined
  return Object.assign(function lazy (data: unknown): boolean {
    check ??= compile()
    const holds = check(data) as boolean
    Object.assign(lazy, { errors: check.errors })
    return holds
  }, { errors: null })
}

/** What is made when it is first asked for. */
export function once<Made> (make: () => Made): () => Made {
  let made: { is: Made } | undefined
  return () => (made ??= { is: make() }).is
}
