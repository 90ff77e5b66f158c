#!/usr/bin/env python3
"""Change the sources, one place at a time, and see whether the tests notice.

A mutant is killed when a test fails, crashes or takes far too long. One that no test kills is a
survivor: it wants a test, or, where it can't make a difference, an entry in `equivalent` that says
why. What was found out is kept in build/mutants/results.jsonl, so that only what has changed since
is tried again. Ends with 1 where something survives or an entry of `equivalent` is stale.

places.py says what is changed, tables.py where, and which tests are run.
"""

import argparse
import collections
import concurrent.futures
import glob
import pathlib
import random
import shlex
import sys
import time

sys.dont_write_bytecode = True

import equivalents  # noqa: E402
import places       # noqa: E402
import results      # noqa: E402
import tables       # noqa: E402
import trial        # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
Mutant = collections.namedtuple("Mutant", "group place source text")


def find_mutants(files, groups, compiler, plain):
    """Of the files and groups named, or of all in the table."""
    found = []
    for group in tables.GROUPS:
        if groups and group.name not in groups:
            continue
        if not trial.can_be_tried(group, plain):
            print("left out, since its tests aren't built: %s" % group.name)
            continue
        for path in sorted(name for pattern in group.sources for name in glob.glob(pattern)):
            if files and path not in files:
                continue
            source, all_places = places.find(path, compiler, group.kinds)
            found += [Mutant(group, place, source[:place.start] + place.new + source[place.end:],
                             places.mutation(place, source)) for place in all_places]
    return found


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--build", default="build/mutants", metavar="DIR", type=pathlib.Path,
                        help="its plain/ holds the objects of the program and the tests")
    parser.add_argument("--flags", required=True, type=shlex.split, help="for the compilers")
    parser.add_argument("--libraries", required=True, type=shlex.split)
    parser.add_argument("--jobs", "-j", type=int, default=1)
    parser.add_argument("--sample", type=int, metavar="N", help="N of them, by chance")
    parser.add_argument("--seed", type=int, default=1, help="of the sample")
    parser.add_argument("--group", action="append", default=[],
                        choices=[group.name for group in tables.GROUPS])
    parser.add_argument("--only", metavar="PATTERN", help="of the tests those of such names")
    parser.add_argument("--list", action="store_true", help="only say what would be tried")
    parser.add_argument("--show-equivalent", action="store_true",
                        help="try what is listed as equivalent, too")
    parser.add_argument("files", nargs="*", metavar="FILE")
    return parser.parse_args()


def choose(mutants, known, arguments):
    """Those to be tried."""
    chosen = [mutant for mutant in mutants
              if arguments.show_equivalent or not known.covers(mutant.place, mutant.text)]
    if arguments.sample is not None and arguments.sample < len(chosen):
        chosen = random.Random(arguments.seed).sample(chosen, arguments.sample)
    return chosen


def try_all(chosen, arguments):
    """[(mutant, outcome)], and it is said while it goes on."""
    kept = results.Results(arguments.build / "results.jsonl", arguments.only)
    found = [(mutant, kept.find(mutant)) for mutant in chosen]
    left = [mutant for mutant, outcome in found if outcome is None]
    found = [(mutant, outcome) for mutant, outcome in found if outcome]
    print("%d mutants, %d known from before" % (len(chosen), len(found)), flush=True)
    if not left:
        return found
    with trial.Bench(arguments.build / "plain", arguments.flags, arguments.libraries,
                     arguments.only) as bench:
        bench.measure({mutant.group.name: mutant.group for mutant in left}.values())
        for mutant, outcome in in_parallel(bench.attempt, left, arguments.jobs):
            kept.add(mutant, outcome)
            found.append((mutant, outcome))
            if outcome.how == "survived":
                show(mutant)
    return found


def in_parallel(attempt, mutants, jobs):
    pool = concurrent.futures.ThreadPoolExecutor(jobs)
    try:
        yield from pool.map(lambda mutant: (mutant, attempt(mutant)), mutants)
    finally:
        pool.shutdown(cancel_futures=True)


def show(mutant):
    """As `equivalent` has it."""
    place = mutant.place
    print("\n# %s:%d: %s" % (place.file, place.line, place.kind))
    print("%s %s" % (place.file, place.function or "-"))
    print("> %s\n%s" % (place.text, mutant.text), flush=True)


def report(mutants, known, found, stale):
    outcomes = {}
    for mutant, outcome in found:
        outcomes.setdefault(mutant.place.file, collections.Counter())[outcome.how] += 1
    listed = collections.Counter(mutant.place.file for mutant in mutants
                                 if known.covers(mutant.place, mutant.text))
    print("\n%-32s %7s %7s %7s %10s %9s" % ("", "tried", "killed", "broken", "equivalent",
                                            "surviving"))
    rows = [(name, outcomes.get(name, {}), listed[name])
            for name in dict.fromkeys(mutant.place.file for mutant in mutants)]
    total = sum((counts for _, counts, _ in rows if counts), collections.Counter())
    for name, counts, equivalent in [*rows, ("all", total, sum(listed.values()))]:
        numbers = [counts.get(how, 0) for how in ("killed", "broken", "survived")]
        print("%-32s %7d %7d %7d %10d %9d" % (name, sum(numbers) - numbers[1], numbers[0],
                                              numbers[1], equivalent, numbers[2]))
    for entry in stale:
        print("stale: %s" % entry)
    print("%d passed, %d failed" % (total["killed"], total["survived"] + len(stale)))
    return 1 if total["survived"] or stale else 0


def main():
    arguments = parse_arguments()
    started = time.monotonic()
    mutants = find_mutants(arguments.files, arguments.group, ["clang", *arguments.flags],
                           arguments.build / "plain")
    known = equivalents.Equivalents(HERE / "equivalent")
    stale = [] if arguments.group else known.stale(mutants, arguments.files)
    chosen = choose(mutants, known, arguments)
    if arguments.list:
        for mutant in chosen:
            show(mutant)
        return 0
    found = try_all(chosen, arguments)
    print("\nsurvivors:")
    for mutant, outcome in found:
        if outcome.how == "survived":
            show(mutant)
    print("\n%.0f s" % (time.monotonic() - started))
    return report(mutants, known, found, stale)


if __name__ == "__main__":
    sys.exit(main())
