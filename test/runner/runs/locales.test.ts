import t from 'tap'
import { startWorld } from '../../helpers/world.ts'

t.test('a persona of a language without prompts lives its day told to do so in its own', async t => {
  const world = await startWorld(t)
  const { id } = await world.persona({ locale: 'fr-CH' })
  t.match(await world.tick(), { ranSuccessfully: 1 })
  const { run, feedback } = await world.runOf(id)
  t.match(run, { state: 'completed', promptVersion: /^fr-[0-9a-f]{8}$/ })
  t.ok(feedback.length > 0, 'and its ratings are read')
  const [first] = world.claude.requests
  t.match(JSON.stringify(first?.system), /live and write in Swiss French/)
  t.match(
    JSON.stringify(first?.messages),
    /Today is [^"]*\(\d{4}-\d\d-\d\d\).*a single sentence in Swiss French/
  )
})
