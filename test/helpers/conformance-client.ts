/**
 * The client that the conformance suite of the protocol drives: the runner's own toolbox, used as a run uses
 * it. Gets the server's URL as its last argument and the scenario's name in the environment.
 */
import { openMcpToolbox } from '../../src/agent/mcp-toolbox.ts'

/** What a tool of a scenario is called with; all others with nothing. */
const INPUTS: Record<string, Record<string, unknown>> = { add_numbers: { a: 5, b: 3 } }

const url = process.argv.at(-1) ?? ''
const signal = new AbortController().signal
const toolbox = await openMcpToolbox(
  { url, headers: {}, callTimeoutMs: 20_000, trusted: false }, signal
).catch((error: Error & { code?: string }) => {
  // The server of this scenario is only there to be greeted.
  if (process.env.MCP_CONFORMANCE_SCENARIO === 'initialize' && error.code === 'MCP_NO_TOOLS') return null
  throw error
})
for (const tool of toolbox?.tools ?? []) {
  const outcome = await toolbox?.call(tool.name, INPUTS[tool.name] ?? {}, { signal })
  console.log(tool.name, JSON.stringify(outcome))
  if (outcome?.result !== 'ok') process.exitCode = 1
}
await toolbox?.close()
