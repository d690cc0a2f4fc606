import {
  type CompletedCommand,
  type CompletedOption,
  commandNamed,
  commandNames,
  commandsBelow,
  globalOptions,
  type Value,
} from './completed.ts'

/** The completion of bash, of 3.2 and later, with nothing else that must be installed. */
export function bashCompletion(): string {
  const below = commandNames.flatMap((name) => commandsBelow(name).map(({ word }) => `${name} ${word}`))
  return `# bash completion for vits, as 'vits completion bash' prints it.

# The words of $1 that begin with what is typed.
_vits_words() {
  COMPREPLY=($(compgen -W "$1" -- "$cur"))
}

# The same after the last comma of a list.
_vits_list() {
  local before=''
  [[ $cur == *,* ]] && before="\${cur%,*},"
  COMPREPLY=($(compgen -P "$before" -W "$1" -- "\${cur##*,}"))
  compopt -o nospace 2> /dev/null
}

# Paths beside what is there: -f for files, -d for folders.
_vits_paths() {
  local IFS=$'\\n'
  compopt -o filenames 2> /dev/null
  COMPREPLY+=($(compgen "$1" -- "$cur"))
}

_vits() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD - 1]} command='' i
  COMPREPLY=()
  # --view=guest comes as three words.
  if [[ $cur == '=' ]]; then
    cur=''
  elif [[ $prev == '=' ]]; then
    prev=\${COMP_WORDS[COMP_CWORD - 2]}
  fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$command \${COMP_WORDS[i]}" in
      ${commandsBelow('')
        .map(({ word }) => `' ${word}'`)
        .join(' | ')}) command=\${COMP_WORDS[i]} ;;
      ${below.map((name) => `'${name}'`).join(' | ')}) command+=" \${COMP_WORDS[i]}" ;;
    esac
  done
  case "$command" in
${commandNames.map((name) => commandCase(commandNamed(name))).join('\n')}
    *)
${offering(globalOptions, [...commandsBelow('').map(({ word }) => word), 'help'], undefined)
  .map((line) => `      ${line}`)
  .join('\n')}
      ;;
  esac
}

complete -F _vits vits
`
}

const optionNames = (options: readonly CompletedOption[]) =>
  options.flatMap(({ short, long }) => (short === undefined ? [long] : [short, long]))

function commandCase({ name, options, word }: CompletedCommand): string {
  const taking = options.flatMap(({ short, long, value }) =>
    value === undefined ? [] : [`        ${short === undefined ? long : `${short} | ${long}`}) ${completes(value)} ;;`],
  )
  const below = commandsBelow(name).map((one) => one.word)
  const rest = ['        *)', ...offering(options, below, word).map((line) => `          ${line}`), '          ;;']
  return [`    '${name}')`, '      case "$prev" in', ...taking, ...rest, '      esac', '      ;;'].join('\n')
}

/** What completes the value of an option. */
function completes({ words, paths, isList }: Value): string {
  if (paths !== undefined) return pathsOf(paths)
  return words.length === 0 ? ':' : `${isList === true ? '_vits_list' : '_vits_words'} '${words.join(' ')}'`
}

/** Options where one is begun, or where nothing else can stand. */
function offering(options: readonly CompletedOption[], below: readonly string[], word: Value | undefined): string[] {
  const named = `_vits_words '${optionNames(options).join(' ')}'`
  const words = [...below, ...(word?.words ?? [])]
  const others = [
    ...(words.length === 0 ? [] : [`_vits_words '${words.join(' ')}'`]),
    ...(word?.paths === undefined ? [] : [pathsOf(word.paths)]),
  ]
  return others.length === 0
    ? [named]
    : ['if [[ $cur == -* ]]; then', `  ${named}`, 'else', ...others.map((one) => `  ${one}`), 'fi']
}

const pathsOf = (paths: 'files' | 'folders') => `_vits_paths ${paths === 'files' ? '-f' : '-d'}`
