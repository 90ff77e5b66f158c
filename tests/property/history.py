#!/usr/bin/env python3
"""W1 as a property: random histories, observer against oracle.

Each seed makes a homelab and a story of what arrives there between the runs
of an observer.  After each run the world must be, byte for byte, what the
oracle makes of what has been decided on.
"""

import argparse
import multiprocessing
import os
import shutil
import sys
import tempfile
import time
import traceback
from collections import Counter, namedtuple

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from compare import Failure                      # noqa: E402
from expectation import Disagreement, Meanings   # noqa: E402
from runner import Runner                        # noqa: E402
from shrink import shrink                        # noqa: E402
from steps import describe                       # noqa: E402
from story import Story                          # noqa: E402

Outcome = namedtuple("Outcome", "seed lines rules sizes")
Options = namedtuple("Options", "observer keep verbose shrink fail_fast")
RULES = tuple(
    "%s%d" % (letter, number)
    for letter, count in (("T", 5), ("E", 9), ("I", 6), ("F", 16), ("P", 7),
                          ("C", 4), ("W", 6))
    for number in range(1, count + 1))
# Not to be reached here: it takes a file no one may read, the real clock,
# or a state that someone else left behind; C3 and C4 have fixtures.
ELSEWHERE = ("T4", "E5", "C3", "C4")


def tell(seed, options):
    """Play one history, and say how it went."""
    rules = Counter()
    note = lambda rule: rules.update((rule,))
    story = Story(seed, Meanings(), note)
    place = os.path.join(options.keep, "seed-%d" % seed)
    shutil.rmtree(place, ignore_errors=True)
    runner = Runner(story, place, options.observer, note)
    lines = []
    try:
        runner.play(story.steps(runner.model))
    except Failure as failure:
        lines = report(failure, seed, story, runner, options)
    except Exception as error:
        lines = ["seed %d: %s: %s" % (seed, type(error).__name__, error)]
        if not isinstance(error, Disagreement):
            lines += traceback.format_exc().splitlines()
        lines.append("  tree: %s" % place)
    model = runner.model
    sizes = Counter(events=story.events, decided=len(model.decided),
                    unplaced=len(model.unplaced), rejected=len(model.rejected),
                    runs=runner.runs, steps=len(runner.played),
                    late=model.late, killed=runner.killed, shrunk=len(model.shrunk))
    sizes[story.style] += 1
    sizes["mode " + story.mode] += 1
    if not lines:
        shutil.rmtree(place)
    return Outcome(seed, lines, rules, sizes)


def report(failure, seed, story, runner, options):
    """What differs, where the tree is, how to run it again."""
    lines = ["seed %d (%s, %s, %s): run %d, %s" % (
        seed, story.style, story.mode, " ".join(story.options) or "no options",
        runner.runs, describe(runner.played[-1]))]
    lines += differences(failure)
    lines += ["  tree: %s" % runner.directory,
              "  again: tests/property/history.py --observer %s --seed %d "
              "--count 1 --shrink" % (options.observer, seed)]
    with open(os.path.join(runner.directory, "story"), "w",
              encoding="utf-8", errors="backslashreplace") as file:
        file.writelines(describe(step) + "\n" for step in runner.played)
        file.write("\n" + "\n".join(runner.log) + "\n")
    if options.shrink:
        lines += shrunk(failure, story, runner, options)
    return lines


def differences(failure):
    lines = []
    for d in failure.differences[:12]:
        lines.append("  %s: %s %s" % (d.what, d.file, d.pointer))
        if d.expected or d.got:
            lines += ["    expected %s" % d.expected, "    got      %s" % d.got]
    return lines


def shrunk(failure, story, runner, options):
    """The shortest story found that fails, and how."""
    place = runner.directory + "-shrunk"
    story.meanings.oracle_may_say = True
    found, kind = [], failure.kind()

    def fails(steps):
        # Whether a run is killed at the right moment is a matter of luck.
        tries = 5 if any(getattr(s, "how", "") == "kill" for s in steps) else 1
        return any(fails_once(steps) for _ in range(tries))

    def fails_once(steps):
        shutil.rmtree(place, ignore_errors=True)
        again = Runner(story, place, options.observer, lambda rule: None)
        try:
            again.play(steps)
        except Failure as its:
            if len(again.played) == len(steps) and its.kind() == kind:
                found[:] = [its]
                return True
        except Exception:
            pass
        return False

    if not fails(list(runner.played)):
        return ["  played again it doesn't fail: a matter of timing?"]
    steps = shrink(runner.played, fails, options.shrink)
    fails(steps)
    lines = ["  shrunk to %d steps, tree: %s" % (len(steps), place)]
    lines += ["    " + describe(step)[:2000] for step in steps]
    return lines + differences(found[0])


def memory():
    """Where trees are made fastest, unless the user says where."""
    fast = "/dev/shm"
    return None if "TMPDIR" in os.environ or not os.access(fast, os.W_OK) \
        else fast


def work(job):
    return tell(*job)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--observer", metavar="FILE")
    parser.add_argument("--no-observer", action="store_true",
                        help="the generator, the model and the oracle only")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1,
                        help="the first seed (default 1)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--keep", metavar="DIR",
                        help="where the trees of failed histories stay")
    parser.add_argument("--shrink", nargs="?", type=float, const=120.0,
                        metavar="SECONDS", help="shorten what fails")
    parser.add_argument("--fail-fast", action="store_true",
                        help="end at the first that fails")
    parser.add_argument("-v", "--verbose", action="store_true")
    arguments = parser.parse_args()
    if bool(arguments.observer) == arguments.no_observer:
        parser.error("either --observer FILE or --no-observer")
    if arguments.observer:
        arguments.observer = os.path.abspath(arguments.observer)
        if not os.access(arguments.observer, os.X_OK):
            parser.error("cannot execute %s" % arguments.observer)
    return arguments


def main():
    arguments = parse_arguments()
    keep = os.path.abspath(arguments.keep) if arguments.keep else \
        tempfile.mkdtemp(prefix="history.", dir=memory())
    options = Options(arguments.observer, keep, arguments.verbose,
                      arguments.shrink, arguments.fail_fast)
    jobs = [(seed, options) for seed in
            range(arguments.seed, arguments.seed + arguments.count)]
    started = time.monotonic()
    rules, sizes, failed = Counter(), Counter(), []
    with multiprocessing.Pool(max(1, min(arguments.jobs, len(jobs)))) as pool:
        for outcome in pool.imap_unordered(work, jobs):
            rules += outcome.rules
            sizes += outcome.sizes
            if outcome.lines:
                failed.append(outcome.seed)
                print("\n".join(outcome.lines), flush=True)
                if options.fail_fast:
                    break
            elif arguments.verbose:
                print("seed %d: %s" % (outcome.seed, "  ".join(
                    "%s %d" % item for item in sorted(outcome.sizes.items()))))
    if not failed and not arguments.keep:
        shutil.rmtree(keep)
    print("rules reached: " + "  ".join(
        "%s %d" % (rule, rules[rule]) for rule in RULES if rules[rule]))
    missed = [r for r in RULES if not rules[r] and r not in ELSEWHERE]
    if missed:
        print("rules not reached: " + " ".join(missed))
    if arguments.verbose:
        print("in all: " + "  ".join("%s %d" % i for i in sorted(sizes.items())))
    if failed:
        print("failed seeds: " + " ".join(str(seed) for seed in sorted(failed)))
    print("%.1f s" % (time.monotonic() - started))
    print("%d passed, %d failed" % (len(jobs) - len(failed), len(failed)))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
