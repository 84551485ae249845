import { readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import ts from 'typescript'

/** The arrows of the house, proved from the imports; types count as much as values. */

const SRC = fileURLToPath(new URL('../src', import.meta.url))
const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter(file => file.endsWith('.ts')).sort()
const textOf = (file: string) => readFileSync(join(SRC, file), 'utf8')
const codeOf = (file: string) => textOf(file).replace(/\/\*[^]*?\*\/|\/\/.*$/gm, '')

/** What a file imports: files of ours by their path below src, packages by their name. */
function importsOf (file: string): { ours: string[], packages: string[] } {
  const names = ts.preProcessFile(textOf(file), true, true).importedFiles.map(imported => imported.fileName)
  return {
    ours: names.filter(name => name.startsWith('.')).map(name => relative(SRC, join(SRC, dirname(file), name))),
    packages: names.filter(name => !name.startsWith('.') && !name.startsWith('node:'))
  }
}

const imports = new Map(files.map(file => [file, importsOf(file)]))
const room = (file: string) => file.includes('/') ? file.split('/')[0] ?? '' : file.replace('.ts', '')

/** Anybody may use these; they import nothing of ours. */
const LEAVES = ['errors', 'text', 'version', 'keys', 'seal', 'deadline', 'paths']

const MAY_IMPORT: Record<string, string[]> = {
  server: ['app', 'environment', 'production'],
  app: ['plugins', 'routes', 'config', 'db'],
  plugins: [
    'config', 'db', 'agent', 'accounts', 'apps', 'dial', 'runs', 'schema-check',
    'routes', 'personas', 'actions', 'feedback', 'diaries', 'incidents', 'insights', 'releases', 'sessions', 'dashboard', 'verdicts', 'modules'
  ],
  routes: [
    'personas', 'runs', 'actions', 'feedback', 'diaries', 'incidents', 'insights', 'releases', 'sessions', 'dashboard', 'db', 'config', 'schema-check', 'verdicts',
    'accounts', 'apps'
  ],
  runs: ['personas', 'actions', 'feedback', 'diaries', 'incidents', 'agent', 'accounts', 'apps', 'db', 'modules'],
  agent: ['feedback', 'dial', 'modules'],
  accounts: ['dial', 'db', 'agent'],
  apps: ['db', 'accounts', 'agent', 'dial', 'modules'],
  dial: [],
  personas: ['db', 'apps'],
  actions: ['db', 'modules'],
  feedback: ['db'],
  diaries: ['db'],
  incidents: ['db'],
  insights: ['db', 'feedback', 'apps'],
  releases: ['db', 'apps'],
  sessions: ['db'],
  dashboard: ['db', 'insights', 'apps', 'agent'],
  db: [],
  config: [],
  production: ['config'],
  environment: [],
  errors: [],
  text: [],
  version: [],
  deadline: [],
  paths: [],
  keys: [],
  seal: [],
  'schema-check': ['personas'],
  client: ['personas', 'actions', 'feedback'],
  modules: [],
  statistics: [],
  verdicts: ['statistics', 'db'],
  cli: ['plugins', 'personas', 'accounts', 'apps', 'environment', 'schema-check', 'verdicts', 'doctor', 'config', 'production', 'db'],
  doctor: ['config', 'db', 'dial', 'agent', 'accounts', 'apps', 'personas', 'actions', 'runs', 'modules'],
  demo: ['app', 'cli', 'accounts', 'personas', 'runs', 'db', 'environment']
}

/** Arrows that only some files of the room may be reached by. */
const ONLY: { from: string[], to: string[], files: RegExp }[] = [
  // Pure: what an answer must look like, and how its evidence is checked.
  { from: ['agent'], to: ['feedback'], files: /^(schemas|answer|evidence)\.ts$/ },
  // Data: what each rule of blame means.
  { from: ['dashboard'], to: ['agent'], files: /^blame-sentences\.ts$/ },
  // The shapes that the OpenAPI document names.
  {
    from: ['plugins', 'client'],
    to: ['personas', 'actions', 'feedback', 'diaries', 'incidents', 'releases'],
    files: /^([\w-]+-)?schemas\.ts$/
  },
  // And the work that no request asks for.
  { from: ['plugins'], to: ['insights'], files: /^(([\w-]+-)?schemas|folds)\.ts$/ },
  { from: ['plugins'], to: ['routes'], files: /^error-body\.ts$/ },
  // How a secret is taken out of what others say.
  { from: ['accounts'], to: ['agent'], files: /^secrets\.ts$/ },
  // What an app is named by.
  { from: ['runs', 'personas', 'insights', 'dashboard', 'releases'], to: ['apps'], files: /^schemas\.ts$/ },
  { from: ['schema-check'], to: ['personas'], files: /^character\.ts$/ }
]

t.test('every import goes along an arrow of the house', async t => {
  for (const [file, { ours }] of imports) {
    const allowed = MAY_IMPORT[room(file)]
    t.ok(allowed, `${file} is in a known room`)
    for (const target of ours.filter(target => room(target) !== room(file))) {
      t.ok([...LEAVES, ...(allowed ?? [])].includes(room(target)), `${file} → ${target}`)
    }
  }
})

t.test('some rooms are open to others only in part', async t => {
  for (const { from, to, files: open } of ONLY) {
    for (const file of files.filter(file => from.includes(room(file)))) {
      const targets = imports.get(file)?.ours.filter(target => to.includes(room(target)) && room(target) !== room(file)) ?? []
      for (const target of targets) t.match(target.slice(room(target).length + 1), open, `${file} → ${target}`)
    }
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
  [/^(fastify|fastify-plugin|@fastify\/.*)$/, /^(app\.ts|plugins\/|routes\/|demo\/|cli\/open-(store|setup)\.ts)/],
  [/^(pg|@electric-sql\/pglite)(\/|$)/, /^db\/(database|impatient-client|private-node-fs)\.ts$/],
  [/^@anthropic-ai\/sdk/, /^agent\/claude(-[a-z]+)?\.ts$/],
  [/^@modelcontextprotocol\/sdk/, /^demo\/sample-app\//],
  [/^@modelcontextprotocol\/client/, /^(agent\/mcp-|accounts\/oauth-)/],
  [/^@modelcontextprotocol\/(server|node)$/, /^demo\/sample-app\//],
  [/^undici$/, /^dial\/(dialler|thin-fetch)\.ts$/],
  [/^pg-boss$/, /^runs\/queue\.ts$/],
  [/^node-cron$/, /^(plugins\/pokes|config)\.ts$/]
]

t.test('each vendor has one door', async t => {
  for (const [file, { packages }] of imports) {
    for (const name of packages) {
      for (const [vendor, door] of DOORS) if (vendor.test(name)) t.match(file, door, `${name} in ${file}`)
    }
  }
})

t.test('only the dialler goes out to an app', async t => {
  // The client of other processes brings its own, and the demo dials itself.
  for (const file of files.filter(file => !/^(dial\/(dialler|thin-fetch)\.ts|client\/|demo\/)/.test(file))) {
    t.notMatch(codeOf(file), /(?<![.\w])fetch\(|globalThis\.fetch|from 'node:(https?|net|tls)'.*\bconnect\b/, file)
  }
})

t.test('an answer from outside is read whole by few files, all through the dialler, which counts its bytes', async t => {
  const readers = files.filter(file => /\.(?:text|json|arrayBuffer|blob|bytes)\(\)/.test(codeOf(file)))
  // The client of other processes and the demo read answers of our own server.
  t.same(readers.filter(file => !/^(client|demo)\//.test(file)), [
    'accounts/exchange.ts', 'accounts/token-endpoint.ts', 'agent/claude-messages.ts', 'dial/thin-fetch.ts'
  ])
})

t.test('only entries read the environment or end the process', async t => {
  for (const file of files) {
    if (/process\.exit(Code)?\b/.test(codeOf(file))) t.match(file, /^(server\.ts|cli\/|demo\/)/, `${file} ends the process`)
    if (/process\.env\b/.test(codeOf(file))) t.equal(file, 'environment.ts', `${file} reads process.env`)
    if (imports.get(file)?.ours.includes('environment.ts')) t.match(file, /^(server\.ts|cli\/|demo\/)/, `${file} reads the environment`)
  }
})

t.test('a file is named for what it holds', async t => {
  for (const file of files) t.notMatch(basename(file), /^(utils?|common|services?|helpers?|types|index)\.ts$/, file)
})

t.test('nothing is left over: every file is an entry or imported by another', async t => {
  const used = new Set([...imports.values()].flatMap(({ ours }) => ours))
  for (const file of files) t.ok(used.has(file) || /^(server\.ts|cli\/|client\/|demo\/demo\.ts)/.test(file), file)
})

/** By Kysely's builder or in SQL of our own; not the `DO UPDATE SET` of an upsert. */
const WRITES = new RegExp([
  /\b(?:insertInto|updateTable|deleteFrom|mergeInto)\('(\w+)/,
  /\b(?:INSERT INTO|DELETE FROM) "?(\w+)/,
  /\bUPDATE "?(\w+)"?(?: (?:AS )?\w+)? SET\b/
].map(way => way.source).join('|'), 'g')

t.test('one file writes each table', async t => {
  const writers = new Map<string, Set<string>>()
  for (const file of files) {
    for (const match of codeOf(file).matchAll(WRITES)) {
      const table = match[1] ?? match[2] ?? match[3] ?? ''
      writers.set(table, (writers.get(table) ?? new Set()).add(file))
    }
  }
  t.ok(writers.has('runs') && writers.has('personas'), 'both ways of writing are recognised')
  for (const [table, by] of writers) t.equal(by.size, 1, `${table} is written by ${[...by].join(', ')}`)
})
