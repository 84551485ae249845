import { isoDay } from './dates.ts'
import type { Setting } from './setting.ts'

/** A property that takes a string, and where it stands. */
export interface StringProperty {
  name: string
  module: string
  schema: Record<string, unknown>
}

type Words = (setting: Setting, property: StringProperty) => string[]

/**
 * By the name of the property, the first that fits. Each gives the same thing in several notations;
 * the schema picks one.
 */
const BY_NAME: [RegExp, Words][] = [
  [/phone|mobile|telefon|handy/i, phones],
  [/e-?mail/i, addresses],
  [/url|uri|link|website/i, links],
  [/^(to|until|end|ends|bis)([A-Z_]|$)/, setting => moments(setting, 1, 7)],
  [/^(from|since|von)$/, setting => moments(setting, 0, 0)],
  [
    /^(start|starts|begin|begins|at|when)([A-Z_]|$)/,
    setting => moments(setting, 0, setting.dice.between(1, 3))
  ],
  [/due|deadline|target/i, setting => moments(setting, 0, setting.dice.between(2, 9))],
  [/time$/i, ({ hour }) => [`${pad(hour)}:00`, `${pad(hour)}:00:00Z`]],
  [/date|day$|On$/, setting => days(setting, 0)],
  [
    /query|search|keyword|^q$/i,
    ({ dice, content }) => [dice.pick(content.topics).split(/[\s-]/)[0] ?? '']
  ],
  [
    /tag|label|category|colou?r/i,
    ({ dice, content }) => [slug(dice.pick(content.topics)), '#3366cc']
  ],
  [/time.?zone/i, ({ language }) => [language === 'de' ? 'Europe/Berlin' : 'Europe/London']],
  [
    /text|body|content|description|entry|message|reason|comment/i,
    setting => [fresh(setting, setting.content.thoughts)]
  ],
  [/title|name|subject|summary|label|note/i, titles]
]

/** What a thing is called depends on what it is: by the module. */
const BY_MODULE: [RegExp, (setting: Setting) => string[]][] = [
  [/todo|task|aufgabe/i, ({ content }) => content.tasks],
  [/habit|gewohn/i, ({ content }) => content.habits],
  [/goal|ziel/i, ({ content }) => content.goals],
  [/calend|event|termin|kalender|appointment/i, ({ content }) => content.events],
  [/contact|people|person|kontakt/i, ({ people }) => people],
  [/mood|stimmung/i, ({ content }) => content.thoughts]
]

/** Notations of one value, likeliest first. */
export function stringsFor (setting: Setting, property: StringProperty): string[] {
  const format = String(property.schema['format'] ?? '')
  const found = BY_NAME.find(([name]) => name.test(property.name))?.[1] ??
    (format.startsWith('date') ? soon : titles)
  return [...found(setting, property), ...fallbacks(setting)]
}

function titles (setting: Setting, { name, module }: StringProperty): string[] {
  const isSideNote = /contact/i.test(module) && /note/i.test(name)
  const table = isSideNote
    ? setting.content.events
    : BY_MODULE.find(([pattern]) => pattern.test(module))?.[1](setting)
  return [fresh(setting, table ?? setting.content.topics)]
}

function soon (setting: Setting): string[] {
  return moments(setting, 0, setting.dice.between(1, 3))
}

/** One moment in every notation that apps ask for. */
function moments (setting: Setting, hoursLater: number, daysLater: number): string[] {
  const day = isoDay(setting.today, daysLater)
  const time = `${pad(setting.hour + hoursLater)}:00`
  return [
    `${day}T${time}`,
    `${day}T${time}:00`,
    `${day}T${time}:00Z`,
    `${day} ${time}`,
    ...days(setting, daysLater),
    time
  ]
}

function days (setting: Setting, daysLater: number): string[] {
  const day = isoDay(setting.today, daysLater)
  return [day, day.split('-').reverse().join('.'), `${day}T${pad(setting.hour)}:00:00Z`]
}

/** For properties that no table knows, only a pattern. */
function fallbacks (setting: Setting): string[] {
  const { dice, content } = setting
  const words = [slug(dice.pick(content.topics)), String(dice.between(10, 99)), '#3366cc', 'A1']
  return [...soon(setting), ...links(setting), ...addresses(setting), ...e164(setting), ...words]
}

function addresses ({ dice, people }: Setting): string[] {
  return [`${dice.pick(people).split(' ')[0]?.toLowerCase()}@example.org`]
}

function links ({ dice, content }: Setting): string[] {
  return [`https://example.org/${slug(dice.pick(content.topics))}`]
}

/** People write numbers the way they dial them, until they are told. */
function phones (setting: Setting): string[] {
  return setting.usesE164 ? e164(setting) : [...national(setting), ...e164(setting)]
}

/** Numbers that no one has: the Bundesnetzagentur and Ofcom keep them free for fiction. */
function national ({ dice, language }: Setting): string[] {
  const digits = String(dice.between(0, 99)).padStart(2, '0')
  return language === 'de' ? [`030 231250${digits}`] : [`020 7946 00${digits}`]
}

function e164 ({ dice, language }: Setting): string[] {
  const digits = String(dice.between(0, 99)).padStart(2, '0')
  return language === 'de' ? [`+4930231250${digits}`] : [`+44207946${digits.padStart(4, '0')}`]
}

function fresh ({ dice, seen }: Setting, table: string[]): string {
  const unseen = table.filter(entry => !seen.includes(entry))
  return dice.pick(unseen.length > 0 ? unseen : table)
}

function slug (text: string): string {
  return text.toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-|-$/g, '')
}

function pad (number: number): string {
  return String(number).padStart(2, '0')
}
