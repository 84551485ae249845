import { readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import ts from 'typescript'

/** The arrows of the house, proved from the imports; types count as much as values. */

const SRC = fileURLToPath(new URL('../src', import.meta.url))
const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter(file =>
  file.endsWith('.ts')
).sort()
const textOf = (file: string) => readFileSync(join(SRC, file), 'utf8')
const codeOf = (file: string) => textOf(file).replace(/\/\*[^]*?\*\/|\/\/.*$/gm, '')

/** What a file imports: files of ours by their path below src, packages by their name. */
function importsOf (file: string): { ours: string[], packages: string[] } {
  const names = ts.preProcessFile(textOf(file), true, true).importedFiles.map(imported =>
    imported.fileName
  )
  return {
    ours: names.filter(name => name.startsWith('.')).map(name =>
      relative(SRC, join(SRC, dirname(file), name))
    ),
    packages: names.filter(name => !name.startsWith('.') && !name.startsWith('node:'))
  }
}

const imports = new Map(files.map(file => [file, importsOf(file)]))

/**
 * The plan of the house (docs/decisions/020-eight-rooms.md), from the ground up. A room may import
 * the rooms that it names, and `platform` itself. It can only name rooms that stand above it in
 * this list: so no arrow runs back up.
 */
const MAY_IMPORT: Record<string, string[]> = {
  platform: [],
  'platform/db': [],
  'platform/dial': [],
  personas: ['platform/db'],
  'personas/diaries': ['platform/db'],
  'analysis/statistics': [],
  'analysis/feedback': ['platform/db'],
  'analysis/incidents': ['platform/db'],
  'analysis/releases': ['platform/db', 'personas'],
  'analysis/insights': [
    'platform/db',
    'personas',
    'analysis/statistics',
    'analysis/feedback'
  ],
  'analysis/verdicts': ['platform/db', 'personas', 'analysis/statistics'],
  'analysis/findings': ['platform/db', 'analysis/feedback'],
  'runner/modules': [],
  'runner/models': [],
  'runner/models/anthropic': ['platform/dial', 'runner/models'],
  'runner/tools': ['runner/modules', 'runner/models'],
  'runner/blame': ['runner/tools'],
  'runner/mcp': ['platform/dial', 'runner/tools', 'runner/blame'],
  'runner/agent': ['analysis/feedback', 'runner/models', 'runner/tools', 'runner/blame'],
  'runner/accounts': ['platform/db', 'platform/dial'],
  'runner/apps': [
    'platform/db',
    'platform/dial',
    'personas',
    'runner/modules',
    'runner/tools',
    'runner/mcp',
    'runner/accounts'
  ],
  'runner/actions': ['platform/db', 'runner/modules'],
  'runner/runs': [
    'platform/db',
    'personas',
    'personas/diaries',
    'analysis/feedback',
    'analysis/incidents',
    'analysis/insights',
    'runner/modules',
    'runner/models',
    'runner/tools',
    'runner/agent',
    'runner/accounts',
    'runner/apps',
    'runner/actions'
  ],
  'runner/verification': [
    'platform/db',
    'personas',
    'analysis/findings',
    'runner/tools',
    'runner/apps'
  ],
  'web/sessions': ['platform/db'],
  'web/client': ['personas', 'analysis/feedback', 'runner/actions'],
  'web/dashboard': [
    'platform/db',
    'personas',
    'analysis/statistics',
    'analysis/insights',
    'analysis/verdicts',
    'analysis/findings',
    'runner/tools'
  ],
  'web/routes': [
    'platform/db',
    'platform/dial',
    'personas',
    'personas/diaries',
    'analysis/feedback',
    'analysis/incidents',
    'analysis/releases',
    'analysis/insights',
    'analysis/verdicts',
    'analysis/findings',
    'runner/modules',
    'runner/accounts',
    'runner/apps',
    'runner/actions',
    'runner/runs',
    'runner/verification',
    'web/sessions',
    'web/dashboard'
  ],
  'web/plugins': [
    'platform/db',
    'platform/dial',
    'personas',
    'personas/diaries',
    'analysis/feedback',
    'analysis/incidents',
    'analysis/releases',
    'analysis/insights',
    'analysis/verdicts',
    'analysis/findings',
    'runner/modules',
    'runner/models',
    'runner/models/anthropic',
    'runner/tools',
    'runner/accounts',
    'runner/apps',
    'runner/actions',
    'runner/runs',
    'web/sessions',
    'web/dashboard',
    'web/routes'
  ],
  app: ['platform/db', 'web/routes', 'web/plugins'],
  server: ['app'],
  'cli/doctor': [
    'platform/db',
    'platform/dial',
    'personas',
    'runner/modules',
    'runner/models',
    'runner/tools',
    'runner/accounts',
    'runner/apps',
    'runner/actions',
    'runner/runs'
  ],
  cli: [
    'platform/db',
    'personas',
    'analysis/verdicts',
    'analysis/findings',
    'runner/accounts',
    'runner/apps',
    'runner/runs',
    'web/plugins',
    'cli/doctor'
  ],
  demo: [
    'platform/db',
    'personas',
    'analysis/releases',
    'analysis/verdicts',
    'analysis/findings',
    'runner/accounts',
    'runner/runs',
    'app',
    'cli'
  ]
}
const ROOMS = Object.keys(MAY_IMPORT)

/** The innermost room of the plan that a file lies in; a file of the top level is its own room. */
function room (file: string): string {
  if (!file.includes('/')) return file.replace('.ts', '')
  const around = ROOMS.filter(name => file.startsWith(`${name}/`))
  return around.sort((a, b) => b.length - a.length)[0] ?? dirname(file)
}

/** Arrows that only some files of the room may be reached by. */
const ONLY: { from: RegExp, to: RegExp, files: RegExp }[] = [
  // Settings are read by the outer rooms, and handed in.
  {
    from: /^(personas|analysis|runner)\b/,
    to: /^platform$/,
    files: /^platform\/(?!config|environment|production)/
  },
  // Pure: the shape of an answer, and how its evidence is checked.
  {
    from: /^runner\/agent$/,
    to: /^analysis\/feedback$/,
    files: /\/(schemas|answer|evidence|slowness)\.ts$/
  },
  // Data: the meaning of each rule of blame.
  { from: /^web\/dashboard$/, to: /^runner\/tools$/, files: /\/blame-sentences\.ts$/ },
  // The shapes that the OpenAPI document names, and the work that no request asks for.
  {
    from: /^web\/(plugins|client)$/,
    to: /^(personas|analysis|runner\/actions)\b/,
    files:
      /\/([\w-]+-)?schemas\.ts$|\/folds\.ts$|\/judge-releases\.ts$|\/findings\/(catch-up|verdict-findings)\.ts$|\/app-name\.ts$/
  },
  { from: /^web\/plugins$/, to: /^web\/routes$/, files: /\/error-body\.ts$/ }
]

t.test('no room of the plan names a room below it', async t => {
  for (const [i, [name, targets]] of Object.entries(MAY_IMPORT).entries()) {
    for (const target of targets) t.ok(ROOMS.indexOf(target) < i, `${name} → ${target}`)
    for (const target of targets) t.ok(ROOMS.includes(target), `${target} is a room`)
  }
})

t.test('every import goes along an arrow of the house', async t => {
  for (const [file, { ours }] of imports) {
    const allowed = MAY_IMPORT[room(file)]
    t.ok(allowed, `${file} is in a known room`)
    for (const target of ours.filter(target => room(target) !== room(file))) {
      t.ok(['platform', ...(allowed ?? [])].includes(room(target)), `${file} → ${target}`)
    }
  }
})

t.test('every arrow of the plan is used', async t => {
  for (const [name, targets] of Object.entries(MAY_IMPORT)) {
    const used = files.filter(file => room(file) === name)
      .flatMap(file => imports.get(file)?.ours.map(room) ?? [])
    for (const target of targets) t.ok(used.includes(target), `${name} → ${target}`)
  }
})

t.test('some rooms are open to others only in part', async t => {
  for (const { from, to, files: open } of ONLY) {
    for (const file of files.filter(file => from.test(room(file)))) {
      const targets = imports.get(file)?.ours
        .filter(target => to.test(room(target)) && room(target) !== room(file)) ?? []
      for (const target of targets) t.match(target, open, `${file} → ${target}`)
    }
  }
})

t.test('each top room says what lives in it', async t => {
  const tops = new Set(
    files.filter(file => file.includes('/')).map(file => file.split('/')[0] ?? '')
  )
  for (const top of tops) {
    const lines = readFileSync(join(SRC, top, 'README.md'), 'utf8').split('\n')
    t.ok(lines.length <= 45, `src/${top}/README.md has ${lines.length} lines`)
  }
})

t.test('there are no circles, not even of types', async t => {
  const done = new Set<string>()
  const visit = (file: string, path: string[]): string[] | undefined => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file]
    if (done.has(file)) return undefined
    for (const target of imports.get(file)?.ours ?? []) {
      const circle = visit(target, [...path, file])
      if (circle !== undefined) return circle
    }
    done.add(file)
    return undefined
  }
  for (const file of files) t.equal(visit(file, []), undefined, file)
})

