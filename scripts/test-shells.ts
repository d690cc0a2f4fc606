// Has real shells complete command lines of vits, man read its pages, and a real terminal show its reports: what `npm test` cannot where they are not installed.
import { spawnSync } from 'node:child_process'

/** The programs that are asked, each with its package in Debian. */
const programs = {
  bash: 'bash',
  zsh: 'zsh',
  fish: 'fish',
  script: 'bsdutils',
  man: 'man-db',
  groff: 'groff',
  mandoc: 'mandoc',
  tmux: 'tmux',
} as const

const isThere = (program: string) => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0
const missing = Object.entries(programs).flatMap(([program, name]) => (isThere(program) ? [] : [name]))

if (missing.length > 0) {
  const install = ['install', '-y', '--no-install-recommends', ...missing]
  const isRoot = process.getuid?.() === 0
  if (!isRoot || !isThere('apt-get')) {
    process.stderr.write(`These must be installed first: ${missing.join(', ')}\n`)
    process.exit(1)
  }
  const run = (args: readonly string[]) => spawnSync('apt-get', ['-qq', ...args], { stdio: 'inherit' }).status
  if (run(install) !== 0 && (run(['update']) !== 0 || run(install) !== 0)) process.exit(1)
}

const { status } = spawnSync(
  'node_modules/.bin/vitest',
  ['run', '--config', 'vitest.shells.config.ts', ...process.argv.slice(2)],
  {
    stdio: 'inherit',
  },
)
process.exit(status ?? 1)
