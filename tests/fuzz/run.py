"""Runs the fuzz targets under libFuzzer and AFL++, and says what they found.

    python3 tests/fuzz/run.py --build build/fuzz [--seconds 40] [--engine afl] TARGET...

Each engine starts from tests/fuzz/corpus/TARGET and keeps what it adds below
BUILD/found, from where a later run goes on. A crash, a leak or a hang makes it
fail; its input is named, and how to run it again. As a regression it belongs
into the corpus, which `make check` runs.
"""
import argparse
import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

TOP = pathlib.Path(__file__).resolve().parents[2]
HERE = TOP / 'tests/fuzz'
LIMIT_MIB = 2048
HANG_SECONDS = 20
GRACE_SECONDS = 120
CRASHES_SHOWN = 5
AFL_ENVIRONMENT = {
    'AFL_NO_UI': '1', 'AFL_NO_AFFINITY': '1', 'AFL_SKIP_CPUFREQ': '1', 'AFL_AUTORESUME': '1',
    'AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES': '1',
    'ASAN_OPTIONS': 'abort_on_error=1:symbolize=0:detect_leaks=0',
    'UBSAN_OPTIONS': 'abort_on_error=1:halt_on_error=1:symbolize=0'}


class Job:
    """One target under one engine; afterwards its figures and crashes."""

    def __init__(self, engine, target, options):
        self.engine, self.target = engine, target
        self.program = options.build / engine / 'fuzz' / target
        self.seconds = options.seconds
        self.corpus = HERE / 'corpus' / target
        self.found = options.build / 'found' / engine / target
        self.found.mkdir(parents=True, exist_ok=True)
        dictionary = HERE / (target + '.dict')
        self.dictionary = dictionary if dictionary.exists() else None
        self.figures, self.crashes, self.error = {}, [], None

    def run(self, scratch):
        folder = tempfile.mkdtemp(dir=scratch)
        try:
            run_libfuzzer(self, folder) if self.engine == 'libfuzzer' else run_afl(self, folder)
        except (OSError, subprocess.SubprocessError, ValueError) as error:
            self.error = str(error)
        return self


def execute(job, command, folder, **environment):
    with open(job.found.with_suffix('.log'), 'w') as log:
        return subprocess.run(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                              timeout=job.seconds + GRACE_SECONDS,
                              env=dict(os.environ, TMPDIR=folder, **environment)).returncode


def run_libfuzzer(job, folder):
    crashes = job.found.with_name(job.target + '.crashes')
    crashes.mkdir(exist_ok=True)
    command = [job.program, '-max_total_time=%d' % job.seconds, '-timeout=%d' % HANG_SECONDS,
               '-rss_limit_mb=%d' % LIMIT_MIB, '-print_final_stats=1', '-close_fd_mask=2',
               '-artifact_prefix=%s/' % crashes, job.found, job.corpus]
    if job.dictionary:
        command.insert(1, '-dict=%s' % job.dictionary)
    status = execute(job, command, folder)
    log = job.found.with_suffix('.log').read_text(errors='replace')
    coverage = re.findall(r'cov: (\d+) ft: (\d+)', log) or [('0', '0')]
    figures = dict(re.findall(r'stat::(\w+): +(\d+)', log))
    job.figures = {'runs': int(figures.get('number_of_executed_units', 0)),
                   'rate': int(figures.get('average_exec_per_sec', 0)),
                   'edges': int(coverage[-1][0]), 'features': int(coverage[-1][1]),
                   'corpus': len(list(job.found.iterdir()))}
    job.crashes = sorted(crashes.iterdir())
    if status != 0 and not job.crashes:
        job.error = 'ended with %d, see %s' % (status, job.found.with_suffix('.log'))


def run_afl(job, folder):
    command = ['afl-fuzz', '-i', job.corpus, '-o', job.found, '-V', str(job.seconds), '-m', 'none',
               '-t', str(1000 * HANG_SECONDS), '--', job.program]
    if job.dictionary:
        command[1:1] = ['-x', job.dictionary]
    status = execute(job, command, folder, **AFL_ENVIRONMENT)
    stats = job.found / 'default/fuzzer_stats'
    if status != 0 or not stats.exists():
        job.error = 'ended with %d, see %s' % (status, job.found.with_suffix('.log'))
        return
    figures = dict(re.findall(r'(\w+) *: ([\d.]+)', stats.read_text()))
    job.figures = {'runs': int(figures['execs_done']), 'rate': int(float(figures['execs_per_sec'])),
                   'edges': int(figures['edges_found']), 'features': 0,
                   'corpus': int(figures['corpus_count'])}
    job.crashes = sorted(p for kind in ('crashes', 'hangs')
                         for p in (job.found / 'default' / kind).glob('id*'))


def report(job, options):
    if job.figures:
        print('%-9s %-10s %10d runs %7d/s %6d edges %6d features %5d inputs %d crashes' % (
            job.engine, job.target, job.figures['runs'], job.figures['rate'],
            job.figures['edges'], job.figures['features'], job.figures['corpus'],
            len(job.crashes)))
    for path in job.crashes[:CRASHES_SHOWN]:
        print('  %s\n  again: %s %s' % (path, options.build / 'plain/fuzz' / job.target, path))
    if job.error:
        print('%-9s %-10s %s' % (job.engine, job.target, job.error))
    sys.stdout.flush()
    return not job.crashes and not job.error


def parse():
    parser = argparse.ArgumentParser()
    parser.add_argument('--build', type=pathlib.Path, required=True)
    parser.add_argument('--seconds', type=int, default=40)
    parser.add_argument('--engine', choices=('libfuzzer', 'afl'), action='append')
    parser.add_argument('--jobs', type=int, default=2)
    parser.add_argument('targets', nargs='+')
    options = parser.parse_args()
    options.build = options.build.resolve()
    return options


def main():
    options = parse()
    jobs = [Job(engine, target, options) for target in options.targets
            for engine in options.engine or ('libfuzzer', 'afl')]
    base = '/dev/shm' if os.access('/dev/shm', os.W_OK | os.X_OK) else None
    scratch = tempfile.mkdtemp(prefix='homelab-fuzz-', dir=base)
    try:
        with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
            passed = [report(job, options) for job in pool.map(lambda j: j.run(scratch), jobs)]
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    print('%d passed, %d failed' % (passed.count(True), passed.count(False)))
    return 0 if all(passed) else 1


if __name__ == '__main__':
    sys.exit(main())
