import { messageOf } from '../../platform/errors.ts'
import type { Finding } from './schemas.ts'

interface Doubt {
  app?: string
  todo?: string
}

const make =
  (status: Finding['status']) =>
  (check: Finding['check'], says: string, { app, todo }: Doubt = {}): Finding => ({
    check,
    app: app ?? null,
    status,
    says,
    todo: todo ?? null
  })

export const ok = make('ok')
export const failed = make('failed')
/** `says` tells why it could not be checked. */
export const notChecked = make('not_checked')

/** One check that never throws: what goes wrong in it is a finding, without a stack. */
export async function findingOf (
  check: Finding['check'],
  doubt: Doubt,
  look: () => Promise<Finding>
): Promise<Finding> {
  try {
    return await look()
  } catch (error) {
    return failed(check, messageOf(error), doubt)
  }
}
