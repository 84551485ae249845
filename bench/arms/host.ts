import { fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Arm, Places } from './arm.ts'

/** One arm in a process of its own, that lives days when it is told to and says what they took. */

export interface Took {
  wallMs: number
  /** Of the process and of what it has started and waited for. */
  cpuMs: number
  eventLoopP99Ms: number
  /** The highest the process has ever been at. */
  peakMb: number
  /** By which its memory grew while these runs were under way. */
  grewMb: number
}

/** `bench/` has an install of its own, and it was not made. */
export class MissingPeersError extends Error {}

export interface ArmHost {
  /**
   * So many days, as many of them at once as is said. Unsaid, one after the other, and neither
   * event loop nor memory are looked at.
   */
  live(runs: number, atOnce?: number): Promise<Took>
  close(): Promise<void>
}

/** @param file of the arm, beside this one or in `../peers` */
export async function startArm (
  file: string,
  places: Places,
  nodeFlags: string[] = []
): Promise<ArmHost> {
  const isPeer = file.startsWith('../peers/')
  if (isPeer && !existsSync(new URL('../node_modules', import.meta.url))) {
    throw new MissingPeersError(`${file} needs its packages.`)
  }
  const child = fork(import.meta.filename, ['host', file, JSON.stringify(places)], {
    execArgv: ['--expose-gc', ...nodeFlags]
  })
  const answer = () =>
    new Promise((resolve, reject) => {
      const onMessage = (said: { error?: string }) => {
        child.off('exit', onExit)
        if (said.error === undefined) resolve(said)
        else reject(new Error(said.error))
      }
      const onExit = () => {
        child.off('message', onMessage)
        reject(new Error(`the process of ${file} ended`))
      }
      child.once('message', onMessage).once('exit', onExit)
    })
  await answer()
  return {
    async live (runs, atOnce) {
      child.send({ runs, atOnce })
      return await answer() as Took
    },
    async close () {
      if (child.exitCode !== null) return
      const gone = once(child, 'exit')
      child.disconnect()
      const [code] = await gone as [number | null]
      if (code !== 0) throw new Error(`${file} did not end well: see above`)
    }
  }
}

async function host (file: string, places: Places): Promise<void> {
  const { openArm } = await import(new URL(file, import.meta.url).href) as {
    openArm(places: Places): Promise<Arm>
  }
  const arm = await openArm(places)
  const tell = (said: unknown) => {
    process.send?.(said)
  }
  process.on('message', async ({ runs, atOnce }: { runs: number, atOnce?: number }) => {
    try {
      tell(await measure(arm, runs, atOnce))
    } catch (error) {
      tell({ error: `${file}: ${(error as Error).stack}` })
    }
  })
  process.on('disconnect', async () => {
    await arm.close()
    process.exit()
  })
  tell({ ready: true })
}

async function measure (arm: Arm, runs: number, atOnce?: number): Promise<Took> {
  // Only where memory is looked at: a run behind a collection is slower than one among others, and
  // timers take from whoever waits.
  const isWatched = atOnce !== undefined
  if (isWatched) globalThis.gc?.()
  const restMb = rssMb()
  let highMb = restMb
  const watch = isWatched
    ? setInterval(() => {
      highMb = Math.max(highMb, rssMb())
    }, 20)
    : undefined
  const delay = monitorEventLoopDelay({ resolution: 5 })
  if (isWatched) delay.enable()
  const cpuBefore = cpuMs()
  const startedAt = performance.now()
  let left = runs
  const oneByOne = async () => {
    while (left-- > 0) await arm.run()
  }
  await Promise.all(Array.from({ length: atOnce ?? 1 }, oneByOne))
  const wallMs = performance.now() - startedAt
  const spentMs = cpuMs() - cpuBefore
  delay.disable()
  clearInterval(watch)
  return {
    wallMs,
    cpuMs: spentMs,
    eventLoopP99Ms: isWatched ? delay.percentile(99) / 1e6 - 5 : NaN,
    peakMb: process.resourceUsage().maxRSS / 1024,
    grewMb: Math.max(highMb, rssMb()) - restMb
  }
}

const rssMb = () => process.memoryUsage.rss() / 1e6

function cpuMs (): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000 + childrenCpuMs()
}

/** Of children that have ended and were waited for; Linux alone tells, in ticks of 10 ms. */
function childrenCpuMs (): number {
  try {
    const stat = readFileSync('/proc/self/stat', 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return (Number(fields[13]) + Number(fields[14])) * 10
  } catch {
    return 0
  }
}

const [, , role, file, places] = process.argv
if (role === 'host' && file !== undefined && places !== undefined) {
  await host(file, JSON.parse(places) as Places)
}
