// `npm run test:browser`: the pages of the explorer in a real browser, Debian's chromium, which is installed where it is not there.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { pages } from '../explorer/build.mjs'

const chromium = process.env.CHROMIUM ?? '/usr/bin/chromium'

if (!existsSync(chromium)) {
  process.stderr.write(`${chromium} is not there; installing it with apt ...\n`)
  const apt = (...words) => spawnSync('apt-get', ['-qq', ...words], { stdio: ['ignore', 2, 2] }).status === 0
  if (!apt('update') || !apt('install', '-y', '--no-install-recommends', 'chromium')) {
    process.stderr.write('It cannot be installed here: install chromium, or name one with CHROMIUM=PATH.\n')
    process.exit(1)
  }
}
await pages()
const words = ['run', '--config', 'vitest.browser.config.ts', ...process.argv.slice(2)]
const { status } = spawnSync('node_modules/.bin/vitest', words, { stdio: 'inherit' })
process.exit(status ?? 1)
