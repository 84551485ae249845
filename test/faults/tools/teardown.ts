/** Where a tool says how to clear up after itself; tap's tests are one too. */
export interface Teardown {
  teardown(fn: () => Promise<void> | void): void
}

/** Clears up in the opposite order, whatever happened in between. */
export async function withTeardown<T> (use: (t: Teardown) => Promise<T>): Promise<T> {
  const steps: (() => Promise<void> | void)[] = []
  try {
    return await use({
      teardown: step => {
        steps.push(step)
      }
    })
  } finally {
    for (const step of steps.reverse()) await step()
  }
}
