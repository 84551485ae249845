import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { Value } from 'typebox/value'
import { diagnose } from '../../src/cli/diagnose.ts'
import { openDatabase } from '../../src/platform/db/database.ts'
import { migrate } from '../../src/platform/db/migrate.ts'
import { startSampleApp, type SampleApp } from '../../src/demo/sample-app/sample-app.ts'
import { startScriptedClaude, type ScriptedClaude } from 'scripted-claude/scripted-claude'
import type { ExamineOptions } from '../../src/cli/doctor/examine.ts'
import { DoctorReport, type Finding } from '../../src/cli/doctor/schemas.ts'
import type { Queryable } from '../../src/platform/db/database.ts'
import { migratedImage } from './database.ts'
import { storeEnv } from './server-process.ts'

interface Teardown {
  teardown(fn: () => Promise<void> | void): void
}

export const KEYS = {
  SERVICE_KEY: 'service-key-for-tests',
  ADMIN_KEY: 'admin-key-for-tests',
  ANTHROPIC_API_KEY: 'sk-stand-in-for-tests'
}

/** A store that one test has for itself, with all tables and what `fill` puts into it; closed. */
export async function filledStore (
  t: Teardown,
  fill: (db: Queryable) => Promise<unknown> = async () => {}
): Promise<Record<string, string>> {
  const env = await storeEnv(t)
  if (env.DATA_DIR !== undefined) await unpack(join(env.DATA_DIR, 'pg'))
  await inStore(env, async db => {
    await migrate(db)
    await fill(db)
  })
  return env
}

export async function inStore (
  env: Record<string, string>,
  work: (db: Queryable) => Promise<unknown>
): Promise<void> {
  const opened = await openDatabase({
    url: env.DATABASE_URL,
    dataDir: env.DATA_DIR ?? '',
    poolSize: 2,
    onError: () => {}
  })
  await work(opened.db).finally(() => opened.close())
}

async function unpack (folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true })
  execFileSync('tar', ['-x', '-C', folder], {
    input: await migratedImage(),
    stdio: ['pipe', 'ignore', 'ignore']
  })
}

/** The sample app without accounts, and a stand-in model that says OK. */
export async function startServices (
  t: Teardown,
  options: { requireAccounts?: boolean } = {}
): Promise<{
  sampleApp: SampleApp
  claude: ScriptedClaude
  env: Record<string, string>
}> {
  const sampleApp = await startSampleApp({ requireAccounts: options.requireAccounts ?? false })
  const claude = await startScriptedClaude({ script: () => ({ text: 'OK' }) })
  t.teardown(async () => {
    await claude.close()
    await sampleApp.close()
  })
  return {
    sampleApp,
    claude,
    env: { ...KEYS, ANTHROPIC_BASE_URL: claude.url, MCP_URL: sampleApp.mcpUrl }
  }
}

/** As `npm run doctor -- --json` prints it. */
export async function look (
  env: Record<string, string>,
  options: Partial<ExamineOptions> = {}
): Promise<DoctorReport> {
  return Value.Parse(DoctorReport, await diagnose(env, { asksModel: true, ...options }))
}

/** The findings of one check, of one app where several are there. */
export function findings (report: DoctorReport, check: Finding['check'], app?: string): Finding[] {
  return report.findings.filter(finding =>
    finding.check === check && (app === undefined || finding.app === app)
  )
}
