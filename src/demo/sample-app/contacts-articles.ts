import { z } from 'zod'
import { find, insert, mentions, newest, patch, Refusal } from './store.ts'
import { defineTool, longText, nothing, shortText } from './tool.ts'

/**
 * A contract that is poor on purpose: the schema says "string", and only the refusal tells that it
 * must be E.164. A persona should stumble once and then manage.
 */
function checkPhone (phone: string): void {
  if (/^\+[1-9]\d{6,14}$/.test(phone)) return
  throw new Refusal(
    `The phone number "${phone}" is not in E.164 format, for example +493023125123.`
  )
}

const phone = z.string().trim().min(1).max(40)

export const contacts = [
  defineTool({
    name: 'contacts.list',
    effect: 'reads',
    description: 'Lists your contacts, all of them or those whose name contains the given words.',
    input: z.object({ query: z.string().trim().max(200).default('').describe('Part of a name') }),
    run: ({ space }, { query }) =>
      newest(space.rows.contacts.filter(row => mentions(query, row.name)))
  }),
  defineTool({
    name: 'contacts.add',
    effect: 'adds',
    description: 'Adds a person to your contacts.',
    input: z.object({
      name: shortText.describe('First and last name'),
      phone: phone.describe('Phone number'),
      note: shortText.optional().describe('How you know each other')
    }),
    run: (call, { name, phone, note }) => {
      checkPhone(phone)
      return insert(call, 'contacts', { name, phone, note: note ?? null })
    }
  }),
  defineTool({
    name: 'contacts.update',
    effect: 'sets',
    description: 'Changes the name, the phone number or the note of a contact.',
    input: z.object({
      id: z.string().describe('The id of the contact, for example c_1'),
      name: shortText.optional().describe('The new name'),
      phone: phone.optional().describe('The new phone number'),
      note: shortText.optional().describe('The new note')
    }),
    run: (call, { id, ...fields }) => {
      if (fields.phone !== undefined) checkPhone(fields.phone)
      return patch(call, find(call.space, 'contacts', id), fields)
    }
  })
]

export const articles = [
  defineTool({
    name: 'articles.list',
    effect: 'reads',
    description: 'Lists the articles on your reading list without their text, the newest first.',
    input: nothing,
    run: ({ space }) =>
      newest(space.rows.articles).map(({ id, title, url }) => ({ id, title, url }))
  }),
  defineTool({
    name: 'articles.save',
    effect: 'adds',
    description: 'Saves an article to your reading list.',
    input: z.object({
      url: z.url({ protocol: /^https?$/ }).max(2000).describe('The address of the article'),
      title: shortText.describe('Its title'),
      text: longText.optional().describe('Its text, as far as you have it')
    }),
    run: (call, { url, title, text }) =>
      insert(call, 'articles', { title, url, text: text ?? null })
  }),
  defineTool({
    name: 'articles.read',
    effect: 'reads',
    description: 'Opens one article of your reading list with its text.',
    input: z.object({ id: z.string().describe('The id of the article, for example a_1') }),
    run: ({ space }, { id }) => find(space, 'articles', id)
  })
]
