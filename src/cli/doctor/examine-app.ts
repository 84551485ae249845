import type { Account } from '../../runner/accounts/account.ts'
import { readKnownModules } from '../../runner/actions/known-tools.ts'
import { placeOf } from '../../runner/apps/connect.ts'
import type { Toolbox } from '../../runner/tools/toolbox.ts'
import { messageOf } from '../../platform/errors.ts'
import { checkTools, reached, seeApp } from './check-app.ts'
import { checkSessions } from './check-sessions.ts'
import { checkSignIn } from './check-sign-in.ts'
import { failed, findingOf, notChecked } from './finding.ts'
import type { AppFacts, Finding } from './schemas.ts'
import type { CastOfApp, Setup, SetUpApp } from './setup.ts'

/** One app: a persona signs in, its tools are listed, and a second session is opened. */

const TIMEOUT_MS = 60_000

export interface ExaminedApp {
  findings: Finding[]
  facts: AppFacts | null
}

export async function examineApp (
  setup: Setup,
  app: SetUpApp,
  cast: CastOfApp | null
): Promise<ExaminedApp> {
  const { findings, account } = await checkSignIn(app, cast)
  if (account === null) {
    return { facts: null, findings: [...findings, ...await withoutAccount(setup, app)] }
  }
  const signal = AbortSignal.timeout(TIMEOUT_MS)
  let toolbox: Toolbox
  try {
    toolbox = await app.connected.openToolbox(account, signal)
  } catch (error) {
    const todo = `check ${
      app.name === 'main' ? 'MCP_URL' : 'mcpUrl'
    }, and that the app runs; docs/errors.md tells each code`
    return {
      facts: null,
      findings: [...findings, failed('app', messageOf(error), { app: app.name, todo })]
    }
  }
  try {
    return await look(setup, app, { account, toolbox, signal, signIns: findings })
  } finally {
    await toolbox.close()
  }
}

interface Open {
  account: Account
  toolbox: Toolbox
  signal: AbortSignal
  signIns: Finding[]
}

async function look (
  { config, store: { db } }: Setup,
  app: SetUpApp,
  { account, toolbox, signal, signIns }: Open
): Promise<ExaminedApp> {
  const { report, facts } = seeApp(app, toolbox, {
    known: db === null ? new Map() : await readKnownModules(db, app.name),
    maxInputTokens: config.MAX_INPUT_TOKENS
  })
  const sessions = await findingOf(
    'sessions',
    { app: app.name },
    () => checkSessions(app, account, { toolbox, tools: report.named }, signal)
  )
  return {
    facts,
    findings: [
      ...signIns,
      reached(app, facts),
      checkTools(facts, report, config.MAX_INPUT_TOKENS),
      sessions
    ]
  }
}

/** Whether anybody is there at all. */
async function withoutAccount (
  { dialler }: Setup,
  { name, settings: { mcpUrl } }: SetUpApp
): Promise<Finding[]> {
  const todo = `check ${name === 'main' ? 'MCP_URL' : 'mcpUrl'}, and that the app runs`
  const finding = await findingOf('app', { app: name, todo }, async () => {
    // No stream of events is wanted, and most answer that they give nothing else.
    const headers = { accept: 'application/json' }
    const response = await dialler.dialFor(placeOf(name, 'mcpUrl'))(mcpUrl, {
      headers,
      signal: AbortSignal.timeout(TIMEOUT_MS)
    })
    await response.body?.cancel()
    if (response.status === 404) {
      return failed('app', `${mcpUrl} answers that nothing is there (404)`, { app: name, todo })
    }
    return notChecked(
      'app',
      `${mcpUrl} answers (${response.status}), and nobody has signed in who could see its tools`,
      { app: name }
    )
  })
  return [finding]
}
