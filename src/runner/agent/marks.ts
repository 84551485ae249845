import { createHmac } from 'node:crypto'

/**
 * Two secrets of one persona, between the runner and the model. The same on all its days: the
 * system prompt, which holds them, stays word for word what the provider has cached
 * (docs/decisions/007-marks-belong-to-the-persona.md).
 */
export interface Marks {
  /** Stands around everything that the app says. */
  data: string
  /** Stands in the system prompt and nowhere else: where it turns up, the prompt has leaked. */
  canary: string
}

/** Pure: a worker that resumes the run computes the same marks. */
export function marksOf (markKey: string): Marks {
  const secret = (use: string) => createHmac('sha256', markKey).update(use).digest('hex')
  return { data: secret('data mark').slice(0, 12), canary: secret('canary').slice(0, 16) }
}

/**
 * What the app says, between marks that it cannot close: even where it gets to know them (a persona
 * may write down what it reads), they are taken out of what it says.
 */
export function asData (text: string, { data }: Marks): string {
  return `<app-data ${data}>\n${text.replace(new RegExp(data, 'gi'), '…')}\n</app-data ${data}>`
}

/**
 * As it is, spaced out, backwards, in hexadecimal or in base64. What is encrypted or translated is
 * not found.
 * @returns whether a text holds it
 */
export function canaryFinder ({ canary }: Marks): (text: string) => boolean {
  const spellings = [canary, [...canary].reverse().join(''), Buffer.from(canary).toString('hex')]
  const encoded = inBase64(canary)
  return text => {
    const flat = text.toLowerCase().replace(/[^a-z0-9]+/g, '')
    return spellings.some(spelling => flat.includes(spelling)) ||
      encoded.some(spelling => text.includes(spelling))
  }
}

export const holdsCanary = (text: string, marks: Marks) => canaryFinder(marks)(text)

/**
 * In base64 a text looks different by where in a group of three bytes it begins; letters that its
 * neighbours share are cut off.
 */
function inBase64 (text: string): string[] {
  return [0, 1, 2].map(before => {
    const whole = Buffer.from(' '.repeat(before) + text).toString('base64').replace(/=+$/, '')
    return whole.slice(Math.ceil(before * 4 / 3), -1)
  })
}
