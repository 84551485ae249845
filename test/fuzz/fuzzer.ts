import { Agent, request as httpRequest } from 'node:http'
import { admin, service } from '../helpers/app.ts'
import { VIEWER_KEY } from '../helpers/pages.ts'
import { createDice, type Dice } from './dice.ts'
import {
  createAnswerCheck,
  readOperations,
  resolveIn,
  type Answer,
  type OpenApi,
  type Operation
} from './document.ts'
import { APP_NAMES, nastyText, valueFor, type ValueOptions } from './values.ts'

/**
 * Asks a listening process as its OpenAPI document says, and as it does not, and checks every
 * answer by that document.
 */

export interface FuzzReport {
  requests: number
  byStatus: Record<string, number>
  /**
   * Operations that never answered with success; a fuzzer that only meets refusals proves little.
   */
  neverWorked: string[]
  /** 503 and 500 with the code RUNNER_OFF: documented, and right where no model is set. */
  runnerOff: number
  problems: { what: string, operation: string, request: string, answer: string }[]
  slowestMs: number
}

const HANG_MS = 10_000
const CREDENTIALS: Record<string, Record<string, string>> = {
  serviceKey: service,
  adminKey: admin,
  viewerKey: { authorization: `Bearer ${VIEWER_KEY}` }
}
/** What ends up in paths and bodies again. */
const MEMORABLE = new Set([
  'id',
  'email',
  'tickId',
  'personaId',
  'nextCursor',
  'version',
  'module',
  'serverTime'
])
const MAX_KNOWN = 200
const PARALLEL = 4

export async function fuzz (
  address: string,
  { requests, seed }: { requests: number, seed: number }
): Promise<FuzzReport> {
  const agent = new Agent({ keepAlive: true, maxSockets: PARALLEL })
  const doc = JSON.parse(
    (await send(agent, new URL(address), { method: 'GET', path: '/docs/json', headers: {} })).body
  ) as OpenApi
  const operations = readOperations(doc)
  const check = createAnswerCheck(doc)
  const known: string[] = []
  const worked = new Set<string>()
  const report: FuzzReport = {
    requests,
    byStatus: {},
    neverWorked: [],
    runnerOff: 0,
    problems: [],
    slowestMs: 0
  }

  async function one (number: number): Promise<void> {
    // Each request has dice of its own, so that it can be thrown again without those before it.
    const dice = createDice(seed * 1_000_003 + number)
    const operation = dice.pick(operations)
    const asked = requestFor(operation, {
      dice,
      resolve: resolveIn(doc),
      known,
      wrong: dice.pick([0, 0, 0.02, 0.1, 0.4])
    })
    const startedAt = performance.now()
    const answer = await send(agent, new URL(address), asked).catch((error: Error) => error)
    report.slowestMs = Math.max(report.slowestMs, performance.now() - startedAt)
    const problem = (what: string, text: string) =>
      report.problems.push({
        what,
        operation: operation.id,
        request: `#${number} ${asked.method} ${asked.path.slice(0, 300)} ${
          asked.body?.toString().slice(0, 300) ?? ''
        }`,
        answer: text.slice(0, 500)
      })
    if (answer instanceof Error) {
      problem(answer.message, '')
      return
    }
    report.byStatus[answer.status] = (report.byStatus[answer.status] ?? 0) + 1
    if (answer.status < 300) worked.add(operation.id)
    remember(answer, known, dice)
    const isOff = answer.status >= 500 && answer.body.includes('"RUNNER_OFF"')
    if (isOff) report.runnerOff++
    const complaint = answer.status >= 500 && !isOff ? 'out of order' : check(operation, answer)
    if (complaint !== undefined) problem(`${answer.status}: ${complaint}`, answer.body)
  }

  let next = 0
  await Promise.all(Array.from({ length: PARALLEL }, async () => {
    while (next < requests) await one(next++)
  }))
  agent.destroy()
  report.neverWorked = operations.map(operation => operation.id).filter(id => !worked.has(id))
  return report
}

interface Request {
  method: string
  path: string
  headers: Record<string, string>
  body?: Buffer | undefined
}

