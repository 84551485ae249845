import { z } from 'zod'
import { dayFromToday, today } from './dates.ts'
import { find, insert, newest, patch } from './store.ts'
import { date, defineTool, nothing, shortText } from './tool.ts'

export const habits = [
  defineTool({
    name: 'habits.list',
    effect: 'reads',
    description: 'Lists your habits with the days on which you kept them.',
    input: nothing,
    run: ({ space }) => newest(space.rows.habits)
  }),
  defineTool({
    name: 'habits.create',
    effect: 'adds',
    description: 'Starts a new habit to keep.',
    input: z.object({
      name: shortText.describe('What you want to do regularly'),
      rhythm: z.enum(['daily', 'weekly']).default('daily').describe('How often')
    }),
    run: (call, { name, rhythm }) => insert(call, 'habits', { name, rhythm, checkedOn: [] })
  }),
  defineTool({
    name: 'habits.check',
    effect: 'sets',
    description: 'Ticks off a habit for one day.',
    input: z.object({
      id: z.string().describe('The id of the habit, for example h_1'),
      date: date.optional().describe('The day, as YYYY-MM-DD; today when left out')
    }),
    run: (call, { id, date }) => {
      const habit = find(call.space, 'habits', id)
      const day = date ?? today()
      return habit.checkedOn.includes(day)
        ? habit
        : patch(call, habit, { checkedOn: [...habit.checkedOn, day] })
    }
  })
]

export const mood = [
  defineTool({
    name: 'mood.log',
    effect: 'adds',
    description: 'Logs how you feel right now.',
    input: z.object({
      score: z.int().min(1).max(5).describe('From 1, very bad, to 5, very good'),
      note: shortText.optional().describe('A few words on why')
    }),
    run: (call, { score, note }) =>
      insert(call, 'mood', { date: today(), score, note: note ?? null })
  }),
  defineTool({
    name: 'mood.history',
    effect: 'reads',
    description: 'Shows the moods you logged over the last days, the newest first.',
    input: z.object({
      days: z.int().min(1).max(90).default(7).describe('How many days to look back')
    }),
    run: ({ space }, { days }) =>
      newest(space.rows.mood.filter(row => row.date >= dayFromToday(-days)))
  })
]
