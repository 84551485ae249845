import { once } from 'node:events'
import { request, type IncomingHttpHeaders } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { FIT_FOR_PRODUCTION } from '../helpers/app.ts'
import type { Report } from './scenario.ts'

/** What a stranger tries over HTTP: names, cookies, redirects, guesses and odd bodies. */

export const VIEWER_KEY = 'c4a9f1d7e3b80652'

interface Sent {
  method?: string
  headers?: Record<string, string>
  body?: string
}
interface Answer {
  status: number
  headers: IncomingHttpHeaders
  text: string
}

/** As it stands: `fetch` chooses the Host header by itself. */
export async function ask (
  address: string,
  path: string,
  { method = 'GET', headers = {}, body }: Sent = {}
): Promise<Answer> {
  const sent = request(new URL(address), { path, method, headers, agent: false })
  sent.end(body)
  const [answer] = await once(sent, 'response') as [import('node:http').IncomingMessage]
  return { status: answer.statusCode ?? 0, headers: answer.headers, text: await text(answer) }
}

export function signIn (
  address: string,
  key: string,
  { to = '/', host }: { to?: string, host?: string } = {}
): Promise<Answer> {
  return ask(address, '/sign-in', {
    method: 'POST',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      'sec-fetch-site': 'same-origin',
      ...(host !== undefined && { host })
    },
    body: new URLSearchParams({ key, to }).toString()
  })
}

export async function tryHttp (report: Report, address: string): Promise<void> {
  await tryNames(report, address)
  await tryRedirects(report, address)
  await tryBodies(report, address)
  // Last: from then on this address waits.
  await tryGuesses(report, address)
}

async function tryNames (report: Report, address: string): Promise<void> {
  const strange = await ask(address, '/sign-in', { headers: { host: 'evil.example' } })
  report.check('a name that is not ours gets 421', strange.status === 421, strange)
  const health = await ask(address, '/health', { headers: { host: 'evil.example' } })
  report.check('/health is answered whatever the name', health.status === 200, health)
  const lines = await firstLine(
    address,
    'GET /health HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\nConnection: close\r\n\r\n'
  )
  report.check('two Host headers get 400', lines.includes(' 400 '), lines)
  const { headers } = await signIn(address, FIT_FOR_PRODUCTION.ADMIN_KEY, {
    host: new URL(address).host
  })
  const cookie = headers['set-cookie']?.[0] ?? ''
  const isClosed = /^__Host-/.test(cookie) && /; Secure/i.test(cookie) && /; HttpOnly/i.test(cookie)
  report.check(
    'the cookie is Secure behind a proxy that sends its own Host',
    isClosed,
    cookie.replace(/=[^;]*/, '=…')
  )
}

async function firstLine (address: string, bytes: string): Promise<string> {
  const socket = connect(Number(new URL(address).port), '127.0.0.1')
  socket.end(bytes)
  return (await text(socket)).split('\r\n')[0] ?? ''
}

const ELSEWHERE = [
  '//evil.example',
  '/.//evil.example',
  '/..//evil.example',
  '/%2e%2e//evil.example',
  '/a/../..//evil.example',
  '/.\r//evil.example',
  '/\\evil.example',
  'https://evil.example',
  '/\t/evil.example',
  '/runs/..//evil.example'
]

async function tryRedirects (report: Report, address: string): Promise<void> {
  const ours = FIT_FOR_PRODUCTION.PUBLIC_URL
  const led: string[] = []
  for (const to of ELSEWHERE) {
    const { status, headers } = await signIn(address, FIT_FOR_PRODUCTION.ADMIN_KEY, { to })
    const origin = new URL(headers.location ?? '', `${ours}/sign-in`).origin
    if (status !== 303 || origin !== ours) {
      led.push(`${JSON.stringify(to)} → ${status} ${headers.location}`)
    }
  }
  report.check('a sign-in leads to our own pages only', led.length === 0, led)
}

async function tryBodies (report: Report, address: string): Promise<void> {
  for (
    const [field, body] of [
      ['__proto__', '{"__proto__": {"paused": true}}'],
      ['constructor/prototype', '{"constructor": {"prototype": {"x": 1}}}']
    ] as const
  ) {
    const headers = {
      authorization: `Bearer ${FIT_FOR_PRODUCTION.ADMIN_KEY}`,
      'content-type': 'application/json'
    }
    const answer = await ask(address, '/api/v1/admin/personas', { method: 'POST', headers, body })
    report.check(
      `a body with ${field} is refused by that name`,
      answer.status === 400 && answer.text.includes(field),
      answer.text
    )
  }
}

async function tryGuesses (report: Report, address: string): Promise<void> {
  const answers: number[] = []
  for (let i = 0; i < 5; i++) {
    answers.push((await signIn(address, `guess-${i}`)).status)
    if (answers.at(-1) === 401) answers.push((await signIn(address, VIEWER_KEY)).status)
  }
  report.check(
    "a viewer's sign-in between wrong keys shortens no wait",
    answers.at(-1) === 429,
    answers
  )
}
