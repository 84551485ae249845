import t from 'tap'
import { buildApp } from '../../../src/app.ts'
import { startSampleApp } from '../../../src/demo/sample-app/sample-app.ts'
import { startScriptedClaude } from 'scripted-claude/scripted-claude'
import { ADMIN_KEY, createPersona, SERVICE_KEY } from '../../helpers/app.ts'
import { createServerDatabase, onServer } from '../../helpers/database.ts'
import { addAccount, worldEnv } from '../../helpers/world.ts'

t.test(
  'three processes that start, migrate and tick at once give every due persona exactly one run',
  {
    skip: onServer ? false : 'embedded storage serves one process'
  },
  async t => {
    const sampleApp = await startSampleApp()
    const claude = await startScriptedClaude({ script: () => ({ text: 'Heute nichts.' }) })
    const env = {
      NODE_ENV: 'test',
      SERVICE_KEY,
      ADMIN_KEY,
      TICK_SCHEDULE: '0 0 1 1 *',
      DATABASE_URL: await createServerDatabase(t),
      ...worldEnv(sampleApp, claude)
    }
    const apps = await Promise.all([1, 2, 3].map(() => buildApp({ env })))
    t.teardown(async () => {
      await Promise.all(apps.map(app => app.close()))
      await claude.close()
      await sampleApp.close()
    })
    await Promise.all(apps.map(app => app.ready()))
    const [first] = apps
    if (first === undefined) throw new Error('no app')
    for (let i = 0; i < 30; i++) {
      const { email } = await createPersona(first, { email: `p${i}@personas.test` })
      addAccount(sampleApp, email)
    }

    const results = await Promise.all(
      apps.map(app => app.inject({ method: 'POST', url: '/diag/tick' }))
    )
    const opened = results.reduce((sum, result) => sum + result.json().due, 0)
    t.equal(opened, 30)
    for (const result of results) t.strictSame(result.json().failed, [])
    const runs = await first.database.db.selectFrom('runs').select([
      'persona_id',
      'state',
      'attempt'
    ]).execute()
    t.equal(new Set(runs.map(run => run.persona_id)).size, 30, 'none missing')
    t.equal(runs.length, 30, 'none double')
    t.ok(runs.every(run => run.state === 'completed' && run.attempt === 1))
  }
)
