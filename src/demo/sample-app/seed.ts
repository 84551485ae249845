import { createHash } from 'node:crypto'
import { dayFromToday } from './dates.ts'
import type { Drafts } from './store.ts'
import { german } from './texts-de.ts'
import { english } from './texts-en.ts'

function digest (text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** A number below `limit` that is always the same for the same text. */
function numberFrom (text: string, limit: number): number {
  return parseInt(digest(text).slice(0, 8), 16) % limit
}

/** Some of the pool, always the same for one person and mostly others for the next. */
function pick<T> (person: string, pool: T[], wanted: number): T[] {
  const rank = (item: T) => digest(person + JSON.stringify(item))
  return pool.toSorted((a, b) => rank(a) < rank(b) ? -1 : 1).slice(0, wanted)
}

function slug (title: string): string {
  return title.toLowerCase().replace(/[^\p{Letter}\p{Number}]+/gu, '-')
}

/**
 * What a person finds on the first day: the same for the same email, in German for German locales
 * and in English otherwise. Dates lie around the current day, so that the rows never look stale.
 */
export function seedRows (email: string, locale: string): Drafts {
  const texts = locale.toLowerCase().startsWith('de') ? german : english
  const phone = (name: string) =>
    texts.phonePrefix + String(numberFrom(email + name, 1000)).padStart(3, '0')
  const score = (note: string) => 2 + numberFrom(email + note, 4)
  const percent = (title: string) => 10 + numberFrom(email + title, 50)
  return {
    todo: pick(email, texts.todos, 3).map((title, i) => ({
      title,
      done: i === 0,
      due: i === 1 ? dayFromToday(1) : null
    })),
    journal: pick(email, texts.journal, 2).map((text, i) => ({ date: dayFromToday(i - 2), text })),
    notes: pick(email, texts.notes, 2).map(note => ({ ...note })),
    habits: pick(email, texts.habits, 2).map(name => ({
      name,
      rhythm: 'daily',
      checkedOn: [dayFromToday(-1)]
    })),
    mood: pick(email, texts.moods, 3).map((note, i) => ({
      date: dayFromToday(i - 3),
      score: score(note),
      note
    })),
    calendar: pick(email, texts.events, 3).map(({ title, time, durationMinutes }, i) => ({
      title,
      start: `${dayFromToday(i)}T${time}`,
      durationMinutes
    })),
    contacts: pick(email, texts.people, 3).map(name => ({ name, phone: phone(name), note: null })),
    goals: pick(email, texts.goals, 1).map(title => ({
      title,
      percent: percent(title),
      targetDate: dayFromToday(90)
    })),
    articles: pick(email, texts.articles, 2).map(({ title, text }) => ({
      title,
      url: `https://example.org/${slug(title)}`,
      text
    }))
  }
}
