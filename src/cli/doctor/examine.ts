import { listAppNames } from '../../runner/apps/repository.ts'
import { FIRST_APP } from '../../personas/app-name.ts'
import { messageOf } from '../../platform/errors.ts'
import { measureRunCosts, type RunCosts } from '../../runner/runs/run-costs.ts'
import { VERSION } from '../../platform/version.ts'
import { checkClock } from './check-clock.ts'
import { checkCost } from './check-cost.ts'
import { checkModel } from './check-model.ts'
import { examineApp, type ExaminedApp } from './examine-app.ts'
import { failed } from './finding.ts'
import { readCast } from './read-cast.ts'
import type { DoctorReport, Finding } from './schemas.ts'
import type { Setup, SetUpApp } from './setup.ts'

/** All checks, in the order of their lines. Nothing is stored, and no run is begun. */

export interface ExamineOptions {
  /** This app alone. */
  app?: string | undefined
  /** False: no request that costs money. */
  asksModel: boolean
}

export async function examine (
  setup: Setup,
  configuration: Finding[],
  { app, asksModel }: ExamineOptions
): Promise<DoctorReport> {
  const { config, model, store } = setup
  const { found, missing } = await findApps(setup, app)
  const cast = await readCast(store, found.map(({ name }) => name))
  const [asked, ...examined] = await Promise.all([
    checkModel(setup, asksModel),
    ...found.map(one => examineApp(setup, one, cast === null ? null : cast.get(one.name) ?? NOBODY))
  ])
  const clock = await checkClock(setup, found.filter((_, i) => answered(examined[i])), asksModel)
  const apps = examined.flatMap(({ facts }) => facts ?? [])
  const { finding, cost } = checkCost({
    config,
    price: model.price,
    apps,
    cast,
    measured: await measured(setup, app)
  })
  const findings = [
    ...configuration,
    ...store.findings,
    asked,
    ...missing,
    ...examined.flatMap(({ findings }) => findings),
    clock,
    finding
  ]
  return toReport(findings, { apps, cost })
}

const NOBODY = { personas: 0, runsPerDay: 0, withAccount: null, withoutAccount: null }
const answered = (one: ExaminedApp | undefined) =>
  one !== undefined &&
  !one.findings.some(({ check, status }) => check === 'app' && status === 'failed')

export function toReport (
  findings: Finding[],
  { apps, cost }: Pick<DoctorReport, 'apps' | 'cost'> = { apps: [], cost: null }
): DoctorReport {
  return {
    ok: findings.every(({ status }) => status !== 'failed'),
    version: VERSION,
    findings,
    apps,
    cost
  }
}

async function findApps (
  { store: { db }, findApp }: Setup,
  wanted: string | undefined
): Promise<{ found: SetUpApp[], missing: Finding[] }> {
  const names = wanted === undefined ? await listNames(db) : [wanted]
  const found: SetUpApp[] = []
  const missing: Finding[] = []
  for (const name of names) {
    try {
      found.push(await findApp(name))
    } catch (error) {
      missing.push(
        failed('app', messageOf(error), {
          app: name,
          todo: 'give --app the name of one that is there'
        })
      )
    }
  }
  return { found, missing }
}

const listNames = async (db: Setup['store']['db']) => db === null ? [FIRST_APP] : listAppNames(db)

async function measured (
  { store: { db }, model }: Setup,
  app: string | undefined
): Promise<Map<string, RunCosts>> {
  const costs = db === null ? new Map<string, RunCosts>() : await measureRunCosts(db, model.name)
  return new Map([...costs].filter(([name]) => app === undefined || name === app))
}
