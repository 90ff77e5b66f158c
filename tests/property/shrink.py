"""Make a failing story short: drop steps and lines while it still fails."""

import time

from steps import Append, Run, Write


def shrink(story_steps, fails, seconds):
    """The shortest list of steps found in that time that fails(...) still."""
    until = time.monotonic() + seconds
    best = list(story_steps)

    def better(candidate):
        nonlocal best
        if time.monotonic() < until and candidate != best and fails(candidate):
            best = candidate
            return True
        return False

    again = True
    while again and time.monotonic() < until:
        again = _drop_chunks(lambda: best, better)
        again = _simplify_runs(lambda: best, better) or again
        again = _drop_lines(lambda: best, better) or again
    return best


def _drop_chunks(best, better):
    """Without some neighbours; the last step is the run that fails."""
    dropped, size = False, max(1, len(best()) // 2)
    while size:
        start = 0
        while start < len(best()) - 1:
            steps = best()
            end = min(start + size, len(steps) - 1)
            if better(steps[:start] + steps[end:]):
                dropped = True
            else:
                start += size
        size //= 2
    return dropped


def _simplify_runs(best, better):
    simpler = False
    for index, step in enumerate(best()):
        if not isinstance(step, Run):
            continue
        for change in ({"how": "plain"}, {"again": False}, {"verify": False},
                       {"copies": False}):
            steps = best()
            changed = steps[index]._replace(**change)
            if changed != steps[index]:
                simpler = better(steps[:index] + [changed] +
                                 steps[index + 1:]) or simpler
    return simpler


def _drop_lines(best, better):
    """Fewer lines in what is written to a .jsonl."""
    dropped = False
    for index, step in enumerate(best()):
        if not isinstance(step, (Write, Append)) or \
                not step.path.endswith(".jsonl"):
            continue
        size = max(1, step.data.count(b"\n") // 2)
        while size:
            at = 0
            while True:
                steps = best()
                lines = steps[index].data.splitlines(True)
                if at >= len(lines) or len(lines) < 2:
                    break
                fewer = b"".join(lines[:at] + lines[at + size:])
                changed = steps[index]._replace(data=fewer)
                if better(steps[:index] + [changed] + steps[index + 1:]):
                    dropped = True
                else:
                    at += size
            size //= 2
    return dropped

