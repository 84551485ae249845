import { Type } from 'typebox'

export const ErrorBody = Type.Object({
  code: Type.String({ description: 'stable; docs/errors.md says what to do about each' }),
  message: Type.String()
}, { $id: 'Error', additionalProperties: false })
