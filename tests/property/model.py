"""What has been decided on, by the contract alone.

The model knows the files that lie under events/, what the inventory says,
and, from run to run, which places were folded, are held or can't be placed
(E6, E8, W2), how far each .jsonl was read and which one shrank (E4).  It
folds nothing: that is the oracle's.

Its invariants: a place once folded stays, be its file deleted, sent again or
shrunk; a place once unplaced stays unplaced; held and rejected ones are
looked at anew in every run.
"""

from collections import Counter

from event import DAY, MINUTE

EARLY = 5 * MINUTE      # E8: dated later than that after now is held
FAR = 120 * DAY         # W2: dated earlier than that before the newest
DIRECTORY = "a directory, not a file"


def is_printable(name):
    return len(name) <= 200 and all(" " <= char <= "~" for char in name)


def directory_of(path):
    """The directory's node name; None where the path can't hold events."""
    parts = path.split("/")
    if len(parts) not in (3, 4) or not path.endswith((".json", ".jsonl")):
        return None
    name = parts[-1]
    if name.startswith("."):
        return None
    return parts[-2]


class Inventory:
    """The topology on disk, the alias map, and the last good of both."""

    def __init__(self, no_topology):
        self.no_topology = no_topology
        self.file = None        # None, DIRECTORY, or the bytes
        self.meaning = None     # node -> aliases; None: bad or no node
        self.alias_map = {}     # of NODE_ALIAS_MAP; None: bad
        self.good = None        # the last good one: nodes, alias -> node
        self.state = None       # of the last run: present stale absent None

    def aliases(self):
        """alias -> node of what is on disk now; None where that is bad."""
        if self.meaning is None or self.alias_map is None:
            return None
        table = {}
        for node, aliases in self.meaning.items():
            for alias in aliases:
                if alias not in self.meaning:
                    table[alias] = node
        for alias, node in self.alias_map.items():
            if node in self.meaning and alias not in self.meaning:
                table.setdefault(alias, node)
        return table

    def next_state(self):
        """What the next run finds (I2, I3); None: nothing is published."""
        if self.no_topology:
            return "absent"
        if self.file is None:
            return "stale" if self.good else "absent"
        if self.meaning and self.aliases() is not None:
            return "present"
        return "stale" if self.good else None

    def read(self):
        """A run reads it."""
        self.state = self.next_state()
        if self.state == "present":
            self.good = (set(self.meaning), self.aliases())
        return self.state

    def can_forget(self):
        """Is what the next run finds the same without the checkpoint?"""
        state = self.next_state()
        return state == "present" or state == "absent" and not self.good

    def node_of(self, name):
        """The node a directory or an event's `node` belongs to (I4, I6)."""
        if self.state == "absent":
            if self.alias_map and name in self.alias_map:
                return self.alias_map[name]
            return name
        if not self.good:
            return None
        nodes, aliases = self.good
        return name if name in nodes else aliases.get(name)


