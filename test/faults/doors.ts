import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { legalName } from '../../src/runner/tools/tool-names.ts'
import { ADMIN_KEY, FIT_FOR_PRODUCTION, PERSONA, SEED_SECRET, SERVICE_KEY } from '../helpers/app.ts'
import { MEGABYTE, pour, serving } from '../helpers/flood.ts'
import { startServer, type ServerProcess } from '../helpers/server-process.ts'
import { peakMemory, slowestHealth } from './doors-floods.ts'
import { ask, tryHttp, VIEWER_KEY } from './doors-http.ts'
import type { Report, Scenario, Size } from './scenario.ts'
import { startCountingApp } from './tools/counting-app.ts'
import { until } from './tools/measure.ts'
import { withTeardown, type Teardown } from './tools/teardown.ts'

const PLANS = { full: { floodMb: 1500, replyMb: 400 }, short: { floodMb: 60, replyMb: 60 } }
/** What may be under way when the reader has had enough, in megabytes. */
const UNDER_WAY_MB = 50
const MEMORY_MB = 300
const HEALTH_MS = 200
const END_MS = 60_000
const LOOK = legalName('ledger.look')
/** So many calls of one reply are carried out or refused. */
const CALLS = 64

export const scenario: Scenario = {
  name: 'doors',
  shows:
    'what stood open once is closed: files, names, cookies, redirects, guesses, and answers without an end',
  async run (report, size) {
    await withTeardown(async t => {
      await tryProduction(t, report, size)
      await tryModel(t, report, size)
    })
  }
}

async function tryProduction (t: Teardown, report: Report, size: Size): Promise<void> {
  const folder = dataFolder(t)
  mkdirSync(join(folder, 'old'))
  writeFileSync(join(folder, 'old', 'table'), 'x')
  for (const path of [folder, join(folder, 'old'), join(folder, 'old', 'table')]) {
    chmodSync(path, 0o777)
  }
  const poured: number[] = []
  const authUrl = await serving(t, (_req, res) => {
    res.writeHead(200, { 'content-type': 'application/json' })
    pour(res, PLANS[size].floodMb * MEGABYTE).then(bytes => {
      poured.push(bytes)
    }, () => {})
  })
  const server = start(t, {
    ...FIT_FOR_PRODUCTION,
    NODE_ENV: 'production',
    DATA_DIR: folder,
    VIEWER_KEY,
    AUTH_URL: authUrl,
    PERSONA_SEED_SECRET: 'f03b9d26c7e81a54',
    MCP_URL: `${authUrl}/mcp`
  })
  const address = await server.listening
  report.check(
    'a folder that was open is mended, and the log says so',
    /have none any more/.test(server.output())
  )
  checkClosed(report, folder, 'while it runs')
  await trySignInFlood(report, server, { address, poured })
  await tryHttp(report, address)
  server.signal('SIGKILL')
  await server.ended
  checkClosed(report, folder, 'after a kill')
}

/** With the umask that leaves files open. */
function start (t: Teardown, env: Record<string, string>): ServerProcess {
  const before = process.umask(0)
  try {
    return startServer(t, { LOG_LEVEL: 'info', ...env })
  } finally {
    process.umask(before)
  }
}

