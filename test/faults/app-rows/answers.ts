import { pipeline } from 'node:stream/promises'
import { actThen, silence, text, type AppStandIn, type Fault } from '../app-stand-in.ts'
import { add, assert, list, MCP_LIMITS, QUICK, type Row } from '../app-stage.ts'

const result = (value: unknown): Fault => actThen(exchange => exchange.result(value))
const rpcError = (code: number): Fault => actThen(exchange => exchange.rpcError(code, 'Oh'))

async function cancelled (app: AppStandIn): Promise<void> {
  const sent = app.received.find(({ method }) => method === 'tools/call')
  for (let i = 0; i < 50 && app.count('notifications/cancelled') === 0; i++) {
    await new Promise(resolve => setTimeout(resolve, 10))
  }
  assert.equal(
    app.received.find(({ method }) => method === 'notifications/cancelled')?.params?.requestId,
    sent?.id
  )
}

export const answers: Row[] = [{
  promise:
    'M5 a stream that was cut is resumed where the app allows it, and the version of the protocol is known',
  era: 'session',
  async play (stage) {
    const app = await stage.app()
    const toolbox = await stage.open(app)
    assert.deepEqual([toolbox.protocolVersion, toolbox.serverInfo], ['2025-06-18', {
      name: 'stand-in',
      version: '1.2.3'
    }])
    const cut: Fault = (exchange, act) => {
      const answer = act()
      const pen = exchange.stream()
      pen.raw('id: event-1\nretry: 5\ndata:\n\n')
      pen.end()
      app.next('GET', resumed => {
        assert.equal(resumed.req.headers['last-event-id'], 'event-1')
        const pen = resumed.stream()
        pen.message({ id: exchange.message.id, result: answer })
        pen.end()
      })
    }
    app.next('tools/call', cut)
    assert.equal((await add(toolbox, 'milk')).result, 'ok')
    assert.deepEqual(
      [app.effects.get('milk'), app.count('tools/call')],
      [1, 1],
      'resumed, not repeated'
    )
    app.next('tools/call', actThen(({ stream }) => stream().end()))
    const cutOff = await add(toolbox, 'bread')
    assert.deepEqual(
      [cutOff.result, cutOff.errorMessage],
      ['unknown', 'the answer broke off'],
      'where nothing can be resumed; the call does not time out'
    )
    assert.equal(app.effects.get('bread'), 1)
  }
}, {
  promise:
    'M5 a stream that was cut is lost, and nothing is asked for again; the version of the protocol is known',
  era: 'stateless',
  async play (stage) {
    const app = await stage.app()
    const toolbox = await stage.open(app)
    assert.deepEqual([toolbox.protocolVersion, toolbox.serverInfo], ['2026-07-28', {
      name: 'stand-in',
      version: '1.2.3'
    }])
    app.next(
      'tools/call',
      actThen(({ stream }) => {
        const pen = stream()
        pen.raw('id: event-1\nretry: 5\ndata:\n\n')
        pen.end()
      })
    )
    assert.equal((await add(toolbox, 'milk')).result, 'unknown')
    assert.deepEqual([app.effects.get('milk'), app.count('tools/call'), app.count('GET')], [
      1,
      1,
      0
    ])
    assert.equal((await add(toolbox, 'bread')).result, 'ok')
  }
}, {
  promise: 'M6 no answer in time is unknown, and the app is told that nobody waits any more',
  async play (stage) {
    assert.deepEqual([MCP_LIMITS.connectTimeoutMs, MCP_LIMITS.listTimeoutMs], [10_000, 15_000])
    const app = await stage.app()
    const toolbox = await stage.open(app, { callTimeoutMs: 200 })
    let closed: Promise<unknown> = Promise.resolve()
    app.next(
      'tools/call',
      actThen(({ res }) => {
        closed = new Promise(resolve => res.once('close', resolve))
      })
    )
    const outcome = await add(toolbox, 'milk')
    assert.deepEqual([outcome.result, outcome.errorMessage, outcome.blame], [
      'unknown',
      'no answer in time',
      'app'
    ])
    if (app.era === 'stateless') await closed
    else await cancelled(app)
    app.next('tools/call', silence)
    assert.equal((await list(toolbox)).result, 'unknown', 'a look is not waited for twice')
    assert.equal(app.count('tools/call'), 2)
    assert.equal(app.effects.get('milk'), 1)
  }
}, {
  promise:
    'M7 what the app answers in words of the protocol is told to the model, and the day goes on',
  async play (stage) {
    const app = await stage.app()
    const titles = ['a', 'b', 'c', 'd']
    const day = await stage.day(app, titles.map(title => [{ tool: 'note.add', input: { title } }]))
    app.next(
      'tools/call',
      rpcError(-32602),
      rpcError(-32601),
      rpcError(-32603),
      result({ ...text('No room'), isError: true })
    )
    const outcome = await day.attempt()
    assert.equal(outcome.kind === 'final' && outcome.end.state, 'completed')
    const actions = await day.actions()
    assert.deepEqual(actions.map(action => action.result), ['error', 'error', 'error', 'error'])
    assert.equal(actions[3]?.result_text, 'No room')
    assert.match(
      await day.transcript(),
      /"content":"<app-data \w+>\\nNo room\\n<\/app-data \w+>","is_error":true/
    )
    assert.deepEqual(
      titles.map(title => app.effects.get(title)),
      [1, 1, 1, 1],
      'an internal error of a write is not tried again'
    )
    const toolbox = await stage.open(app)
    app.next('tools/call', rpcError(-32603))
    assert.equal((await list(toolbox)).result, 'ok', 'that of a look is')
  }
}, {
  promise:
    'M8 an answer in structured content alone is read as JSON, and words come first where there are both',
  async play (stage) {
    const app = await stage.app()
    const toolbox = await stage.open(app)
    app.next(
      'tools/call',
      result({ content: [], structuredContent: { a: [1] } }),
      result({ ...text('words'), structuredContent: { a: 1 } })
    )
    assert.equal((await add(toolbox, 'a')).text, '{"a":[1]}')
    assert.equal((await add(toolbox, 'b')).text, 'words')
  }
}, {
  promise:
    'M9 a result that is too big is refused while it comes in, and a long one is cut for rows and model',
  async play (stage) {
    const app = await stage.app()
    const toolbox = await stage.open(app)
    const chunks = stage.size === 'full' ? 2000 : 100
    let sent = 0
    const flood = function* () {
      while (sent++ < chunks) yield 'x'.repeat(100_000)
    }
    app.next('tools/call', async ({ res }, act) => {
      act()
      res.writeHead(200, { 'content-type': 'application/json' })
      await pipeline(flood, res).catch(() => {})
    })
    const outcome = await add(toolbox, 'milk')
    assert.deepEqual([outcome.result, outcome.text], [
      'error',
      'the result is too large (over 1 MB)'
    ])
    assert.ok(sent < chunks, 'the stream was cut')
    assert.equal((await list(toolbox)).result, 'ok')
    const day = await stage.day(app, [[{ tool: 'note.add', input: { title: 'long' } }]])
    app.next('tools/call', result(text('ä'.repeat(40_000))))
    await day.attempt()
    assert.equal(Buffer.byteLength((await day.actions())[0]?.result_text ?? ''), 64_000)
    const shown = /"content":"<app-data \w+>\\n(ä+)([^"]*)"/.exec(await day.transcript())
    assert.equal(Buffer.byteLength(shown?.[1] ?? ''), 20_000)
    assert.match(shown?.[2] ?? '', /44000|44\.000/)
  }
}, {
  promise:
    'M19 what is no answer at all leaves a write unknown and is asked for again only where it was a look',
  async play (stage) {
    const app = await stage.app()
    const garbage: Fault[] = [
      actThen(({ http }) => http(200, '<html>', 'text/html')),
      actThen(({ http }) => http(200, '{"jsonrpc":"2.0","re', 'application/json')),
      actThen(({ http }) => http(200, '{"hello":1}', 'application/json')),
      actThen(({ stream }) => {
        const pen = stream()
        pen.message({ id: 999, result: text('other') })
        pen.end()
      })
    ]
    for (const [i, fault] of garbage.entries()) {
      const toolbox = await stage.open(app, { limits: QUICK })
      app.next('tools/call', fault)
      assert.equal((await add(toolbox, `t${i}`)).result, 'unknown', `kind ${i}`)
      assert.equal(app.effects.get(`t${i}`), 1)
      app.next('tools/call', fault)
      assert.equal((await list(toolbox)).result, 'ok', `kind ${i}`)
    }
  }
}]
