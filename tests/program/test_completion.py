"""Completion in real shells: what is offered is what the program's --help says.

A shell that isn't installed is skipped; bash always is.
"""
import os
import pathlib
import pty
import re
import select
import shutil
import subprocess
import tempfile
import unittest

TOP = pathlib.Path(__file__).resolve().parents[2]
BUILD = TOP / pathlib.Path(os.environ.get('OBSERVER', 'build/homelab-observer')).parent
PROGRAMS = re.search(r'^PROGRAMS = (.*)$', (TOP / 'Makefile').read_text(), re.M)[1].split()
SERVICES = '{\n  "nas/web": {\n  },\n  "nas/$(touch pwned)": {\n  },\n  "vps/db": {\n  }\n}\n'


def help_of(program):
    return subprocess.run([BUILD / program, '--help'], capture_output=True, text=True,
                          check=True).stdout


def options_of(program):
    return set(re.findall(r'^  (--[a-z-]+)', help_of(program), re.M))


def words_of(program):
    return set(re.findall(r'^  ([a-z][a-z0-9_-]*)', help_of(program), re.M))


class Shell:
    """What every shell has to offer; complete(line) gives the words it offers at its end."""

    def setUp(self):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix='completion-'))
        self.addCleanup(shutil.rmtree, self.root)
        (self.root / 'world').mkdir()
        (self.root / 'world/services.json').write_text(SERVICES)
        (self.root / 'world/nodes.json').write_text('{\n  "nas": {\n  },\n  "vps": {\n  }\n}\n')
        (self.root / 'a folder').mkdir()
        (self.root / 'a file').write_text('')
        self.environment = dict(os.environ, HOMELAB_ROOT=str(self.root), TERM='dumb', LC_ALL='C',
                                HOME=str(self.root), PATH='%s:%s' % (BUILD, os.environ['PATH']))

    def run_shell(self, *command):
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60,
                              cwd=self.root, env=self.environment, stdin=subprocess.DEVNULL)

    def test_options_are_those_of_help(self):
        for program in PROGRAMS:
            with self.subTest(program):
                self.assertGreater(len(options_of(program)), 5)
                self.assertEqual(self.complete(program + ' --'), options_of(program))

    def test_words_are_those_of_help(self):
        self.assertIn('service_unhealthy', words_of('homelab-event'))
        for program in PROGRAMS:
            if words_of(program):
                with self.subTest(program):
                    self.assertEqual(self.complete(program + ' '), words_of(program))
        self.assertEqual(self.complete('homelab-event service_'),
                         {'service_unhealthy', 'service_healthy', 'service_recovered',
                          'service_shutdown'})

    def test_arguments_are_what_the_option_takes(self):
        event = 'homelab-event x '
        self.assertEqual(self.complete(event + '--severity '),
                         {'info', 'warning', 'error', 'critical'})
        self.assertEqual(self.complete(event + '--node '), {'nas', 'vps'})
        self.assertEqual(self.complete(event + '--service '), {'web', 'db'})
        self.assertEqual(self.complete(event + '--service w'), {'web'})
        self.assertFalse((self.root / 'pwned').exists())

    def test_a_command_follows_run(self):
        tool = self.root / 'bin/deploy-tool'
        tool.parent.mkdir()
        tool.write_text('')
        tool.chmod(0o755)
        self.environment['PATH'] += ':%s' % tool.parent
        for line in ('homelab-event run --service web -- deploy-t',
                     'homelab-event run --service web deploy-t'):
            self.assertEqual(self.complete(line), {'deploy-tool'}, line)


class Bash(Shell, unittest.TestCase):
    def complete(self, line, after=''):
        """Calls the function that readline would, with what it would say."""
        words = line.split(' ')
        program = words[0]
        done = self.run_shell(
            'bash', '--noprofile', '--norc', '-c',
            'source "$1"; shift; program=$1; [[ $(complete -p $program) = *"-F _homelab $program" ]]'
            ' || exit 1; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1));'
            ' _homelab "$program" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}";'
            ' printf "%s\\n" "${COMPREPLY[@]}"',
            'bash', str(BUILD / 'completion/bash' / program), *words)
        return set(done.stdout.splitlines()) - {''}

    def test_an_equals_sign_is_a_word_to_readline(self):
        self.assertEqual(self.complete('homelab-event x --severity = w'), {'warning'})
        self.assertEqual(self.complete('homelab-event x --node ='), {'nas', 'vps'})
        self.assertEqual(self.complete('homelab-event --node = nas service_r'),
                         {'service_recovered'})

    def test_directories_and_files(self):
        self.assertEqual(self.complete('homelab-event x --root a'), {'a folder'})
        self.assertEqual(self.complete('homelab-event x --payload-json a'), {'a folder', 'a file'})

    def test_a_type_is_one(self):
        self.assertEqual(self.complete('homelab-event x '), set())


@unittest.skipUnless(shutil.which('fish'), 'no fish here')
class Fish(Shell, unittest.TestCase):
    def complete(self, line):
        program = line.split(' ')[0]
        self.environment['XDG_CONFIG_HOME'] = self.environment['XDG_DATA_HOME'] = str(self.root)
        done = self.run_shell('fish', '--no-config', '-c',
                              'source $argv[1]; complete -C $argv[2]',
                              str(BUILD / 'completion/fish' / (program + '.fish')), line)
        return {shown.split('\t')[0] for shown in done.stdout.splitlines()}


@unittest.skipUnless(shutil.which('zsh'), 'no zsh here')
class Zsh(Shell, unittest.TestCase):
    # Each match goes to a file, besides to the terminal.
    SETUP = """\
PS1='ready> '
unsetopt beep
fpath=(%s $fpath)
autoload -U compinit
compinit -u -D
compadd() {
    if [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\\ * ]]; then builtin compadd "$@"; return; fi
    typeset -a matches
    builtin compadd -A matches "$@"
    print -rl -- $matches >>matches
    builtin compadd "$@"
}
bindkey '^I' list-choices
"""

    def complete(self, line):
        """Asks for the choices at the end of a line typed into a terminal."""
        (self.root / 'setup').write_text(self.SETUP % (BUILD / 'completion/zsh'))
        (self.root / 'matches').write_text('')
        self.environment.update(COLUMNS='200', LINES='999')
        pid, terminal = pty.fork()
        if pid == 0:
            os.chdir(self.root)
            os.execvpe('zsh', ['zsh', '-f', '-i'], self.environment)
        try:
            self.say(terminal, 'source ./setup; print -n set; print up\n', r'setup\r\n(?s:.*)ready> ')
            # The line is deleted, not run.
            self.say(terminal, line + '\t\x15print -n do; print ne\n', r'done\r\n')
        finally:
            os.close(terminal)
            os.waitpid(pid, 0)
        return set((self.root / 'matches').read_text().split())

    @staticmethod
    def say(terminal, text, until):
        os.write(terminal, text.encode())
        shown = ''
        while not re.search(until, shown):
            if not select.select([terminal], [], [], 60)[0]:
                raise TimeoutError(shown)
            shown += os.read(terminal, 65536).decode(errors='replace')
        return shown


if __name__ == '__main__':
    unittest.main()
