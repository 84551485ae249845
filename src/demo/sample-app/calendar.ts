import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import { find, insert, newest, patch, Refusal } from './store.ts'
import { date, defineTool, shortText } from './tool.ts'

/**
 * The module with the planted faults: a run of the personas over this app ought to find them, and
 * the tests of the runner rely on both. Do not mend them.
 */

/** Planted fault: listing events is slow enough to be felt. */
export const CALENDAR_LIST_DELAY_MS = 400

/** Planted fault: no event that starts at this hour of the day or later can be created. */
const FIRST_FAILING_HOUR = 12

const start = z.string().regex(
  /^\d{4}-\d{2}-\d{2}T([01]\d|2[0-3]):[0-5]\d$/,
  'must be a local time as YYYY-MM-DDTHH:mm'
)

function hourOf (start: string): number {
  return Number(start.slice(11, 13))
}

export const calendar = [
  defineTool({
    name: 'calendar.list',
    effect: 'reads',
    description: 'Lists the events in your calendar, from one day to another if you like.',
    input: z.object({
      from: date.optional().describe('The first day, as YYYY-MM-DD'),
      to: date.optional().describe('The last day, as YYYY-MM-DD')
    }),
    run: async ({ space, signal }, { from = '0000-00-00', to = '9999-99-99' }) => {
      await delay(CALENDAR_LIST_DELAY_MS, undefined, { signal })
      const events = space.rows.calendar.filter(({ start }) =>
        start.slice(0, 10) >= from && start.slice(0, 10) <= to
      )
      return newest(events).sort((a, b) => a.start.localeCompare(b.start))
    }
  }),
  defineTool({
    name: 'calendar.create',
    effect: 'adds',
    description: 'Creates an event in your calendar.',
    input: z.object({
      title: shortText.describe('What the event is'),
      start: start.describe('The local start time, as YYYY-MM-DDTHH:mm'),
      durationMinutes: z.int().min(5).max(1440).default(60).describe(
        'How long it takes, in minutes'
      )
    }),
    run: (call, { title, start, durationMinutes }) => {
      if (hourOf(start) >= FIRST_FAILING_HOUR) {
        throw new Refusal('Internal error: could not save event (CAL-500)')
      }
      return insert(call, 'calendar', { title, start, durationMinutes })
    }
  }),
  defineTool({
    name: 'calendar.move',
    effect: 'sets',
    description: 'Moves an event to another start time; its duration stays.',
    input: z.object({
      id: z.string().describe('The id of the event, for example e_2'),
      start: start.describe('The new local start time, as YYYY-MM-DDTHH:mm')
    }),
    run: (call, { id, start }) => patch(call, find(call.space, 'calendar', id), { start })
  })
]
