import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'

/** What we build on, and how it comes here. */

interface Locked {
  version?: string
  integrity?: string
  resolved?: string
  dev?: boolean
  hasInstallScript?: boolean
  inBundle?: boolean
  link?: boolean
}

const ROOT = join(import.meta.dirname, '..')
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8')
const manifest = JSON.parse(read('package.json')) as
  & Record<'dependencies' | 'devDependencies' | 'scripts', Record<string, string>>
  & { allowScripts: Record<string, boolean> }
const { packages } = JSON.parse(read('package-lock.json')) as { packages: Record<string, Locked> }
/** Packages of this repository (`packages/`), and the links to them, come from nowhere else. */
const isOurs = (path: string) =>
  path === '' || path.startsWith('packages/') ||
  packages[path]?.resolved?.startsWith('packages/') === true
const locked = Object.entries(packages).filter(([path]) => !isOurs(path))
const nameOf = (path: string) =>
  path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)
const direct = { ...manifest.dependencies, ...manifest.devDependencies }

t.test('every dependency has one exact version, and the lockfile has that one', async t => {
  for (const [name, version] of Object.entries(direct)) {
    t.match(version, /^\d+\.\d+\.\d+(-[\w.]+)?$/, name)
    t.equal(locked.find(([path]) => path === `node_modules/${name}`)?.[1].version, version, name)
  }
})

t.test('every package has its checksum, and none comes from anywhere but the registry', async t => {
  t.ok(locked.length > 500, `${locked.length} packages`)
  const without = locked.filter(([, { integrity, inBundle }]) =>
    inBundle !== true && !/^sha512-/.test(integrity ?? '')
  )
  t.same(without.map(([path]) => path), [])
  const elsewhere = locked.filter(([, { resolved, link }]) =>
    link === true || !/^(https:\/\/registry\.npmjs\.org\/|$)/.test(resolved ?? '')
  )
  t.same(elsewhere.map(([path]) => path), [])
})

t.test('a package with an install script is named in allowScripts, and no other', async t => {
  const withScript = new Set(
    locked.filter(([, { hasInstallScript }]) => hasInstallScript).map(([path]) => nameOf(path))
  )
  t.same([...withScript].sort(), Object.keys(manifest.allowScripts).sort())
  const inProduction = locked.filter(([, { hasInstallScript, dev }]) =>
    hasInstallScript && dev !== true
  )
  t.same(inProduction.map(([path]) => path), [], 'what runs in production installs without any')
})

t.test('every dependency has its reason in docs/dependencies.md', async t => {
  const reasons = read('docs/dependencies.md')
  for (const name of Object.keys(direct).filter(name => !name.startsWith('@types/'))) {
    t.ok(reasons.includes(name), name)
  }
})

interface Component {
  name: string
  version: string
  properties?: { name: string, value: string }[]
}

t.test('npm run sbom lists every package, offline, and says which are for development only', async t => {
  const env = { ...process.env, npm_config_offline: 'true' }
  const text = execFileSync('npm', ['run', '--silent', 'sbom'], {
    cwd: ROOT,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    env
  })
  const { bomFormat, components } = JSON.parse(text) as {
    bomFormat: string
    components: Component[]
  }
  t.equal(bomFormat, 'CycloneDX')
  const isForDevelopment = ({ properties = [] }: Component) =>
    properties.some(property => property.name === 'cdx:npm:package:development')
  const namesOf = (some: Component[]) =>
    new Set(some.map(({ name, version }) => `${name}@${version}`))
  const listed = namesOf(components)
  const missing = locked.filter(([path, { version, dev }]) =>
    dev !== true && !listed.has(`${nameOf(path)}@${version}`)
  )
  t.same(missing.map(([path]) => path), [])
  const inProduction = namesOf(components.filter(component => !isForDevelopment(component)))
  for (const [name, version] of Object.entries(manifest.dependencies)) {
    t.ok(inProduction.has(`${name}@${version}`), name)
  }
  t.notOk(inProduction.has(`tap@${manifest.devDependencies.tap}`))
})

t.test('the image runs without rights, without install scripts, and with nothing in it that it does not need', async t => {
  const lines = read('Dockerfile').split('\n').filter(line => /^[A-Z]/.test(line))
  const last = lines.slice(lines.findLastIndex(line => line.startsWith('FROM')))
  t.equal(last.find(line => line.startsWith('USER')), 'USER node')
  t.notOk(
    last.slice(last.indexOf('USER node')).some(line => /^(RUN|COPY|ADD|USER root)/.test(line)),
    'nothing is done after the rights are given away'
  )
  t.ok(last.some(line => /^ENV .*NODE_ENV=production/.test(line)))
  for (const line of lines.filter(line => /npm (ci|install)/.test(line))) {
    t.match(line, /npm ci .*--ignore-scripts/)
  }
  const copied = last.filter(line => line.startsWith('COPY --from=')).map(line =>
    line.split(' ').slice(1, 3).join(' ')
  )
  t.same(copied, ['--from=dependencies /app/node_modules', '--from=bundle /app/dist'])
  t.match(
    lines[lines.findIndex(line => /^FROM .* AS dependencies$/.test(line)) + 4],
    /^RUN npm ci --omit=dev /
  )
  t.same(read('.dockerignore').trim().split('\n'), [
    '*',
    '!package.json',
    '!package-lock.json',
    '!packages',
    '!migrations',
    '!src',
    '!build'
  ])
  t.notMatch(lines.join('\n'), /^(ADD|ARG .*(KEY|SECRET|TOKEN))/m)
})
