import type { FastifyInstance } from 'fastify'
import { buildApp } from '../app.ts'
import { readEnvironment } from '../platform/environment.ts'
import { upsertPersona } from '../personas/repository.ts'
import type { Persona } from '../personas/schemas.ts'
import { messageOf } from '../platform/errors.ts'
import { CATALOGUE_FILE, ENGLISH_CATALOGUE_FILE, readCatalogue } from '../cli/catalogue.ts'
import { derivePassword } from '../runner/accounts/password.ts'
import { demoSettings } from './demo-settings.ts'
import { HELP, readOptions, type DemoOptions } from './demo-options.ts'
import { progressOf, watchDays } from './progress.ts'
import { printReport } from './report.ts'
import { startSampleApp } from './sample-app/sample-app.ts'
import { beginAt, liveDays } from './weeks.ts'
import { playPersona } from 'scripted-claude/persona-player'
import { startScriptedClaude, STAND_IN_NOTICE } from 'scripted-claude/scripted-claude'

/**
 * `npm run demo`: ten personas live four weeks in a sample app. Everything lives in this process
 * and in memory, so nothing is left behind.
 */

const environment = readEnvironment()
const options = optionsFor(process.argv.slice(2))
if (options === null) console.log(HELP)
else if (options !== undefined) await demo(options)

/** Undefined where they are not right, which has then been told. */
function optionsFor (args: string[]): DemoOptions | null | undefined {
  try {
    const hasKey = (environment.ANTHROPIC_API_KEY ?? '') !== ''
    const terminal = new Intl.DateTimeFormat().resolvedOptions().locale
    return readOptions(args, { hasKey, isTerminal: process.stdout.isTTY === true, terminal })
  } catch (error) {
    console.error(messageOf(error))
    process.exitCode = 2
    return undefined
  }
}

async function demo ({ days, stay, locale }: DemoOptions): Promise<void> {
  const closers: (() => Promise<void>)[] = []
  const end = async (code: number): Promise<never> => {
    for (const close of closers.reverse()) await close().catch(() => {})
    process.exit(code)
  }
  let interrupted = false
  const interrupt = () => {
    if (interrupted) process.exit(130)
    interrupted = true
    console.log('\nStopping …')
    end(130)
  }
  process.on('SIGINT', interrupt)
  process.on('SIGTERM', interrupt)

  try {
    beginAt(days)
    console.log('Starting an embedded database, a sample app with an MCP server, and the runner …')
    const sampleApp = await startSampleApp()
    closers.push(sampleApp.close)
    const standIn = environment.ANTHROPIC_API_KEY
      ? undefined
      : await startScriptedClaude({ script: playPersona })
    if (standIn !== undefined) closers.push(standIn.close)

    const settings = demoSettings(environment, sampleApp, standIn?.url)
    const app = await buildApp({
      env: settings.env,
      logger: { level: 'warn' },
      signInToken: settings.signInToken,
      ...(standIn !== undefined && { pageNotice: STAND_IN_NOTICE })
    })
    closers.push(() => app.close())
    const address = await listen(app, environment.PORT === undefined)

    const personas: Persona[] = []
    for (const input of readCatalogue(locale === 'de' ? CATALOGUE_FILE : ENGLISH_CATALOGUE_FILE)) {
      // A persona that rests on Saturdays would miss the demo wherever it is Saturday already.
      const { persona } = await upsertPersona(app.database.db, { ...input, tickCadence: 'daily' })
      const password = derivePassword(settings.seedSecret, persona.email)
      sampleApp.addAccount({
        email: persona.email,
        password,
        name: persona.name,
        locale: persona.locale
      })
      personas.push(persona)
    }
    const notice = standIn === undefined
      ? `model: ${app.config.ANTHROPIC_MODEL} (your key, real costs)`
      : STAND_IN_NOTICE
    console.log(
      `\n${personas.length} personas begin their day in ${sampleApp.mcpUrl}\n[${notice}]\n${
        stay ? `Watch them live: ${address}/sign-in/demo/${settings.signInToken}\n` : ''
      }`
    )

    const stopWatching = watchDays(app.database.db, personas)
    const { runIds, result } = await liveDays(
      { app, sampleApp, days },
      progressOf(days),
      stopWatching
    )
    const { adminKey, signInToken } = settings
    await printReport(app.database.db, runIds, result, {
      days,
      notice,
      address,
      standIn: standIn !== undefined,
      stay,
      adminKey,
      signInToken
    })
    if (!stay) await end(result.failed.length > 0 ? 1 : 0)
  } catch (error) {
    if (interrupted) return
    console.error(messageOf(error))
    await end(1)
  }
}

/** On the port of the settings; where that is taken and nobody asked for it, on any other. */
async function listen (app: FastifyInstance, mayMove: boolean): Promise<string> {
  const { HOST: host, PORT: port } = app.config
  try {
    return await app.listen({ host, port })
  } catch (error) {
    if (!mayMove || (error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    return app.listen({ host, port: 0 })
  }
}
