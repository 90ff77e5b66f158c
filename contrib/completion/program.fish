# fish completion for PROGRAM. All it knows it reads from the program's --help, so
# that it can't say anything else:
#
#	  --name ARGUMENT   an option, and by its name what its argument is
#	  word [COMMAND]    a word; with COMMAND a command follows it

# The plain ones of a document's keys.
function __homelab_world
    set -l root /opt/homelab
    set -q HOMELAB_ROOT; and set root $HOMELAB_ROOT
    sed -n 's,^  "\([A-Za-z0-9._/-]*\)": {$,\1,p' $root/world/$argv[1].json 2>/dev/null
end

function __homelab_values
    switch $argv[1]
        case DIR
            __fish_complete_directories (commandline -ct)
        case FILE
            __fish_complete_path (commandline -ct)
        case NODE
            __homelab_world nodes
        case SERVICE
            __homelab_world services | string replace -r '.*/' '' | sort -u
        case SEVERITY
            string split ' ' 'info warning error critical'
    end
end

complete -c PROGRAM -f
set -l with_argument
set -l before_command
for line in (PROGRAM --help 2>/dev/null </dev/null)
    set -l row (string match -r '^  (--|)([a-z][a-z0-9_-]*)((?: [A-Z][A-Z0-9=]*)?)  +(.*)$' -- $line)
    or continue
    set -l argument (string trim -- $row[4])
    if test -z "$row[2]"
        complete -c PROGRAM -n __fish_is_first_token -a $row[3] -d $row[5]
        test "$argument" = COMMAND; and set -a before_command $row[3]
    else if test -n "$argument"
        complete -c PROGRAM -l $row[3] -x -d $row[5] -a "(__homelab_values $argument)"
        set -a with_argument --$row[3]
    else
        complete -c PROGRAM -l $row[3] -d $row[5]
    end
end
for word in $before_command
    complete -c PROGRAM -n "__fish_seen_subcommand_from $word" -x \
        -a "(__fish_complete_subcommand --fcs-skip=2 -- $with_argument)"
end
