import { judgeCast } from '../src/analysis/verdicts/judge-cast.ts'
import type { ReleaseVerdict } from '../src/analysis/verdicts/judge-cast.ts'
import { decidingLook, isChange } from '../src/analysis/verdicts/release-verdict.ts'
import type { CastRows } from '../src/analysis/verdicts/cast-rows.ts'
import {
  BASE,
  MODULES,
  randomOf,
  simulate,
  STRESS,
  type World
} from '../test/analysis/verdicts/world.ts'
import type { Bench } from './bench.ts'

/**
 * How often the verdicts are wrong, and how often they find a change, in simulated casts
 * (docs/verdicts.md).
 */

interface Row {
  what: string
  world: World
  touches?: string[]
  /** Changes the simulated rows: a trap. */
  spring?: (rows: CastRows) => void
  /** Shares of casts, in percent. */
  reach: { falseAtMost?: number, foundAtLeast?: number }
}

const CALM = { before: 0.02, after: 0.02 }
const cast = (personas: number, daysBefore: number, daysAfter: number) => ({
  ...BASE,
  personas,
  daysBefore,
  daysAfter,
  errors: CALM
})
const stress = (personas: number, daysBefore: number, daysAfter: number) => ({
  ...cast(personas, daysBefore, daysAfter),
  ...STRESS
})
const FALL = { shift: -0.8 }

const ROWS: Row[] = [
  ...[
    cast(10, 5, 5),
    cast(10, 10, 10),
    cast(10, 28, 14),
    cast(30, 5, 5),
    cast(30, 28, 5),
    cast(100, 28, 2)
  ].map(world => ({ what: `nothing, ${sizeOf(world)}`, world, reach: { falseAtMost: 5 } })),
  ...[stress(10, 5, 5), stress(10, 10, 10), stress(30, 5, 5), stress(30, 28, 5)].map(world => ({
    what: `nothing, stress, ${sizeOf(world)}`,
    world,
    reach: { falseAtMost: 6 }
  })),
  { what: '−0.8, 10 p 10+10', world: { ...cast(10, 10, 10), ...FALL }, reach: {} },
  {
    what: '−0.8 declared, 10 p 10+10',
    world: { ...cast(10, 10, 10), ...FALL },
    touches: ['m0'],
    reach: { foundAtLeast: 80 }
  },
  {
    what: '−0.8, 10 p 28+14',
    world: { ...cast(10, 28, 14), ...FALL },
    reach: { foundAtLeast: 82 }
  },
  { what: '−0.8, 30 p 28+5', world: { ...cast(30, 28, 5), ...FALL }, reach: { foundAtLeast: 82 } },
  {
    what: 'errors 2 → 10 %, 10 p 28+14',
    world: { ...cast(10, 28, 14), errors: { before: 0.02, after: 0.1 } },
    reach: {}
  },
  {
    what: 'trap: all fall by 0.8, 10 p 10+10',
    world: { ...cast(10, 10, 10), shiftOfAll: -0.8 },
    reach: { falseAtMost: 5 }
  },
  {
    what: 'trap: a third is replaced, 10 p 10+10',
    world: { ...cast(10, 10, 10), replaced: 1 / 3 },
    reach: { falseAtMost: 5 }
  },
  {
    what: 'trap: another model, all −0.8',
    world: { ...cast(10, 10, 10), shiftOfAll: -0.8 },
    spring: changeModel,
    reach: { falseAtMost: 0 }
  }
]

function sizeOf ({ personas, daysBefore, daysAfter }: World): string {
  return `${personas} p ${daysBefore}+${daysAfter}`
}

function changeModel ({ visits }: CastRows): void {
  for (const visit of visits) if (visit.release === 0) visit.context = 'another'
}

export const bench: Bench = {
  name: 'verdicts',
  shows: 'false alarms and what is found, in simulated casts',
  async run (report, { quick }) {
    const casts = quick ? 60 : 500
    for (const [place, row] of ROWS.entries()) {
      const { falseAlarms, found } = count(row, casts, place)
      const hasFall = row.world.shift !== undefined || row.world.errors?.after !== CALM.after
      report.row(row.what, { casts, 'false %': falseAlarms, 'found %': hasFall ? found : '–' })
      const { falseAtMost, foundAtLeast } = row.reach
      if (falseAtMost !== undefined) {
        report.check(`${row.what}: at most ${falseAtMost} % false`, falseAlarms <= falseAtMost)
      }
      if (foundAtLeast !== undefined) {
        report.check(`${row.what}: at least ${foundAtLeast} % found`, found >= foundAtLeast)
      }
    }
  }
}

function count (
  { world, touches = [], spring }: Row,
  casts: number,
  place: number
): { falseAlarms: number, found: number } {
  const moves = world.shift !== undefined || world.errors?.after !== CALM.after
  let falseAlarms = 0
  let found = 0
  for (let i = 0; i < casts; i++) {
    const rows = simulate(world, randomOf(1_000_003 * (place + 1) + i))
    for (const release of rows.releases) release.touches = touches
    spring?.(rows)
    const accused = accusedBy(judgeCast(rows))
    if (accused.some(module => !moves || module !== 'm0')) falseAlarms++
    if (accused.includes('m0')) found++
  }
  const percent = (n: number) => Math.round(1000 * n / casts) / 10
  return { falseAlarms: percent(falseAlarms), found: percent(found) }
}

/** Modules with any word for a change. */
function accusedBy (verdicts: ReleaseVerdict[]): string[] {
  const modules = verdicts.flatMap(verdict => verdict.modules)
  if (modules.length < MODULES) throw new Error('a module was not judged')
  return modules.filter(({ looks }) => {
    const look = decidingLook(looks)
    return look !== undefined && isChange(look.state)
  }).map(({ module }) => module)
}