function requestFor (operation: Operation, options: ValueOptions): Request {
  const { dice } = options
  const path = operation.path.replace(/\{(\w+)\}/g, () => encodePart(pathPart(operation, options)))
  const query = operation.parameters.filter(parameter =>
    parameter.in === 'query' && dice.chance(0.4)
  )
    .map(({ name, schema }): [string, string] => [name, String(valueFor(schema, options))])
  if (dice.chance(options.wrong / 2)) query.push([nastyText(dice), nastyText(dice)])
  const search = query.map(part => part.map(encodePart).join('=')).join('&')
  const [type, body] = bodyFor(operation, options)
  return {
    method: operation.method,
    path: search === '' ? path : `${path}?${search}`,
    headers: {
      ...credentialFor(operation, dice),
      ...(type !== undefined && { 'content-type': type })
    },
    body
  }
}

/** Findings have short numbers; remembered, they would crowd out all other ids. */
const FINDING = /^\d+$/
const FINDINGS = ['1', '2', '3', '4']

/** Personas are found by their id or their email, runs by their id. */
const PERSONA = /@|^[0-9a-f-]{36}$/

function pathPart ({ path }: Operation, { dice, known }: ValueOptions): string {
  if (path.includes('/apps/') && dice.chance(0.8)) return dice.pick(APP_NAMES)
  if (path.includes('/findings/') && dice.chance(0.8)) return dice.pick(FINDINGS)
  const fitting = known.filter(text => PERSONA.test(text) === path.includes('/personas/'))
  if (fitting.length > 0 && dice.chance(0.8)) return dice.pick(fitting)
  return dice.chance(0.5)
    ? nastyText(dice).slice(0, 400)
    : dice.pick(['nobody', '00000000-0000-0000-0000-000000000000'])
}

/** Lone surrogates have no place in an address; what a broken client sends instead has. */
const encodePart = (text: string) => encodeURIComponent(text.toWellFormed()) || '%20'

function credentialFor ({ schemes }: Operation, dice: Dice): Record<string, string> {
  const [right = 'none'] = schemes
  return CREDENTIALS[
    dice.chance(0.92)
      ? right
      : dice.pick(['none', 'serviceKey', 'adminKey', 'viewerKey'])
  ] ?? {}
}

function bodyFor (
  { method, body }: Operation,
  options: ValueOptions
): [string | undefined, Buffer | undefined] {
  const { dice } = options
  if (method === 'GET') return [undefined, undefined]
  if (dice.chance(0.04)) {
    return [
      dice.pick([
        'application/json',
        'text/plain',
        'application/x-www-form-urlencoded',
        'application/json; charset=utf-16',
        'x'
      ]),
      garbage(dice)
    ]
  }
  if (body === undefined) {
    return dice.chance(0.2)
      ? ['application/json', Buffer.from('{}')]
      : [undefined, undefined]
  }
  return ['application/json', Buffer.from(JSON.stringify(valueFor(body, options)) ?? '')]
}

function garbage (dice: Dice): Buffer {
  const levels = dice.between(60, 20_000)
  return Buffer.from(
    dice.pick([
      '',
      '{',
      'null',
      '"text"',
      '[]',
      '{"__proto__":{"x":1}}',
      '{"constructor":{"prototype":{}}}',
      '{"a":1,"a":2}',
      '\u0000',
      '\ufeff{}',
      '{"a":"\\ud800"}',
      `${'['.repeat(levels)}${']'.repeat(levels)}`,
      `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`,
      Buffer.from([0xff, 0xfe, 0x7b]).toString('latin1'),
      '1e999'
    ]),
    'latin1'
  )
}

function remember (answer: Answer, known: string[], dice: Dice): void {
  if (!answer.type.startsWith('application/json') || answer.status >= 300) return
  JSON.parse(answer.body, (key, value) => {
    if (!MEMORABLE.has(key) || typeof value !== 'string' || value.length > 300) return value
    if (FINDING.test(value)) return value
    if (known.length < MAX_KNOWN) known.push(value)
    else known[dice.between(0, MAX_KNOWN - 1)] = value
    return value
  })
}

function send (
  agent: Agent,
  { hostname, port }: URL,
  { method, path, headers, body }: Request
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({
      agent,
      hostname,
      port,
      method,
      path,
      headers: { ...headers, ...(body !== undefined && { 'content-length': String(body.length) }) },
      signal: AbortSignal.timeout(HANG_MS)
    }, response => {
      const chunks: Buffer[] = []
      response.on('data', chunk => chunks.push(chunk)).on('error', reject).on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          type: response.headers['content-type'] ?? '',
          headers: response.headers,
          body: Buffer.concat(chunks).toString()
        }))
    })
    request.on('error', reject)
    request.end(body)
  })
}
