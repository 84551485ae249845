import { cpSync, readdirSync, rmSync } from 'node:fs'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

/**
 * The server with its packages in a few files: the first half of `npm run build`. Node looks for,
 * reads and links each module of its own; 1,300 of them are most of a start. `dist/` holds the same
 * tree as the root, whole, so that it is of one version whatever the root becomes; `npm start`
 * never runs it.
 */

const ROOT = fileURLToPath(new URL('..', import.meta.url))

/**
 * They look for files beside their own code: WebAssembly, assets of a page, the script of a thread.
 */
const FIND_FILES = ['@electric-sql/pglite', '@fastify/swagger-ui', 'pino', 'pino-pretty']
/**
 * CommonJS that is imported late: of a bundled one `await import()` gives the default alone, and
 * not the names.
 */
const LATE = ['undici']
/** Asked for in a try, and not installed. */
const OPTIONAL = ['pg-native']

/** A package that is CommonJS asks for modules of Node by `require`, which a module has not. */
const REQUIRE =
  "import { createRequire } from 'node:module'\nconst require = createRequire(import.meta.url)"

export async function bundle (to: string): Promise<void> {
  rmSync(to, { recursive: true, force: true })
  await build({
    absWorkingDir: ROOT,
    entryPoints: ['src/server.ts', 'src/cli/doctor.ts', 'migrations/*.ts'],
    outbase: '.',
    outdir: to,
    // As deep as `src/platform/paths.ts`, which ends up in one of them and counts folders upwards.
    chunkNames: 'src/platform/[name]-[hash]',
    bundle: true,
    // What is imported late stays in files of its own.
    splitting: true,
    platform: 'node',
    format: 'esm',
    target: 'node22',
    external: [...FIND_FILES, ...LATE, ...OPTIONAL],
    banner: { js: REQUIRE },
    sourcemap: true,
    logLevel: 'warning'
  })
  const others = readdirSync(join(ROOT, 'src'), { recursive: true, withFileTypes: true }).filter(
    file => file.isFile() && !['.ts', '.md'].includes(extname(file.name))
  )
  for (
    const file of [
      'package.json',
      ...others.map(file => join(file.parentPath, file.name).slice(ROOT.length))
    ]
  ) cpSync(join(ROOT, file), join(to, file))
}

if (import.meta.main) await bundle(join(ROOT, 'dist'))
