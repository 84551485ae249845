import { fork } from 'node:child_process'
import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createMcpServer, STATELESS_PATH } from './mcp-server.ts'
import { createModelServer } from './model-server.ts'

/** The stand-in model and app in a process of their own, so that their CPU time is nobody's. */

export interface StandIns {
  modelUrl: string
  mcpUrl: string
  /** The same app in MCP 2026-07-28. */
  statelessMcpUrl: string
  /**
   * Requests by kind (`model` or the method of MCP), and the bytes sent to the model, since the
   * last time it was asked.
   */
  counts(): Promise<Record<string, number>>
  setDelay(ms: number): void
  close(): void
}

export async function startStandIns (): Promise<StandIns> {
  const child = fork(import.meta.filename, ['serve'])
  const [urls] = await once(child, 'message') as [
    Pick<StandIns, 'modelUrl' | 'mcpUrl' | 'statelessMcpUrl'>
  ]
  return {
    ...urls,
    async counts () {
      child.send({ counts: true })
      return (await once(child, 'message') as [Record<string, number>])[0]
    },
    setDelay: delayMs => {
      child.send({ delayMs })
    },
    close: () => {
      child.kill()
    }
  }
}

async function serve (): Promise<void> {
  let delayMs = 0
  let counts: Record<string, number> = {}
  const count = (what: string, n = 1) => {
    counts[what] = (counts[what] ?? 0) + n
  }
  const model = await listen(createModelServer(() => delayMs, bytes => {
    count('model')
    count('modelBytes', bytes)
  }))
  const mcp = await listen(createMcpServer(count))
  process.on('message', (asked: { delayMs?: number, counts?: true }) => {
    delayMs = asked.delayMs ?? delayMs
    if (asked.counts !== true) return
    process.send?.(counts)
    counts = {}
  })
  process.on('disconnect', () => process.exit())
  process.send?.({
    modelUrl: model,
    mcpUrl: `${mcp}/mcp`,
    statelessMcpUrl: `${mcp}${STATELESS_PATH}`
  })
}

async function listen (server: Server): Promise<string> {
  server.keepAliveTimeout = 60_000
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

if (process.argv[2] === 'serve') await serve()
