#compdef PROGRAM
# zsh completion for PROGRAM. All it knows it reads from the program's --help, so
# that it can't say anything else:
#
#	  --name ARGUMENT   an option, and by its name what its argument is
#	  word [COMMAND]    a word; with COMMAND a command follows it

# _homelab_world DOCUMENT: the plain ones of its keys.
_homelab_world() {
	sed -n 's,^  "\([A-Za-z0-9._/-]*\)": {$,\1,p' \
		${HOMELAB_ROOT:-/opt/homelab}/world/$1.json 2>/dev/null
}

_homelab_nodes() {
	compadd -- ${(f)"$(_homelab_world nodes)"}
}

_homelab_services() {
	compadd -- ${${(f)"$(_homelab_world services)"}##*/}
}

_homelab() {
	local line state
	local -a match mbegin mend specs things
	local -A values=(DIR _directories FILE _files NODE _homelab_nodes
		SERVICE _homelab_services SEVERITY '(info warning error critical)')
	local row='^  (--[a-z][a-z-]*|[a-z][a-z0-9_-]*)( ([A-Z][A-Z0-9=]*))?  +(.*)$'

	for line in ${(f)"$(_call_program options $words[1] --help 2>/dev/null)"}; do
		[[ $line =~ $row ]] || continue
		if [[ $match[1] = --* ]]; then
			specs+=("*$match[1]${match[3]:+=}[${match[4]//[\[\]]/ }]${match[3]:+:$match[3]:${values[$match[3]]:- }}")
		else
			things+=("$match[1]:${match[4]//:/\\:}")
		fi
	done
	(($#things == 0)) || specs+=('1: :->thing' '*:::command:_normal')
	_arguments -S $specs || [[ $state != thing ]] || _describe word things
}

_homelab "$@"
