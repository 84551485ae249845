/**
 * Turns what an MCP tool returned into text for a model, whatever kinds of content it holds. Pure.
 */

import { fullLength } from './binaries.ts'

type Content = Record<string, unknown>

export function isErrorResult (result: Record<string, unknown>): boolean {
  return result.isError === true
}

/**
 * From revision 2026-07-28 on a tool may answer that it first wants to know something of its user.
 */
export function asksForInput (result: Record<string, unknown>): boolean {
  return result.resultType === 'input_required'
}

export function resultToText (result: Record<string, unknown>): string {
  const content: unknown[] = Array.isArray(result.content) ? result.content : [result.content]
  const text = content.map(toText).filter(part => part !== '').join('\n')
  if (text !== '') return text
  return result.structuredContent === undefined ? '' : JSON.stringify(result.structuredContent)
}

/** The specification asks for blocks in a list; some servers send one block, or plain text. */
function toText (item: unknown): string {
  if (typeof item !== 'object' || item === null) return inWords(item)
  const content = item as Content
  switch (content.type) {
    case 'text':
    case undefined:
      return inWords(content.text)
    case 'image':
    case 'audio':
      return `[${content.type} ${String(content.mimeType ?? 'of unknown kind')}, ${
        kilobytes(content.data)
      } kB, not shown]`
    case 'resource_link':
      return `[link ${String(content.name ?? '')} ${String(content.uri ?? '')}]`
    case 'resource':
      return embedded(content.resource as Content | undefined)
    default:
      return ''
  }
}

/** What is no text is told as JSON; nothing as nothing. */
function inWords (value: unknown): string {
  if (typeof value === 'string') return value
  return value === undefined || value === null ? '' : JSON.stringify(value)
}

function embedded (resource: Content | undefined): string {
  if (typeof resource?.text === 'string') return resource.text
  return `[file ${String(resource?.uri ?? '')} ${String(resource?.mimeType ?? '')}, ${
    kilobytes(resource?.blob)
  } kB, not shown]`
}

/** Size of base64 data. */
function kilobytes (data: unknown): number {
  return typeof data === 'string' ? Math.ceil(fullLength(data) * 0.75 / 1000) : 0
}