function dataFolder (t: Teardown): string {
  const folder = mkdtempSync(join(tmpdir(), 'persona-runner-doors-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

function checkClosed (report: Report, folder: string, when: string): void {
  const paths = [
    folder,
    ...readdirSync(folder, { recursive: true, encoding: 'utf8' }).map(name => join(folder, name))
  ]
  const open = paths.filter(path => {
    const stats = lstatSync(path, { throwIfNoEntry: false })
    return stats !== undefined && !stats.isSocket() && (stats.mode & 0o077) !== 0
  })
  report.check(
    `no other user has a right to a file of the storage ${when}`,
    paths.length > 100 && open.length === 0,
    open.slice(0, 5)
  )
}

async function trySignInFlood (
  report: Report,
  { child }: ServerProcess,
  { address, poured }: { address: string, poured: number[] }
): Promise<void> {
  const before = peakMemory(child.pid)
  await liveADay(address, FIT_FOR_PRODUCTION.ADMIN_KEY)
  const slowest = await slowestHealth(address, until(() => poured.length > 0, { limitMs: END_MS }))
  const mb = Math.max(0, ...poured) / MEGABYTE
  report.check(
    'of a sign-in without an end little is read',
    poured.length > 0 && mb < UNDER_WAY_MB,
    `${mb} MB, ${poured.length} answers`
  )
  checkMemory(report, child.pid, before)
  report.figure('/health meanwhile, at most', `${slowest} ms`)
}

function checkMemory (report: Report, pid: number | undefined, before: number | undefined): void {
  const after = peakMemory(pid)
  if (before === undefined || after === undefined) return
  report.check(
    `memory grows by less than ${MEMORY_MB} MB`,
    after - before < MEMORY_MB,
    `${before} → ${after} MB`
  )
}

/** Creates a persona and lets it run. @returns the id of its run */
async function liveADay (
  address: string,
  key: string,
  email: string = PERSONA.email
): Promise<string> {
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
  const created = await ask(address, '/api/v1/admin/personas', {
    method: 'POST',
    headers,
    body: JSON.stringify({ ...PERSONA, email })
  })
  const { id } = JSON.parse(created.text) as { id: string }
  const started = await ask(address, `/api/v1/admin/personas/${id}/run`, {
    method: 'POST',
    headers,
    body: '{}'
  })
  return (JSON.parse(started.text) as { tickId: string }).tickId
}

/** Outside production, which takes a model over https only. */
async function tryModel (t: Teardown, report: Report, size: Size): Promise<void> {
  const app = await startCountingApp(t)
  const total = PLANS[size].replyMb * MEGABYTE
  const floods: number[] = []
  let mode: 'plain' | 'packed' | 'calls' = 'calls'
  let isAsked = false
  const model = await serving(t, (_req, res) => {
    if (mode !== 'calls') {
      const encoding = mode === 'packed' ? 'gzip' : undefined
      res.writeHead(200, {
        'content-type': 'application/json',
        ...(encoding !== undefined && { 'content-encoding': encoding })
      })
      pour(res, total, encoding).then(bytes => {
        floods.push(bytes)
      }, () => {})
      return
    }
    res.writeHead(200, { 'content-type': 'application/json' }).end(
      isAsked ? reply([{ type: 'text', text: 'Enough.' }], 'end_turn') : manyCalls()
    )
    isAsked = true
  })
  const server = start(t, {
    NODE_ENV: 'test',
    DATA_DIR: dataFolder(t),
    SERVICE_KEY,
    ADMIN_KEY,
    ANTHROPIC_API_KEY: 'stand-in',
    ANTHROPIC_BASE_URL: model,
    AUTH_URL: app.authUrl,
    PERSONA_SEED_SECRET: SEED_SECRET,
    MCP_URL: app.mcpUrl('doors'),
    TICK_SCHEDULE: '0 0 1 1 *'
  })
  const address = await server.listening
  // An ordinary day before: the first one loads code, which takes a while by itself.
  isAsked = true
  const ordinary = await liveADay(address, ADMIN_KEY, 'ordinary@personas.test')
  const usualMs = await slowestHealth(
    address,
    until(() => isOver(address, ordinary), { limitMs: END_MS })
  )
  report.figure('/health during an ordinary first day, at most', `${usualMs} ms`)
  isAsked = false
  // Before the others: an outage of the model would hold this run up.
  const runId = await liveADay(address, ADMIN_KEY, 'calls@personas.test')
  const slowestMs = await slowestHealth(
    address,
    until(() => isOver(address, runId), { limitMs: END_MS })
  )
  report.check(
    'a reply of 10,000 tool calls ends',
    await isOver(address, runId),
    server.output().slice(-500)
  )
  report.check(
    `at most ${CALLS} of its calls reach the app`,
    app.calls.length > 0 && app.calls.length <= CALLS,
    app.calls.length
  )
  checkHealth(report, size, 'during 10,000 tool calls', { slowestMs, usualMs })
  for (mode of ['plain', 'packed'] as const) {
    const before = peakMemory(server.child.pid)
    floods.length = 0
    const runId = await liveADay(address, ADMIN_KEY, `${mode}@personas.test`)
    const slowestMs = await slowestHealth(
      address,
      until(() => isOver(address, runId), { limitMs: END_MS })
    )
    report.check(
      `a ${mode} reply of ${PLANS[size].replyMb} MB ends the run, or lets it wait`,
      floods.length > 0 && await isOver(address, runId)
    )
    if (mode === 'plain') {
      report.check('little of it is read', Math.max(...floods) < UNDER_WAY_MB * MEGABYTE, floods)
    }
    checkMemory(report, server.child.pid, before)
    checkHealth(report, size, `during a ${mode} reply`, { slowestMs, usualMs })
  }
}

interface Waited {
  slowestMs: number
  usualMs: number
}

/**
 * How quick a machine is that runs many tests at once says nothing, so only the full size holds it
 * to a limit, and on a machine that is busy anyway to what an ordinary day makes it wait.
 */
function checkHealth (
  report: Report,
  size: Size,
  when: string,
  { slowestMs, usualMs }: Waited
): void {
  report.figure(`/health ${when}, at most`, `${slowestMs} ms`)
  const limitMs = Math.max(HEALTH_MS, usualMs)
  if (size === 'full') {
    report.check(
      `/health answers within ${limitMs} ms ${when}`,
      slowestMs <= limitMs,
      `${slowestMs} ms`
    )
  }
}

async function isOver (address: string, runId: string): Promise<boolean> {
  const { text } = await ask(address, `/api/v1/admin/runs/${runId}`, {
    headers: { authorization: `Bearer ${ADMIN_KEY}` }
  })
  const { run: { state, deferredUntil } } = JSON.parse(text) as {
    run: { state: string, deferredUntil: string | null }
  }
  return !['queued', 'acting', 'reflecting'].includes(state) || deferredUntil !== null
}

function reply (content: object[], stopReason: string): string {
  return JSON.stringify({
    id: 'msg',
    type: 'message',
    role: 'assistant',
    model: 'stand-in',
    content,
    stop_reason: stopReason,
    usage: { input_tokens: 1, output_tokens: 1 }
  })
}

function manyCalls (): string {
  const calls = Array.from(
    { length: 10_000 },
    (_, i) => ({ type: 'tool_use', id: `toolu_${i}`, name: LOOK, input: { token: `t${i}` } })
  )
  return reply(calls, 'tool_use')
}
