/**
 * What a tool does, as far as its name says: `todo.delete`, `delete_todo`, `deleteTodo` and
 * `todoLoeschen` are all read word by word. Pure. It errs towards destructive: an operator can
 * allow a tool, nobody can bring back what it deleted.
 */

/** These destroy wherever they stand in a name: `get_and_delete` does. */
const DESTROY = new Set([
  'delete',
  'del',
  'deletion',
  'remove',
  'rm',
  'removal',
  'purge',
  'drop',
  'wipe',
  'erase',
  'destroy',
  'truncate',
  'discard',
  'shred',
  'overwrite',
  'unlink',
  'uninstall',
  'expunge',
  'nuke',
  'kill',
  'shutdown',
  'terminate',
  'exec',
  'execute',
  'eval',
  'shell',
  'loeschen',
  'loesche',
  'entfernen',
  'entferne',
  'vernichten',
  'leeren',
  'ueberschreiben'
])

/**
 * These cost money, reach other people or take rights away; behind a word that reads they are only
 * a noun: `get_transfer`.
 */
const ACT = new Set([
  'reset',
  'clear',
  'empty',
  'pay',
  'payout',
  'charge',
  'refund',
  'purchase',
  'buy',
  'checkout',
  'transfer',
  'withdraw',
  'donate',
  'subscribe',
  'invite',
  'broadcast',
  'ban',
  'kick',
  'evict',
  'revoke',
  'grant',
  'impersonate',
  'deactivate',
  'suspend',
  'zuruecksetzen',
  'bezahlen',
  'bezahle',
  'zahlen',
  'ueberweisen',
  'ueberweise',
  'kaufen',
  'kaufe',
  'bestellen',
  'spenden',
  'einladen',
  'kuendigen',
  'kuendige',
  'sperren'
])

const READ = new Set([
  'list',
  'get',
  'read',
  'search',
  'find',
  'show',
  'view',
  'history',
  'count',
  'lookup',
  'query',
  'describe',
  'status',
  'stats',
  'summary',
  'overview',
  'browse',
  'preview',
  'peek',
  'check',
  'liste',
  'zeige',
  'zeigen',
  'suche',
  'suchen',
  'lese',
  'lesen',
  'verlauf',
  'uebersicht'
])

/** Written in one word, as `deleteall`; what is in the past (`deleted`) does not count. */
const GLUED = /^(?:delete|remove|purge|erase|destroy|truncate|loesch|entfern)(?!d$|r$|s$|t$)/

/** The word of a name that says it destroys; null: none does. */
export function destructiveWord (name: string): string | null {
  const words = wordsOf(name)
  const destroys = words.find(word => DESTROY.has(word) || GLUED.test(word))
  if (destroys !== undefined) return destroys
  return READ.has(verbOf(name)) ? null : words.find(word => ACT.has(word)) ?? null
}

export function readsOnly (name: string): boolean {
  // `check` may tick something off.
  return READ.has(verbOf(name)) && verbOf(name) !== 'check' && destructiveWord(name) === null
}

/** Where apps put the verb: first behind the last separator between levels. */
function verbOf (name: string): string {
  return wordsOf(name.split(/[./:]/).at(-1) ?? '')[0] ?? ''
}

function wordsOf (name: string): string[] {
  return name.normalize('NFKC').replace(/\p{Cf}/gu, '')
    .replace(/(?<=[\p{Ll}\d])(?=\p{Lu})|(?<=\p{Lu})(?=\p{Lu}\p{Ll})/gu, ' ')
    .toLowerCase().replace(/ä/g, 'ae').replace(/ö/g, 'oe').replace(/ü/g, 'ue').replace(/ß/g, 'ss')
    .split(/[^\p{L}]+/u).filter(word => word !== '')
}
