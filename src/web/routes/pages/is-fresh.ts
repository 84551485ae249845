import type { FastifyRequest } from 'fastify'

/**
 * Whether a person opens a page, and not a page that is kept live asks again: for those one answer
 * does for all.
 */
export const isFresh = (request: FastifyRequest): boolean => request.headers['x-live'] === undefined
