import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { derivePassword } from '../../src/runner/accounts/password.ts'
import { readCatalogue } from '../../src/cli/catalogue.ts'
import { storeEnv, suiteEnv } from '../helpers/server-process.ts'

async function run (command: string, args: string[], env: Record<string, string>) {
  const path = fileURLToPath(new URL(`../../src/cli/${command}.ts`, import.meta.url))
  const child = spawn(process.execPath, [path, ...args], {
    env: { PATH: process.env.PATH, ...suiteEnv(), ...env },
    cwd: tmpdir(),
    stdio: ['ignore', 'pipe', 'pipe']
  })
  let output = ''
  child.stdout.on('data', chunk => {
    output += chunk
  })
  child.stderr.on('data', chunk => {
    output += chunk
  })
  const [code] = await once(child, 'close')
  return { code, output }
}

t.test('the catalogue holds ten distinct people with every kind and module that the product promises', async t => {
  const cast = readCatalogue()
  t.equal(cast.length, 10)
  const kinds = Object.groupBy(cast, persona => persona.archetype)
  t.match(
    Object.fromEntries(Object.entries(kinds).map(([kind, people]) => [kind, people?.length])),
    {
      'adhd-student': 2,
      'busy-ceo': 2,
      'creative-parent': 2,
      'solo-developer': 1,
      researcher: 1,
      freelancer: 1,
      'overwhelmed-newcomer': 1
    }
  )
  t.ok(cast.every(persona => persona.email.endsWith('.test')))
  t.equal(new Set(cast.map(persona => persona.systemPrompt)).size, 10)
  t.strictSame(new Set(cast.map(persona => persona.tickCadence)), new Set(['daily', 'weekdays']))
  const modules = new Set(cast.flatMap(persona => Object.keys(persona.moduleMix ?? {})))
  for (
    const module of [
      'todo',
      'journal',
      'notes',
      'mood',
      'calendar',
      'habits',
      'contacts',
      'articles',
      'goals'
    ]
  ) t.ok(modules.has(module), module)
})

t.test('seeding twice creates once, and cleaning up says who was not in the catalogue', async t => {
  const env = await storeEnv(t)
  t.match(await run('seed-personas', ['--dry-run'], env), {
    code: 0,
    output: /10 personas .* nothing was stored/
  })
  const first = await run('seed-personas', [], env)
  t.equal(first.code, 0)
  t.equal(first.output.match(/^created/gm)?.length, 10)
  const second = await run('seed-personas', [], env)
  t.equal(second.output.match(/^updated/gm)?.length, 10)

  const file = join(tmpdir(), `cast-${process.pid}.json`)
  writeFileSync(
    file,
    JSON.stringify([{
      email: 'extra@personas.test',
      name: 'Extra',
      archetype: 'extra',
      systemPrompt: 'Du bist Extra.',
      tickCadence: 'daily'
    }])
  )
  t.match(await run('seed-personas', ['--file', file], env), {
    code: 0,
    output: /created {2}extra@personas.test/
  })
  const secret = 'sixteen-letters-and-more'
  const password = await run('persona-password', ['extra@personas.test'], {
    ...env,
    PERSONA_SEED_SECRET: secret
  })
  t.strictSame(
    password,
    { code: 0, output: `${derivePassword(secret, 'extra@personas.test')}\n` },
    'and nothing else'
  )
  const cleanup = await run('seed-cleanup', [], env)
  t.match(cleanup, { code: 0, output: /not in the catalogue, kept {2}extra@personas.test/ })
  t.equal(cleanup.output.match(/^removed/gm)?.length, 10)
  t.match(await run('seed-cleanup', ['--all'], env), {
    code: 0,
    output: /removed {2}extra@personas.test/
  })
})

t.test('a catalogue that is not right is refused whole, naming entry and field', async t => {
  const file = join(tmpdir(), `broken-${process.pid}.json`)
  const good = readCatalogue()[0]
  writeFileSync(
    file,
    JSON.stringify([good, { ...good, email: 'no address', tickCadence: 'sometimes' }, { ...good }])
  )
  const { code, output } = await run('seed-personas', ['--file', file], await storeEnv(t))
  t.equal(code, 1)
  t.match(output, /\[1\]\/email must be a valid email/)
  t.match(output, /\[1\]\/tickCadence must be one of hourly, daily, weekdays/)
  t.match(output, /more than once/)
  t.match(output, /nothing was stored/)
  t.notMatch(output, /at .*\.ts:/, 'no stack')
})
