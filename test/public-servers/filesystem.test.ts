import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { holds, livePublicDay } from '../helpers/public-day.ts'
import { bridged, startPublicServer } from '../helpers/public-server.ts'

const BIN = fileURLToPath(
  new URL(
    '../../node_modules/@modelcontextprotocol/server-filesystem/dist/index.js',
    import.meta.url
  )
)

for (
  const [era, protocolVersion, flag] of [['stateless', '2026-07-28', '--modern'], [
    'session',
    '2025-11-25',
    '--no-modern'
  ]] as const
) {
  t.test(`a day in server-filesystem behind a bridge (${era})`, async t => {
    const folder = realpathSync(mkdtempSync(join(tmpdir(), 'persona-runner-files-')))
    t.teardown(() => rmSync(folder, { recursive: true, force: true }))
    writeFileSync(join(folder, 'letter.txt'), 'Dear Mara, the tea is ready.\n')
    const calls = [
      { tool: 'list_allowed_directories', input: {} },
      { tool: 'list_directory', input: { path: folder } },
      { tool: 'read_text_file', input: { path: join(folder, 'letter.txt') } },
      { tool: 'read_text_file', input: { path: join(folder, 'made-up-4711.txt') } }
    ]
    const url = await startPublicServer(t, bridged([flag], [process.execPath, BIN, folder]))
    const day = await livePublicDay(t, url, { calls, onlyThese: true })
    t.match(day.actions.filter(({ result }) => result !== 'ok'), [{
      blame: 'persona',
      blameRule: 'made_up',
      errorMessage: /ENOENT/
    }])
    t.same([...new Set(day.actions.map(({ module }) => module))].sort(), ['directory', 'file'])
    holds(t, day, {
      era,
      protocolVersion,
      setAside: ['edit_file', 'move_file', 'write_file'],
      wrong: ['read_text_file']
    })
  })
}
