"""The mutants that can't make a difference, and why: the file `equivalent`.

    FILE FUNCTION
    > the line of the source it stands in
    WHAT WAS => WHAT IS
    reason, on any number of lines

An empty line between entries. Several lines `was => is` share a reason, and so may several lines
of the source; a function is - outside of all. Lines that start with # say what they say.
"""

import collections

Entry = collections.namedtuple("Entry", "file function line mutation reason")


class Equivalents:
    def __init__(self, path):
        text = path.read_text() if path.is_file() else ""
        self.entries = [entry for block in text.split("\n\n") for entry in entries(block)]
        self.keys = {entry[:4] for entry in self.entries}

    def covers(self, place, mutation):
        return key(place, mutation) in self.keys

    def stale(self, mutants, files):
        """Entries of the files looked at that match nothing."""
        there = {key(mutant.place, mutant.text) for mutant in mutants}
        return ["%s %s: %s: %s" % entry[:4] for entry in self.entries
                if entry[:4] not in there and (not files or entry.file in files)]


def key(place, mutation):
    return place.file, place.function or "-", place.text, mutation


def entries(block):
    lines = [line for line in block.splitlines() if line and not line.startswith("#")]
    if not lines:
        return
    file, function = lines[0].split()
    line, mutations, reason = None, [], []
    for text in lines[1:]:
        if text.startswith("> "):
            line = text[2:]
        elif " => " in text:
            mutations.append((line, text))
        else:
            reason.append(text)
    if not mutations or not reason:
        raise SystemExit("mutants: error: an entry without mutation or reason: %s" % lines[0])
    for line, mutation in mutations:
        yield Entry(file, function, line, mutation, " ".join(reason))
