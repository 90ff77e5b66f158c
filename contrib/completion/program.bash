# shellcheck shell=bash
# bash completion for PROGRAM. All it knows it reads from the program's --help,
# so that it can't say anything else:
#
#	  --name ARGUMENT   an option, and by its name what its argument is
#	  word [COMMAND]    a word; with COMMAND a command follows it

# _homelab_row LINE: sets name, argument; fails where it's another line.
_homelab_row() {
	local row='^  (--[a-z][a-z-]*|[a-z][a-z0-9_-]*)( ([A-Z][A-Z0-9=]*))?  '

	[[ $1 =~ $row ]] || return 1
	name=${BASH_REMATCH[1]} argument=${BASH_REMATCH[3]}
}

# _homelab_argument NAME: what --help calls the argument of an option or word.
_homelab_argument() {
	local line name argument

	while IFS= read -r line; do
		_homelab_row "$line" && [[ $name = "$1" ]] && echo "$argument" && return
	done <<<"$help"
}

# _homelab_world DOCUMENT: the plain ones of its keys.
_homelab_world() {
	sed -n 's,^  "\([A-Za-z0-9._/-]*\)": {$,\1,p' \
		"${HOMELAB_ROOT:-/opt/homelab}/world/$1.json" 2>/dev/null
}

# _homelab_values ARGUMENT
_homelab_values() {
	case $1 in
	DIR) compgen -d -- "$word" ;;
	FILE) compgen -f -- "$word" ;;
	COMMAND) compgen -c -- "$word" ;;
	SEVERITY) printf '%s\n' info warning error critical ;;
	NODE) _homelab_world nodes ;;
	SERVICE) _homelab_world services | sed 's,.*/,,' ;;
	esac
}

# _homelab_names PATTERN: the options or the words.
_homelab_names() {
	local line name argument

	while IFS= read -r line; do
		# shellcheck disable=SC2053 # a pattern
		_homelab_row "$line" && [[ $name = $1 ]] && echo "$name"
	done <<<"$help"
}

# _homelab_offer: those lines that begin with what is typed.
_homelab_offer() {
	local line

	while IFS= read -r line; do
		[[ $line = "$word"* ]] && COMPREPLY+=("$line")
	done < <(sort -u)
}

# The word that isn't an option's, as `run`, and how many follow it.
_homelab_place() {
	local i

	first='' more=0
	for ((i = 1; i < COMP_CWORD; i++)); do
		if [[ -n $first && ${COMP_WORDS[i]} = -- ]]; then
			((more = COMP_CWORD - i - 1, ended = 1))
			return
		elif [[ ${COMP_WORDS[i]} = --* && ${COMP_WORDS[i + 1]} = '=' ]]; then
			((i += 2))
		elif [[ ${COMP_WORDS[i]} = --* ]]; then
			[[ -z $(_homelab_argument "${COMP_WORDS[i]}") ]] || ((i++))
		elif [[ -z $first ]]; then
			first=${COMP_WORDS[i]}
		else
			((more = COMP_CWORD - i))
			return
		fi
	done
}

_homelab() {
	local word=$2 previous=$3 help first more ended=0 argument

	help=$("${1/#\~/$HOME}" --help 2>/dev/null </dev/null)
	if [[ $word = '=' ]]; then
		word=''
	elif [[ $previous = '=' ]]; then
		previous=${COMP_WORDS[COMP_CWORD - 2]}
	fi
	COMPREPLY=()
	_homelab_place
	argument=$(_homelab_argument "$previous")
	if ((more > 0)); then
		compopt -o default 2>/dev/null
		return
	elif [[ $ended = 0 && $previous = --* && -n $argument ]]; then
		[[ $argument != DIR && $argument != FILE ]] || compopt -o filenames 2>/dev/null
		_homelab_offer < <(_homelab_values "$argument")
	elif [[ $ended = 0 && $word = -* ]]; then
		_homelab_offer < <(_homelab_names '--*')
	elif [[ -z $first ]]; then
		_homelab_offer < <(_homelab_names '[a-z]*')
	else
		_homelab_offer < <(_homelab_values "$(_homelab_argument "$first")")
	fi
}

complete -F _homelab PROGRAM
