import { oneLine } from '../../platform/text.ts'

/** Why a request got no answer, in few words: `fetch` hides it in the cause. */
export function reasonOf (error: unknown): string {
  const { message, cause } = error as Error
  const inner = cause as { code?: string, message?: string } | undefined
  return oneLine(inner?.code ?? inner?.message ?? message, 200)
}
