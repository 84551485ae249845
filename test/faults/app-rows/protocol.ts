import { openMcpToolbox } from '../../../src/runner/mcp/toolbox.ts'
import { text, type AppStandIn, type Fault } from '../app-stand-in.ts'
import { add, assert, errorOf, never, type Row } from '../app-stage.ts'

/** Asks its user something in the middle of a call, and answers once it has been told. */
const asks =
  (app: AppStandIn, method: string, params: object): Fault => async ({ message, stream }, act) => {
    const pen = stream()
    const replies = () => app.received.filter(message => message.method === undefined).length
    const before = replies()
    pen.message({ id: `question-${before}`, method, params })
    while (replies() === before) await new Promise(resolve => setTimeout(resolve, 5))
    pen.message({ id: message.id, result: act() })
    pen.end()
  }

export const protocol: Row[] = [{
  promise:
    'M18 the app may ask a persona to fill in a form, and nothing else; what it cannot give is told to the model',
  era: 'session',
  async play (stage) {
    const app = await stage.app()
    const toolbox = await stage.open(app)
    const offered = app.received.find(({ method }) => method === 'initialize')?.params
      ?.capabilities as object
    assert.deepEqual(Object.keys(offered), ['elicitation'])
    const told = () =>
      JSON.stringify(app.received.findLast(message => message.method === undefined))
    for (const method of ['sampling/createMessage', 'roots/list']) {
      app.next('tools/call', asks(app, method, {}))
      assert.equal((await add(toolbox, method)).result, 'ok')
      assert.match(told(), /-32601/, method)
    }
    const requestedSchema = {
      type: 'object',
      properties: { name: { type: 'string', default: 'Mara' } }
    }
    app.next('tools/call', asks(app, 'elicitation/create', { message: 'Who?', requestedSchema }))
    assert.equal((await add(toolbox, 'form')).result, 'ok')
    assert.match(told(), /"action":"accept","content":\{"name":"Mara"\}/)
    app.next(
      'tools/call',
      ({ result }) => result({ resultType: 'input_required', inputRequests: {}, ...text('') })
    )
    const outcome = await add(toolbox, 'later')
    assert.deepEqual([outcome.result, outcome.blame], ['error', 'harness'])
    assert.match(outcome.text, /asks its user/)
  }
}, {
  promise:
    'M18 the app may ask a persona to fill in a form, and nothing else; what it cannot give is told to the model',
  era: 'stateless',
  async play (stage) {
    const app = await stage.app()
    const toolbox = await stage.open(app)
    const requires = (method: string, params: object): Fault => ({ message, result }, act) => {
      const question = {
        resultType: 'input_required',
        requestState: 's',
        inputRequests: { q: { method, params } }
      }
      result(message.params?.inputResponses === undefined ? question : act())
    }
    const requestedSchema = {
      type: 'object',
      properties: { name: { type: 'string', default: 'Mara' } }
    }
    const form = requires('elicitation/create', { mode: 'form', message: 'Who?', requestedSchema })
    app.next('tools/call', form, form)
    assert.equal((await add(toolbox, 'form')).result, 'ok')
    const answered = app.received.findLast(({ method }) => method === 'tools/call')?.params
    assert.deepEqual([answered?.inputResponses, answered?.requestState], [{
      q: { action: 'accept', content: { name: 'Mara' } }
    }, 's'])
    assert.equal(app.effects.get('form'), 1)
    for (const method of ['sampling/createMessage', 'roots/list']) {
      app.next('tools/call', requires(method, {}))
      const outcome = await add(toolbox, method)
      assert.deepEqual([outcome.result, outcome.blame], ['error', 'harness'])
      assert.match(outcome.text, /asks its user/)
      assert.equal(app.effects.get(method), undefined)
    }
  }
}, {
  promise:
    'M20 an app that takes nothing but 2026-07-28, and does not tell what it can, is used; 404 for a method is no lost session',
  era: 'stateless',
  async play (stage) {
    const app = await stage.app()
    app.always('server/discover', ({ http }) => http(404))
    const toolbox = await stage.open(app)
    assert.deepEqual([toolbox.era, toolbox.protocolVersion], ['stateless', '2026-07-28'])
    assert.equal((await add(toolbox, 'milk')).result, 'ok')
    const notFound = JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      error: { code: -32601, message: 'Method not found' }
    })
    app.next('tools/call', ({ http }) => http(404, notFound, 'application/json'))
    assert.equal((await add(toolbox, 'bread')).result, 'error')
    assert.equal(app.count('tools/call'), 2)
  }
}, {
  promise:
    'M20 older versions of the protocol are spoken, one that nobody knows is told of, and 404 for a method is no lost session',
  era: 'session',
  async play (stage) {
    for (const protocolVersion of ['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25']) {
      const toolbox = await stage.open(await stage.app({ protocolVersion }))
      assert.equal(toolbox.protocolVersion, protocolVersion)
      assert.equal((await add(toolbox, 'milk')).result, 'ok')
    }
    const strange = await stage.app({ protocolVersion: '1999-01-01' })
    const error = await errorOf(
      openMcpToolbox({ url: strange.url, headers: {}, callTimeoutMs: 1000, trusted: true }, never)
    )
    assert.equal(error.code, 'MCP_UNREACHABLE')
    assert.match(
      error.message,
      /speaks protocol version 1999-01-01 of MCP, and the runner speaks 2026-07-28, 2025-11-25/
    )
    const app = await stage.app()
    const toolbox = await stage.open(app)
    const notFound = JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      error: { code: -32601, message: 'Method not found' }
    })
    app.next('tools/call', ({ http }) => http(404, notFound, 'application/json'))
    assert.equal((await add(toolbox, 'milk')).result, 'error')
    assert.equal(app.count('initialize'), 1)
  }
}]
