import { Type } from 'typebox'
import { Password } from '../../accounts/schemas.ts'
import { PersonaInput } from '../../personas/schemas.ts'

/** What the admin route takes: a persona, and what it signs in to the app with. */
export const PersonaBody = Type.Object({
  ...PersonaInput.properties,
  password: Type.Optional(Password)
}, {
  additionalProperties: false,
  examples: [{
    email: 'mara@personas.test',
    name: 'Mara',
    password: 'what-it-signs-in-with',
    archetype: 'researcher',
    systemPrompt: 'You are Mara, 34, a biologist. You write everything down and forget where.',
    moduleMix: { notes: 2, todo: 1 },
    tickCadence: 'weekdays'
  }]
})
