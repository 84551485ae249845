import type { Bench } from './bench.ts'
import { startArm, type ArmHost, type Took } from './arms/host.ts'
import { median, round, spread } from './tools/figures.ts'
import { openStage } from './tools/stage.ts'

/** By what stands in the table; peers only where `bench/` has its own install. */
const ARMS: Record<string, string> = {
  'we, whole run on Postgres': './ours-whole.ts',
  'we, whole run, MCP 2026-07-28': './ours-whole-stateless.ts',
  'we, model and tools alone': './ours.ts',
  'no SDK at all (floor)': './raw.ts',
  'plain loop on both SDKs': '../peers/plain-loop.ts',
  toolRunner: '../peers/tool-runner.ts',
  'AI SDK': '../peers/ai-sdk.ts',
  'claude-agent-sdk': '../peers/agent-sdk.ts'
}
const SLOW = 'claude-agent-sdk'
/** One after the other: a single run is too short for the clock. */
const RUNS_AT_A_TIME = 20
/**
 * V8 compiles for about 700 runs, in all arms; a server that stays up is past that within a day of
 * a small cast.
 */
const WARM_UP = 700

const perRun = (took: Took, runs: number): Took => ({
  ...took,
  cpuMs: took.cpuMs / runs,
  wallMs: took.wallMs / runs
})

export const bench: Bench = {
  name: 'run',
  shows:
    'CPU of one whole run with its journal on Postgres, beside claude-agent-sdk, toolRunner and the AI SDK',
  async run (report, { quick }) {
    const stage = await openStage()
    const hosts = new Map<string, ArmHost>()
    const took = new Map<string, Took[]>()
    const first = new Map<string, Took>()
    try {
      for (const [arm, file] of Object.entries(ARMS)) {
        hosts.set(arm, await startArm(file, stage.places))
      }
      for (const [arm, host] of hosts) {
        first.set(arm, await host.live(1))
        if (arm !== SLOW) await host.live(quick ? 30 : WARM_UP)
      }
      const rounds = quick ? 10 : 30
      for (let round = 0; round < rounds; round++) {
        for (const [arm, host] of hosts) {
          if (arm === SLOW && round % 10 !== 0) continue
          const runs = arm === SLOW ? 1 : RUNS_AT_A_TIME
          took.set(arm, [...took.get(arm) ?? [], perRun(await host.live(runs), runs)])
        }
      }
    } finally {
      for (const host of hosts.values()) await host.close()
      await stage.close()
    }
    const cpu = (arm: string) => median(took.get(arm)?.map(({ cpuMs }) => cpuMs) ?? [])
    for (const [arm, all] of took) {
      const { median: cpuMs, min, max } = spread(all.map(({ cpuMs }) => cpuMs))
      report.row(arm, {
        runs: all.length,
        cpuMs,
        min,
        max,
        wallMs: round(median(all.map(({ wallMs }) => wallMs))),
        firstRunCpuMs: round(first.get(arm)?.cpuMs ?? NaN),
        peakMb: round(Math.max(...all.map(({ peakMb }) => peakMb)), 0),
        'of our whole run': round(cpuMs / cpu('we, whole run on Postgres'), 2)
      })
    }
    const whole = cpu('we, whole run on Postgres')
    report.check(
      'a whole run takes at most 1/60 of the CPU of claude-agent-sdk',
      whole <= cpu(SLOW) / 60
    )
    report.check('a whole run takes less CPU than the AI SDK', whole < cpu('AI SDK'))
    report.check(
      'and with MCP 2026-07-28 at most 1.15 of it',
      cpu('we, whole run, MCP 2026-07-28') <= cpu('AI SDK') * 1.15
    )
    report.check('a whole run takes less CPU than toolRunner', whole < cpu('toolRunner'))
    report.check(
      'model and tools alone take at most 1/2.5 of the CPU of the AI SDK',
      cpu('we, model and tools alone') <= cpu('AI SDK') / 2.5
    )
  }
}
