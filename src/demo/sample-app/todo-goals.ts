import { z } from 'zod'
import { find, insert, newest, patch } from './store.ts'
import { date, defineTool, nothing, shortText } from './tool.ts'

const todoId = z.string().describe('The id of the todo, for example t_3')
const goalId = z.string().describe('The id of the goal, for example g_1')

export const todo = [
  defineTool({
    name: 'todo.list',
    effect: 'reads',
    description: 'Lists your todos, the newest first.',
    input: z.object({
      status: z.enum(['open', 'done', 'all']).default('open').describe('Which todos to list')
    }),
    run: ({ space }, { status }) =>
      newest(space.rows.todo.filter(row => status === 'all' || row.done === (status === 'done')))
  }),
  defineTool({
    name: 'todo.create',
    effect: 'adds',
    description: 'Adds a todo to your list.',
    input: z.object({
      title: shortText.describe('What is to be done'),
      due: date.optional().describe('The day by which it should be done, as YYYY-MM-DD')
    }),
    run: (call, { title, due }) => insert(call, 'todo', { title, done: false, due: due ?? null })
  }),
  defineTool({
    name: 'todo.complete',
    effect: 'sets',
    description: 'Marks a todo as done.',
    input: z.object({ id: todoId }),
    run: (call, { id }) => patch(call, find(call.space, 'todo', id), { done: true })
  }),
  defineTool({
    name: 'todo.update',
    effect: 'sets',
    description: 'Changes the title or the due day of a todo.',
    input: z.object({
      id: todoId,
      title: shortText.optional().describe('The new title'),
      due: date.optional().describe('The new due day, as YYYY-MM-DD')
    }),
    run: (call, { id, ...fields }) => patch(call, find(call.space, 'todo', id), fields)
  })
]

export const goals = [
  defineTool({
    name: 'goals.list',
    effect: 'reads',
    description: 'Lists your goals with their progress in percent, the newest first.',
    input: nothing,
    run: ({ space }) => newest(space.rows.goals)
  }),
  defineTool({
    name: 'goals.create',
    effect: 'adds',
    description: 'Sets yourself a goal, starting at 0 percent.',
    input: z.object({
      title: shortText.describe('What you want to reach'),
      targetDate: date.optional().describe('The day by which you want to be there, as YYYY-MM-DD')
    }),
    run: (call, { title, targetDate }) =>
      insert(call, 'goals', { title, percent: 0, targetDate: targetDate ?? null })
  }),
  defineTool({
    name: 'goals.progress',
    effect: 'sets',
    description: 'Records how far you are with a goal, replacing the earlier figure.',
    input: z.object({
      id: goalId,
      percent: z.int().min(0).max(100).describe('How far you are now, from 0 to 100')
    }),
    run: (call, { id, percent }) => patch(call, find(call.space, 'goals', id), { percent })
  })
]
