import type { ElicitRequest, ElicitResult } from '@modelcontextprotocol/client'

/**
 * A tool may ask its user something in the middle of a call. A persona answers as somebody in a
 * hurry does: it takes what the form suggests (the SDK fills the defaults in), and cancels where
 * the form insists on something it does not suggest.
 */
export async function answerWithDefaults (request: ElicitRequest): Promise<ElicitResult> {
  const schema = 'requestedSchema' in request.params ? request.params.requestedSchema : undefined
  if (schema === undefined) return { action: 'cancel' }
  const properties = schema.properties as Record<string, { default?: unknown } | undefined>
  const withoutDefault = (schema.required ?? []).filter(name =>
    properties[name]?.default === undefined
  )
  return withoutDefault.length === 0 ? { action: 'accept', content: {} } : { action: 'cancel' }
}
