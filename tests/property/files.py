"""The files under events/: how arrivals are named and laid down, and what
becomes of them: deleted, sent again, copied, rewritten, shrunk; and junk.
"""

from event import DAY, MAX_TEXT, UNUSABLE, date_of
from steps import Append, Junk, Remove, Rename, Shrink, Write


class Files:
    """What is done to the files of one story, said as steps.

    write_event(machine, name, instant, one_line) makes the text of an event
    for a directory of that name.
    """

    def __init__(self, rng, machines, operator, maker, write_event, base, note):
        self.rng, self.machines, self.operator = rng, machines, operator
        self.maker, self.meanings = maker, maker.meanings
        self.write_event, self.base, self.note = write_event, base, note
        self.model = None
        self.logs = {}          # .jsonl being written -> bytes still to come
        self.deleted = {}       # path -> bytes
        self.transfers = {}     # transfer path -> (final path, bytes)
        self.regrow = {}        # shrunk path -> bytes cut off
        self.count = 0

    def some(self, chance):
        return self.rng.random() < chance

    # -- arrivals ---------------------------------------------------------------

    def folder(self, name, instant, now):
        pick = self.rng.random()
        if pick < 0.18:
            return "events/%s" % name
        if pick < 0.7:
            day = instant
        elif pick < 0.92:
            day = now
        else:
            self.note("T5")
            return "events/%s/%s" % (self.rng.choice(
                ("2020-02-29", "1999-12-31", "2030-01-01", "9999-12-31")), name)
        return "events/%s/%s" % (date_of(min(day, now + 9 * DAY)), name)

    def name(self, folder, suffix):
        """A name that nobody has used, of any of the forms seen."""
        rng = self.rng
        self.count += 1
        n = self.count
        form = rng.random()
        if form < 0.4:
            name = "%08xT%06dZ_x_%d" % (rng.getrandbits(32), rng.randrange(10**6), n)
        elif form < 0.8:
            name = "evt-%s-%d" % (rng.choice("abcXYZ019"), n)
        elif form < 0.9:
            name = rng.choice(("%d", "a b %d", "_%d", "-%d", "%d.json", "~%d",
                               "%%41 %d", "x'%d", "(%d)", " %d")) % n
        elif form < 0.97:
            name = "e%d" % n
        elif form < 0.98:
            self.note("T3")
            name = "%d" % n + "y" * 200
            name = name[:200 - len(suffix) + rng.randint(0, 1)]
        else:
            self.note("T3")
            name = rng.choice(("é%d", "\x01%d", "\x7f%d", "\udcff%d")) % n
        return "%s/%s%s" % (folder, name, suffix)

    def log(self, path, texts, batch):
        """Append lines to a log, the last perhaps unfinished."""
        if path in self.model.read and path not in self.model.files:
            return              # it was expired; other bytes can't take its place
        rng = self.rng
        data = self.logs[path]
        for text in texts:
            if self.some(0.05):
                data += rng.choice((b"\n", b" \t\r\n", b"\r\n"))
            data += text + rng.choice((b"\n", b"\n", b"\n", b"\r\n"))
            if data.endswith(b"\r\n"):
                self.meanings[text + b"\r"] = self.meanings[text] \
                    if len(text) < MAX_TEXT else UNUSABLE
        self.logs[path] = b""
        if self.some(0.3) and texts:
            start = data[:-1].rfind(b"\n") + 1
            cut = rng.randint(start, len(data) - 1)
            data, self.logs[path] = data[:cut], data[cut:]
        if path in self.model.files:
            if data:
                batch.append(Append(path, data))
        else:
            batch.append(Write(path, data, None))

    # -- what becomes of them ---------------------------------------------------

    def tend(self, k, mail):
        """Deletions, copies, re-sent and rewritten files, junk.

        No path twice between two runs, so that the steps may go in any order.
        """
        batch, taken = [], {step.path for step in mail}
        if k:
            self._resend(batch, taken)
            self._delete(batch, taken)
            self._rewrite(batch, taken)
            self._shrink(batch, taken)
            self._copy(batch, taken)
        self._junk(batch)
        return batch

    def _paths(self, taken, chooser):
        return [p for p in self.model.files
                if p not in taken and p not in self.logs and chooser(p)]

    def _delete(self, batch, taken):
        rng = self.rng
        if self.some(0.55):
            settled = self._paths(taken, self.model.settled)
            settled += [p for p in self.logs if p in self.model.files
                        and p not in taken and not self.logs[p]
                        and self.model.settled(p) and self.some(0.3)]
            share = rng.choice((0.05, 0.2, 0.5, 1))
            for path in settled:
                if rng.random() < share and self._may_go(path):
                    self.note("C2")
                    self._forget_path(path, taken)
                    batch.append(Remove(path, self.some(0.5)))
        if self.some(0.15):
            waiting = self._paths(taken, lambda p: p in self.model.open_files
                                  and self._may_go(p))
            if waiting:
                path = rng.choice(waiting)
                self.note("E8")
                self._forget_path(path, taken)
                batch.append(Remove(path, False))

    def _may_go(self, path):
        """Not while directories change hands, unless its rows are young."""
        if not self.operator.handover:
            return True
        oldest = self.operator.oldest_row()
        return all(self.meanings[text].instant > oldest
                   for place, text in self.model.decided.items()
                   if place[0] == path)

    def _forget_path(self, path, taken):
        taken.add(path)
        self.logs.pop(path, None)
        self.regrow.pop(path, None)
        if path not in self.model.shrunk:
            self.deleted[path] = self.model.files[path]

    def _resend(self, batch, taken):
        if not self.deleted or not self.some(0.35):
            return
        paths = list(self.deleted)
        for path in self.rng.sample(paths, self.rng.randint(1, min(8, len(paths)))):
            data = self.deleted.pop(path)
            taken.add(path)
            self.note("E6")
            if path.endswith(".jsonl") and self.some(0.5) and \
                    data.endswith(b"\n"):
                self.logs[path] = b""
            batch.append(Write(path, data, None))

    def _rewrite(self, batch, taken):
        """Another content for a rejected file."""
        rejected = self._paths(
            taken, lambda p: p.endswith(".json") and (p, 0) in self.model.rejected
            and not self.model.was_folded(p))
        for path in rejected:
            if not self.some(0.12):
                continue
            taken.add(path)
            name = path.split("/")[-2]
            machine = next(m for m in self.machines if name in m.names())
            self.note("E4")
            text = self.write_event(machine, name, self.near(), False)
            batch.append(Write(path, text, None))

    def _shrink(self, batch, taken):
        model = self.model
        for path in list(self.regrow):
            if path in model.shrunk and path in model.files and path not in taken \
                    and self.some(0.5):
                taken.add(path)
                batch.append(Append(path, self.regrow.pop(path)))
        if not self.some(0.2):
            return
        held = {place[0] for place in model.held_places}
        able = [p for p in model.files
                if p.endswith(".jsonl") and p not in taken and p not in held
                and model.read.get(p, 0) > 0 and p not in model.shrunk
                and model.node_of_path(p) is not None
                and len(model.files[p]) >= model.read[p] and self._may_go(p)]
        if able:
            path = self.rng.choice(able)
            size = self.rng.randrange(model.read[path])
            taken.add(path)
            self.note("E4")
            self.logs.pop(path, None)
            self.regrow[path] = model.files[path][size:]
            batch.append(Shrink(path, size))

    def _copy(self, batch, taken):
        if not self.some(0.3):
            return
        paths = self._paths(taken, lambda p: True)
        for path in self.rng.sample(paths, min(len(paths), self.rng.randint(1, 5))):
            name = path.split("/")[-2]
            machine = next(m for m in self.machines if name in m.names())
            name = self.rng.choice([name] + machine.names())
            folder = self.folder(name, self.near(), self.model.now or self.base)
            suffix = ".jsonl" if path.endswith(".jsonl") else ".json"
            self.note("E6")
            batch.append(Write(self.name(folder, suffix),
                               self.model.files[path], None))

    def _junk(self, batch):
        rng = self.rng
        for path in list(self.transfers):
            if self.some(0.6):
                final, data = self.transfers.pop(path)
                batch.append(Rename(path, final, data))
        for _ in range(rng.choice((0, 0, 1, 3))):
            self.note("T3")
            self.count += 1
            machine = rng.choice(self.machines)
            folder = self.folder(machine.name, self.base, self.base)
            text = self.maker.text(machine.name, self.near(), machine.services,
                                   False)
            n, pick = self.count, rng.randrange(9)
            if pick < 2:
                final = "%s/sent%d.json" % (folder, n)
                path = "%s/%s" % (folder, rng.choice(
                    (".sent%d.json.Xa3", "sent%d.json~", "sent%d.json.tmp",
                     "sent%d.json.part", ".sent%d.json")) % n)
                self.transfers[path] = final, text
                batch.append(Junk(path, "file", text))
            elif pick == 2:
                batch.append(Junk("%s/notes%d.txt" % (folder, n), "file", text))
            elif pick == 3:
                batch.append(Junk("%s/link%d.json" % (folder, n), "link", b""))
            elif pick == 4:
                batch.append(Junk("%s/fifo%d.json" % (folder, n), "fifo", b""))
            elif pick == 5:
                batch.append(Junk("%s/sub%d.json/x.json" % (folder, n),
                                  "file", text))
            elif pick == 6:
                batch.append(Junk(rng.choice(
                    ("events/loose%d.json", "events/2026-05-01/loose%d.json",
                     "events/2026-02-30/vps/loose%d.json",
                     "events/stray dir/loose%d.json",
                     "events/.partial/loose%d.json",
                     "events/vps.tmp/loose%d.json",
                     "events/2026-05-01/vps~/loose%d.json",
                     "events/2026-05-01/2026-05-02/loose%d.json",
                     "events/-x/loose%d.json")) % n, "file", text))
            elif pick == 7:
                batch.append(Junk("%s/.json" % folder, "file", text))
            else:
                batch.append(Junk("%s/x%d.JSON" % (folder, n), "file", text))

    def near(self):
        """The time of some event that was folded."""
        instants = [self.meanings[t].instant for t in self.model.decided.values()]
        return self.rng.choice(instants) if instants else self.base
