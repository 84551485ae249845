import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { closedPort } from './closed-port.ts'
import { suiteEnv } from './server-process.ts'

interface Teardown {
  teardown(fn: () => Promise<void>): void
}

export interface Command {
  file: string
  args(port: number): string[]
  env?: (port: number) => Record<string, string>
  /** Of its MCP endpoint; left out: `/mcp`. */
  path?: string
}

/** Loading a server on a busy machine takes its time; what is there sooner is not waited for. */
const LIMIT_MS = 60_000

/**
 * A server that others wrote, as processes of their own on a free port. The teardown ends it and
 * all that it started.
 */
export async function startPublicServer (
  t: Teardown,
  { file, args, env, path = '/mcp' }: Command
): Promise<string> {
  const port = await closedPort()
  const child = spawn(file, args(port), {
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...suiteEnv(), ...env?.(port) },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true
  })
  const exited = once(child, 'exit')
  exited.catch(() => {})
  let said = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      said += chunk.toString()
    })
  }
  t.teardown(async () => {
    // The group: a bridge leaves the server that it started behind.
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL')
    await exited.catch(() => {})
  })
  const url = `http://127.0.0.1:${port}${path}`
  for (const deadline = Date.now() + LIMIT_MS; Date.now() < deadline; await wait(50)) {
    if (child.exitCode !== null) throw new Error(`it ended at once: ${said}`)
    const answered = await fetch(url, { headers: { accept: 'application/json' } }).then(
      response => response.body?.cancel().then(() => true),
      () => false
    )
    if (answered === true) return url
  }
  throw new Error(`it did not answer: ${said}`)
}

/** One of `test/public-servers/servers`. */
export function ownServer (name: string, ...args: string[]): Command {
  const path = fileURLToPath(new URL(`../public-servers/servers/${name}.ts`, import.meta.url))
  return { file: process.execPath, args: port => [path, String(port), ...args] }
}

/** A server over stdio behind `mcp-proxy`. @param args for the bridge, before the command */
export function bridged (bridgeArgs: string[], command: string[]): Command {
  const bridge = fileURLToPath(
    new URL('../../node_modules/mcp-proxy/dist/bin/mcp-proxy.mjs', import.meta.url)
  )
  return {
    file: process.execPath,
    args: port => [
      bridge,
      '--host',
      '127.0.0.1',
      '--port',
      String(port),
      '--server',
      'stream',
      ...bridgeArgs,
      '--',
      ...command
    ]
  }
}

/**
 * A relay in front of a server that speaks both eras: of 2026-07-28 it knows nothing, as all
 * servers before that.
 */
export async function withoutNewEra (t: Teardown, url: string): Promise<string> {
  const target = new URL(url)
  const relay = createServer((req, res) => {
    if (req.headers['mcp-protocol-version'] === '2026-07-28') {
      req.resume()
      const error = {
        code: -32000,
        message: 'Bad Request: Unsupported protocol version: 2026-07-28'
      }
      res.writeHead(400, { 'content-type': 'application/json' }).end(
        JSON.stringify({ jsonrpc: '2.0', error, id: null })
      )
      return
    }
    const { host, ...headers } = req.headers
    const onward = request(target, { method: req.method, headers }, answer => {
      res.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.on('error', () => res.destroy()).pipe(res)
    })
    onward.on('error', () => res.destroy())
    res.on('close', () => onward.destroy())
    req.pipe(onward)
  }).listen(0, '127.0.0.1')
  await once(relay, 'listening')
  t.teardown(async () => {
    const closed = once(relay, 'close')
    relay.close()
    relay.closeAllConnections()
    await closed
  })
  return `http://127.0.0.1:${(relay.address() as AddressInfo).port}${target.pathname}`
}
