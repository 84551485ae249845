import t from 'tap'
import { promptsFor } from '../../src/runner/agent/prompts/prompts.ts'
import { ENGLISH_CATALOGUE_FILE, readCatalogue } from '../../src/cli/catalogue.ts'
import { toolsByName } from '../../src/demo/sample-app/modules.ts'
import { characterOf } from 'scripted-claude/player/character'
import { readConversation } from 'scripted-claude/player/conversation'
import { planDay } from 'scripted-claude/player/day-plan'
import { favouriteModules, today } from '../../src/personas/character.ts'
import { MEETS_THE_FAULT } from '../helpers/lived-cast.ts'
import type { PersonaInput } from '../../src/personas/schemas.ts'

const tools = [...toolsByName.values()].map(({ definition: { name, inputSchema } }) => ({
  name: name.replace('.', '_'),
  input_schema: inputSchema
}))
const days = Array.from(
  { length: 366 },
  (_, i) => new Date(Date.UTC(2027, 11, 1, 12) + i * 86_400_000)
)

function planOf (
  { systemPrompt, moduleMix = {}, locale = 'de', timeZone = 'Europe/Berlin' }: PersonaInput,
  day: Date
) {
  const favourites = favouriteModules({ moduleMix })
  const content = promptsFor(locale).day({
    today: today({ timeZone, locale }, day),
    favouriteModules: favourites
  })
  const conversation = readConversation({
    model: 'm',
    max_tokens: 1,
    system: systemPrompt,
    tools,
    messages: [{ role: 'user', content }]
  })
  const character = characterOf(systemPrompt)
  return { character, favourites: favourites.slice(0, 2), plan: planDay(conversation, character) }
}

t.test('whatever day it is, everybody adds something where it likes to be, and the planted fault is met', async t => {
  for (const day of days) {
    const plans = readCatalogue().map(persona => ({
      ...planOf(persona, day),
      email: persona.email
    }))
    const missing = plans.flatMap(({ favourites, plan }) =>
      favourites.filter(favourite =>
        !plan.some(step => step.module === favourite && step.kind === 'add')
      )
    )
    t.same(missing, [], day.toISOString())
    t.ok(
      plans.every(({ plan }) =>
        plan.length >= 4 && plan.length <= 7 && new Set(plan).size === plan.length
      ),
      'four to seven steps'
    )
    const meets = plans.find(({ email }) => email === MEETS_THE_FAULT)
    t.ok(
      meets?.character.prefersAfternoon && meets.plan.some(step => step.name === 'calendar_create'),
      'an event in the afternoon'
    )
  }
  const english = readCatalogue(ENGLISH_CATALOGUE_FILE)
  const speakers = english.filter(({ locale }) => locale?.startsWith('en'))
  t.equal(speakers.length, 10, 'ten speak English')
  t.same(
    english.map(persona => [persona.archetype, persona.moduleMix]),
    readCatalogue().map(persona => [persona.archetype, persona.moduleMix]),
    'with the likings of those who speak German'
  )
  t.same(
    english.map(({ systemPrompt }) => characterOf(systemPrompt).name),
    readCatalogue().map(({ systemPrompt }) => characterOf(systemPrompt).name),
    'and their characters'
  )
  const [persona] = readCatalogue()
  if (persona === undefined) throw new Error('no persona')
  t.ok(
    new Set(days.map(day => planOf(persona, day).plan.map(step => step.name).join())).size > 100,
    'and its days differ'
  )
})
