import t from 'tap'
import { playPersona } from 'scripted-claude/persona-player'
import type { Script } from 'scripted-claude/scripted-claude'
import { searchAllRuns } from '../../../src/analysis/findings/catch-up.ts'
import { legalName } from '../../../src/runner/tools/tool-names.ts'
import { admin } from '../../helpers/app.ts'
import { postForm, signIn, textOf } from '../../helpers/pages.ts'
import { startWorld } from '../../helpers/world.ts'

/**
 * The story of a finding through the public surface: a fault is planted in the sample app, a
 * persona meets it, its calls are made again, the app is mended.
 */

const SAVE_FAILED = 'Internal error: the note could not be saved (NOTE-503)'
const PLANTED = { 'notes.update': SAVE_FAILED }

/** Lists its notes, updates the first one, and rates as any other persona does. */
const updateANote: Script = (request, stage) => {
  if (request.messages.length === 1) {
    return { toolCalls: [{ name: legalName('notes.list'), input: {} }] }
  }
  if (request.messages.length === 3) {
    const [note] = JSON.parse(textOfLast(request))
    const name = legalName('notes.update')
    return { toolCalls: [{ name, input: { id: note.id, text: 'better' } }] }
  }
  return request.messages.length === 5 ? { text: 'Enough for today.' } : playPersona(request, stage)
}

function textOfLast ({ messages }: Parameters<Script>[0]): string {
  const content = messages.at(-1)?.content as { type: string, content?: unknown }[]
  const told = content.find(({ type }) => type === 'tool_result')?.content
  const text = typeof told === 'string'
    ? told
    : (told as { text: string }[]).map(part => part.text).join('')
  return text.slice(text.indexOf('['), text.lastIndexOf(']') + 1)
}

const world = await startWorld(t, { script: updateANote })
const { app, sampleApp } = world
const { db } = app.database
const persona = await world.persona()
const other = await world.persona({ email: 'other@personas.test' })
sampleApp.release(PLANTED)
await world.tick()
await searchAllRuns(db)

const inject = async (method: 'GET' | 'POST', path: string, payload?: object) =>
  app.inject({ method, url: `/api/v1/admin/findings${path}`, headers: admin, payload })
const { findings } = (await inject('GET', '?kind=error')).json()
const id = findings[0]?.id
const verify = async (body: object = {}) => (await inject('POST', `/${id}/verify`, body)).json()
const effects = () => sampleApp.effects(persona.email)['notes.update'] ?? 0

t.test('one finding and not several, with the steps that lead to it', async t => {
  t.equal(findings.length, 1)
  t.match(findings[0], { state: 'new', tool: 'notes.update', personas: 2 })
  const { steps } = (await inject('GET', `/${id}`)).json()
  t.match(steps, [{ tool: 'notes.list' }, { tool: 'notes.update', references: [{ from: 1 }] }])
})

t.test('still there while the fault is there; no run is made of it', async t => {
  const runs = async () => (await db.selectFrom('runs').select('id').execute()).length
  const before = await runs()
  t.match(await verify(), {
    outcome: 'still_there',
    transcript: [{ tool: 'notes.list', result: 'ok' }, { result: 'error', text: SAVE_FAILED }]
  })
  t.equal(await runs(), before)
  t.equal(effects(), 0)
})

t.test('another error is told as another one', async t => {
  sampleApp.release({ 'notes.update': 'Disk quota exceeded (DISK-507)' })
  t.match(await verify(), { outcome: 'other_error', why: /DISK-507/ })
})

t.test('gone after the mend, with the one effect of the visit', async t => {
  sampleApp.release({})
  t.match(await verify({ personaId: persona.id }), { outcome: 'gone', why: null })
  t.equal(effects(), 1)
  t.match(await verify({ personaId: other.id }), { outcome: 'gone', personaId: other.id })
  t.equal(effects(), 1, 'with the account that was named')
})

t.test('a step that fails, or a tool that is denied, cannot be replayed', async t => {
  sampleApp.release({ 'notes.list': 'Internal error (LIST-500)' })
  t.match(await verify(), { outcome: 'cannot_be_replayed', why: /step 1 \(notes\.list\)/ })
  const { deny } = app.apps.first.toolPolicy
  deny.push('notes.update')
  t.match(await verify(), { outcome: 'cannot_be_replayed', why: /not allowed/, transcript: [] })
  deny.pop()
  sampleApp.release({})
})

t.test('a persona that lives just now, or of nobody, is refused', async t => {
  const open = await db.insertInto('runs').values({ persona_id: other.id, persona_version: 1 })
    .returning('id').executeTakeFirstOrThrow()
  t.match(await verify({ personaId: other.id }), { code: 'FINDING_CONFLICT', message: /just now/ })
  await db.deleteFrom('runs').where('id', '=', open.id).execute()
  const nobody = '00000000-0000-4000-8000-000000000000'
  t.match(await verify({ personaId: nobody }), { code: 'PERSONA_NOT_FOUND' })
})

t.test('the page shows the steps and the outcomes, and verifies', async t => {
  const session = await signIn(app)
  const answer = await postForm(app, `/findings/${id}/verify`, {}, session)
  t.equal(answer.statusCode, 303)
  const { body } = await app.inject({ url: `/findings/${id}`, headers: session })
  const text = textOf(body)
  t.match(text, /Call notes\.update with text "better", id from .* of step 1/)
  t.match(text, /still there/)
  t.match(text, /verified: gone/)
  const list = await app.inject({ url: '/findings?state=nothing', headers: session })
  t.match(textOf(list.body), /There is no state “nothing”/)
  const resolved = await postForm(app, `/findings/${id}/state`, { state: 'resolved' }, session)
  t.equal(resolved.statusCode, 303)
  t.match((await inject('GET', `/${id}`)).json(), { state: 'resolved' })
})

t.test('an app that does not let the persona in is the reason', async t => {
  sampleApp.addAccount({
    email: persona.email,
    password: 'another password',
    name: 'Mara',
    locale: 'de'
  })
  t.match(await verify({ personaId: persona.id }), {
    outcome: 'cannot_be_replayed',
    why: /^LOGIN_FAILED/
  })
})

t.test('a finding that no call shows cannot be verified', async t => {
  const { id: verdict } = await db.insertInto('findings')
    .values({ app: 'main', kind: 'verdict', module: 'notes', template: 'Worse since 2.5.0' })
    .returning('id').executeTakeFirstOrThrow()
  const answer = await inject('POST', `/${verdict}/verify`, {})
  t.equal(answer.statusCode, 409)
  t.match(answer.json().message, /no calls that can be made again/)
})

t.test('a verdict of another app leads to the release page of that app', async t => {
  await db.insertInto('apps').values({
    name: 'shop',
    settings: JSON.stringify({ mcpUrl: 'http://127.0.0.1:9/mcp' })
  }).execute()
  const { id: ofShop } = await db.insertInto('findings').values({
    app: 'shop',
    kind: 'verdict',
    module: 'cart',
    template: 'Worse since 2.5.0',
    first_release: '2.5.0'
  }).returning('id').executeTakeFirstOrThrow()
  const page = await app.inject({ url: `/findings/${ofShop}`, headers: await signIn(app) })
  t.match(page.body, 'href="/releases/2.5.0?app=shop"')
})
