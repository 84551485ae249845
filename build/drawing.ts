import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import ts from 'typescript'

/** The rooms of `src` and who imports whom, as a Mermaid flow chart. */

interface Room {
  name: string
  imports: Set<string>
}

/** Draws the top rooms of a source folder from its import statements. */
export function drawRooms (source: string): string {
  const rooms = roomsOf(source)
  const arrows = rooms.flatMap(room =>
    direct(room, rooms).map(target => `  ${room.name} --> ${target}`)
  )
  return ['```mermaid', 'flowchart TD', ...arrows, '```'].join('\n')
}

function roomsOf (source: string): Room[] {
  const rooms = new Map<string, Room>()
  const paths = readdirSync(source, { recursive: true, encoding: 'utf8' })
  for (const path of paths.filter(path => path.endsWith('.ts')).sort()) {
    const name = roomOf(path)
    const text = readFileSync(join(source, path), 'utf8')
    const room = rooms.get(name) ?? { name, imports: new Set() }
    rooms.set(name, room)
    for (const { fileName } of ts.preProcessFile(text, true, true).importedFiles) {
      if (!fileName.startsWith('.')) continue
      const target = roomOf(relative(source, join(source, dirname(path), fileName)))
      if (target !== name) room.imports.add(target)
    }
  }
  return [...rooms.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
}

const roomOf = (path: string) => path.split('/')[0]?.replace(/\.ts$/, '') ?? path

/** The imported rooms that no other imported room imports as well: the rest follows from them. */
function direct ({ imports }: Room, rooms: Room[]): string[] {
  const others = rooms.filter(({ name }) => imports.has(name))
  return [...imports].filter(target => !others.some(other => other.imports.has(target))).sort()
}
