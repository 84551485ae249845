import fc from 'fast-check'
import t from 'tap'
import { valueAt, withValueAt } from '../../../src/analysis/findings/leaves.ts'
import { curlOf, reproOf, stepSentence } from '../../../src/analysis/findings/repro.ts'
import type { CallFacts } from '../../../src/analysis/findings/run-facts.ts'

/** The calls that lead to a failure, by what flows from result to argument. */

function call (number: number, tool: string, input: unknown, result: unknown): CallFacts {
  return {
    number,
    tool,
    module: 'notes',
    result: 'ok',
    blame: null,
    errorMessage: null,
    latencyMs: 5,
    at: new Date(0),
    input,
    resultText: typeof result === 'string' ? result : JSON.stringify(result)
  }
}

const LIST = call(1, 'notes.list', {}, { notes: [{ id: 'n_1' }, { id: 'n_2', title: 'Milk' }] })
const OTHER = call(2, 'mood.log', { mood: 'fine' }, { id: 'm_1' })

t.test('an id in the arguments leads to the call whose result holds it', async t => {
  const steps = reproOf([LIST, OTHER, call(3, 'notes.update', { id: 'n_2', text: 'x' }, '')], 3)
  t.same(steps.map(({ tool }) => tool), ['notes.list', 'notes.update'])
  t.same(steps[1]?.references, [{ at: ['id'], from: 1, path: ['notes', 1, 'id'] }])
  t.equal(
    steps.map(stepSentence)[1],
    'Call notes.update with text "x", id from notes.1.id of step 1.'
  )
})

t.test('the latest result that holds it counts, and what it needs itself', async t => {
  const folder = call(2, 'folders.create', { parentId: 'n_1' }, { id: 'f_77' })
  const target = call(4, 'notes.create', { folderId: 'f_77' }, '')
  const steps = reproOf([LIST, folder, call(3, 'notes.list', {}, { notes: [] }), target], 4)
  t.same(steps.map(({ number }) => number), [1, 2, 4])
  t.same(steps[2]?.references, [{ at: ['folderId'], from: 2, path: ['id'] }])
})

t.test('what the persona said first and the app repeats came from the persona', async t => {
  const created = call(1, 'notes.create', { title: 'Shopping' }, { id: 'n_9', title: 'Shopping' })
  const steps = reproOf([created, call(2, 'notes.search', { query: 'Shopping' }, '')], 2)
  t.same(steps.map(({ tool }) => tool), ['notes.search'])
})

t.test('an id that stands in plain text only is told as unresolved', async t => {
  const told = call(1, 'notes.create', {}, 'Created note 4711.')
  const [step] = reproOf([told, call(2, 'notes.get', { id: 4711 }, '')], 2)
  t.same(step?.unresolved, [['id']])
})

t.test('a call that failed gives nothing, and an unknown number no steps', async t => {
  const failed = { ...LIST, result: 'error' as const }
  t.equal(reproOf([failed, call(2, 'notes.get', { id: 'n_1' }, '')], 2).length, 1)
  t.same(reproOf([LIST], 9), [])
})

t.test('as curl nothing breaks out of its quotes', async t => {
  const [step] = reproOf([call(1, 'a', { text: "it's; $(rm)" }, '')], 1)
  if (step === undefined) return t.fail('no step')
  t.match(curlOf(step, 1), "it'\\''s; $(rm)")
})

t.test('each reference resolves in the recorded results to the recorded argument', async t => {
  const id = fc.integer({ min: 1000, max: 1015 }).map(n => `n_${n}`)
  const calls = fc.array(
    fc.record({ uses: fc.option(id, { nil: undefined }), gives: fc.array(id, { maxLength: 3 }) }),
    { minLength: 1, maxLength: 12 }
  )
  fc.assert(
    fc.property(calls, made => {
      const run = made.map(({ uses, gives }, i) =>
        call(i + 1, `t${i}`, uses === undefined ? {} : { noteId: uses }, { rows: gives })
      )
      const steps = reproOf(run, run.length)
      steps.forEach((step, i) => {
        let input: unknown = step.arguments
        for (const { at, from, path } of step.references) {
          if (from > i) throw new Error('a reference to a later step')
          const source = run[(steps[from - 1]?.number ?? 0) - 1]
          input = withValueAt(input, at, valueAt(JSON.parse(source?.resultText ?? ''), path))
        }
        t.strictSame(input, run[step.number - 1]?.input)
      })
      return steps.at(-1)?.number === run.length
    }),
    { numRuns: 200 }
  )
})
