/**
 * Loaded into a server process with `--import`: says how much heap is in use after a collection,
 * when it is asked.
 */

process.on('message', () => {
  globalThis.gc?.()
  globalThis.gc?.()
  process.send?.(process.memoryUsage().heapUsed)
})
// The question may come at any time, or never: it keeps nobody alive.
process.channel?.unref()
