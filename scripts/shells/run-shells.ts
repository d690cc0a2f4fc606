import { spawnSync } from 'node:child_process'
import type { Shell } from '../../cli/src/completion/completed.ts'

/** What a shell offers at the end of each line, as one finds it who presses the key in a terminal. */
export type Offered = readonly (readonly string[])[]

/** bash and zsh insert all they would offer, run that, and `vits` prints what it is given. */
const printing = `vits() { printf '=>'; printf ' %s' "$@"; printf '\\n'; }`

/** Begins a shell without anybody's settings, in `folder`, with `script` read. */
const sessions: Readonly<
  Record<Shell, (script: string, lines: readonly string[]) => { readonly argv: string[]; readonly input: string }>
> = {
  bash: (script, lines) => ({
    argv: ['bash', '--norc', '--noprofile', '-i'],
    input: [
      printing,
      `source '${script}'`,
      `bind '"\\C-xa": insert-completions'`,
      `bind 'set completion-query-items 0'`,
      ...lines.map((line) => `${line}\x18a`),
      'exit',
      '',
    ].join('\n'),
  }),
  zsh: (script, lines) => ({
    argv: ['zsh', '-f', '-i'],
    input: [
      printing,
      'unsetopt prompt_sp prompt_cr; PROMPT=',
      'autoload -Uz compinit && compinit -u -D',
      `source '${script}'`,
      "zstyle ':completion:every:*' completer _all_matches _complete",
      "zstyle ':completion:every:*' insert true",
      'zle -C every complete-word _generic',
      "bindkey '^Xa' every",
      ...lines.map((line) => `${line}\x18a`),
      'exit',
      '',
    ].join('\n'),
  }),
  fish: (script, lines) => ({
    argv: [
      'fish',
      '--no-config',
      '-c',
      [`source '${script}'`, ...lines.map((line) => `echo '=>' (complete -C'${line}' | string split -f1 \\t)`)].join('\n'),
    ],
    input: '',
  }),
}

/** Asks one shell, in a terminal of its own, what it offers at the end of each line. */
export function offeredBy(shell: Shell, script: string, folder: string, lines: readonly string[]): Offered {
  const { argv, input } = sessions[shell](script, lines)
  const [command, args] = shell === 'fish' ? [argv[0]!, argv.slice(1)] : ['script', ['-qec', argv.join(' '), '/dev/null']]
  const env = { PATH: process.env['PATH'], HOME: folder, TERM: 'dumb', LC_ALL: 'C.UTF-8', PS1: '', COLUMNS: '2000' }
  const { stdout, stderr, error } = spawnSync(command, args, { cwd: folder, input, encoding: 'utf8', env, timeout: 60_000 })
  if (error !== undefined) throw error
  const found = stdout.split(/\r?\n/).flatMap((line) => /(?:^|\r)=> ?(.*)$/.exec(line)?.[1] ?? [])
  if (found.length !== lines.length)
    throw new Error(`${shell} answered ${found.length} of ${lines.length} lines:\n${stdout}\n${stderr}`)
  return found.map((line) =>
    line
      .trim()
      .split(/ +/)
      .filter((word) => word !== ''),
  )
}
