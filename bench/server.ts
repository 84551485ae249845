import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { setTimeout as sleep } from 'node:timers/promises'

/** The product as a process of its own, so that its time and memory are nobody else's. */

const SOURCE = fileURLToPath(new URL('../src/server.ts', import.meta.url))
const LIMIT_MS = 60_000

export const SERVICE = { 'x-service-key': 'service-key-of-the-bench' }

export interface ServerProcess {
  url: string
  /** From the start of the process to its first 200. */
  bootMs: number
  cpuMs(): number
  memoryMb(): number
  stop(): Promise<void>
}

/**
 * @param env DATABASE_URL or DATA_DIR at least
 * @param entry another than the source
 */
export async function startServer (
  env: Record<string, string>,
  entry = SOURCE
): Promise<ServerProcess> {
  const port = await freePort()
  const startedAt = performance.now()
  const child = spawn(process.execPath, [entry], {
    env: {
      PATH: process.env.PATH ?? '',
      HOME: process.env.HOME ?? '',
      PORT: String(port),
      SERVICE_KEY: SERVICE['x-service-key'],
      ADMIN_KEY: 'admin-key-of-the-bench',
      KEY_RATE_LIMIT: '10000000',
      ADDRESS_RATE_LIMIT: '10000000',
      LOG_LEVEL: 'warn',
      ...env
    },
    stdio: ['ignore', 'ignore', 'inherit']
  })
  const url = `http://127.0.0.1:${port}`
  await untilReady(child, `${url}/ready`)
  const bootMs = performance.now() - startedAt
  return {
    url,
    bootMs,
    cpuMs: () => cpuMsOf(child.pid ?? 0),
    memoryMb: () => memoryMbOf(child.pid ?? 0),
    async stop () {
      const ended = once(child, 'exit')
      child.kill('SIGTERM')
      await ended
    }
  }
}

async function untilReady (child: ChildProcess, url: string): Promise<void> {
  const deadline = performance.now() + LIMIT_MS
  while (child.exitCode === null && performance.now() < deadline) {
    const response = await fetch(url).catch(() => undefined)
    await response?.arrayBuffer()
    if (response?.ok) return
    await sleep(5)
  }
  throw new Error(`The server did not answer ${url}`)
}

/** Of Linux' /proc, whose clock ticks every 10 ms. */
function cpuMsOf (pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * 10
}

function memoryMbOf (pid: number): number {
  const [, kb = '0'] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Math.round(Number(kb) / 1024)
}

export async function freePort (): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
