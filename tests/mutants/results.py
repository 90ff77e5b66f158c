"""What was found out, a line of JSON a mutant.

A mutant is its file's whole text. One that was killed stays killed; one that survived is tried
again as soon as anything below tests/ or fixtures/ has changed.
"""

import collections
import hashlib
import json
import pathlib

Outcome = collections.namedtuple("Outcome", "how by seconds")


def digest(*texts):
    sum_ = hashlib.sha256()
    for text in texts:
        sum_.update(b"%d:" % len(text))
        sum_.update(text)
    return sum_.hexdigest()[:32]


def digest_of_tests():
    paths = sorted(path for top in ("tests", "fixtures") for path in pathlib.Path(top).rglob("*")
                   if path.is_file() and "__pycache__" not in path.parts
                   and path.name != "equivalent")
    return digest(*(part for path in paths for part in (str(path).encode(), path.read_bytes())))


class Results:
    def __init__(self, path, only):
        self.path, self.tests = path, digest_of_tests() + (only or "")
        self.known = {}
        path.parent.mkdir(parents=True, exist_ok=True)
        for line in path.read_text().splitlines() if path.is_file() else ():
            row = json.loads(line)
            if row["how"] != "survived" or row["tests"] == self.tests:
                self.known[row["key"]] = Outcome(row["how"], row["by"], row["seconds"])
            else:
                self.known.pop(row["key"], None)

    def key(self, mutant):
        return digest(mutant.place.file.encode(), mutant.source.encode("latin-1"))

    def find(self, mutant):
        return self.known.get(self.key(mutant))

    def add(self, mutant, outcome):
        row = {"key": self.key(mutant), "tests": self.tests, "how": outcome.how, "by": outcome.by,
               "seconds": round(outcome.seconds, 2), "file": mutant.place.file,
               "line": mutant.place.line, "mutation": mutant.text}
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
