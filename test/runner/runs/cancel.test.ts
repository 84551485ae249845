import t from 'tap'
import { legalName } from '../../../src/runner/tools/tool-names.ts'
import type { MessagesRequest } from 'scripted-claude/scripted-claude'
import { admin } from '../../helpers/app.ts'
import { startWorld, type World } from '../../helpers/world.ts'

t.test('a run that is cancelled while the model thinks calls nothing more, whatever the reply asks for', async t => {
  let asked = 0
  const world: World = await startWorld(t, {
    async script (_request: MessagesRequest, { index }: { index: number }) {
      if (index !== 1) {
        return {
          toolCalls: [{ name: legalName('todo.create'), input: { title: `Nummer ${index}` } }]
        }
      }
      const { runs: [run] } =
        (await world.app.inject({ url: '/api/v1/admin/runs', headers: admin })).json()
      asked = (await world.app.inject({
        method: 'POST',
        url: `/api/v1/admin/runs/${run.id}/cancel`,
        headers: admin
      })).statusCode
      return {
        toolCalls: [{ name: legalName('todo.create'), input: { title: 'zu spät' } }, {
          name: legalName('todo.list'),
          input: {}
        }]
      }
    }
  })
  const { id, email } = await world.persona()
  await world.tick()
  const { run, actions } = await world.runOf(id)
  t.equal(asked, 200)
  t.match(run, { state: 'incomplete', endReason: 'cancelled', turns: 2 })
  t.match(actions.map((action: { result: string }) => action.result), [
    'ok',
    'rejected',
    'rejected'
  ])
  t.match(world.sampleApp.effects(email), { 'todo.create': 1 })
})
