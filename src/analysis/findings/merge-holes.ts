import { MONTHS, WEEKDAYS } from './known-words.ts'

/** Values of several words: `23. November 2026, 10:00 Uhr` is one `<time>`. Pure. */

const ZONES = 'utc|gmt|cet|cest|uhr|est|pst|am|pm|a\\.m\\.|p\\.m\\.'
const CURRENCIES = '€|\\$|£|¥|EUR|USD|CHF|GBP|Euro|Dollar|Cent'

const MERGES: [RegExp, string][] = [
  [new RegExp(`<number>\\.? (?:${MONTHS})\\.? <number>`, 'gi'), '<date>'],
  [new RegExp(`\\b(?:${MONTHS})\\.? <number>(?:st|nd|rd|th)?, <number>`, 'gi'), '<date>'],
  [new RegExp(`\\b(?:${WEEKDAYS})\\.?,? <date>`, 'gi'), '<date>'],
  [/<time>[.,]<number>/g, '<time>'],
  [new RegExp(`<time> (?:${ZONES})(?![\\p{L}])`, 'giu'), '<time>'],
  [/<date>,? <time>/g, '<time>'],
  [new RegExp(`<time> (?:${ZONES})(?![\\p{L}])`, 'giu'), '<time>'],
  [/<time> ?[+-]?<number>/g, '<time>'],
  [new RegExp(`<number> ?(?:${CURRENCIES})(?![\\p{L}])`, 'gu'), '<amount>'],
  [new RegExp(`(?:${CURRENCIES}) ?<number>`, 'g'), '<amount>'],
  [/<number> (ms|s|[kMGT]i?B|%)(?![\p{L}])/gu, '<number>$1'],
  [/#<number>/g, '#<id>'],
  // However long a list is.
  [/(<[a-z]+>)(?:(?:, ?| and | und | or | oder )\1)+/g, '$1']
]

export function mergeHoles (text: string): string {
  return MERGES.reduce((merged, [pattern, by]) => merged.replace(pattern, by), text)
}
