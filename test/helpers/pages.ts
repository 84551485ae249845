import type { FastifyInstance } from 'fastify'
import { ADMIN_KEY } from './app.ts'

export const VIEWER_KEY = 'viewer-key-for-tests'
/** What a browser sends with a form of the same site. */
export const sameOrigin = { 'sec-fetch-site': 'same-origin' }

/** Sends a form as a browser does. */
export function postForm (
  app: FastifyInstance,
  url: string,
  fields: Record<string, string> = {},
  headers: Record<string, string> = {}
) {
  return app.inject({
    method: 'POST',
    url,
    headers: { ...sameOrigin, 'content-type': 'application/x-www-form-urlencoded', ...headers },
    payload: new URLSearchParams(fields).toString()
  })
}

/** The header that a browser sends once it is signed in. */
export async function signIn (app: FastifyInstance, key = ADMIN_KEY): Promise<{ cookie: string }> {
  const response = await postForm(app, '/sign-in', { key })
  const [cookie] = response.cookies
  if (cookie === undefined) {
    throw new Error(`not signed in: ${response.statusCode} ${response.body}`)
  }
  return { cookie: `${cookie.name}=${cookie.value}` }
}

/** What a reader sees of a page: its text, without markup. */
export function textOf (html: string): string {
  return html.replace(/<(script|style)[\s\S]*?<\/\1>/g, ' ').replace(/<[^>]*>/g, ' ')
    .replace(/&lt;/g, '<').replace(/&gt;/g, '>').replace(/&quot;/g, '"').replace(/&#39;/g, "'")
    .replace(/&amp;/g, '&').replace(/\s+/g, ' ')
}
