import { Type, type Static } from 'typebox'

/** Of printable ASCII, as headers must be. */
const secret = (maxLength: number) =>
  Type.String({ minLength: 1, maxLength, pattern: '^[\\x21-\\x7e]([\\x20-\\x7e]*[\\x21-\\x7e])?$' })
/** Those that belong to the connection or to the protocol are not a persona's to set. */
const HEADER_NAME =
  '^(?!(?:[Hh][Oo][Ss][Tt]|[Cc][Oo][Oo][Kk][Ii][Ee]2|[Cc][Oo][Nn][Nn][Ee][Cc][Tt][Ii][Oo][Nn]|[Cc][Oo][Nn][Tt][Ee][Nn][Tt]-.*|[Tt][Rr][Aa][Nn][Ss][Ff][Ee][Rr]-.*|[Mm][Cc][Pp]-.*)$)[A-Za-z0-9-]{1,64}$'

const Headers = Type.Object({
  headers: Type.Record(Type.String({ pattern: HEADER_NAME }), secret(4000), {
    minProperties: 1,
    maxProperties: 10,
    additionalProperties: false,
    description: 'sent with every request to the app'
  })
}, { additionalProperties: false })
const Bearer = Type.Object({ bearer: secret(4000) }, { additionalProperties: false })
const RefreshToken = Type.Object({ refreshToken: secret(4000) }, { additionalProperties: false })

/** At least as long as the sign-in services that ask least take it. */
export const Password = Type.String({
  minLength: 8,
  maxLength: 1000,
  description:
    'a password of its own, in place of the derived one; needs ENCRYPTION_KEYS, is stored encrypted and never shown again'
})
const OwnPassword = Type.Object({ password: Password }, { additionalProperties: false })

/** What a persona shows to the app; never read back. */
export const AccountInput = Type.Union([Headers, Bearer, RefreshToken, OwnPassword], {
  $id: 'AccountInput',
  description:
    'headers or a bearer token where ACCOUNTS=headers, a refresh token where ACCOUNTS=refresh-token, a password where ACCOUNTS=password',
  examples: [{ bearer: 'a-token-of-your-app' }, { password: 'what-it-signs-in-with' }]
})
export type AccountInput = Static<typeof AccountInput>

/** What became of a sign-up. */
export const SignUpResult = Type.Object({
  outcome: Type.Enum(['created', 'exists', 'refused', 'unanswered', 'not-tried'], {
    description:
      'exists: the app has an account with this email already; refused: the app does not want it; unanswered: the app did not answer, failed or turned everybody away; not-tried: the personas of this app do not sign in with passwords'
  }),
  message: Type.String({ description: 'in words, those of the app among them, and what to do' })
}, {
  $id: 'SignUpResult',
  additionalProperties: false,
  examples: [{ outcome: 'created', message: 'The app has an account for mara@personas.test now.' }]
})
export type SignUpResult = Static<typeof SignUpResult>

const Instant = Type.String({ format: 'date-time' })

export const AccountStatus = Type.Object({
  kind: Type.Enum(['headers', 'refresh-token', 'password'], {
    description: 'password: one of its own; none is stored where it is derived'
  }),
  setAt: Instant,
  renewedAt: Type.Union([Instant, Type.Null()], { description: 'null: never' }),
  unusable: Type.Union([Type.Enum(['refused', 'in-doubt']), Type.Null()], {
    description:
      'why the refresh token is not presented any more: the app refused it, or nobody knows whether the app has used it up; store a new one. null: it is good as far as we know'
  })
}, { $id: 'AccountStatus', additionalProperties: false })
export type AccountStatus = Static<typeof AccountStatus>
