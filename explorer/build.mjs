// Builds the two pages: dist/index.html, on which files are dropped, and dist/report.html, into which `vits explore` puts a case.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'

const here = (path) => fileURLToPath(new URL(path, import.meta.url))

async function bundled(entry) {
  const { outputFiles } = await build({
    entryPoints: [here(entry)],
    bundle: true,
    minify: true,
    write: false,
    format: 'iife',
    target: 'es2022',
    legalComments: 'none',
    tsconfig: here('tsconfig.json'),
  })
  return outputFiles[0].text.trim()
}

/** What CSP calls an inline script or style. */
const hashed = (text) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`

/** `worker` is packed: the page starts it from a Blob, and it is most of the bytes. */
function page(script, style, worker) {
  const policy = [
    "default-src 'none'",
    `script-src ${hashed(script)}`,
    `style-src ${hashed(style)}`,
    'worker-src blob:',
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ')
  return [
    '<!doctype html>',
    '<html lang="en">',
    '<head>',
    '<meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="${policy}">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<title>vits explore</title>',
    `<style>${style}</style>`,
    '</head>',
    '<body>',
    '<div id="app"></div>',
    '<noscript>This page works out what it shows, and needs JavaScript for that.</noscript>',
    `<script type="text/plain" id="worker">${gzipSync(worker, { level: 9 }).toString('base64')}</script>`,
    '<!-- cases -->',
    `<script>${script}</script>`,
    '</body>',
    '</html>',
    '',
  ].join('\n')
}

const inScript = (text) => text.replaceAll('</script', '<\\/script').replaceAll('<!--', '<\\!--')

/** Writes both pages; that of reports also beside the program that puts cases into it. */
export async function pages() {
  const [view, style, anyFile, caseAlone] = await Promise.all(
    ['src/view/main.ts', 'src/view/style.css', 'src/worker/any-file.ts', 'src/worker/case-alone.ts'].map(bundled),
  )
  const report = page(inScript(view), style, caseAlone)
  write('dist/index.html', page(inScript(view), style, anyFile))
  write('dist/report.html', report)
  write('../cli/dist/report.html', report)
}

/** Replaces what has changed, at once: somebody may be reading it. */
function write(name, text) {
  const path = here(name)
  if (existsSync(path) && readFileSync(path, 'utf8') === text) return
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(`${path}.${process.pid}`, text)
  renameSync(`${path}.${process.pid}`, path)
}

if (import.meta.url === pathToFileURL(resolve(process.argv[1] ?? '')).href) await pages()
