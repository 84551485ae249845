import { ConfigError } from '../../platform/errors.ts'
import { covers } from './tool-pattern.ts'

/** The modules that an operator names, each by patterns of tools. Pure. */

/** In order: the first pattern that covers a tool decides. */
export type ModuleRules = readonly (readonly [module: string, patterns: readonly string[]])[]

/** No name that our own rows use, and none that an address could not hold. */
export const MODULE_NAME = '^(?!__)[^\\u0000-\\u001f/\\\\?#]{1,100}$'

/** The module that the rules give a tool; undefined: none covers it. */
export function moduleByRules (rules: ModuleRules, tool: string): string | undefined {
  return rules.find(([, patterns]) => patterns.some(pattern => covers(pattern, tool)))?.[0]
}

/**
 * @param value `{ "issues": ["*issue*"] }`, in the order of its keys
 * @throws ConfigError naming what is wrong in `field`, and the way out
 */
export function readModuleRules (value: unknown, field: string): ModuleRules {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    throw new ConfigError(
      `${field} must be a JSON object such as {"issues": ["*issue*"]}: modules with patterns of tools.`
    )
  }
  const seen = new Map<string, string>()
  return Object.entries(value).map(([module, patterns]) => {
    if (!new RegExp(MODULE_NAME).test(module)) {
      throw new ConfigError(
        `${field}: ${
          JSON.stringify(module)
        } cannot be a module. Take 1 to 100 characters without / \\ ? #, and no two underscores at the start.`
      )
    }
    return [module, readPatterns(patterns, { field, module, seen })] as const
  })
}

interface Place {
  field: string
  module: string
  seen: Map<string, string>
}

function readPatterns (patterns: unknown, { field, module, seen }: Place): string[] {
  if (!Array.isArray(patterns) || patterns.length === 0) {
    throw new ConfigError(
      `${field}: the module "${module}" must have a list of patterns such as ["*issue*"], and not an empty one.`
    )
  }
  return patterns.map((pattern: unknown) => {
    if (typeof pattern !== 'string' || !/^[^\s,]{1,200}$/.test(pattern)) {
      throw new ConfigError(
        `${field}: ${
          JSON.stringify(pattern)
        } of the module "${module}" is no pattern. Take a tool's name with * for anything, such as *issue*.`
      )
    }
    const other = seen.get(pattern)
    if (other !== undefined) {
      throw new ConfigError(
        `${field}: the pattern "${pattern}" stands in the modules "${other}" and "${module}". Leave it in one of them.`
      )
    }
    seen.set(pattern, module)
    return pattern
  })
}

/** Patterns that cover none of these tools: most likely written wrong. */
export function idlePatterns (rules: ModuleRules, tools: readonly string[]): string[] {
  return rules.flatMap(([, patterns]) => patterns).filter(pattern =>
    !tools.some(tool => covers(pattern, tool))
  )
}
