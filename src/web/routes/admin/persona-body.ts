import { Type } from 'typebox'
import { Password, SignUpResult } from '../../../runner/accounts/schemas.ts'
import { Persona, PersonaInput } from '../../../personas/schemas.ts'
import { ref } from '../ref.ts'

/** What the admin route takes: a persona, and what it signs in to the app with. */
export const PersonaBody = Type.Object({
  ...PersonaInput.properties,
  password: Type.Optional(Password),
  signUp: Type.Optional(
    Type.Boolean({
      description:
        "true: create its account in the app, too, by the app's sign-up; the answer says in signUp what became of it"
    })
  )
}, {
  additionalProperties: false,
  examples: [{
    email: 'mara@personas.test',
    name: 'Mara',
    password: 'what-it-signs-in-with',
    archetype: 'researcher',
    systemPrompt: 'You are Mara, 34, a biologist. You write everything down and forget where.',
    moduleMix: { notes: 2, todo: 1 },
    tickCadence: 'weekdays',
    signUp: true
  }]
})

export const StoredPersona = Type.Object({
  ...Persona.properties,
  signUp: Type.Optional(ref(SignUpResult))
}, { additionalProperties: false })
