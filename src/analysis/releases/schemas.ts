import { Type, type Static, type TString } from 'typebox'
import { AppName, FIRST_APP } from '../../personas/app-name.ts'

const Text = (maxLength: number, description: string) =>
  Type.String({ minLength: 1, maxLength, description })
const Version = Text(100, 'as you name it, e.g. 2.4.1 or a commit')

/** All that may be changed later. */
const Told = {
  at: Type.Optional(
    Type.String({ format: 'date-time', description: 'when it went or goes live; default: now' })
  ),
  notes: Type.Optional(Type.String({ maxLength: 2000 })),
  commit: Type.Optional(Text(100, 'the commit that it was built from')),
  link: Type.Optional(Type.String({
    pattern: '^https?://[^\\s/]+',
    maxLength: 2000,
    description: 'a page about it: begins with http:// or https://'
  })),
  touches: Type.Optional(Type.Array(Text(200, 'a module'), {
    maxItems: 50,
    uniqueItems: true,
    description: 'modules that it declares to touch: a change in them is found sooner'
  }))
}

export const ReleaseInput = Type.Object({
  app: Type.Optional({ ...AppName, description: `the app that it is of; default: ${FIRST_APP}` }),
  version: Version,
  ...Told
}, {
  $id: 'ReleaseInput',
  additionalProperties: false,
  examples: [{
    version: '2.4.1',
    commit: '9f2c1ab',
    link: 'https://git.example.com/notes/releases/2.4.1',
    touches: ['notes']
  }]
})
export type ReleaseInput = Static<typeof ReleaseInput>

const orNull = (text: TString) => Type.Optional(Type.Union([text, Type.Null()]))

export const ReleaseChange = Type.Object({
  at: Told.at,
  notes: orNull(Told.notes),
  commit: orNull(Told.commit),
  link: orNull(Told.link),
  touches: Told.touches
}, {
  $id: 'ReleaseChange',
  additionalProperties: false,
  minProperties: 1,
  examples: [{ touches: ['notes', 'todo'], notes: null }]
})
export type ReleaseChange = Static<typeof ReleaseChange>

const NullableText = Type.Union([Type.String(), Type.Null()])

export const Release = Type.Object({
  app: Type.String(),
  version: Type.String(),
  at: Type.String({ format: 'date-time' }),
  notes: NullableText,
  commit: NullableText,
  link: NullableText,
  touches: Type.Array(Type.String()),
  createdAt: Type.String({ format: 'date-time' })
}, { $id: 'Release', additionalProperties: false })
export type Release = Static<typeof Release>
