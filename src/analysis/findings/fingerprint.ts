import { createHash } from 'node:crypto'
import { templateOf } from './template.ts'

/** Goes up with every change that gives a message another template. */
export const FINGERPRINT_VERSION = 1

/** 64 bits: among a million findings two of one key are one in 37 million. */
const KEY_DIGITS = 16

export interface Fingerprinted {
  app: string
  kind: string
  module: string | null
  tool: string | null
  blame: string | null
  message: string | null
}

export interface Fingerprint {
  version: number
  /** Hexadecimal. */
  key: string
  /** The message with holes such as `<id>` in place of what varies. */
  template: string
}

/** What makes two troubles the same one. Pure. */
export function fingerprintOf (trouble: Fingerprinted): Fingerprint {
  const { app, kind, module, tool, blame, message } = trouble
  const template = templateOf(message)
  const parts = JSON.stringify([FINGERPRINT_VERSION, app, kind, module, tool, blame, template])
  const key = createHash('sha256').update(parts).digest('hex').slice(0, KEY_DIGITS)
  return { version: FINGERPRINT_VERSION, key, template }
}
