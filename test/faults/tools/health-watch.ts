import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { parentPort, workerData } from 'node:worker_threads'

/**
 * Asks for an address again and again until it is told to end, then says the longest wait, in
 * milliseconds.
 */

const going = { on: true }
parentPort?.once('message', () => {
  going.on = false
})
let slowest = 0
while (going.on) {
  const startedAt = performance.now()
  const [answer] = await once(get(String(workerData), { agent: false }), 'response') as [
    IncomingMessage
  ]
  await once(answer.resume(), 'end')
  slowest = Math.max(slowest, performance.now() - startedAt)
}
parentPort?.postMessage(Math.round(slowest))
