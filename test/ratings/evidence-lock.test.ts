import t from 'tap'
import { legalName } from '../../src/runner/tools/tool-names.ts'
import type { Script } from 'scripted-claude/scripted-claude'
import { admin } from '../helpers/app.ts'
import { startWorld } from '../helpers/world.ts'

const LIST = legalName('todo.list')
const NOTES = legalName('notes.list')

/**
 * A persona that looks at its todos (#1) and notes (#2), and then answers with this, and with the
 * same once more.
 */
const answering = (todo: unknown): Script => (_request, { index }) => {
  if (index === 0) return { toolCalls: [{ name: LIST, input: {} }, { name: NOTES, input: {} }] }
  if (index === 1) return { text: 'Das war es.' }
  return {
    text: typeof todo === 'string'
      ? todo
      : JSON.stringify({
        ratings: [todo, {
          module: 'notes',
          rating: 0,
          notes: 'kann ich nicht sagen',
          evidence: [{ action: 2, quote: '"title"' }]
        }]
      })
  }
}

const FIXTURES: [what: string, todo: unknown, reason: RegExp | null][] = [
  ['valid', {
    module: 'todo',
    rating: 4,
    notes: '#1 ging',
    evidence: [{ action: 1, quote: '"title"' }]
  }, null],
  ['an action of another run', {
    module: 'todo',
    rating: 4,
    notes: '#9',
    evidence: [{ action: 9, quote: '"title"' }]
  }, /^unknown_action: #9/],
  ['an action of another module', {
    module: 'todo',
    rating: 4,
    notes: '#2',
    evidence: [{ action: 2, quote: '"title"' }]
  }, /^wrong_module: #2 is of notes/],
  ['an invented quote', {
    module: 'todo',
    rating: 5,
    notes: '#1',
    evidence: [{ action: 1, quote: 'Ihre Aufgaben wurden geladen' }]
  }, /^invented_quote/],
  ['no citation', { module: 'todo', rating: 5, notes: 'war gut' }, /^no_citation/],
  ['junk JSON', '{"ratings": [{"module": "todo", "rating": 5', /__parse/],
  ['a number without a note', {
    module: 'todo',
    rating: 5,
    notes: ' ',
    evidence: [{ action: 1, quote: '"title"' }]
  }, /__parse/]
]

t.test('of seven answers only the one with valid evidence counts', async t => {
  let counted = 0
  for (const [what, todo, reason] of FIXTURES) {
    const world = await startWorld(t, { script: answering(todo) })
    const { id } = await world.persona()
    t.match(await world.tick(), { ranSuccessfully: 1 }, what)
    const { run, feedback } = await world.runOf(id)
    const row = feedback.find((f: { module: string }) => f.module === 'todo')
    const { modules } =
      (await world.app.inject({ url: `/api/v1/admin/personas/${id}`, headers: admin })).json()
    counted += modules.find((m: { module: string }) => m.module === 'todo')?.n ?? 0
    if (reason === null) {
      const { model, promptVersion } = run
      t.match(row, {
        rating: 4,
        grounded: true,
        ungroundedReason: null,
        model,
        promptVersion,
        personaVersion: 1
      }, what)
      t.match(
        feedback.find((f: { module: string }) => f.module === 'notes'),
        { rating: null },
        'cannot say is null'
      )
    } else if (/__parse/.test(reason.source)) {
      t.match(feedback, [{ module: '__parse', rating: null }], what)
      t.equal(feedback.length, 1, what)
    } else {
      t.match(row, { grounded: false, ungroundedReason: reason }, what)
    }
    const asked = reason === null ? 1 : 2
    t.equal(world.claude.requests.length, 2 + asked, `${what}: asked ${asked} time(s) for a rating`)
    const visits = await world.app.database.db.selectFrom('module_visits').selectAll().orderBy(
      'module'
    ).execute()
    t.match(
      visits,
      [{ module: 'notes', calls: 1, friction: 0 }, { module: 'todo', calls: 1 }],
      `${what}: friction is there, rated or not`
    )
  }
  t.equal(counted, 1)
})

t.test('evidence that is mended after the one repair question counts', async t => {
  const good = {
    module: 'todo',
    rating: 4,
    notes: '#1 ging',
    evidence: [{ action: 1, quote: '"title"' }]
  }
  const world = await startWorld(t, {
    script: (_request, { index }) =>
      [
        { toolCalls: [{ name: LIST, input: {} }] },
        { text: 'Gut.' },
        { text: JSON.stringify({ ratings: [{ ...good, evidence: [] }] }) },
        { text: JSON.stringify({ ratings: [good] }) }
      ][index] ?? { text: '' }
  })
  const { id } = await world.persona()
  await world.tick()
  const { feedback, transcript } = await world.runOf(id)
  t.match(feedback, [{ module: 'todo', rating: 4, grounded: true }])
  t.match(
    JSON.stringify(transcript.at(-2).content),
    /no_citation/,
    'the persona was told what was wrong'
  )
})
