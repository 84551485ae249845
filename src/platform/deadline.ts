/**
 * Does something with a signal that is aborted with an outer one, or after so many milliseconds.
 * The clock stops with the work: that of `AbortSignal.timeout` runs on, for minutes after an answer
 * that came at once, and holds what waited for it.
 * @param work told by `passed` whether its time was over
 */
export async function withDeadline<T> (
  outer: AbortSignal,
  ms: number,
  work: (signal: AbortSignal, passed: () => boolean) => Promise<T>
): Promise<T> {
  const controller = new AbortController()
  let passed = false
  const follow = () => controller.abort(outer.reason)
  const timer = setTimeout(() => {
    passed = true
    controller.abort(new DOMException(`No end within ${ms} ms.`, 'TimeoutError'))
  }, ms)
  if (outer.aborted) follow()
  else outer.addEventListener('abort', follow, { once: true })
  try {
    return await work(controller.signal, () => passed)
  } finally {
    clearTimeout(timer)
    outer.removeEventListener('abort', follow)
  }
}

/**
 * Waits for something, but not longer than so many milliseconds; what comes of it is for nobody.
 */
export async function atMost (ms: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const over = new Promise<void>(resolve => {
    timer = setTimeout(resolve, ms)
  })
  await Promise.race([work.catch(() => {}), over])
  clearTimeout(timer)
}
