import type { FastifyInstance } from 'fastify'
import { listBreakers, nameOf, type Breaker } from '../../../runner/runs/breakers.ts'

/** Services that are out of order, each named as a sentence on a page begins: `The app "shop"`. */
export async function namedBreakers (
  { services, database: { db } }: FastifyInstance
): Promise<(Breaker & { name: string })[]> {
  const breakers = await listBreakers(db, await services.all())
  return breakers.map(breaker => {
    const name = nameOf(breaker)
    return { ...breaker, name: `${name.charAt(0).toUpperCase()}${name.slice(1)}` }
  })
}
