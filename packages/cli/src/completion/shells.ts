import type { ShellCommand, ShellFlag } from './shell-table.ts'

/** The completion of each shell, as a script that it reads. */
export const shells = { bash, zsh, fish, powershell } as const satisfies Record<
  string,
  (table: readonly ShellCommand[]) => string
>

export type ShellName = keyof typeof shells

/** The first words, and what may follow those that name a group. */
function firstWords(table: readonly ShellCommand[]): string[] {
  return table.map(({ name }) => name).filter((name) => !name.includes(' '))
}

function membersOf(table: readonly ShellCommand[], group: string): string[] {
  return table
    .map(({ name }) => name)
    .filter((name) => name.startsWith(`${group} `))
    .map((name) => name.slice(group.length + 1))
}

/** Between single quotes, for every shell that is one of the Bourne family. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}

function bash(table: readonly ShellCommand[]): string {
  const cases = table.map(({ name, flags, words, takesFiles }) => {
    const values = flags
      .filter(({ takesValue }) => takesValue)
      .map((flag) => `        ${flag.names.join('|')}) ${bashValue(flag)} ;;`)
    const members = membersOf(table, name)
    return [
      `    ${quoted(name)})`,
      '      case "$previous" in',
      ...values,
      `        *) words=${quoted([...flags.flatMap(({ names }) => names), ...words, ...members].join(' '))}; files=${takesFiles ? 1 : 0} ;;`,
      '      esac ;;',
    ].join('\n')
  })
  return `# bash completion for deltawire. Add to ~/.bashrc: eval "$(deltawire completion bash)"
_deltawire() {
  local current previous command words files word two
  current="\${COMP_WORDS[COMP_CWORD]}"
  previous="\${COMP_WORDS[COMP_CWORD-1]}"
  # bash takes a colon for the end of a word: demo:text is three.
  if [[ $COMP_WORDBREAKS == *:* && $COMP_CWORD -gt 1 ]]; then
    if [[ $current == : ]]; then current="$previous:"; previous="\${COMP_WORDS[COMP_CWORD-2]}"
    elif [[ $previous == : ]]; then current="\${COMP_WORDS[COMP_CWORD-2]}:$current"; previous="\${COMP_WORDS[COMP_CWORD-3]}"
    fi
  fi
  command=''
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in -*) ;; *)
      if [[ -z $command ]]; then command="$word"
      else two="$command $word"; case "$two" in ${[
        ...table
          .map(({ name }) => name)
          .filter((name) => name.includes(' '))
          .map(quoted),
        "''",
      ].join('|')}) command="$two" ;; esac; break
      fi ;;
    esac
  done
  files=0
  case "$command" in
${cases.join('\n')}
    *) words=${quoted([...firstWords(table), '--help', '--version'].join(' '))} ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  if [[ $files == 1 ]]; then COMPREPLY+=($(compgen -f -- "$current")); fi
  if [[ $current == *:* && $COMP_WORDBREAKS == *:* ]]; then COMPREPLY=("\${COMPREPLY[@]#"\${current%:*}:"}"); fi
}
complete -o filenames -F _deltawire deltawire
`
}

function bashValue({ words, takesFile }: ShellFlag): string {
  return `words=${quoted(words.join(' '))}; files=${takesFile ? 1 : 0}`
}

function zsh(table: readonly ShellCommand[]): string {
  const described = (entries: readonly (readonly [string, string])[]) =>
    entries.map(([name, about]) => quoted(`${name.replaceAll(':', '\\:')}:${about.replaceAll(':', ' ')}`)).join(' ')
  const cases = table.map(({ name, flags, words, takesFiles }) => {
    const members = table.filter((one) => one.name.startsWith(`${name} `))
    const values = flags
      .filter(({ takesValue }) => takesValue)
      .map(
        (flag) =>
          `        ${flag.names.join('|')}) ${flag.takesFile ? '_files' : `compadd -- ${flag.words.map(quoted).join(' ')}`}; return ;;`,
      )
    return [
      `    ${quoted(name)})`,
      '      case "$words[CURRENT-1]" in',
      ...values,
      '      esac',
      `      entries=(${described(flags.flatMap(({ names, about }) => names.map((one) => [one, about] as const)))})`,
      `      if [[ $PREFIX == -* ]]; then _describe flag entries; return; fi`,
      members.length === 0
        ? ''
        : `      entries=(${described(members.map((one) => [one.name.slice(name.length + 1), one.summary]))}); _describe command entries`,
      words.length === 0 ? '' : `      compadd -- ${words.map(quoted).join(' ')}`,
      takesFiles ? '      _files' : '',
      '      ;;',
    ]
      .filter((line) => line !== '')
      .join('\n')
  })
  const main = table.filter(({ name }) => !name.includes(' '))
  return `#compdef deltawire
# zsh completion for deltawire. Write it to a folder of $fpath: deltawire completion zsh > ~/.zsh/completions/_deltawire
_deltawire() {
  local -a entries
  local command word
  for word in \${words[2,CURRENT-1]}; do
    [[ $word == -* ]] && continue
    if [[ -z $command ]]; then command=$word
    else case "$command $word" in (${[
      ...table
        .map(({ name }) => name)
        .filter((name) => name.includes(' '))
        .map(quoted),
      "''",
    ].join('|')}) command="$command $word" ;; esac; break
    fi
  done
  case "$command" in
${cases.join('\n')}
    *)
      entries=(${described(main.map(({ name, summary }) => [name, summary]))})
      _describe command entries
      ;;
  esac
}
if [[ $funcstack[1] == _deltawire ]]; then _deltawire "$@"; else compdef _deltawire deltawire; fi
`
}

function fish(table: readonly ShellCommand[]): string {
  const text = (given: string) => `'${given.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
  const main = table.filter(({ name }) => !name.includes(' '))
  const all = main.map(({ name }) => name).join(' ')
  const lines = main.map(
    ({ name, summary }) =>
      `complete -c deltawire -n ${text(`not __fish_seen_subcommand_from ${all}`)} -a ${text(name)} -d ${text(summary)}`,
  )
  for (const { name, flags, words, takesFiles } of table) {
    const [group = '', member] = name.split(' ')
    const seen =
      member === undefined
        ? `__fish_seen_subcommand_from ${group}`
        : `__fish_seen_subcommand_from ${group}; and __fish_seen_subcommand_from ${member}`
    const members = membersOf(table, name)
    if (members.length > 0) lines.push(`complete -c deltawire -n ${text(seen)} -a ${text(members.join(' '))}`)
    if (words.length > 0) lines.push(`complete -c deltawire -n ${text(seen)} -a ${text(words.join(' '))}`)
    if (takesFiles) lines.push(`complete -c deltawire -n ${text(seen)} -F`)
    for (const { names, about, takesValue, takesFile, words: values } of flags) {
      const spelled = names.map((one) => (one.startsWith('--') ? `-l ${one.slice(2)}` : `-s ${one.slice(1)}`)).join(' ')
      const value = takesFile
        ? ' -r -F'
        : takesValue
          ? ` -x${values.length === 0 ? '' : ` -a ${text(values.join(' '))}`}`
          : ''
      lines.push(`complete -c deltawire -n ${text(seen)} ${spelled}${value} -d ${text(about)}`)
    }
  }
  return `# fish completion for deltawire: deltawire completion fish > ~/.config/fish/completions/deltawire.fish
complete -c deltawire -f
${lines.join('\n')}
`
}

function powershell(table: readonly ShellCommand[]): string {
  const text = (given: string) => `'${given.replaceAll("'", "''")}'`
  const list = (items: readonly string[]) => `@(${items.map(text).join(', ')})`
  const entries = table.map(({ name, flags, words }) => {
    const values = flags
      .filter(({ words: given }) => given.length > 0)
      .flatMap(({ names, words: given }) => names.map((one) => `${text(one)} = ${list(given)}`))
    const all = [...membersOf(table, name), ...words, ...flags.flatMap(({ names }) => names)]
    return `    ${text(name)} = @{ Words = ${list(all)}; Values = @{ ${values.join('; ')} } }`
  })
  return `# PowerShell completion for deltawire. Add to $PROFILE: deltawire completion powershell | Out-String | Invoke-Expression
Register-ArgumentCompleter -Native -CommandName deltawire -ScriptBlock {
  param($wordToComplete, $commandAst, $cursorPosition)
  $table = @{
${entries.join('\n')}
  }
  $given = @($commandAst.CommandElements | Select-Object -Skip 1 | ForEach-Object { $_.ToString() } | Where-Object { $_ -ne $wordToComplete })
  $names = @($given | Where-Object { -not $_.StartsWith('-') })
  $command = if ($names.Count -gt 1 -and $table.ContainsKey("$($names[0]) $($names[1])")) { "$($names[0]) $($names[1])" } elseif ($names.Count -gt 0) { $names[0] } else { '' }
  $previous = if ($given.Count -gt 0) { $given[-1] } else { '' }
  $words = if (-not $table.ContainsKey($command)) { ${list([...firstWords(table), '--help', '--version'])} }
    elseif ($table[$command].Values.ContainsKey($previous)) { $table[$command].Values[$previous] }
    else { $table[$command].Words }
  $words | Where-Object { $_ -like "$wordToComplete*" } | ForEach-Object { [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_) }
}
`
}
