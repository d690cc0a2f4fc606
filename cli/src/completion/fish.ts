import { type CompletedOption, commandNamed, commandNames, commandsBelow, globalOptions, type Value } from './completed.ts'

/** The completion of fish: a file vits.fish in ~/.config/fish/completions. */
export function fishCompletion(): string {
  const below = commandNames.flatMap((name) => commandsBelow(name).map(({ word }) => `${name} ${word}`))
  return `# fish completion for vits, as 'vits completion fish' prints it.

# Whether the command line is that of $argv: nothing for the program itself.
function __vits_is
    set -l command
    for word in (commandline -opc)[2..-1]
        switch "$command $word"
            case ${commandsBelow('')
              .map(({ word }) => `' ${word}'`)
              .join(' ')}
                set command $word
            case ${below.map((name) => `'${name}'`).join(' ')}
                set command "$command $word"
        end
    end
    test "$command" = "$argv"
end

# What is after the last comma of a list, with what is before it.
function __vits_list
    set -l before (string match -r '^.*,' -- (commandline -ct))
    printf "$before%s\\n" $argv
end

complete -c vits -f
${[...commandsBelow(''), { word: 'help', summary: 'display help for command' }].map((one) => nextWord('', one)).join('\n')}
${globalOptions.map((option) => optionLine('', option)).join('\n')}
${commandNames.map(commandLines).join('\n')}
`
}

function commandLines(name: string): string {
  const { options, word } = commandNamed(name)
  return [
    ...commandsBelow(name).map((one) => nextWord(name, one)),
    ...options.map((option) => optionLine(name, option)),
    ...(word === undefined ? [] : [`${begin(name)} ${taking(word)}`]),
  ].join('\n')
}

const begin = (name: string) => `complete -c vits -n '__vits_is${name === '' ? '' : ` ${name}`}'`

const nextWord = (name: string, { word, summary }: { readonly word: string; readonly summary: string }) =>
  `${begin(name)} -a ${word} -d ${quoted(summary)}`

function optionLine(name: string, { short, long, doc, value }: CompletedOption): string {
  const letters = short === undefined ? '' : ` -s ${short.slice(1)}`
  const takes = value === undefined ? '' : ` -x ${taking(value)}`
  return `${begin(name)}${letters} -l ${long.slice(2)}${takes.replace('-x -F', '-r -F')} -d ${quoted(doc)}`
}

/** Words, and paths where they may stand. */
function taking({ words, paths, isList }: Value): string {
  const list = words.join(' ')
  const offered = words.length === 0 ? '' : isList === true ? `-a '(__vits_list ${list})'` : `-a '${list}'`
  if (paths === 'folders') return "-a '(__fish_complete_directories)'"
  return [paths === 'files' ? '-F' : '', offered].filter((part) => part !== '').join(' ')
}

const quoted = (text: string) => `'${text.replace(/[\\']/g, '\\$&')}'`