class Model:
    def __init__(self, no_topology, meanings, note):
        self.inventory = Inventory(no_topology)
        self.meanings = meanings    # text -> Meaning
        self.note = note
        self.files = {}             # path -> bytes, of what may be events
        self.decided = {}           # (path, offset) -> text, once folded
        self.unplaced = {}          # (path, offset) -> text
        self.read = {}              # .jsonl -> bytes read of it
        self.shrunk = set()
        self.newest = {}            # node -> instant, as committed
        self.held = Counter()       # node -> number, of the last run
        self.held_places = {}       # (path, offset) -> instant, of the last run
        self.rejected = set()       # places, of the last run
        self.open_files = set()     # paths not wholly decided, of the last run
        self.seen = set()           # texts that some run judged
        self.now = None
        self.unplaced_now = 0   # new in the last run
        self.late = 0           # events late in any run

    # -- what lies there ----------------------------------------------------

    def places(self, path, data):
        """(offset, text) of every event place of a file; how far it is whole."""
        if not path.endswith(".jsonl"):
            return [(0, data)], len(data)
        whole = data.rfind(b"\n") + 1
        found, offset = [], 0
        for line in data[:whole].split(b"\n")[:-1]:
            if line.strip(b" \t\r"):
                found.append((offset, line))
            offset += len(line) + 1
        return found, whole

    def text(self, place):
        """What a place holds now."""
        path, offset = place
        data = self.files[path][offset:]
        return data.split(b"\n", 1)[0] if path.endswith(".jsonl") else data

    def node_of_path(self, path):
        name = directory_of(path)
        return None if name is None else self.inventory.node_of(name)

    def usable(self, node, text):
        """The Meaning of a text in a directory of node; None: rejected."""
        meaning = self.meanings[text]
        if not meaning.usable or self.inventory.node_of(meaning.node) != node:
            return None
        return meaning

    # -- a run ----------------------------------------------------------------

    def run(self, now):
        """Decide as a run at now does; False where nothing is published."""
        if self.inventory.read() is None:
            self.note("I2")
            return False
        self.now = now
        self.held, self.held_places = Counter(), {}
        self.rejected, self.open_files = set(), set()
        self.unplaced_now = 0
        for path in sorted(self.files):
            node = self.node_of_path(path)
            if node is not None:
                self._read_file(path, node, now)
        for node, instant in self._newest().items():
            self.newest[node] = instant
        return True

    def _read_file(self, path, node, now):
        data = self.files[path]
        found, whole = self.places(path, data)
        if not is_printable(path.rsplit("/", 1)[-1]):
            self.note("T3")
            self.rejected.update((path, offset) for offset, _ in found)
            return
        if path.endswith(".jsonl"):
            if path in self.shrunk:
                return
            if len(data) < self.read.get(path, 0):
                self.note("E4")
                self.shrunk.add(path)
                return
            self.read[path] = max(whole, self.read.get(path, 0))
            if whole < len(data):
                self.open_files.add(path)
        for offset, text in found:
            self._judge((path, offset), node, text, now)

    def _judge(self, place, node, text, now):
        if place in self.decided or place in self.unplaced:
            return
        self.seen.add(text)
        meaning = self.usable(node, text)
        if meaning is None:
            self.rejected.add(place)
            self.note("E4")
            return
        newest = self.newest.get(node)
        if meaning.instant > now + EARLY:
            self.note("E8")
            self.held[node] += 1
            self.held_places[place] = meaning.instant
            self.open_files.add(place[0])
        elif newest is not None and meaning.instant < newest - FAR:
            self.note("W2")
            self.unplaced[place] = text
            self.unplaced_now += 1
        else:
            if newest is not None and meaning.instant < newest:
                self.late += 1
                self.note("W1")
            self.decided[place] = text

    def _newest(self):
        newest = {}
        for (path, _), text in self.decided.items():
            node = self.node_of_path(path)
            if node is None:
                continue
            meaning = self.usable(node, text)
            if meaning and meaning.instant > newest.get(node, -1):
                newest[node] = meaning.instant
        return newest

    # -- what it comes to -----------------------------------------------------

    def counting(self):
        """The places that count now, whatever is left of their files."""
        result = {}
        for (path, offset), text in self.decided.items():
            node = self.node_of_path(path)
            if node is not None and self.usable(node, text):
                result[path, offset] = text
        return result

    def on_disk(self, place, text):
        """Does a place's file still say that?"""
        path, offset = place
        data = self.files.get(path)
        if data is None or data[offset:offset + len(text)] != text:
            return False
        if path.endswith(".jsonl"):
            return data[offset + len(text):offset + len(text) + 1] == b"\n"
        return len(data) == len(text)

    def files_suffice(self):
        """Would the event files alone, judged afresh, make the same world?"""
        if self.shrunk or self.unplaced or not self.inventory.can_forget():
            return False
        return all(self.on_disk(place, text)
                   for place, text in self.counting().items())

    def settled(self, path):
        """Has everything that a file holds been decided on?"""
        if self.node_of_path(path) is None or path in self.open_files:
            return False
        if not is_printable(path.rsplit("/", 1)[-1]) or path in self.shrunk:
            return True
        data = self.files[path]
        found, whole = self.places(path, data)
        if path.endswith(".jsonl") and (whole < len(data) or
                                        self.read.get(path, 0) < whole):
            return False
        return all(self._known((path, offset)) for offset, _ in found)

    def expirable(self, path):
        """Is all that a file holds in the journal (C2)?"""
        if not path.endswith(".jsonl"):
            return (path, 0) in self.decided
        data = self.files[path]
        if path in self.shrunk or self.read.get(path) != len(data):
            return False
        return all((path, offset) in self.decided
                   for offset, _ in self.places(path, data)[0])

    def _known(self, place):
        return (place in self.decided or place in self.unplaced or
                place in self.rejected)

    def was_folded(self, path):
        """Was anything of that name ever folded or found unplaced?"""
        return any(place[0] == path
                   for table in (self.decided, self.unplaced) for place in table)

    def gone_instants(self):
        """When those folded events happened whose files are gone."""
        for place, text in self.decided.items():
            if not self.on_disk(place, text):
                yield self.meanings[text].instant

    def node_checkpoints(self):
        """C1: directory name -> (greatest event file below the first that
        isn't decided on, that first one); either may be None."""
        by_name = {}
        for path in self.files:
            name = directory_of(path)
            if name is not None:
                by_name.setdefault(name, []).append(path)
        result = {}
        for name, paths in by_name.items():
            greatest = first_open = None
            for path in sorted(paths, key=lambda p: p.encode("utf-8", "surrogateescape")):
                if not self.settled(path):
                    first_open = path
                    break
                if is_printable(path.rsplit("/", 1)[-1]):
                    greatest = path
            result[name] = (greatest, first_open)
        return result
