import pg from 'pg'
import { preparedName } from './prepared.ts'

interface Inside { connection: { stream: { destroy (error: Error): void } } }

/**
 * A connection that ends with the first statement that is not answered in time: the server behind it may be gone, and the
 * pool would hand it to the next statement, which would wait as long again.
 */
export class ImpatientClient extends pg.Client {
  override query (...args: unknown[]): never {
    const answer: unknown = Reflect.apply(super.query, this, withName(args))
    if (answer instanceof Promise) {
      answer.catch((error: Error) => {
        if (error.message === 'Query read timeout') (this as unknown as Inside).connection.stream.destroy(error)
      })
    }
    return answer as never
  }
}

function withName (args: unknown[]): unknown[] {
  const [text, values] = args
  const name = typeof text === 'string' ? preparedName(text) : undefined
  return name === undefined ? args : [{ name, text, values }]
}
