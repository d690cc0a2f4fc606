// Bundles the program and what it depends on into cli/dist: what the package has, and what tests run.
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))
const { version } = JSON.parse(readFileSync(`${root}cli/package.json`, 'utf8'))

/** @type {import('esbuild').BuildOptions} */
const options = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  target: 'node20',
  // Node starts CommonJS sooner than modules, and a single executable takes nothing else.
  format: 'cjs',
  // An import() would have Node look for the exports of a megabyte before it runs it.
  supported: { 'dynamic-import': false },
  banner: { js: `const bundleUrl = require('node:url').pathToFileURL(__filename).href` },
  define: { 'import.meta.url': 'bundleUrl', VITS_VERSION: JSON.stringify(version) },
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: 'none',
  tsconfig: `${root}tsconfig.json`,
  metafile: true,
  write: false,
  logLevel: 'warning',
}

/** The work is a file of its own: who only asks for the version does not wait until it is read. */
const workBeside = {
  name: 'work-beside',
  setup: (build) => build.onResolve({ filter: /\/work\.ts$/ }, ({ kind }) => beside(kind)),
}
const beside = (kind) => (kind === 'dynamic-import' ? { path: './work.cjs', external: true } : undefined)

/** Writes vits.cjs, which reads the command line, work.cjs, which does what it says, and the licenses of what is in them. */
export async function bundle() {
  const program = await build({ ...options, entryPoints: { vits: 'cli/src/main.ts' }, plugins: [workBeside], outdir: 'cli/dist' })
  const work = await build({ ...options, entryPoints: { work: 'cli/src/work.ts' }, outdir: 'cli/dist' })
  const texts = [...program.outputFiles, ...work.outputFiles].map(({ path, text }) => [
    basename(path).replace(/js$/, 'cjs'),
    text,
  ])
  return written(`${root}cli/dist`, [...texts, ['LICENSES', licenses([program.metafile, work.metafile])]])
}

/** One file with everything, as a single executable begins with it. */
export async function bundleWhole() {
  const { outputFiles } = await build({ ...options, entryPoints: ['cli/src/main.ts'], outdir: 'cli/dist' })
  return outputFiles[0].text
}

/** The license of every package of which something is in a bundle. */
function licenses(metafiles) {
  const inputs = metafiles.flatMap(({ inputs }) => Object.keys(inputs))
  const folders = inputs.flatMap((path) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? [])
  return [...new Set(folders)].sort().map(license).join('\n')
}

function license(folder) {
  const { name, version, license } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'))
  const file = readdirSync(join(root, folder)).find((entry) => /^licen[cs]e/i.test(entry))
  if (file === undefined) throw new Error(`${name} ${version} has no license to take along`)
  return `${name} ${version} (${license})\n\n${readFileSync(join(root, folder, file), 'utf8').trim()}\n`
}

/** Replaces what has changed, each file at once: another process may be running it. */
function written(folder, files) {
  mkdirSync(folder, { recursive: true })
  for (const [name, text] of files) {
    const path = join(folder, name)
    if (existsSync(path) && readFileSync(path, 'utf8') === text) continue
    writeFileSync(`${path}.${process.pid}`, text)
    renameSync(`${path}.${process.pid}`, path)
  }
}

if (import.meta.url === pathToFileURL(resolve(process.argv[1])).href) await bundle()
