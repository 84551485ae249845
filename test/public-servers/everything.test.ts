import { fileURLToPath } from 'node:url'
import t from 'tap'
import { holds, livePublicDay } from '../helpers/public-day.ts'
import { startPublicServer } from '../helpers/public-server.ts'

const BIN = fileURLToPath(
  new URL(
    '../../node_modules/@modelcontextprotocol/server-everything/dist/index.js',
    import.meta.url
  )
)

t.test('a day in server-everything', async t => {
  const url = await startPublicServer(t, {
    file: process.execPath,
    args: () => [BIN, 'streamableHttp'],
    env: port => ({ PORT: String(port) })
  })
  const calls = [
    { tool: 'echo', input: { message: 'Grüße' } },
    { tool: 'get-sum', input: { a: 2, b: 40 } },
    { tool: 'get-structured-content', input: { location: 'Chicago' } },
    { tool: 'get-resource-reference', input: { resourceType: 'Text', resourceId: -4711 } }
  ]
  const day = await livePublicDay(t, url, { calls, onlyThese: true })
  t.match(day.actions.filter(({ result }) => result !== 'ok'), [{
    blame: 'persona',
    blameRule: 'arguments_refused'
  }])
  holds(t, day, {
    era: 'session',
    protocolVersion: '2025-11-25',
    setAside: ['simulate-research-query'],
    wrong: ['get-resource-reference']
  })
})
