import { readFileSync } from 'node:fs'
import { pathOf } from '../../platform/paths.ts'

/**
 * Presets of the tool policy by kind of app. Which tools each allows stands in `tool-presets.json`.
 */

export type Preset = 'browser' | 'files'

interface PresetData {
  /** What holds for tools that the preset does not name. */
  otherwise: 'read-only' | 'deny'
  /** Names of tools, with or without the app's own prefix: `click` is `browser_click` as well. */
  names: string[]
}

const PRESETS = JSON.parse(
  readFileSync(pathOf('src/runner/tools/tool-presets.json'), 'utf8')
) as Record<Preset, PresetData>

/** What a policy means for the tools that no pattern of the operator covers. */
interface Standard {
  otherwise: 'allow' | 'read-only' | 'deny'
  /** Patterns that are allowed as if the operator had written them. */
  allow: string[]
}

export function standardOf (policy: 'allow' | 'read-only' | 'deny' | Preset): Standard {
  if (policy !== 'browser' && policy !== 'files') return { otherwise: policy, allow: [] }
  const { otherwise, names } = PRESETS[policy]
  return {
    otherwise,
    allow: names.flatMap(name => [name, `*_${name}`, `*.${name}`, `*-${name}`, `*/${name}`])
  }
}
