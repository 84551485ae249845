import { createHmac } from 'node:crypto'

/**
 * The password of a persona, derived so that none is stored: HMAC-SHA256 of the email under the
 * seed secret, in base64 without non-alphanumerics, the first 32 characters.
 * @param app where it is not the first one: its name and a line feed go before the email, so that
 *   no app learns a password that another takes
 */
export function derivePassword (seedSecret: string, email: string, app?: string): string {
  return createHmac('sha256', seedSecret).update(app === undefined ? email : `${app}\n${email}`)
    .digest('base64').replace(/[^A-Za-z0-9]/g, '').slice(0, 32)
}
