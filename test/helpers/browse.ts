import type { FastifyInstance } from 'fastify'
import { ADMIN_KEY } from './app.ts'

/** A reader who is signed in to the pages, without a browser. */
export interface Reader {
  get(url: string): Promise<Seen>
  post(url: string, fields?: Record<string, string>): Promise<Seen>
}

export interface Seen {
  status: number
  body: string
  location: string | undefined
}

const SAME_SITE = { 'sec-fetch-site': 'same-origin', accept: 'text/html' }

export async function signIn (app: FastifyInstance, key = ADMIN_KEY): Promise<Reader> {
  const asForm = (fields: Record<string, string>) => ({
    payload: new URLSearchParams(fields).toString(),
    headers: { ...SAME_SITE, 'content-type': 'application/x-www-form-urlencoded' }
  })
  const opened = await app.inject({ method: 'POST', url: '/sign-in', ...asForm({ key }) })
  const [cookie] = opened.cookies
  if (cookie === undefined) throw new Error(`not signed in: ${opened.statusCode} ${opened.body}`)
  const cookies = { [cookie.name]: cookie.value }
  const seen = ({ statusCode: status, body, headers }: typeof opened): Seen => ({
    status,
    body,
    location: headers.location
  })
  return {
    get: async url => seen(await app.inject({ url, cookies, headers: SAME_SITE })),
    post: async (url, fields = {}) =>
      seen(await app.inject({ method: 'POST', url, cookies, ...asForm(fields) }))
  }
}

/** What a persona or a tool could write to take over a page. */
export const MARKUP =
  "<script>alert(1)</script><img src=x onerror=alert(1)>\"><svg onload=alert(1)>' onfocus=alert(1) x='"

/** The markup of that text which would have got into a page as markup; empty is well. */
export function intruders (body: string): string[] {
  return ['<script>alert', '<img src=x', '<svg onload', '"><svg', "' onfocus"].filter(piece =>
    body.includes(piece)
  )
}

/** Every address of this site that a page links to. */
export function linksOf (body: string): string[] {
  return [...body.matchAll(/href="([^"]+)"/g)].map(match =>
    (match[1] ?? '').replaceAll('&amp;', '&').replaceAll('&#39;', "'")
  )
}
