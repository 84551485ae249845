import { covers } from '../modules/tool-pattern.ts'
import type { ToolPolicy } from './tool-policy.ts'
import type { SetAside, SetAsideReason } from './toolbox.ts'

/** The line of configuration that gives a persona a tool that was set aside. Pure. */

export interface PolicyPlace {
  /** Null: the first app, which the environment describes. */
  app: string | null
  policy: Pick<ToolPolicy, 'allow' | 'deny'>
}

/** An operator's pattern allows these. */
const ALLOWED_BY_NAME = new Set<SetAsideReason>([
  'declared_destructive',
  'name_destroys',
  'not_allowed',
  'not_read_only'
])

/** @returns null: no setting brings it back */
export function mendOf (
  place: PolicyPlace,
  tool: Pick<SetAside, 'name' | 'reason'>
): string | null {
  if (ALLOWED_BY_NAME.has(tool.reason)) return allowLine(place, [tool.name])
  if (tool.reason === 'changed') {
    return `POST /api/v1/admin/tools/accept${
      place.app === null ? '' : `?app=${place.app}`
    }, with the definitionHash that GET /api/v1/admin/tools shows`
  }
  if (tool.reason !== 'denied_by_name') return null
  const denying = place.policy.deny.filter(pattern => covers(pattern, tool.name))
  return denying.length === 0
    ? null
    : `take ${denying.join(', ')} out of ${settingOf(place, 'TOOL_DENY')}`
}

/**
 * The one line that allows all of them that a pattern can allow; what destroys by its name only
 * where there is nothing else.
 * @returns null: no such line
 */
export function mendAll (
  place: PolicyPlace,
  setAside: readonly Pick<SetAside, 'name' | 'reason'>[]
): string | null {
  const allowable = setAside.filter(tool => ALLOWED_BY_NAME.has(tool.reason))
  const harmless = allowable.filter(tool => tool.reason !== 'name_destroys')
  const names = (harmless.length > 0 ? harmless : allowable).map(tool => tool.name)
  return names.length > 0 ? allowLine(place, names) : null
}

/** What is set already goes on to hold. */
function allowLine (place: PolicyPlace, names: string[]): string {
  const patterns = [...new Set([...place.policy.allow, ...names.map(toPattern)])]
  if (place.app === null) return `TOOL_ALLOW=${patterns.join(',')}`
  return `"toolAllow": ${JSON.stringify(patterns)} in PUT /api/v1/admin/apps/${place.app}`
}

/** The line that takes tools away from personas. */
export function denyLine (place: PolicyPlace, names: string[]): string {
  const patterns = [...new Set([...place.policy.deny, ...names.map(toPattern)])]
  if (place.app === null) return `TOOL_DENY=${patterns.join(',')}`
  return `"toolDeny": ${JSON.stringify(patterns)} in PUT /api/v1/admin/apps/${place.app}`
}

/** A list in a variable can hold neither commas nor white space. */
const toPattern = (name: string) => name.replace(/[\s,]+/g, '*')

export function settingOf (
  { app }: Pick<PolicyPlace, 'app'>,
  variable: 'TOOL_ALLOW' | 'TOOL_DENY' | 'TOOL_POLICY'
): string {
  const setting =
    { TOOL_ALLOW: 'toolAllow', TOOL_DENY: 'toolDeny', TOOL_POLICY: 'toolPolicy' }[variable]
  return app === null ? variable : `${setting} of the app "${app}"`
}
