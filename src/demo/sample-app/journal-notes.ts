import { z } from 'zod'
import { today } from './dates.ts'
import { find, insert, mentions, newest, patch } from './store.ts'
import { date, defineTool, longText, nothing, query, shortText } from './tool.ts'

export const journal = [
  defineTool({
    name: 'journal.list',
    effect: 'reads',
    description: 'Lists your journal entries, the newest first.',
    input: nothing,
    run: ({ space }) => newest(space.rows.journal)
  }),
  defineTool({
    name: 'journal.write',
    effect: 'adds',
    description: 'Writes an entry into your private journal.',
    input: z.object({
      text: longText.describe('What you want to write down'),
      date: date.optional().describe('The day it is about, as YYYY-MM-DD; today when left out')
    }),
    run: (call, { text, date }) => insert(call, 'journal', { date: date ?? today(), text })
  }),
  defineTool({
    name: 'journal.search',
    effect: 'reads',
    description: 'Finds journal entries that contain the given words.',
    input: z.object({ query }),
    run: ({ space }, { query }) =>
      newest(space.rows.journal.filter(row => mentions(query, row.text)))
  })
]

export const notes = [
  defineTool({
    name: 'notes.list',
    effect: 'reads',
    description: 'Lists your notes, the newest first.',
    input: nothing,
    run: ({ space }) => newest(space.rows.notes)
  }),
  defineTool({
    name: 'notes.create',
    effect: 'adds',
    description: 'Creates a note with a title and a text.',
    input: z.object({
      title: shortText.describe('The title'),
      text: longText.describe('The text')
    }),
    run: (call, fields) => insert(call, 'notes', fields)
  }),
  defineTool({
    name: 'notes.update',
    effect: 'sets',
    description: 'Replaces the title or the text of a note.',
    input: z.object({
      id: z.string().describe('The id of the note, for example n_2'),
      title: shortText.optional().describe('The new title'),
      text: longText.optional().describe('The new text, in full')
    }),
    run: (call, { id, ...fields }) => patch(call, find(call.space, 'notes', id), fields)
  }),
  defineTool({
    name: 'notes.search',
    effect: 'reads',
    description: 'Finds notes whose title or text contains the given words.',
    input: z.object({ query }),
    run: ({ space }, { query }) =>
      newest(space.rows.notes.filter(row => mentions(query, row.title, row.text)))
  })
]
