import { covers } from '../modules/tool-pattern.ts'
import { standardOf, type Preset } from './tool-presets.ts'
import { destructiveWord, readsOnly } from './tool-words.ts'

/**
 * Which of an app's tools a persona may use. Pure. What the app declares of a tool makes a rule
 * only stricter, unless the app is trusted: whoever wants to be called can declare anything.
 * docs/decisions/016 says why each rule is as it is.
 */

export interface ToolPolicy {
  /**
   * What holds where no pattern does: all but what destroys, only what reads, nothing, or what a
   * kind of app needs.
   */
  standard: 'allow' | 'read-only' | 'deny' | Preset
  /** Patterns on the app's own names, with `*` for anything: `todo.*`. */
  allow: string[]
  /** Goes before `allow`. */
  deny: string[]
  /** Believe the app where it declares a tool harmless. */
  trusted: boolean
}

/** What an app declares of a tool; undefined: nothing. */
export interface ToolHints {
  readOnly?: boolean | undefined
  destructive?: boolean | undefined
}

export interface JudgedTool {
  name: string
  hints?: ToolHints | undefined
}

export type DenialReason =
  | 'denied_by_name'
  | 'declared_destructive'
  | 'name_destroys'
  | 'not_allowed'
  | 'not_read_only'

interface Denial {
  reason: DenialReason
  why: string
}

export const OPEN_POLICY: ToolPolicy = { standard: 'allow', allow: [], deny: [], trusted: false }

/**
 * From this share on, in a list of at least so many tools, `destructiveHint` is a default that
 * nobody has thought about.
 */
const MEANINGLESS_SHARE = 0.9
const MEANINGLESS_FROM = 3

/**
 * Whether the app's `destructiveHint` tells its tools apart. Libraries such as mcp-go declare every
 * tool destructive by default. In a list of one or two tools, a tool whose name plainly reads is
 * the sign of that.
 */
export function hintsSayNothing (tools: readonly JudgedTool[]): boolean {
  const destructive = tools.filter(tool => tool.hints?.destructive === true)
  if (destructive.length === 0 || destructive.length < tools.length * MEANINGLESS_SHARE) {
    return false
  }
  return tools.length >= MEANINGLESS_FROM || destructive.some(tool => readsOnly(tool.name))
}

/**
 * @param all the whole list that the tool stands in: what an app declares of all its tools says
 *   nothing of one
 * @returns why a persona may not use a tool; null: it may
 */
export function judgeTool (
  policy: ToolPolicy,
  tool: JudgedTool,
  all: readonly JudgedTool[]
): Denial | null {
  return judgeWith(policy, tool, hintsSayNothing(all))
}

/** The same for a whole list. */
export function judgeTools<T extends JudgedTool> (
  policy: ToolPolicy,
  tools: readonly T[]
): { tool: T, denial: Denial | null }[] {
  const sayNothing = hintsSayNothing(tools)
  return tools.map(tool => ({ tool, denial: judgeWith(policy, tool, sayNothing) }))
}

function judgeWith (policy: ToolPolicy, tool: JudgedTool, sayNothing: boolean): Denial | null {
  const { name } = tool
  const { otherwise, allow } = standardOf(policy.standard)
  const hints = sayNothing ? withoutDefaults(tool.hints) : tool.hints ?? {}
  if (policy.deny.some(pattern => covers(pattern, name))) {
    return { reason: 'denied_by_name', why: 'the policy denies it by name' }
  }
  const allowing = [...policy.allow, ...allow].filter(pattern => covers(pattern, name))
  const destroys = howItDestroys(policy, name, hints)
  if (destroys !== null) {
    return allowing.some(pattern => allowsDestroying(pattern, destroys))
      ? null
      : toDenial(destroys)
  }
  if (allowing.length > 0 || otherwise === 'allow') return null
  if (otherwise === 'deny') {
    return { reason: 'not_allowed', why: `the policy is ${policy.standard}, and does not name it` }
  }
  return mayRead(policy, name, hints)
    ? null
    : {
      reason: 'not_read_only',
      why: `the policy is ${policy.standard}, and it does not look as if it only reads`
    }
}

/** Without what such a library declares by default. */
const withoutDefaults = (hints: ToolHints = {}): ToolHints =>
  hints.readOnly === true ? { readOnly: true } : {}

/** @param word in the name; null: only the app says so */
interface Destroys {
  word: string | null
}

const toDenial = ({ word }: Destroys): Denial =>
  word === null
    ? { reason: 'declared_destructive', why: 'the app declares it destructive' }
    : { reason: 'name_destroys', why: `its name says "${word}"` }

function howItDestroys (
  { trusted }: ToolPolicy,
  name: string,
  { readOnly, destructive }: ToolHints
): Destroys | null {
  const word = destructiveWord(name)
  const vouchedFor = trusted && (readOnly === true || destructive === false)
  if (word !== null && !vouchedFor) return { word }
  // "This property is meaningful only when `readOnlyHint == false`", which is its default (MCP,
  // ToolAnnotations).
  return destructive === true && readOnly !== true ? { word: null } : null
}

function mayRead (
  { trusted }: ToolPolicy,
  name: string,
  { readOnly, destructive }: ToolHints
): boolean {
  if (readOnly === false || (destructive === true && readOnly !== true)) return false
  return (trusted && readOnly === true) || readsOnly(name)
}

/**
 * `todo.*` is meant for what one does every day: what destroys by its name is allowed by that name
 * alone, or by a pattern that spells it out. Where only the app says so, an operator's pattern
 * knows better.
 */
function allowsDestroying (pattern: string, { word }: Destroys): boolean {
  return word === null || !pattern.includes('*') || destructiveWord(pattern) !== null
}

/** `todo.*, notes.list` as patterns. */
export function readPatterns (list: string | undefined): string[] {
  return (list ?? '').split(',').map(pattern => pattern.trim()).filter(pattern => pattern !== '')
}
