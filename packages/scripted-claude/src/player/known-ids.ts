import type { PastCall } from './conversation.ts'

const ID_IN_TEXT = /"id"\s*:\s*(?:"([^"\\]+)"|(\d+))/g
const DONE = /"(?:done|completed|finished)"\s*:\s*true/

/**
 * Ids of things that the app showed in this conversation, things still to do before those that are
 * done. Read from the text and not from parsed JSON, because a long result arrives cut off.
 */
export function knownIds (calls: PastCall[], module: string): string[] {
  const texts = calls.filter(call => call.module === module && !call.isError).map(call => call.text)
  const things = texts.flatMap(text => text.split(/(?<=\})\s*,?\s*(?=\{)/))
  const sorted = [
    ...things.filter(thing => !DONE.test(thing)),
    ...things.filter(thing => DONE.test(thing))
  ]
  return [
    ...new Set(
      sorted.flatMap(thing =>
        [...thing.matchAll(ID_IN_TEXT)].map(match => match[1] ?? match[2] ?? '')
      )
    )
  ]
}
