import { chmodSync, lstatSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { DataFolderForeignError, DataFolderUnusableError } from '../errors.ts'

/**
 * Keeps what this process stores from other users of the machine, whatever the umask: folders 0700,
 * files 0600.
 */

export const OTHERS = 0o077
const FOLDER_MODE = 0o700
/** Windows has no such modes; a folder in the user's profile is private there. */
const HAS_MODES = process.platform !== 'win32'

/**
 * Makes the folder where it is not there, and takes all rights of others from it and all in it.
 * @returns how many files and folders others had rights to before
 * @throws DataFolderForeignError where it belongs to another user; DataFolderUnusableError where it
 *   cannot be written
 */
export function makePrivate (folder: string): number {
  try {
    return takeFromOthers(folder)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw UNUSABLE.has(code ?? '')
      ? new DataFolderUnusableError(folder, message, { cause: error })
      : error
  }
}

const UNUSABLE = new Set([
  'EACCES',
  'EPERM',
  'EROFS',
  'ENOTDIR',
  'EEXIST',
  'ENOSPC',
  'ELOOP',
  'ENAMETOOLONG'
])

function takeFromOthers (folder: string): number {
  mkdirSync(folder, { recursive: true, mode: FOLDER_MODE })
  const { uid } = lstatSync(folder)
  if (HAS_MODES && uid !== process.getuid?.()) throw new DataFolderForeignError(folder, uid)
  return closeToOthers(folder)
}

/** @returns how many were open */
export function closeToOthers (path: string): number {
  const stats = lstatSync(path)
  if (!HAS_MODES || stats.isSymbolicLink()) return 0
  const isOpen = (stats.mode & OTHERS) !== 0
  if (isOpen) chmodSync(path, stats.mode & 0o7777 & ~OTHERS)
  const within = stats.isDirectory() ? readdirSync(path) : []
  return within.reduce((sum, name) => sum + closeToOthers(join(path, name)), isOpen ? 1 : 0)
}
