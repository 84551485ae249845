import { readFileSync } from 'node:fs'
import pluralize from 'pluralize'
import { pathOf } from '../../platform/paths.ts'

/**
 * What a tool's name is about: its nouns, without verbs and without number. Pure but for its word
 * lists.
 */

interface Lists {
  verbs: string[]
  fillers: string[]
  phrases: string[][]
}

const lists = JSON.parse(readFileSync(pathOf('src/runner/modules/verbs.json'), 'utf8')) as Lists
const DROPPED = new Set([...lists.verbs, ...lists.fillers])

/** `listPullRequests`, `list_pull_requests` and `list-pull-requests` are the same words. */
function wordsOf (tool: string): string[] {
  return tool
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1 $2')
    .split(/[\s_\-./:]+/)
    .map(word => word.toLowerCase())
    .filter(word => word !== '')
}

/** In the order of the name; empty where it has verbs alone. */
export function nounsOf (tool: string): string[] {
  const words = wordsOf(tool)
  const nouns: string[] = []
  for (let i = 0; i < words.length; i++) {
    const phrase = lists.phrases.find(parts =>
      parts.every((part, j) => pluralize.singular(words[i + j] ?? '') === part)
    )
    const word = words[i] ?? ''
    if (phrase !== undefined) {
      nouns.push(phrase.join(' '))
      i += phrase.length - 1
    } else if (!DROPPED.has(word)) {
      nouns.push(pluralize.singular(word))
    }
  }
  return nouns
}
