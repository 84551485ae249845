/** Turns what an MCP tool returned into text for a model, whatever kinds of content it holds. Pure. */

import { fullLength } from './mcp-binaries.ts'

type Content = Record<string, unknown>

export function isErrorResult (result: Record<string, unknown>): boolean {
  return result.isError === true
}

/** From revision 2026-07-28 on a tool may answer that it first wants to know something of its user. */
export function asksForInput (result: Record<string, unknown>): boolean {
  return result.resultType === 'input_required'
}

export function resultToText (result: Record<string, unknown>): string {
  const content = Array.isArray(result.content) ? result.content as Content[] : []
  const text = content.map(toText).filter(part => part !== '').join('\n')
  if (text !== '') return text
  return result.structuredContent === undefined ? '' : JSON.stringify(result.structuredContent)
}

function toText (content: Content | null): string {
  switch (content?.type) {
    case 'text': return String(content.text ?? '')
    case 'image':
    case 'audio': return `[${content.type} ${String(content.mimeType ?? 'of unknown kind')}, ${kilobytes(content.data)} kB, not shown]`
    case 'resource_link': return `[link ${String(content.name ?? '')} ${String(content.uri ?? '')}]`
    case 'resource': return embedded(content.resource as Content | undefined)
    default: return ''
  }
}

function embedded (resource: Content | undefined): string {
  if (typeof resource?.text === 'string') return resource.text
  return `[file ${String(resource?.uri ?? '')} ${String(resource?.mimeType ?? '')}, ${kilobytes(resource?.blob)} kB, not shown]`
}

/** Size of base64 data. */
function kilobytes (data: unknown): number {
  return typeof data === 'string' ? Math.ceil(fullLength(data) * 0.75 / 1000) : 0
}
