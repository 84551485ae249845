import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { BASE, randomOf, simulate } from './world.ts'

const JUDGE = join(import.meta.dirname, '../../../src/cli/judge.ts')
const folder = mkdtempSync(join(tmpdir(), 'persona-runner-judge-'))
t.teardown(() => rmSync(folder, { recursive: true }))

function judge (
  lines: unknown[],
  args?: string[]
): { code: number | null, casts: any[], complaints: string } {
  const file = join(folder, 'rows.ndjson')
  writeFileSync(
    file,
    lines.map(line => typeof line === 'string' ? line : JSON.stringify(line)).join('\n')
  )
  const { status, stdout, stderr } = spawnSync(process.execPath, [
    JUDGE,
    ...args ?? ['--file', file]
  ], { encoding: 'utf8' })
  return {
    code: status,
    casts: stdout.trim().split('\n').filter(line => line !== '').map(line => JSON.parse(line)),
    complaints: stderr
  }
}

const isoOf = (day: number) => new Date(Date.UTC(2026, 1, 20 + day, 12)).toISOString()

/** As lines, with one cast per release name. */
function linesOf (cast: string, shift: number): object[] {
  const { visits } = simulate(
    { ...BASE, personas: 12, daysBefore: 14, daysAfter: 14, shift },
    randomOf(21)
  )
  return [
    { cast, release: '2.5.0', at: '2026-03-06T00:00:00Z', touches: ['m0'] },
    ...visits.map(({ persona, module, day, rating }) => {
      const number = Number(persona.slice(1))
      return {
        cast,
        persona,
        module,
        at: isoOf(day),
        rating,
        archetype: number < 9 ? 'many' : 'few',
        locale: number < 6 ? 'de' : 'en'
      }
    })
  ]
}

t.test('casts are judged apart, whatever the order of their lines', async t => {
  const [bad, good] = [linesOf('bad', -1.5), linesOf('good', 0)]
  const mixed = [...bad, ...good].sort((a, b) => JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)
  const { code, casts, complaints } = judge(mixed)
  t.equal(complaints, '')
  t.equal(code, 0)
  t.same(casts.map(({ cast }) => cast).sort(), ['bad', 'good'])
  const verdictOf = (cast: string) =>
    casts.find(found => found.cast === cast).releases[0].modules[0]
  t.equal(verdictOf('bad').verdict, 'worse')
  t.match(
    verdictOf('bad').sentence,
    /^m0 was rated lower: \d\.\d → \d\.\d \(−\d\.\d, range −\d\.\d to −\d\.\d\), by the same \d+ personas since 2\.5\.0\. 14 days before, \d+ after\.$/
  )
  const groups = verdictOf('bad').looks.at(-1).forWhom.map((
    { by, group }: { by: string, group: string }
  ) => `${by} ${group}`)
  t.ok(groups.includes('archetype many'), groups.join())
  t.notOk(groups.includes('archetype few'), 'three personas are too few')
  t.not(verdictOf('good').verdict, 'worse')
})

t.test('a release that only the visits name begins with the first of them', async t => {
  const { visits } = simulate(
    { ...BASE, personas: 12, daysBefore: 14, daysAfter: 14, shift: -1.5 },
    randomOf(21)
  )
  const { casts } = judge(
    visits.map(({ persona, module, day, rating, release }) => ({
      persona,
      module,
      at: isoOf(day),
      rating,
      ...(release === 0 ? { release: '2.5.0' } : {})
    }))
  )
  t.equal(casts[0].cast, 'default')
  t.equal(casts[0].releases[0].release, '2.5.0')
  t.equal(casts[0].releases[0].modules[0].verdict, 'worse')
})

t.test('lines that cannot be read are named with number and field, and the others are judged', async t => {
  const at = '2026-11-01'
  const { code, casts, complaints } = judge([
    'garbage',
    { persona: 'a' },
    { persona: 'a', module: 'm', at: '2026-02-31T00:00:00', rating: 4 },
    { persona: 'a', module: 'm', at, rating: 7 },
    { release: 'x' },
    { persona: 'a', module: 'm', at },
    { persona: 'a', module: 'm', at, errors: 3, calls: 2 },
    '',
    { release: 'y', at },
    { release: 'y', at },
    { persona: 'a', module: 'm', at, rating: 3 }
  ])
  t.equal(code, 1)
  t.equal(casts[0].visits, 1)
  const expected = [
    'line 1: it is not a JSON object',
    'line 2: "module" is missing',
    'line 3: "at" must be a time',
    'line 4: "rating" must be a number from 1 to 5',
    'line 5: "at" is missing',
    'line 6: it has neither "rating"',
    'line 7: "errors" must not be more than "calls"',
    'line 10: release "y" was named before',
    '8 of 11 lines were left out'
  ]
  for (const words of expected) t.ok(complaints.includes(words), words)
})

t.test('a file that is not there and a wrong flag are one message', async t => {
  for (const args of [['--file', join(folder, 'nowhere')], ['--file', folder], ['--fil', 'x']]) {
    const { code, complaints } = judge([], args)
    t.equal(code, 2)
    t.notMatch(complaints, /\n {4}at /)
  }
})
