import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'

/** The protocol's own tests for clients, run against the code that runs use. */

const suite = join(
  dirname(createRequire(import.meta.url).resolve('@modelcontextprotocol/conformance/package.json')),
  'dist',
  'index.js'
)
const client = fileURLToPath(new URL('../../helpers/conformance-client.ts', import.meta.url))

function run (scenario: string, folder: string): Promise<{ code: number, output: string }> {
  const args = [
    suite,
    'client',
    '--command',
    `${process.execPath} ${client}`,
    '--scenario',
    scenario,
    '--output-dir',
    folder
  ]
  return new Promise(resolve => {
    // In its own folder: the suite writes files beside itself.
    execFile(process.execPath, args, { cwd: folder, timeout: 60_000 }, (error, stdout, stderr) => {
      resolve({
        code: error === null ? 0 : Number(error.code ?? 1),
        output: `${stdout}\n${stderr}`
      })
    })
  })
}

/**
 * All that need no person at a browser, and none of what the runner does not offer. The suite has
 * none of 2026-07-28 yet.
 */
const PLAYED = [
  'initialize',
  'tools_call',
  'sse-retry',
  'elicitation-sep1034-client-defaults',
  'auth/client-credentials-basic'
]
const LEFT_OUT: Record<string, string[]> = {
  'a person grants access at a browser': [
    'auth/metadata-default',
    'auth/metadata-var1',
    'auth/metadata-var2',
    'auth/metadata-var3',
    'auth/basic-cimd',
    'auth/scope-from-www-authenticate',
    'auth/scope-from-scopes-supported',
    'auth/scope-omitted-when-undefined',
    'auth/scope-step-up',
    'auth/scope-retry-limit',
    'auth/token-endpoint-auth-basic',
    'auth/token-endpoint-auth-post',
    'auth/token-endpoint-auth-none',
    'auth/pre-registration',
    'auth/2025-03-26-oauth-metadata-backcompat',
    'auth/2025-03-26-oauth-endpoint-fallback',
    'auth/resource-mismatch',
    'auth/offline-access-scope',
    'auth/offline-access-not-supported'
  ],
  'accounts have no private key': ['auth/client-credentials-jwt'],
  'accounts have no identity provider beside the app': ['auth/cross-app-access-complete-flow']
}

t.test('every client scenario of the suite is played, or left out for a reason', async t => {
  const list = await new Promise<string>((resolve, reject) => {
    execFile(process.execPath, [suite, 'list', '--client'], (error, stdout) => {
      error === null ? resolve(stdout) : reject(error)
    })
  })
  const names = [...list.matchAll(/^ {2}- (\S+) \[/gm)].map(([, name]) => name)
  t.strictSame(names.sort(), [...PLAYED, ...Object.values(LEFT_OUT).flat()].sort())
})

const PASSED = /Passed: (\d+)\/\1, 0 failed, 0 warnings/
/**
 * The suite takes its time by the clock, in milliseconds: on a busy machine a client is late that
 * is not wrong.
 */
const TIMED = ['sse-retry']

for (const scenario of PLAYED) {
  t.test(`the conformance scenario ${scenario} passes`, async t => {
    const folder = await mkdtemp(join(tmpdir(), 'conformance-'))
    t.teardown(() => rm(folder, { recursive: true, force: true }))
    let { code, output } = await run(scenario, folder)
    for (let again = TIMED.includes(scenario) ? 3 : 0; again > 0 && !PASSED.test(output); again--) {
      ;({ code, output } = await run(scenario, folder))
    }
    t.equal(code, 0, output.slice(-4000))
    t.match(output, PASSED)
  })
}
