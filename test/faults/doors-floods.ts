import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { Worker } from 'node:worker_threads'

/** What a server process does while a service floods it. */

/**
 * The most memory that a process ever held, in megabytes; undefined where the system does not say
 * (Linux does).
 */
export function peakMemory (pid: number | undefined): number | undefined {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1000
  } catch {
    return undefined
  }
}

/**
 * Asks for `/health` again and again while something goes on, in a thread of its own: this one is
 * busy with the flood.
 * @returns the longest that it waited, in milliseconds
 */
export async function slowestHealth (address: string, work: Promise<unknown>): Promise<number> {
  const watch = new Worker(new URL('./tools/health-watch.ts', import.meta.url), {
    workerData: `${address}/health`
  })
  const said = once(watch, 'message')
  await once(watch, 'online')
  await work
  watch.postMessage('end')
  const [slowest] = await said as [number]
  return slowest
}
