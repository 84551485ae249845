import type { Bench } from './bench.ts'
import { startArm, type ArmHost, type Took } from './arms/host.ts'
import { median, round } from './tools/figures.ts'
import { openStage, type Stage } from './tools/stage.ts'

const WHOLE = 'we, whole run on Postgres'
const ALONE = 'we, model and tools alone'
const AI_SDK = 'AI SDK'

const ARMS: Record<string, string> = {
  [WHOLE]: './ours-whole.ts',
  [ALONE]: './ours.ts',
  'no SDK at all (floor)': './raw.ts',
  'plain loop on both SDKs': '../peers/plain-loop.ts',
  [AI_SDK]: '../peers/ai-sdk.ts'
}
const MODEL_DELAY_MS = 200

export const bench: Bench = {
  name: 'many',
  shows:
    '1 to 256 runs at once in one process, and the same over several: runs per second, event loop, memory; beside the AI SDK',
  async run (report, { quick }) {
    const stage = await openStage()
    try {
      const figures = new Map<string, Figures>()
      for (const delayMs of quick ? [MODEL_DELAY_MS] : [0, MODEL_DELAY_MS]) {
        stage.setDelay(delayMs)
        for (const atOnce of quick ? [64, 256] : [1, 8, 64, 256]) {
          for (const [arm, took] of await interleaved(stage, atOnce, quick ? 1 : 3)) {
            const found = figuresOf(took, atOnce)
            figures.set(`${arm} ${atOnce} ${delayMs}`, found)
            report.row(`${arm}: ${atOnce} at once, model ${delayMs} ms`, { ...found })
          }
        }
      }
      for (const processes of [1, 2, 4]) {
        report.row(
          `${WHOLE}: 64 at once in each of ${processes} processes, model ${MODEL_DELAY_MS} ms`,
          await scaled(stage, processes)
        )
      }
      const at256 = (arm: string) => figures.get(`${arm} 256 ${MODEL_DELAY_MS}`)
      const ours = at256(WHOLE)
      const theirs = at256(AI_SDK)
      if (ours === undefined || theirs === undefined) return
      report.check(
        '256 whole runs at once: at least twice the runs per second of the AI SDK',
        ours.runsPerSecond >= 2 * theirs.runsPerSecond
      )
      report.check(
        '256 whole runs at once: event-loop delay p99 at most 100 ms',
        ours.loopP99Ms <= 100
      )
      report.check('256 whole runs at once: at most 1 MB a run', ours.mbPerRun <= 1)
    } finally {
      await stage.close()
    }
  }
}

interface Figures {
  runsPerSecond: number
  min: number
  max: number
  cpuMsPerRun: number
  loopP99Ms: number
  mbPerRun: number
}

/**
 * A fresh process for each arm and number, so that memory is that of these runs; the arms take
 * turns.
 */
async function interleaved (
  stage: Stage,
  atOnce: number,
  rounds: number
): Promise<Map<string, Took[]>> {
  const took = new Map<string, Took[]>()
  const hosts = new Map<string, ArmHost>()
  try {
    for (const [arm, file] of Object.entries(ARMS)) {
      const host = await startArm(file, stage.places)
      hosts.set(arm, host)
      await host.live(Math.max(30, atOnce), Math.min(atOnce, 30))
    }
    for (let round = 0; round < rounds; round++) {
      for (const [arm, host] of hosts) {
        took.set(arm, [...took.get(arm) ?? [], await host.live(runsFor(atOnce), atOnce)])
      }
    }
  } finally {
    for (const host of hosts.values()) await host.close()
  }
  return took
}

const runsFor = (atOnce: number) => Math.max(5, atOnce)

function figuresOf (took: Took[], atOnce: number): Figures {
  const rates = took.map(({ wallMs }) => runsFor(atOnce) / wallMs * 1000)
  return {
    runsPerSecond: round(median(rates)),
    min: round(Math.min(...rates)),
    max: round(Math.max(...rates)),
    cpuMsPerRun: round(median(took.map(({ cpuMs }) => cpuMs / runsFor(atOnce)))),
    loopP99Ms: round(median(took.map(({ eventLoopP99Ms }) => eventLoopP99Ms)), 0),
    mbPerRun: round(median(took.map(({ grewMb }) => grewMb / atOnce)), 2)
  }
}

async function scaled (stage: Stage, processes: number): Promise<Record<string, number>> {
  stage.setDelay(MODEL_DELAY_MS)
  const hosts = await Promise.all(
    Array.from({ length: processes }, () => startArm('./ours-whole.ts', stage.places))
  )
  try {
    await Promise.all(hosts.map(host => host.live(64, 32)))
    const startedAt = performance.now()
    const took = await Promise.all(hosts.map(host => host.live(128, 64)))
    const seconds = (performance.now() - startedAt) / 1000
    return {
      runsPerSecond: round(128 * processes / seconds),
      cpuMsPerRun: round(median(took.map(({ cpuMs }) => cpuMs / 128))),
      loopP99Ms: round(Math.max(...took.map(({ eventLoopP99Ms }) => eventLoopP99Ms)), 0)
    }
  } finally {
    for (const host of hosts) await host.close()
  }
}
