import net from 'node:net'
import { readdirSync, renameSync, rmSync } from 'node:fs'
import { createHash, randomBytes } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { DataFolderInUseError } from '../errors.ts'
import { makePrivate } from './private-files.ts'

/**
 * The longest path that every system accepts for a Unix socket, in bytes (macOS: 104 with its final
 * NUL).
 */
const LONGEST_SOCKET_PATH = 103
/**
 * How long another process may take to say whether it holds the folder; one that hangs counts as
 * holding it.
 */
const ANSWER_MS = 1000
const HELD = 'held'
const CLAIM = /^lock-[0-9a-f]{12}\.sock$/

/**
 * Takes the folder of the embedded storage for this process alone. PGlite takes no lock of its own,
 * and two processes on one folder lose acknowledged rows. A listening socket is a lock that the
 * kernel lets go when its holder dies, however it dies; a file with a process id is not.
 *
 * Every process puts up a socket under a name of its own and then looks for others: of any two, the
 * later one sees the earlier. A dead one's name never comes back, so whoever finds it may remove
 * it. (With one name for all, processes that start together after a crash remove each other's new
 * socket.) Of those that start at the same moment the first by name wins.
 * @param folder is there, and belongs to this user
 * @returns a function that lets the folder go
 * @throws DataFolderInUseError at once when another process holds it
 */
export async function lockFolder (folder: string): Promise<() => Promise<void>> {
  if (process.platform === 'win32') return lockPipe(folder)
  const place = placeOf(resolve(folder))
  const own = `lock-${randomBytes(6).toString('hex')}.sock`
  const claim = await putUp(place, own)
  const rivals = readdirSync(place).filter(name => CLAIM.test(name) && name !== own)
  const verdicts = await Promise.all(rivals.map(name => isInTheWay(join(place, name), name < own)))
  if (verdicts.includes(true)) {
    await claim.withdraw()
    throw new DataFolderInUseError(folder)
  }
  claim.hold()
  return claim.withdraw
}

function placeOf (folder: string): string {
  if (Buffer.byteLength(join(folder, 'lock-000000000000.sock')) <= LONGEST_SOCKET_PATH) {
    return folder
  }
  const elsewhere = join(tmpdir(), `persona-runner-${hash(folder)}`)
  makePrivate(elsewhere)
  return elsewhere
}

const hash = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 16)

interface Claim {
  /** Tells all who ask, from now on and since before, that the folder is taken. */
  hold(): void
  /** Tells those who wait for an answer, by hanging up, that it is not. */
  withdraw(): Promise<void>
}

async function putUp (place: string, name: string): Promise<Claim> {
  const asking = new Set<net.Socket>()
  let held = false
  const server = net.createServer(socket => {
    asking.add(socket.unref())
    socket.on('error', () => {}).once('close', () => asking.delete(socket))
    if (held) socket.end(HELD)
  }).unref()
  // Under its name only once it listens: until then it would look like a dead one.
  const unnamed = join(place, name.slice('lock-'.length))
  const error = await listen(server, unnamed)
  if (error !== null) throw error
  renameSync(unnamed, join(place, name))
  return {
    hold () {
      held = true
      for (const socket of asking) socket.end(HELD)
    },
    withdraw: () =>
      new Promise(resolve => {
        rmSync(join(place, name), { force: true })
        server.close(() => resolve())
        for (const socket of asking) socket.destroy()
      })
  }
}

/**
 * Whether another process keeps us from the folder. One that goes before us does by being there;
 * for one that comes after us we wait until it holds the folder or gives way.
 */
function isInTheWay (path: string, goesBefore: boolean): Promise<boolean> {
  return new Promise(resolve => {
    let answer = ''
    const socket = net.connect(path).setTimeout(ANSWER_MS)
    const decide = (inTheWay: boolean) => {
      socket.destroy()
      resolve(inTheWay)
    }
    socket.once('connect', () => {
      if (goesBefore) decide(true)
    })
    socket.once('timeout', () => decide(true))
    socket.on('data', data => {
      answer += data.toString()
    })
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED') rmSync(path, { force: true }) // left by a process that was killed
      else if (error.code !== 'ENOENT' && error.code !== 'ECONNRESET') decide(true)
    })
    socket.once('close', () => decide(answer === HELD))
  })
}

/** A pipe of Windows is gone with its process, so that one name for all is safe. */
async function lockPipe (folder: string): Promise<() => Promise<void>> {
  const server = net.createServer(socket => socket.end()).unref()
  const error = await listen(server, `\\\\.\\pipe\\persona-runner-${hash(resolve(folder))}`)
  if (error?.code === 'EADDRINUSE') throw new DataFolderInUseError(folder)
  if (error !== null) throw error
  return () => new Promise(resolve => server.close(() => resolve()))
}

function listen (server: net.Server, path: string): Promise<NodeJS.ErrnoException | null> {
  return new Promise(resolve => {
    server.once('error', resolve)
    server.listen(path, () => resolve(null))
  })
}
