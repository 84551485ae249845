import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { personaPath } from '../../dashboard/address.ts'
import { fitDiary, type Diary } from '../../../personas/diaries/diary.ts'
import { deleteDiary, saveDiary } from '../../../personas/diaries/repository.ts'
import { getPersona } from '../../../personas/repository.ts'

const PersonaId = Type.Object({ id: Type.String({ maxLength: 100 }) })
const MAX_ENTRIES = 100

/** What a persona remembers, rewritten or reset by an operator. */
export const personaDiaryPages: FastifyPluginAsyncTypebox = async app => {
  const { db } = app.database

  app.post('/personas/:id/diary', {
    schema: {
      hide: true,
      params: PersonaId,
      body: Type.Record(Type.String(), Type.String({ maxLength: 10_000 }))
    }
  }, async (request, reply) => {
    const { id } = await getPersona(db, request.params.id)
    const written = readDiaryForm(request.body)
    const diary = fitDiary(written)
    await saveDiary(db, id, diary)
    const isCut = diary.entries.length < written.entries.filter(entry =>
      `${entry.did}${entry.annoyed}${entry.plan}` !== ''
    ).length
    return reply.redirect(`${personaPath(id)}?done=${isCut ? 'diary-cut' : 'diary'}#diary`, 303)
  })

  app.post(
    '/personas/:id/diary/reset',
    { schema: { hide: true, params: PersonaId } },
    async (request, reply) => {
      const { id } = await getPersona(db, request.params.id)
      await deleteDiary(db, id)
      return reply.redirect(`${personaPath(id)}?done=forgot#diary`, 303)
    }
  )
}

/**
 * `memory`, and `date-0`, `did-0`, `annoyed-0`, `plan-0` and so on; an entry that was emptied is
 * gone.
 */
function readDiaryForm (fields: Record<string, string>): Diary {
  const text = (name: string) => (fields[name] ?? '').trim()
  const places = Array.from({ length: MAX_ENTRIES }, (_, i) => i).filter(i => `date-${i}` in fields)
  return {
    memory: text('memory'),
    entries: places.map(i => ({
      date: text(`date-${i}`),
      did: text(`did-${i}`),
      annoyed: text(`annoyed-${i}`),
      plan: text(`plan-${i}`)
    }))
  }
}
