import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import t from 'tap'
import { openMcpToolbox } from '../../../src/runner/mcp/toolbox.ts'
import { nameTools } from '../../../src/runner/tools/named-tools.ts'
import type { Toolbox } from '../../../src/runner/tools/toolbox.ts'
import { closedPort } from '../../helpers/closed-port.ts'

/** A server that others wrote, as a process of its own. */

const never = new AbortController().signal

async function startServer (): Promise<string> {
  const bin = join(
    dirname(
      createRequire(import.meta.url).resolve('@modelcontextprotocol/server-everything/package.json')
    ),
    'dist',
    'index.js'
  )
  const port = await closedPort()
  const child = spawn(
    process.execPath,
    [bin, 'streamableHttp'],
    { env: { ...process.env, PORT: String(port) }, stdio: ['ignore', 'ignore', 'pipe'] }
  )
  const exited = once(child, 'exit')
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString()
  })
  t.teardown(async () => {
    child.kill('SIGKILL')
    await exited
  })
  const url = `http://127.0.0.1:${port}/mcp`
  for (const deadline = Date.now() + 30_000; Date.now() < deadline; await wait(50)) {
    if (child.exitCode !== null) throw new Error(`it ended at once: ${said}`)
    const answered = await fetch(url).then(
      response => response.body?.cancel().then(() => true),
      () => false
    )
    if (answered === true) return url
  }
  throw new Error(`it did not answer: ${said}`)
}

const call = (toolbox: Toolbox, name: string, input: Record<string, unknown> = {}) =>
  toolbox.call(name, input, { signal: never })

t.test('a server that others wrote can be lived in', async t => {
  const toolbox = await openMcpToolbox({
    url: await startServer(),
    headers: {},
    callTimeoutMs: 20_000,
    trusted: true
  }, never)
  t.teardown(() => toolbox.close())

  const names = toolbox.tools.map(tool => tool.name)
  const known = [
    'echo',
    'get-annotated-message',
    'get-structured-content',
    'get-sum',
    'get-tiny-image'
  ]
  t.same(names.filter(name => known.includes(name)).sort(), known)
  t.ok(toolbox.tools.every(tool => tool.inputSchema.type === 'object' && tool.description !== ''))
  t.equal(nameTools(toolbox).modelTools.length, names.length)

  t.match(await call(toolbox, 'echo', { message: 'Grüße 🙂' }), { result: 'ok', text: /Grüße 🙂/ })
  t.match(await call(toolbox, 'get-sum', { a: 2, b: 40 }), { result: 'ok', text: /42/ })
  t.match(await call(toolbox, 'get-structured-content', { location: 'Chicago' }), {
    result: 'ok',
    text: /temperature/
  })
  t.match(await call(toolbox, 'get-tiny-image'), {
    result: 'ok',
    text: /\[image image\/png, \d+ kB, not shown\]/
  })
  t.match(
    await call(toolbox, 'get-annotated-message', { messageType: 'success', includeImage: true }),
    { result: 'ok', text: /\S+.*\[image/s }
  )
  t.match(await call(toolbox, 'get-resource-links', { count: 2 }), {
    result: 'ok',
    text: /\[link /
  })
  t.match(
    await call(toolbox, 'trigger-long-running-operation', { duration: 0.2, steps: 2 }),
    { result: 'ok' },
    'with progress on the way'
  )

  t.match(await call(toolbox, 'get-sum', { a: 'two' }), { result: 'error', errorMessage: /a/ })
  t.match(await call(toolbox, 'no-such-tool'), { result: 'error', errorMessage: /no-such-tool/ })
  t.match(await call(toolbox, 'echo', { message: 'still here' }), { result: 'ok' })
})
