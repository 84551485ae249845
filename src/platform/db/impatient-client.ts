import pg from 'pg'
import { preparedName } from './prepared.ts'

interface Inside {
  connection: { stream: { destroy(error: Error): void } }
}

/**
 * A connection that ends with the first statement that is not answered in time: the server behind
 * it may be gone, and the pool would hand it to the next statement, which would wait as long again.
 */
export class ImpatientClient extends pg.Client {
  override query (...args: unknown[]): never {
    const [text, values] = args
    const name = typeof text === 'string' ? preparedName(text) : undefined
    const answer: unknown = name === undefined
      ? Reflect.apply(super.query, this, args)
      : this.#prepared(name, text as string, values as unknown[])
    if (answer instanceof Promise) {
      answer.catch((error: Error) => {
        if (error.message === 'Query read timeout') {
          ;(this as unknown as Inside).connection.stream.destroy(error)
        }
      })
    }
    return answer as never
  }

  /**
   * The driver takes a name in an object only, which it copies property by property with all their
   * attributes.
   */
  #prepared (name: string, text: string, values: unknown[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const query = new pg.Query(
        text,
        values,
        (error: Error | null | undefined, result: unknown) => {
          if (error === null || error === undefined) resolve(result)
          else reject(error)
        }
      )
      super.query(Object.assign(query, { name }))
    })
  }
}
