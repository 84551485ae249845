import { isId } from './word-holes.ts'

/**
 * The error and the innermost own frame of a stack trace, of Node, Python, Java, .NET and Go, on
 * many lines or on one. Pure. Every pattern is bounded in length, and none repeats a repetition.
 */

interface Stack {
  error: string
  /** `Store.find (store.ts)`, without line numbers; null: none of the app's own is in sight. */
  frame: string | null
}

interface Frame {
  /** Where it stands in the message. */
  at: number
  end: number
  name: string
  file: string
}

const NODE =
  /\bat (?:async )?(?:new )?([^\s()]{1,120})(?: \[as [^\]\n]{1,60}\])? \(([^()\n]{1,300}?)(?::\d{1,7}){1,2}\)/g
const NODE_BARE =
  /\bat (?:async )?((?:file:\/\/|\/|node:|[A-Za-z]:\\)[^\s()]{1,300}?)(?::\d{1,7}){2}/g
const JAVA = /\bat ([\w$.<>/@-]{3,200})\(([\w$. ]{1,80})(?::\d{1,7})?\)/g
const DOT_NET = /\bat ([\w.<>`[\]+]{3,200})\([^()\n]{0,200}\) in ([^\n]{1,300}?):line \d{1,7}/g
const PYTHON = /\bFile "([^"\n]{1,300})", line \d{1,7}, in ([\w<>.]{1,120})/g
const GO =
  /(?:^|\s)([\w./-]{1,120}\.(?:\(\*?\w{1,60}\)\.)?[\w.]{1,80})\([^()\n]{0,300}\)\s{1,4}(\S{1,300}\.go):\d{1,7}/g

const NOT_OWN = new RegExp(
  [
    String.raw`node_modules|node:|^internal\/|<anonymous>|\.pnpm`,
    String.raw`site-packages|dist-packages|\/lib\/python\d|<frozen `,
    String
      .raw`\bjava\.base\/|(?:^|\/)(?:java|javax|jakarta|jdk|sun|com\.sun|kotlin|kotlinx|scala)\.`,
    String.raw`^org\.(?:springframework|hibernate|apache|eclipse|postgresql|jboss|jooq)\.`,
    String.raw`^io\.(?:netty|vertx|quarkus|micronaut|grpc)\.|^reactor\.`,
    String.raw`^com\.(?:fasterxml|zaxxer|mysql|google|h2database)\.`,
    String.raw`^runtime\.|\/usr\/local\/go\/|\/pkg\/mod\/`,
    String.raw`^(?:System|Microsoft|Npgsql)\.`
  ].join('|')
)

/** Null where the message is no stack trace. */
export function readStack (message: string): Stack | null {
  return readPython(message) ?? readGo(message) ??
    readTopDown(message, framesOf(message, NODE)) ??
    readTopDown(message, bareFramesOf(message)) ??
    readTopDown(message, framesOf(message, DOT_NET)) ??
    readTopDown(message, framesOf(message, JAVA))
}

const framesOf = (message: string, pattern: RegExp): Frame[] =>
  [...message.matchAll(pattern)].map(match => ({
    at: match.index,
    end: match.index + match[0].length,
    name: match[1] ?? '',
    file: match[2] ?? ''
  }))

const bareFramesOf = (message: string): Frame[] =>
  framesOf(message, NODE_BARE).map(frame => ({ ...frame, name: '', file: frame.name }))

/** The innermost frame first, after the error. */
function readTopDown (message: string, frames: Frame[]): Stack | null {
  const [first] = frames
  if (first === undefined || first.at === 0) return null
  return { error: withoutThread(message.slice(0, first.at)), frame: shown(frames.find(isOwn)) }
}

const withoutThread = (error: string) => error.replace(/^Exception in thread "[^"]{0,200}" /, '')

function readGo (message: string): Stack | null {
  const end = message.search(/\s{1,4}goroutine \d{1,12} \[/)
  if (end === -1) return null
  return { error: message.slice(0, end), frame: shown(framesOf(message, GO).find(isOwn)) }
}

const PYTHON_START = 'Traceback (most recent call last)'
const PYTHON_ERROR =
  /(?:^|\s)(?:[a-z_]\w{0,40}\.){0,6}[A-Z]\w{0,60}?(?:Error|Exception|Exit|Interrupt|Timeout|Warning|Violation)(?=:|\s|$)/

/** The innermost frame last, and then the error. */
function readPython (message: string): Stack | null {
  const start = message.indexOf(PYTHON_START)
  if (start === -1) return null
  const frames = framesOf(message, PYTHON).map(({ name, file, ...place }) => ({
    ...place,
    name: file,
    file: name
  }))
  const rest = message.slice(frames.at(-1)?.end ?? start + PYTHON_START.length)
  const frame = shown(frames.findLast(isOwn))
  return { error: `${message.slice(0, start)} ${pythonError(rest) ?? PYTHON_START}`, frame }
}

function pythonError (rest: string): string | null {
  const lines = rest.split('\n').slice(1).filter(line => /^\S/.test(line))
  const told = lines.find(line => /^[\w.]{1,200}(?::|$)/.test(line))
  if (told !== undefined) return told
  const start = rest.search(PYTHON_ERROR)
  return start === -1 ? null : rest.slice(start)
}

const isOwn = ({ name, file }: Frame) => !NOT_OWN.test(name) && !NOT_OWN.test(file)

function shown (frame: Frame | undefined): string | null {
  if (frame === undefined) return null
  const file = fileName(frame.file)
  return frame.name === '' ? file : `${functionName(frame.name)} (${file})`
}

/** A compiler counts lambdas and closures: `handle$3`, `main.handle.func1`. */
function functionName (name: string): string {
  return name.replace(/(?:[$.](?:\d{1,6}|func\d{1,6}))+$/, '').replace(/\/0x[\da-f]{1,16}/i, '')
}

/** Without its folder, which is another on each machine, and without the hash of a build. */
function fileName (path: string): string {
  const name = path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1)
  return name.split(/([.-])/).map(part => isId(part) ? '<hash>' : part).join('')
}
