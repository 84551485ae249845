import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { holds, livePublicDay } from '../helpers/public-day.ts'
import { bridged, startPublicServer } from '../helpers/public-server.ts'

const BIN = fileURLToPath(
  new URL('../../node_modules/@modelcontextprotocol/server-memory/dist/index.js', import.meta.url)
)

const calls = [
  { tool: 'read_graph', input: {} },
  {
    tool: 'create_entities',
    input: { entities: [{ name: 'Mara', entityType: 'person', observations: ['drinks tea'] }] }
  },
  {
    tool: 'add_observations',
    input: { observations: [{ entityName: 'Mara', contents: ['reads at night'] }] }
  },
  {
    tool: 'create_relations',
    input: { relations: [{ from: 'Mara', to: 'Mara', relationType: 'knows' }] }
  },
  { tool: 'search_nodes', input: { query: 'Mara' } },
  {
    tool: 'add_observations',
    input: { observations: [{ entityName: 'made-up-4711', contents: ['is not there'] }] }
  }
]

for (
  const [era, protocolVersion, flag] of [['stateless', '2026-07-28', '--modern'], [
    'session',
    '2025-11-25',
    '--no-modern'
  ]] as const
) {
  t.test(`a day in server-memory behind a bridge (${era})`, async t => {
    const folder = mkdtempSync(join(tmpdir(), 'persona-runner-memory-'))
    t.teardown(() => rmSync(folder, { recursive: true, force: true }))
    const bridge = bridged([flag], [process.execPath, BIN])
    const url = await startPublicServer(t, {
      ...bridge,
      env: () => ({ MEMORY_FILE_PATH: join(folder, 'memory.jsonl') })
    })
    const day = await livePublicDay(t, url, { calls })
    t.match(day.actions.filter(({ result }) => result !== 'ok'), [{
      blame: 'persona',
      blameRule: 'made_up',
      errorMessage: /made-up-4711/
    }])
    t.same([...new Set(day.actions.map(({ module }) => module))].sort(), [
      'entity',
      'graph',
      'node',
      'observation',
      'relation'
    ])
    holds(t, day, {
      era,
      protocolVersion,
      setAside: ['delete_entities', 'delete_observations', 'delete_relations'],
      wrong: ['add_observations']
    })
  })
}
