import { createReadStream, type ReadStream } from 'node:fs'
import { once } from 'node:events'
import { parseArgs } from 'node:util'
import { messageOf } from '../platform/errors.ts'
import { judgeCast } from '../analysis/verdicts/judge-cast.ts'
import { CastLines } from '../analysis/verdicts/judge-lines.ts'
import { releaseToJson } from '../analysis/verdicts/verdict-json.ts'

const HELP = `npm run judge -- --file ratings.ndjson

Says for each release and module whether ratings or friction changed, by the method of docs/verdicts.md. Needs no database.
  --file FILE   one JSON object a line; - reads standard input
                a visit:   { cast?, persona, module, at, rating?, friction?, errors?, calls?, release?, archetype?, locale?,
                             model?, prompts? }
                a release: { cast?, release, at, touches? }
Rows of the same cast (left out: one cast) are judged together, and each cast is printed as one line of JSON.
Lines that cannot be read are named on standard error, and the exit code is then 1.

  npm run --silent judge -- --file ratings.ndjson | jq '.releases[].modules[] | {module, verdict, sentence}'`

const MAX_COMPLAINTS = 20

async function main (file: string): Promise<void> {
  const lines = new CastLines()
  let number = 0
  let refused = 0
  for await (const line of linesOf(file === '-' ? process.stdin : createReadStream(file))) {
    number++
    const problem = lines.add(line)
    if (problem === null) continue
    if (++refused <= MAX_COMPLAINTS) console.error(`line ${number}: ${problem}`)
  }
  if (refused > 0) {
    console.error(`${refused} of ${number} lines were left out.`)
    process.exitCode = 1
  }
  for (const { cast, rows } of lines.casts()) {
    const releases = judgeCast(rows).map(releaseToJson)
    await print({ cast, visits: rows.visits.length, releases })
  }
}

/** Unlike those of `node:readline`, they end with an error where the input does. */
async function* linesOf (input: NodeJS.ReadStream | ReadStream): AsyncGenerator<string> {
  let rest = ''
  for await (const chunk of input.setEncoding('utf8')) {
    const lines = `${rest}${chunk as string}`.split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
  if (rest !== '') yield rest
}

/** Waits where the reader is slower. */
async function print (value: object): Promise<void> {
  if (!process.stdout.write(`${JSON.stringify(value)}\n`)) await once(process.stdout, 'drain')
}

function readArguments (): { file?: string | undefined, help?: boolean | undefined } {
  return parseArgs({ options: { file: { type: 'string' }, help: { type: 'boolean' } } }).values
}

try {
  const { file, help } = readArguments()
  if (help || file === undefined) {
    console.log(HELP)
    if (!help) process.exitCode = 2
  } else {
    await main(file)
  }
} catch (error) {
  console.error(`${messageOf(error)}\nSee npm run judge -- --help`)
  process.exitCode = 2
}
