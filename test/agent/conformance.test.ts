import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'

/** The protocol's own tests for clients, run against the code that runs use. */

const suite = join(
  dirname(createRequire(import.meta.url).resolve('@modelcontextprotocol/conformance/package.json')), 'dist', 'index.js'
)
const client = fileURLToPath(new URL('../helpers/conformance-client.ts', import.meta.url))

function run (scenario: string, folder: string): Promise<{ code: number, output: string }> {
  const args = [suite, 'client', '--command', `${process.execPath} ${client}`, '--scenario', scenario, '--output-dir', folder]
  return new Promise(resolve => {
    // In its own folder: the suite writes files beside itself.
    execFile(process.execPath, args, { cwd: folder, timeout: 60_000 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), output: `${stdout}\n${stderr}` })
    })
  })
}

for (const scenario of ['initialize', 'tools_call', 'sse-retry', 'elicitation-sep1034-client-defaults']) {
  t.test(`the conformance scenario ${scenario} passes`, async t => {
    const folder = await mkdtemp(join(tmpdir(), 'conformance-'))
    t.teardown(() => rm(folder, { recursive: true, force: true }))
    const { code, output } = await run(scenario, folder)
    t.equal(code, 0, output.slice(-4000))
    t.match(output, /Passed: (\d+)\/\1, 0 failed, 0 warnings/)
  })
}
