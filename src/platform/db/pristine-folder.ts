import { createHash } from 'node:crypto'
import { cpSync, existsSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { pathOf } from '../paths.ts'
import { closeToOthers, makePrivate } from './private-files.ts'

/**
 * A folder of the embedded storage as it is once every table is in it, kept to be copied:
 * initialising one takes seconds, a copy a tenth of one. There is nothing in it that is not in
 * every new one. Whatever is copied gets its name when it is whole, so a process that dies in the
 * middle leaves nothing that anybody takes for a folder.
 */
interface PristineFolder {
  /** Makes the folder, which must not be there yet. @returns whether there was one to copy */
  copyTo(folder: string): boolean
  /**
   * Takes a copy of a folder that is fit to be one, after a checkpoint. Copied in one go, so that
   * its storage may be open: what is written meanwhile waits, and a copy is what a process that was
   * killed leaves.
   */
  keep(folder: string): void
}

const PACKAGE = pathOf('package.json')
const MIGRATIONS = pathOf('migrations')

/**
 * @param place where they are kept, which need not be there; where it cannot be written, none is
 *   kept
 */
export function pristineFolder (place: string): PristineFolder {
  const current = version()
  const own = join(place, current)
  return {
    copyTo (folder) {
      if (!existsSync(own)) return false
      return attempt(() => copyWhole(own, folder))
    },
    keep (folder) {
      attempt(() => {
        // Never replaced: another process may be copying it.
        if (existsSync(own)) return
        makePrivate(place)
        for (const other of readdirSync(place)) {
          if (!other.startsWith(current)) remove(join(place, other))
        }
        copyWhole(folder, own)
      })
    }
  }
}

/** Of all that makes one pristine folder differ from another. */
function version (): string {
  // It names the storage and the queue, which has tables of its own, by their exact versions.
  const hash = createHash('sha256').update(readFileSync(PACKAGE))
  for (const file of readdirSync(MIGRATIONS).sort()) {
    hash.update(file).update(readFileSync(join(MIGRATIONS, file)))
  }
  return hash.digest('hex').slice(0, 16)
}

function copyWhole (from: string, to: string): void {
  const unfinished = `${to}.${process.pid}`
  rmSync(unfinished, { recursive: true, force: true })
  try {
    cpSync(from, unfinished, { recursive: true })
    closeToOthers(unfinished)
    if (!existsSync(from)) throw new Error(`${from} was removed while it was copied`)
    renameSync(unfinished, to)
  } finally {
    rmSync(unfinished, { recursive: true, force: true })
  }
}

/** Renames before it deletes, so that a process that copies it finds it gone. */
function remove (folder: string): void {
  const gone = `${folder}.${process.pid}`
  renameSync(folder, gone)
  rmSync(gone, { recursive: true, force: true })
}

/** Without a copy all goes on as if there had never been one. */
function attempt (copy: () => void): boolean {
  try {
    copy()
    return true
  } catch {
    return false
  }
}
