import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Teardown } from './teardown.ts'

/** Where Linux distributions put it; undefined: not installed. */
export const LIBFAKETIME = [
  '/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1',
  '/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1',
  '/usr/lib/faketime/libfaketimeMT.so.1'
].find(existsSync)

/**
 * Wall clocks that are read from a file per process, by libfaketime; the monotonic clock stays what
 * it is.
 */
export function fakeClocks (t: Teardown, library: string) {
  const folder = mkdtempSync(join(tmpdir(), 'persona-runner-clocks-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const shift = (name: string, ms: number) =>
    writeFileSync(join(folder, name), `${ms < 0 ? '-' : '+'}${Math.abs(ms) / 1000}\n`)
  return {
    shift,
    envFor (name: string, ms: number): Record<string, string> {
      shift(name, ms)
      return {
        LD_PRELOAD: library,
        FAKETIME_TIMESTAMP_FILE: join(folder, name),
        FAKETIME_CACHE_DURATION: '1',
        FAKETIME_DONT_FAKE_MONOTONIC: '1'
      }
    }
  }
}
