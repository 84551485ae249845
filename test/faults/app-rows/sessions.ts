import type { ServerResponse } from 'node:http'
import { actThenReset, status, type Fault } from '../app-stand-in.ts'
import { add, assert, errorOf, list, MCP_LIMITS, never, QUICK, type Row } from '../app-stage.ts'
import { openMcpToolbox } from '../../../src/runner/mcp/toolbox.ts'

const rpc = (code: number, message: string): Fault =>
  status(400, JSON.stringify({ jsonrpc: '2.0', id: null, error: { code, message } }), {
    'content-type': 'application/json'
  })

export const sessions: Row[] = [{
  promise:
    'M1 a session that the app has lost is opened anew, with its tools, and the refused write goes out once more',
  era: 'session',
  async play (stage) {
    const app = await stage.app()
    const toolbox = await stage.open(app)
    app.forgetSessions()
    const from = app.received.length
    assert.equal((await add(toolbox, 'milk')).result, 'ok')
    assert.deepEqual(
      app.received.slice(from).map(({ method }) => method).filter(method => method !== 'GET'),
      [
        'tools/call',
        'server/discover',
        'initialize',
        'notifications/initialized',
        'tools/list',
        'tools/call'
      ]
    )
    assert.equal(app.effects.get('milk'), 1)
    app.always('tools/call', status(404))
    assert.equal((await add(toolbox, 'bread')).result, 'error', 'once, and not for ever')
    assert.equal(app.count('tools/call'), 4)
    assert.equal(app.effects.get('bread'), undefined)
  }
}, {
  promise: 'M2 a lost session in other words is one too, and any other 400 is not',
  era: 'session',
  async play (stage) {
    const app = await stage.app()
    const toolbox = await stage.open(app)
    for (
      const [title, fault] of Object.entries({
        a: rpc(-32001, 'Gone'),
        b: rpc(-32004, 'Nope'),
        c: rpc(-32000, 'Unknown session')
      })
    ) {
      app.next('tools/call', fault)
      assert.equal((await add(toolbox, title)).result, 'ok')
      assert.equal(app.effects.get(title), 1)
    }
    assert.equal(app.count('initialize'), 4)
    app.next('tools/call', rpc(-32000, 'Bad title'))
    assert.equal((await add(toolbox, 'd')).result, 'error')
    assert.equal(app.count('initialize'), 4)
    assert.equal(app.effects.get('d'), undefined)
  }
}, {
  promise:
    'M3 an app that is being deployed is waited for; one that stays away defers the run, and the call goes out once it is back',
  era: 'session',
  async play (stage) {
    assert.deepEqual(MCP_LIMITS.backOffMs, [500, 1000, 2000, 4000])
    const app = await stage.app()
    const toolbox = await stage.open(app, stage.size === 'full' ? { limits: {} } : {})
    app.forgetSessions()
    app.next('initialize', status(404), status(502), ({ req }) => {
      req.socket.resetAndDestroy()
    })
    assert.equal((await add(toolbox, 'milk')).result, 'ok')
    assert.equal(app.effects.get('milk'), 1)
    assert.equal(app.count('initialize'), 5, 'at first, three times in vain, and once it was back')

    const day = await stage.day(app, [[{ tool: 'note.add', input: { title: 'bread' } }, {
      tool: 'note.add',
      input: { title: 'salt' }
    }]])
    app.next('tools/call', (exchange, act) => {
      app.always('initialize', status(404))
      app.forgetSessions()
      exchange.result(act())
    })
    const first = await day.attempt()
    assert.equal(first.kind, 'deferred')
    assert.deepEqual('outage' in first && first.outage.service, 'app')
    assert.deepEqual(
      (await day.actions()).map(action => action.result),
      ['ok'],
      'a call that never went out leaves no row'
    )
    app.always('initialize', null)
    assert.equal((await day.attempt()).kind, 'final')
    assert.deepEqual((await day.actions()).map(action => [action.ordinal, action.result]), [[
      0,
      'ok'
    ], [1, 'ok']])
    assert.deepEqual([app.effects.get('bread'), app.effects.get('salt')], [1, 1])
  }
}, {
  promise:
    'M4 a write that was cut off is unknown and never repeated; a look is repeated where the app is trusted',
  async play (stage) {
    const app = await stage.app()
    const day = await stage.day(app, [[{ tool: 'note.add', input: { title: 'milk' } }]])
    app.next('tools/call', actThenReset)
    assert.equal((await day.attempt()).kind, 'final')
    assert.deepEqual((await day.actions()).map(action => action.result), ['unknown'])
    assert.equal(app.effects.get('milk'), 1)
    assert.match(await day.transcript(), /Ob die Aktion ausgeführt wurde, ist unbekannt/)

    const trusting = await stage.open(app)
    const calls = app.count('tools/call')
    app.next('tools/call', actThenReset)
    assert.equal((await list(trusting)).result, 'ok')
    assert.equal(app.count('tools/call'), calls + 2)
    app.next('tools/call', actThenReset, actThenReset)
    assert.equal((await list(trusting)).result, 'unknown', 'once, and not for ever')
    const wary = await stage.open(app, { trusted: false })
    app.next('tools/call', actThenReset)
    assert.equal((await list(wary)).result, 'unknown')
  }
}, {
  promise:
    'M22 an app that hangs while a session opens or closes holds nobody up, and no request stays behind',
  async play (stage) {
    assert.deepEqual([MCP_LIMITS.connectTimeoutMs, MCP_LIMITS.closeTimeoutMs], [10_000, 2000])
    const limits = stage.size === 'full'
      ? {}
      : { ...QUICK, connectTimeoutMs: 200, listTimeoutMs: 200, closeTimeoutMs: 200 }
    const app = await stage.app()
    const toolbox = await stage.open(app, { limits })
    const hung: ServerResponse[] = []
    const silence: Fault = ({ res }) => {
      hung.push(res)
    }
    app.always('DELETE', silence)
    // Neither is answered: each ends by its limit, or never.
    await toolbox.close()
    assert.equal(app.count('DELETE'), app.era === 'session' ? 1 : 0, 'the app was told')
    app.always(app.begins, silence)
    const error = await errorOf(
      openMcpToolbox(
        { url: app.url, headers: {}, callTimeoutMs: 1000, trusted: true, limits },
        never
      )
    )
    assert.deepEqual([error.code, error.outage?.service], ['MCP_UNREACHABLE', 'app'])
    for (let i = 0; i < 50 && !hung.every(res => res.closed); i++) {
      await new Promise(resolve => setTimeout(resolve, 20))
    }
    assert.deepEqual(hung.map(res => res.closed), app.era === 'session' ? [true, true] : [true])
  }
}]
