import { Type, type Static } from 'typebox'
import { DIARY_MAX_BYTES, MEMORY_MAX_BYTES } from './diary.ts'

const line = Type.String({ maxLength: 2000 })
const Entry = Type.Object({
  date: Type.String({ maxLength: 40 }),
  did: line,
  annoyed: line,
  plan: line
}, { additionalProperties: false })

/** What a persona remembers, in its own words. An operator may rewrite it. */
export const DiarySchema = Type.Object({
  memory: Type.String({
    maxLength: MEMORY_MAX_BYTES,
    description: 'of all days; the persona rewrites it every day'
  }),
  entries: Type.Array(Entry, {
    maxItems: 100,
    description:
      `the latest days, oldest first; all together at most ${DIARY_MAX_BYTES} bytes, the oldest leave first`
  })
}, { $id: 'Diary', additionalProperties: false })
export type DiarySchema = Static<typeof DiarySchema>
