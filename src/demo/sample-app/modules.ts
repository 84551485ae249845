import { calendar } from './calendar.ts'
import { articles, contacts } from './contacts-articles.ts'
import { habits, mood } from './habits-mood.ts'
import { journal, notes } from './journal-notes.ts'
import type { Module } from './store.ts'
import { goals, todo } from './todo-goals.ts'
import type { AppTool } from './tool.ts'

/** What the app can do, module by module. */
const modules: Record<Module, AppTool[]> = {
  todo,
  journal,
  notes,
  habits,
  mood,
  calendar,
  contacts,
  goals,
  articles
}

export const toolsByName = new Map(
  Object.values(modules).flat().map(tool => [tool.definition.name, tool])
)
