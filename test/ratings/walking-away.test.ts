import t from 'tap'
import { legalName } from '../../src/runner/tools/tool-names.ts'
import { admin } from '../helpers/app.ts'
import { startWorld } from '../helpers/world.ts'

const CREATE = legalName('calendar.create')

t.test('a persona whose patience is used up leaves, is told so, and still rates', async t => {
  let n = 0
  const world = await startWorld(t, {
    script: request => {
      const last = JSON.stringify(request.messages.at(-1))
      if (last.includes('costliestModule')) {
        return {
          text: JSON.stringify({
            ratings: [{
              module: 'calendar',
              rating: 1,
              notes: '#1 und #2',
              evidence: [{ action: 1, quote: 'CAL-500' }],
              comparedToLastTime: 'first'
            }],
            costliestModule: 'calendar',
            diary: {
              did: 'Termine',
              annoyed: 'CAL-500',
              plan: 'nicht mehr',
              memory: 'Der Kalender taugt nicht.'
            }
          })
        }
      }
      return {
        toolCalls: [{ name: CREATE, input: { title: `Termin ${n++}`, start: '2026-11-23T15:00' } }]
      }
    }
  })
  const { id } = await world.persona({ patience: 'low' })
  t.match(await world.tick(), { ranSuccessfully: 1 })
  const { run, actions, feedback, transcript } = await world.runOf(id)
  t.match(run, {
    state: 'incomplete',
    endReason: 'walked_away',
    walkedAwayOver: [1, 2],
    costliestModule: 'calendar'
  })
  t.equal(actions.length, 2, '40 points, 20 for each error')
  t.match(actions, [{ result: 'error', blame: 'app' }, { result: 'error', blame: 'app' }])
  t.match(JSON.stringify(transcript.at(-2).content), /Geduld ist aufgebraucht/)
  t.match(feedback, [{ module: 'calendar', rating: 1, grounded: true }])
  const visits = await world.app.database.db.selectFrom('module_visits').selectAll().execute()
  t.match(visits, [{
    module: 'calendar',
    calls: 2,
    app_errors: 2,
    friction: 100,
    walked_away: true,
    say_do_gap: false
  }])
  const diary =
    (await world.app.inject({ url: `/api/v1/admin/personas/${id}/diary`, headers: admin })).json()
  t.match(diary, {
    memory: 'Der Kalender taugt nicht.',
    entries: [{ did: 'Termine', plan: 'nicht mehr' }]
  })
})

t.test('a run carries the release that was live when it began, and so do its ratings', async t => {
  const world = await startWorld(t)
  await world.app.database.db.insertInto('releases').values([
    { version: '1.0', at: '2020-01-01T00:00:00Z' },
    { version: '9.9', at: '2999-01-01T00:00:00Z' }
  ]).execute()
  const { id } = await world.persona()
  await world.tick()
  const { run, feedback } = await world.runOf(id)
  t.equal(run.appVersion, '1.0')
  t.ok(feedback.length > 0)
  for (const row of feedback) t.equal(row.appVersion, '1.0')
})