const DOORS: [RegExp, RegExp][] = [
  [
    /^(fastify|fastify-plugin|@fastify\/.*)$/,
    /^(app\.ts|web\/(plugins|routes)\/|demo\/|cli\/open-(store|setup)\.ts)/
  ],
  [
    /^(pg|@electric-sql\/pglite)(\/|$)/,
    /^platform\/db\/(database|impatient-client|private-node-fs)\.ts$/
  ],
  [/^@anthropic-ai\/sdk/, /^runner\/models\/anthropic\//],
  [/^@modelcontextprotocol\/sdk/, /^demo\/sample-app\//],
  [/^@modelcontextprotocol\/client/, /^runner\/(mcp\/|accounts\/oauth-)/],
  [/^@modelcontextprotocol\/(server|node)$/, /^demo\/sample-app\//],
  [/^undici$/, /^platform\/dial\/(dialler|thin-fetch)\.ts$/],
  [/^pg-boss$/, /^runner\/runs\/queue\.ts$/],
  [/^node-cron$/, /^(web\/plugins\/pokes|platform\/config)\.ts$/]
]

t.test('each vendor has one door', async t => {
  for (const [file, { packages }] of imports) {
    for (const name of packages) {
      for (const [vendor, door] of DOORS) {
        if (vendor.test(name)) t.match(file, door, `${name} in ${file}`)
      }
    }
  }
})

t.test('only the dialler goes out to an app', async t => {
  // The client of other processes brings its own, and the demo dials itself.
  for (
    const file of files.filter(file =>
      !/^(platform\/dial\/(dialler|thin-fetch)\.ts|web\/client\/|demo\/)/.test(file)
    )
  ) {
    t.notMatch(
      codeOf(file),
      /(?<![.\w])fetch\(|globalThis\.fetch|from 'node:(https?|net|tls)'.*\bconnect\b/,
      file
    )
  }
})

t.test('an answer from outside is read whole by few files, all through the dialler, which counts its bytes', async t => {
  const readers = files.filter(file =>
    /\.(?:text|json|arrayBuffer|blob|bytes)\(\)/.test(codeOf(file))
  )
  // The client of other processes and the demo read answers of our own server.
  t.same(readers.filter(file => !/^(web\/client|demo)\//.test(file)), [
    'platform/dial/thin-fetch.ts',
    'runner/accounts/exchange.ts',
    'runner/accounts/token-endpoint.ts',
    'runner/models/anthropic/messages.ts'
  ])
})

t.test('only entries read the environment or end the process', async t => {
  for (const file of files) {
    if (/process\.exit(Code)?\b/.test(codeOf(file))) {
      t.match(file, /^(server\.ts|cli\/|demo\/)/, `${file} ends the process`)
    }
    if (/process\.env\b/.test(codeOf(file))) {
      t.equal(file, 'platform/environment.ts', `${file} reads process.env`)
    }
    if (imports.get(file)?.ours.includes('platform/environment.ts')) {
      t.match(file, /^(server\.ts|cli\/|demo\/)/, `${file} reads the environment`)
    }
  }
})

t.test('a file is named for what it holds', async t => {
  for (const file of files) {
    t.notMatch(basename(file), /^(utils?|common|services?|helpers?|types|index)\.ts$/, file)
  }
})

t.test('nothing is left over: every file is an entry or imported by another', async t => {
  const used = new Set([...imports.values()].flatMap(({ ours }) => ours))
  for (const file of files) {
    t.ok(used.has(file) || /^(server\.ts|cli\/|web\/client\/|demo\/demo\.ts)/.test(file), file)
  }
})

/** By Kysely's builder or in SQL of our own; not the `DO UPDATE SET` of an upsert. */
const WRITES = new RegExp(
  [
    /\b(?:insertInto|updateTable|deleteFrom|mergeInto)\('(\w+)/,
    /\b(?:INSERT INTO|DELETE FROM) "?(\w+)/,
    /\bUPDATE "?(\w+)"?(?: (?:AS )?\w+)? SET\b/
  ].map(way => way.source).join('|'),
  'g'
)

t.test('one file writes each table', async t => {
  const writers = new Map<string, Set<string>>()
  for (const file of files) {
    for (const match of codeOf(file).matchAll(WRITES)) {
      const table = match[1] ?? match[2] ?? match[3] ?? ''
      writers.set(table, (writers.get(table) ?? new Set()).add(file))
    }
  }
  t.ok(writers.has('runs') && writers.has('personas'), 'both ways of writing are recognised')
  for (const [table, by] of writers) {
    t.equal(by.size, 1, `${table} is written by ${[...by].join(', ')}`)
  }
})
