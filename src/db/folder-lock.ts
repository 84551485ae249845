import net from 'node:net'
import { rmSync, mkdirSync } from 'node:fs'
import { createHash } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { DataFolderInUseError } from '../errors.ts'

/** The longest path that every system accepts for a Unix socket, in bytes (macOS: 104 with its final NUL). */
const LONGEST_SOCKET_PATH = 103

/**
 * Takes the folder of the embedded storage for this process alone. PGlite takes no lock of its own, and two
 * processes on one folder lose acknowledged rows. A listening socket is a lock that the kernel lets go when
 * its holder dies, however it dies; a file with a process id is not.
 * @returns a function that lets the folder go
 * @throws DataFolderInUseError at once when another process holds it
 */
export async function lockFolder (folder: string): Promise<() => Promise<void>> {
  mkdirSync(folder, { recursive: true })
  const path = socketPath(resolve(folder))
  for (let attempt = 0; attempt < 2; attempt++) {
    const server = net.createServer(socket => socket.end()).unref()
    const error = await listen(server, path)
    if (error === null) return () => new Promise(resolve => server.close(() => resolve()))
    if (error.code !== 'EADDRINUSE') throw error
    if (await somebodyListens(path)) break
    rmSync(path, { force: true }) // left by a process that was killed
  }
  throw new DataFolderInUseError(folder)
}

function socketPath (folder: string): string {
  const beside = join(folder, 'lock.sock')
  if (process.platform === 'win32') return `\\\\.\\pipe\\persona-runner-${hash(folder)}`
  return Buffer.byteLength(beside) <= LONGEST_SOCKET_PATH ? beside : join(tmpdir(), `persona-runner-${hash(folder)}.sock`)
}

const hash = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 16)

function listen (server: net.Server, path: string): Promise<NodeJS.ErrnoException | null> {
  return new Promise(resolve => {
    server.once('error', resolve)
    server.listen(path, () => resolve(null))
  })
}

function somebodyListens (path: string): Promise<boolean> {
  return new Promise(resolve => {
    const socket = net.connect(path)
    socket.once('connect', () => { socket.destroy(); resolve(true) })
    socket.once('error', () => resolve(false))
  })
}
