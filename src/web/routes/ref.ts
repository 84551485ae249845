import { Type, type Static, type TSchema } from 'typebox'
import { ErrorBody } from './error-body.ts'

/** Refers to a shared schema by its `$id` and keeps its type. */
export function ref<T extends TSchema> (schema: T) {
  return Type.Unsafe<Static<T>>({ $ref: `${(schema as { $id?: string }).$id}#` })
}

const MEANINGS: Record<number, string> = {
  400: 'the request is not valid; the message names the field',
  401: 'no key, or the wrong one',
  404: 'there is no such thing',
  409: 'in conflict with what is stored',
  500: 'out of order',
  503: 'not ready, or the runner is off'
}

/** The error answers of a route. */
export function errorsOf<S extends number> (...statuses: S[]) {
  const entries = statuses.map(
    status => [
      status,
      Type.Unsafe<Static<typeof ErrorBody>>({ $ref: 'Error#', description: MEANINGS[status] })
    ]
  )
  return Object.fromEntries(entries) as Record<S, ReturnType<typeof ref<typeof ErrorBody>>>
}
