import t from 'tap'
import {
  PROMPT_LANGUAGES,
  promptsFor,
  promptVersion
} from '../../../src/runner/agent/prompts/prompts.ts'
import type { PromptSet } from '../../../src/runner/agent/prompts/prompt-set.ts'

/** Every text of a set, with fillings that would show in it. */
function textsOf (prompts: PromptSet): Record<string, string> {
  const { toolNotes, dayCutShort } = prompts
  const actions = (['ok', 'error', 'unknown', 'rejected'] as const)
    .map((outcome, i) => ({ number: i + 1, toolName: 'todo.create', module: 'todo', outcome }))
  return {
    system: prompts.system({ systemPrompt: 'PERSONA' }, { data: 'DATA', canary: 'CANARY' }),
    day: prompts.day({ today: 'TODAY', favouriteModules: ['todo', 'mood'] }),
    'day without favourites': prompts.day({ today: 'TODAY', favouriteModules: [] }),
    reflect: prompts.reflect({ modules: ['todo'], actions }),
    repair: prompts.repair(['PROBLEM']),
    goOn: prompts.goOn,
    ...dayCutShort,
    unknownTool: toolNotes.unknownTool('NAME'),
    denied: toolNotes.denied('NAME'),
    invalidInput: toolNotes.invalidInput(['PROBLEM']),
    unknownOutcome: toolNotes.unknownOutcome,
    notExecuted: toolNotes.notExecuted,
    tooManyCalls: toolNotes.tooManyCalls(16),
    dayOver: toolNotes.dayOver,
    truncated: toolNotes.truncated(123)
  }
}

t.test('every text exists in every language, says what it is given and no placeholder of ours', async t => {
  for (const language of PROMPT_LANGUAGES) {
    const texts = textsOf(promptsFor(language))
    for (const [name, text] of Object.entries(texts)) {
      t.ok(text.trim().length > 3, `${language}: ${name}`)
      t.notMatch(text, /undefined|\[object|NaN|\$\{/, `${language}: ${name} is filled in`)
    }
    const filled = {
      system: /PERSONA.*<app-data DATA>.*<\/app-data DATA>.*CANARY/s,
      day: /TODAY.*todo, mood/s,
      reflect: /#4 todo\.create/,
      repair: /PROBLEM/
    }
    t.match(texts, {
      ...filled,
      unknownTool: /NAME/,
      denied: /NAME/,
      invalidInput: /PROBLEM/,
      tooManyCalls: /16/,
      truncated: /123/
    })
    t.match(texts.reflect, /\{"ratings":\[/, 'the form of the answer is shown')
    t.equal(Object.keys(texts).length, Object.keys(textsOf(promptsFor('de'))).length)
  }
})

t.test('no language repeats the words of another one', async t => {
  const [de, en] = [textsOf(promptsFor('de')), textsOf(promptsFor('en'))]
  for (const [name, text] of Object.entries(de)) t.not(en[name], text, name)
})

t.test('a locale gets its language, and English with the order to live in its own where there is none for it', async t => {
  const rows: [locale: string, language: 'de' | 'en'][] = [
    ['de', 'de'],
    ['de-CH', 'de'],
    ['DE', 'de'],
    ['en', 'en'],
    ['en-GB', 'en'],
    ['EN-us', 'en'],
    ['', 'en'],
    ['-', 'en'],
    ['constructor', 'en'],
    ['__proto__', 'en'],
    ['und', 'en']
  ]
  for (const [locale, language] of rows) {
    t.same(textsOf(promptsFor(locale)), textsOf(promptsFor(language)), locale)
    t.equal(promptVersion(locale), promptVersion(language), locale)
  }
  const others: [locale: string, name: string][] = [
    ['fr', 'French'],
    ['fr-CH', 'Swiss French'],
    ['pt-BR', 'Brazilian Portuguese'],
    ['zh-Hant-TW', 'Chinese (Traditional, Taiwan)'],
    ['sw', 'Swahili'],
    ['gsw', 'Swiss German'],
    ['xq', 'the language "xq"']
  ]
  for (const [locale, name] of others) {
    const texts = textsOf(promptsFor(locale))
    t.ok(
      texts.system?.includes(`live and write in ${name}`),
      `${locale}: ${texts.system?.slice(300, 420)}`
    )
    t.ok(texts.day?.includes(`a single sentence in ${name}`), locale)
    t.ok(texts.reflect?.includes(`Write notes and diary in ${name}`), locale)
    t.notMatch(Object.values(texts).join(), /write English|Deutsch|undefined/, locale)
    t.equal(texts.goOn, promptsFor('en').goOn)
  }
})

t.test('each language, and each kind of one, has a version of its own', async t => {
  const locales = ['de', 'en', 'fr', 'fr-CH', 'pt-BR', 'pt-PT', 'it']
  const versions = locales.map(promptVersion)
  t.equal(new Set(versions).size, locales.length)
  t.match(versions[2], /^fr-[0-9a-f]{8}$/)
  t.match(versions[4], /^pt-[0-9a-f]{8}$/)
  t.equal(promptVersion('FR'), versions[2])
})

t.test('the version is the same for the same words, and names the language', async t => {
  t.match(promptVersion('de'), /^de-[0-9a-f]{8}$/)
  t.match(promptVersion('en-US'), /^en-[0-9a-f]{8}$/)
  t.equal(promptVersion('de-AT'), promptVersion('de'))
  t.not(promptVersion('de').slice(3), promptVersion('en').slice(3))
})

t.test('no word can change under the same version', async t => {
  for (const language of PROMPT_LANGUAGES) {
    const prompts = promptsFor(language)
    const version = promptVersion(language)
    for (const [name, change] of Object.entries(changes(prompts))) {
      const undo = change()
      t.not(promptVersion(language), version, `${language}: ${name}`)
      undo()
      t.equal(promptVersion(language), version)
    }
  }
})

/** One change per text; each gives back what undoes it. */
function changes (prompts: PromptSet): Record<string, () => () => void> {
  type Place = Record<string, unknown>
  const places: [string, Place][] = [
    ['', prompts as unknown as Place],
    ['dayCutShort.', prompts.dayCutShort],
    ['toolNotes.', prompts.toolNotes as unknown as Place]
  ]
  return Object.fromEntries(places.flatMap(([prefix, place]) =>
    Object.entries(place)
      .filter(([, text]) => typeof text === 'string' || typeof text === 'function')
      .map(([key, text]) => [`${prefix}${key}`, () => {
        const filled = (fillings: unknown[]) =>
          typeof text === 'string'
            ? text
            : (text as (...fillings: unknown[]) => string)(...fillings)
        place[key] = typeof text === 'string'
          ? `${text}!`
          : (...fillings: unknown[]) => `${filled(fillings)}!`
        return () => {
          place[key] = text
        }
      }])
  ))
}
