import type { Test } from 'tap'
import { holds, livePublicDay } from '../helpers/public-day.ts'
import { startPublicServer, withoutNewEra, type Command } from '../helpers/public-server.ts'

/** A day at the shelf of notes (`servers/`), whatever it is made with. */

const CALLS = [
  { tool: 'list_notes', input: {} },
  { tool: 'create_note', input: { title: 'Call the dentist' } },
  { tool: 'get_note', input: { id: 'n2' } },
  { tool: 'get_note', input: { id: 'made-up-4711' } }
]

const REVISIONS = { stateless: '2026-07-28', session: '2025-11-25' }

export interface ShelfDay {
  era: keyof typeof REVISIONS
  /** The server would speak the newer one as well. */
  behindRelay?: boolean
}

export async function liveShelfDay (
  t: Test,
  command: Command,
  { era, behindRelay = false }: ShelfDay
): Promise<void> {
  const url = await startPublicServer(t, command)
  const day = await livePublicDay(t, behindRelay ? await withoutNewEra(t, url) : url, {
    calls: CALLS
  })
  holds(t, day, {
    era,
    protocolVersion: REVISIONS[era],
    setAside: ['delete_note'],
    wrong: ['get_note']
  })
}
