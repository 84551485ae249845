import { z } from 'zod'

/** The same small app for each framework: notes on a shelf. */

export interface Answer {
  text: string
  isError: boolean
}

interface ShelfTool {
  name: string
  description: string
  shape: z.ZodRawShape
  run: (input: Record<string, unknown>) => Answer
}

const notes = new Map([['n1', 'Buy oat milk']])
const fine = (value: unknown): Answer => ({ text: JSON.stringify(value), isError: false })
const toNote = ([id, title]: [string, string]) => ({ id, title })

export const SHELF: ShelfTool[] = [
  {
    name: 'list_notes',
    description: 'All notes.',
    shape: {},
    run: () => fine([...notes].map(toNote))
  },
  {
    name: 'create_note',
    description: 'Adds a note.',
    shape: { title: z.string() },
    run: ({ title }) => {
      const id = `n${notes.size + 1}`
      notes.set(id, String(title))
      return fine({ id, title })
    }
  },
  {
    name: 'get_note',
    description: 'One note.',
    shape: { id: z.string() },
    run: ({ id }) => {
      const title = notes.get(String(id))
      return title === undefined
        ? { text: `Note with id ${String(id)} not found`, isError: true }
        : fine({ id, title })
    }
  },
  {
    name: 'delete_note',
    description: 'Removes a note.',
    shape: { id: z.string() },
    run: ({ id }) => fine(notes.delete(String(id)))
  }
]

/** As the SDKs take it. */
export const toResult = ({ text, isError }: Answer) => ({
  content: [{ type: 'text' as const, text }],
  isError
})

export const PORT = Number(process.argv[2])
