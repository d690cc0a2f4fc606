import {
  type CompletedCommand,
  type CompletedOption,
  commandNamed,
  commandNames,
  commandsBelow,
  globalOptions,
  type Value,
} from './completed.ts'

/** The completion of zsh: a file `_vits` in a folder of $fpath, or read after compinit. */
export function zshCompletion(): string {
  const cases = commandNames.map((name) => commandNamed(name)).map(commandFunction)
  return `#compdef vits
# zsh completion for vits, as 'vits completion zsh' prints it.

${cases.join('\n')}
_vits_help() {
  _arguments '*:command:(${commandsBelow('')
    .map(({ word }) => word)
    .join(' ')})'
}

_vits() {
  local context state state_descr line
  typeset -A opt_args
  _arguments -C \\
${globalOptions.map((option) => `    ${optionSpec(option)} \\`).join('\n')}
    '1:command:->command' \\
    '*::argument:->argument' && return
  case $state in
    command)
      local -a commands
      commands=(
${[...commandsBelow(''), { word: 'help', summary: 'display help for command' }].map((one) => `        ${described(one)}`).join('\n')}
      )
      _describe -t commands command commands
      ;;
    argument)
      local name=_vits_\${words[1]}
      (( $+functions[$name] )) && $name
      ;;
  esac
}

if [[ $funcstack[1] == _vits ]]; then
  _vits "$@"
else
  compdef _vits vits
fi
`
}

/** A function for each command; one that is above others hands over to them. */
function commandFunction({ name, options, word }: CompletedCommand): string {
  const below = commandsBelow(name)
  const specs = [...options.map(optionSpec), ...(word === undefined ? [] : [quoted(`*:${word.name}:${action(word)}`)])]
  const lower =
    below.length === 0
      ? []
      : [
          `  if (( CURRENT > 2 )) && (( $+functions[_vits_${name}_$words[2]] )); then`,
          '    local lower=$words[2]',
          '    shift words',
          '    (( CURRENT-- ))',
          `    _vits_${name}_$lower`,
          '    return',
          '  fi',
        ]
  const nested = below.length === 0 ? [] : [quoted(`1:command:(${below.map((one) => one.word).join(' ')})`)]
  return [
    `_vits_${name.replace(' ', '_')}() {`,
    ...lower,
    '  _arguments -s \\',
    [...specs, ...nested].map((spec) => `    ${spec}`).join(' \\\n'),
    '}',
    '',
  ].join('\n')
}

function optionSpec({ short, long, doc, value }: CompletedOption): string {
  // An option that takes one word of a list, or a path, may come again; zsh need not know.
  const takes = value === undefined ? '' : `:${value.name.replaceAll(':', '')}:${action(value)}`
  const text = `[${doc.replace(/[[\]\\]/g, '\\$&')}]${takes}`
  if (short === undefined) return quoted(`*${value === undefined ? long : `${long}=`}${text}`)
  return `'*'{${value === undefined ? `${short},${long}` : `${short}+,${long}=`}}${quoted(text)}`
}

function action({ words, paths, isList }: Value): string {
  const list = words.join(' ')
  if (isList === true) return `_sequence compadd - ${list}`
  if (words.length > 0 && paths !== undefined) return `_alternative "words:word:(${list})" "files:file:_files"`
  if (words.length > 0) return `(${list})`
  return paths === undefined ? ' ' : paths === 'files' ? '_files' : '_files -/'
}

const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`

const described = ({ word, summary }: { readonly word: string; readonly summary: string }) =>
  quoted(`${word}:${summary.replaceAll(':', '\\:')}`)
