import type { FindingDetail } from './schemas.ts'

/** A finding as an issue tracker shows it. Pure. */

export function markdownOf (finding: FindingDetail, address: string | null): string {
  const { sentences, evidence, steps } = finding
  const facts = [
    ['State', finding.state],
    ['Module', finding.module],
    ['Severity', finding.severity.replace('_', ' ')],
    ['First seen', `${day(finding.firstSeenAt)}${under(finding.firstRelease)}`],
    ['Last seen', `${day(finding.lastSeenAt)}${under(finding.lastRelease)}`],
    ['Runs, personas', `${finding.runs}, ${finding.personas}`]
  ]
  return [
    `# ${plain(finding.title)}`,
    '',
    sentences.map(plain).join(' '),
    '',
    '| | |\n|---|---|',
    ...facts.map(([name, value]) => `| ${name} | ${cell(value ?? '')} |`),
    '',
    ...(evidence.length === 0 ? [] : ['## Evidence', '', ...evidence.flatMap(toLines)]),
    ...(steps.length === 0
      ? []
      : ['## Steps', '', ...steps.map(({ sentence }, i) => `${i + 1}. ${plain(sentence)}`), '']),
    ...(address === null ? [] : [`Found by persona-runner: ${address}`, ''])
  ].join('\n')
}

function toLines ({ persona, at, call, rating }: FindingDetail['evidence'][number]): string[] {
  const lines = [`**${plain(persona)}**, ${day(at)}`, '']
  if (call !== null) {
    const input = JSON.stringify(call.input ?? null, null, 2)
    const answer = call.error ?? call.result ?? ''
    lines.push(...block(`${call.tool} ${input}`), 'answered', '', ...block(answer))
  }
  if (rating?.notes) {
    lines.push(`> ${rating.rating ?? '–'} of 5: ${plain(rating.notes)}`, '')
  }
  return lines
}

/** A fence that the text cannot end. */
function block (text: string): string[] {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length))
  const fence = '`'.repeat(longest + 1)
  return [fence, text, fence, '']
}

/** On one line, and nothing in it is markup or a mention. */
const plain = (text: string) =>
  text.replace(/\s+/g, ' ').replace(/[\\`*_{}[\]<>#|~]/g, '\\$&').replace(/@(?=\w)/g, '@\u200b')
const cell = (text: string) => plain(text)
const day = (at: string) => at.slice(0, 10)
const under = (release: string | null) => release === null ? '' : `, release ${release}`
