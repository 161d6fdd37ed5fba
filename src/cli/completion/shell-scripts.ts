/** What a shell runs so that Tab asks tsstack; where nothing is offered, the shell offers files. */
export const shellScripts: Readonly<Record<string, string>> = {
  bash: `_tsstack() {
  local IFS=$'\\n'
  COMPREPLY=($(tsstack completion words -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _tsstack tsstack
`,
  zsh: `#compdef tsstack
_tsstack() {
  local -a candidates
  candidates=("\${(@f)$(tsstack completion words -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ -n $candidates[1] ]]; then compadd -a candidates; else _files; fi
}
compdef _tsstack tsstack
`,
  fish: `complete -c tsstack -a '(tsstack completion words -- (commandline -opc)[2..] (commandline -ct) 2>/dev/null)'
`,
};
