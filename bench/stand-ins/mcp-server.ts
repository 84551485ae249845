import { randomUUID } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import { text } from 'node:stream/consumers'
import { answerOf, APP_TOOLS } from './app-tools.ts'

/**
 * An MCP server over streamable HTTP with 30 tools, of the revisions before 2026-07-28 at `/mcp`
 * and of that at `/stateless`. It answers as the TypeScript SDK's servers do: before, each answer
 * is a stream of one event; now it is JSON.
 */

interface Rpc {
  id?: number | string
  method: string
  params?: { name?: string, protocolVersion?: string }
}

export function createMcpServer (onRequest: (method: string) => void): Server {
  return createServer(async (req, res) => {
    if (req.method === 'GET') return res.writeHead(405).end()
    if (req.method !== 'POST') return res.writeHead(200).end()
    const rpc = JSON.parse(await text(req)) as Rpc
    onRequest(rpc.method)
    if (rpc.id === undefined) return res.writeHead(202).end()
    if (req.url === STATELESS_PATH) {
      res.writeHead(200, { 'content-type': 'application/json' })
      return res.end(
        JSON.stringify({
          jsonrpc: '2.0',
          id: rpc.id,
          result: { ...COMPLETE, ...(rpc.method === 'server/discover' ? DISCOVERY : resultOf(rpc)) }
        })
      )
    }
    const session = req.headers['mcp-session-id'] ?? randomUUID()
    res.writeHead(200, { 'content-type': 'text/event-stream', 'mcp-session-id': session })
    res.end(
      `event: message\ndata: ${
        JSON.stringify({ jsonrpc: '2.0', id: rpc.id, result: resultOf(rpc) })
      }\n\n`
    )
  })
}

export const STATELESS_PATH = '/stateless'
const DISCOVERY = { supportedVersions: ['2026-07-28'], capabilities: { tools: {} } }
const COMPLETE = { resultType: 'complete', ttlMs: 0, cacheScope: 'private' }

function resultOf ({ method, params }: Rpc): object {
  switch (method) {
    case 'initialize':
      return {
        protocolVersion: params?.protocolVersion ?? '2025-06-18',
        capabilities: { tools: {} },
        serverInfo: { name: 'bench-app', version: '1' }
      }
    case 'tools/list':
      return { tools: APP_TOOLS }
    case 'tools/call':
      return { content: [{ type: 'text', text: answerOf(params?.name ?? '') }] }
    default:
      return {}
  }
}
