import t from 'tap'
import { scenario } from './model.ts'

t.test(`${scenario.name}: ${scenario.shows}`, async t => {
  await scenario.run({
    check (what, holds, detail) { t.ok(holds, what, holds ? {} : { found: detail }) },
    figure (what, value) { t.comment(`${what}: ${value}`) }
  }, 'short')
})
