/**
 * The client that the conformance suite of the protocol drives: the runner's own toolbox, used as a
 * run uses it. Gets the server's URL as its last argument and the scenario's name in the
 * environment.
 */
import type { Account } from '../../src/runner/accounts/account.ts'
import { clientCredentialAccounts } from '../../src/runner/accounts/client-credentials.ts'
import { discoverEndpoint } from '../../src/runner/accounts/oauth-discovery.ts'
import { openMcpToolbox } from '../../src/runner/mcp/toolbox.ts'
import { dialOutsideProduction } from '../../src/platform/dial/dialler.ts'

/** What a tool of a scenario is called with; all others with nothing. */
const INPUTS: Record<string, Record<string, unknown>> = { add_numbers: { a: 5, b: 3 } }

const url = process.argv.at(-1) ?? ''
const signal = new AbortController().signal
const account = await signedIn()
const toolbox = await openMcpToolbox(
  { ...account, url, callTimeoutMs: 20_000, trusted: false },
  signal
).catch((error: Error & { code?: string }) => {
  // The server of this scenario is only there to be greeted.
  if (process.env.MCP_CONFORMANCE_SCENARIO === 'initialize' && error.code === 'MCP_NO_TOOLS') {
    return null
  }
  throw error
})
for (const tool of toolbox?.tools ?? []) {
  const outcome = await toolbox?.call(tool.name, INPUTS[tool.name] ?? {}, { signal })
  console.log(tool.name, JSON.stringify(outcome))
  if (outcome?.result !== 'ok') process.exitCode = 1
}
await toolbox?.close()

/** As the account kind "client-credentials" does, where the scenario gives a client out. */
async function signedIn (): Promise<Account> {
  const { client_id: id, client_secret: secret } = JSON.parse(
    process.env.MCP_CONFORMANCE_CONTEXT ?? '{}'
  ) as Record<string, string | undefined>
  if (id === undefined || secret === undefined) return { headers: {}, userId: null, spaceId: null }
  const client = { id, secret }
  const dial = dialOutsideProduction('MCP_URL')
  const accounts = clientCredentialAccounts({
    dial,
    client,
    findEndpoint: discoverEndpoint({ mcpUrl: url, dial, client })
  })
  return await accounts.signIn({ email: 'mara@personas.test' }, signal)
}
