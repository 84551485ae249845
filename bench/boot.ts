import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execFileSync } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { bundle } from '../build/bundle.ts'
import { warm } from '../build/warm.ts'
import { migrate } from '../src/platform/db/migrate.ts'
import type { Bench } from './bench.ts'
import { cells, spreadOf } from './measure.ts'
import { createDatabase, withPostgres, withUnlimited } from './postgres.ts'
import { startServer } from './server.ts'

const ROUNDS = 7
/** The embedded storage compiles in the background for a while after it answers. */
const IDLE_MS = 3000
const ROOT = fileURLToPath(new URL('..', import.meta.url))
const DIST = join(ROOT, 'dist')
const BUNDLE = join(DIST, 'src/server.js')
/** Of src/web/plugins/database.ts, in either tree. */
const pristineOf = (tree: string) => join(tree, 'node_modules/.cache/persona-runner-data')

interface Arm {
  /** Undefined: the source. */
  entry?: string
  prepare?(): Promise<void>
  env(): Record<string, string>
}

export const bench: Bench = {
  name: 'boot',
  shows: 'from the start of the process to its first answer, and what it holds when idle',
  async run (report, { quick }) {
    const folder = mkdtempSync(join(tmpdir(), 'persona-runner-boot-'))
    await withPostgres(async serverUrl => {
      const url = await createDatabase(serverUrl, 'boot')
      await withUnlimited(url, async db => {
        await migrate(db)
      })
      const build = async () => {
        await bundle(DIST)
        await warm(DIST)
      }
      await build()
      let fresh = 0
      const newFolder = () => ({ DATA_DIR: join(folder, `new-${fresh++}`) })
      const firstOf = (tree: string) => () => {
        rmSync(pristineOf(tree), { recursive: true, force: true })
        return newFolder()
      }
      const arms: Record<string, Arm> = {
        'Postgres, nothing compiled before': {
          entry: BUNDLE,
          env: () => ({ DATABASE_URL: url, NODE_DISABLE_COMPILE_CACHE: '1' })
        },
        Postgres: { entry: BUNDLE, env: () => ({ DATABASE_URL: url }) },
        'Postgres, from the source': { env: () => ({ DATABASE_URL: url }) },
        'embedded, on an existing folder': {
          entry: BUNDLE,
          env: () => ({ DATA_DIR: join(folder, 'kept') })
        },
        'embedded, on an existing folder, from the source': {
          env: () => ({ DATA_DIR: join(folder, 'kept') })
        },
        'embedded, the first start of a build': { entry: BUNDLE, prepare: build, env: newFolder },
        'embedded, nothing to copy': { entry: BUNDLE, env: firstOf(DIST) },
        'embedded, on a new folder': { entry: BUNDLE, env: newFolder },
        'embedded, nothing to copy, from the source': { env: firstOf(ROOT) },
        'embedded, on a new folder, from the source': { env: newFolder }
      }
      const boots = new Map<string, number[]>()
      const cpus = new Map<string, number[]>()
      const memories = new Map<string, number[]>()
      const floor: number[] = []
      for (let i = 0; i <= (quick ? 2 : ROUNDS); i++) {
        for (const [name, arm] of Object.entries(arms)) {
          await arm.prepare?.()
          const server = await startServer(arm.env(), arm.entry)
          const cpuMs = server.cpuMs()
          await sleep(IDLE_MS)
          if (i > 0) {
            boots.set(name, [...boots.get(name) ?? [], server.bootMs])
            cpus.set(name, [...cpus.get(name) ?? [], cpuMs])
            memories.set(name, [...memories.get(name) ?? [], server.memoryMb()])
          }
          await server.stop()
        }
        const startedAt = performance.now()
        execFileSync(process.execPath, ['-e', '0'])
        floor.push(performance.now() - startedAt)
      }
      report.row('floor: an empty Node process, ms', cells(spreadOf(floor)))
      for (const [name, times] of boots) {
        report.row(`${name}: to the first 200, ms`, cells(spreadOf(times)))
      }
      for (const [name, ms] of cpus) report.row(`${name}: CPU until then, ms`, cells(spreadOf(ms)))
      for (const [name, mb] of memories) {
        report.row(`${name}: memory, idle for 3 s, MB`, cells(spreadOf(mb)))
      }
      const median = (all: Map<string, number[]>, name: string) =>
        spreadOf(all.get(name) ?? []).median
      report.check('Postgres: at most 0.6 s', median(boots, 'Postgres') <= 600)
      report.check('Postgres: at most 150 MB', median(memories, 'Postgres') <= 150)
      report.check(
        'embedded, later: at most 1.0 s',
        median(boots, 'embedded, on an existing folder') <= 1000
      )
      report.check(
        'embedded, first of all: at most 3 s',
        median(boots, 'embedded, the first start of a build') <= 3000
      )
      report.check(
        'embedded, a new folder: at most 3 s',
        median(boots, 'embedded, on a new folder') <= 3000
      )
    }).finally(() => rmSync(folder, { recursive: true, force: true }))
  }
}
