import t from 'tap'
import { scenario } from './app.ts'

t.test(scenario.shows, async t => {
  const seen: string[] = []
  await scenario.run({
    check (what, holds, detail) {
      seen.push(what)
      t.ok(holds, what, holds ? {} : { detail })
    },
    figure: (name, value) => { t.comment(`${name}: ${value}`) }
  }, 'short')
  const numbers = new Set(seen.map(what => what.split(' ')[0]))
  for (let n = 1; n <= 22; n++) t.ok(numbers.has(`M${n}`), `M${n} was looked at`)
})
