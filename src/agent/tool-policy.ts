import { destructiveWord, readsOnly } from './tool-words.ts'

/**
 * Which of an app's tools a persona may use. Pure. What the app declares of a tool makes a rule only stricter, unless the
 * app is trusted: whoever wants to be called can declare anything.
 */

export interface ToolPolicy {
  /** What holds where no pattern does: all but what destroys, only what reads, or nothing. */
  standard: 'allow' | 'read-only' | 'deny'
  /** Patterns on the app's own names, with `*` for anything: `todo.*`. */
  allow: string[]
  /** Goes before `allow`. */
  deny: string[]
  /** Believe the app where it declares a tool harmless. */
  trusted: boolean
}

/** What an app declares of a tool; undefined: nothing. */
export interface ToolHints { readOnly?: boolean | undefined, destructive?: boolean | undefined }

export const OPEN_POLICY: ToolPolicy = { standard: 'allow', allow: [], deny: [], trusted: false }

/** @returns why a persona may not use a tool; null: it may */
export function whyDenied (policy: ToolPolicy, tool: { name: string, hints: ToolHints }): string | null {
  const { name, hints } = tool
  if (policy.deny.some(pattern => covers(pattern, name))) return 'the policy denies it by name'
  const allowing = policy.allow.filter(pattern => covers(pattern, name))
  const destroys = howItDestroys(policy, name, hints)
  if (destroys !== null) return allowing.some(pattern => spells(pattern, destroys.word)) ? null : destroys.why
  if (allowing.length > 0 || policy.standard === 'allow') return null
  if (policy.standard === 'deny') return 'the policy allows nothing that it does not name'
  return mayRead(policy, name, hints) ? null : 'the policy is read-only, and it does not look as if it only reads'
}

interface Destroys { word: string | null, why: string }

function howItDestroys ({ trusted }: ToolPolicy, name: string, { readOnly, destructive }: ToolHints): Destroys | null {
  const word = destructiveWord(name)
  if (destructive === true && !(trusted && readOnly === true)) return { word, why: 'the app declares it destructive' }
  const vouchedFor = trusted && (destructive === false || readOnly === true)
  return word === null || vouchedFor ? null : { word, why: `its name says "${word}"` }
}

function mayRead ({ trusted }: ToolPolicy, name: string, { readOnly, destructive }: ToolHints): boolean {
  if (readOnly === false || destructive === true) return false
  return (trusted && readOnly === true) || readsOnly(name)
}

/** `todo.*` is meant for what one does every day: only a pattern that spells out what it destroys allows that too. */
function spells (pattern: string, word: string | null): boolean {
  return !pattern.includes('*') || (word !== null && destructiveWord(pattern) !== null)
}

function covers (pattern: string, name: string): boolean {
  const parts = pattern.normalize('NFKC').split('*').map(part => part.replace(/[\\^$.|?+()[\]{}]/g, '\\$&'))
  return new RegExp(`^${parts.join('.*')}$`, 'isu').test(name.normalize('NFKC'))
}

/** `todo.*, notes.list` as patterns. */
export function readPatterns (list: string | undefined): string[] {
  return (list ?? '').split(',').map(pattern => pattern.trim()).filter(pattern => pattern !== '')
}
