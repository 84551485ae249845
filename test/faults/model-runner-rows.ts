import assert from 'node:assert/strict'
import { playPersona } from 'scripted-claude/persona-player'
import { admin } from '../helpers/app.ts'
import { startWorld } from '../helpers/world.ts'
import { apiError, type Fault } from './model-stand-in.ts'
import { KEY, type Bench } from './model-bench.ts'
import type { Row } from './model-row.ts'

/** What a whole runner makes of it, on a database. */

/** A cast that is due at once, one after the other, with a model that fails so. */
async function startCast (bench: Bench, people: number, faults: (n: number) => Fault | undefined) {
  const standIn = await bench.standIn({ script: playPersona, faults })
  const world = await startWorld(bench, {
    env: { ANTHROPIC_BASE_URL: standIn.url, ANTHROPIC_API_KEY: KEY, PERSONA_CONCURRENCY: '1' }
  })
  const ids: string[] = []
  for (let i = 0; i < people; i++) {
    ids.push((await world.persona({ email: `cast-${i}@personas.test` })).id)
  }
  const tick = await world.tick()
  const runs = await Promise.all(ids.map(id => world.runOf(id)))
  return {
    standIn,
    world,
    tick,
    runs: runs.map(({ run }) => run),
    transcripts: runs.map(({ transcript }) => transcript)
  }
}

export const RUNNER_ROWS: Row[] = [{
  number: 'A1',
  promise: '(runner) one run finds out that it has to wait for long, and all others wait with it',
  async play (bench) {
    const { standIn, runs, transcripts } = await startCast(
      bench,
      3,
      n =>
        n === 3
          ? apiError(429, 'rate_limit_error', 'slow down', { 'retry-after': '1800' })
          : n > 3
          ? apiError(500, 'api_error')
          : undefined
    )
    assert.equal(standIn.seen.length, 3, 'nobody else asks')
    for (const run of runs) assert.match(run.deferredFor ?? '', /^MODEL_RATE_LIMITED/, run.state)
    assert.ok(
      runs.every(run => new Date(run.deferredUntil).getTime() - Date.now() > 1_700_000),
      'as long as it asked for'
    )
    assert.ok(
      Math.max(...transcripts.map(transcript => transcript.length)) >= 5,
      'and what was lived is kept'
    )
  }
}, {
  number: 'A7',
  promise: '(runner) with a refused key nobody fails: all wait, and /ready says so',
  async play (bench) {
    const { standIn, world, runs } = await startCast(
      bench,
      3,
      () => apiError(401, 'authentication_error', `invalid x-api-key ${KEY}`)
    )
    assert.equal(standIn.seen.length, 1)
    for (const run of runs) assert.deepEqual([run.finishedAt, run.errorCode], [null, null])
    const ready = await world.app.inject({ url: '/ready' })
    assert.match(ready.body, /degraded/)
    const everything = [
      ready.body,
      JSON.stringify(runs),
      (await world.app.inject({ url: '/api/v1/admin/runner', headers: admin })).body
    ].join('\n')
    assert.match(everything, /MODEL_UNAUTHORIZED/)
    assert.ok(!everything.includes(KEY), 'and the key is nowhere')
  }
}]
