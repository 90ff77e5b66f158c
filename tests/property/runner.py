"""Plays a story on disk, runs the observer, and compares.

Every step is done twice: to the files under root and repo, and to the model.
After each run the documents must be those that the oracle makes of what the
model says has been decided on.
"""

import json
import os
import random
import shutil
import signal
import subprocess
import time

from compare import Difference, Failure, comparable, differences_of, fail
from event import parse_stamp, plain_stamp
from expectation import Expectation
from model import DIRECTORY, Model, is_printable
from stepper import Stepper
from steps import DOCUMENTS
from told import Told
from trees import contents, copy_tree, listing

OK, INVENTORY = 0, 78
TIMEOUT = 120
EXPIRY = parse_stamp("2261-01-01T00:00:00Z")


class Runner:
    def __init__(self, story, directory, observer, note):
        self.story, self.observer, self.note = story, observer, note
        self.directory = directory
        self.root = os.path.join(directory, "root")
        self.repo = os.path.join(directory, "repo") if story.separate_repo \
            else self.root
        os.makedirs(os.path.join(self.root, "events"))
        os.makedirs(os.path.join(self.repo, "inventory"))
        self.model = Model("--no-topology" in story.options, story.meanings, note)
        self.expectation = Expectation(self.root, self.repo, story.options,
                                       self.model, note)
        self.chance = random.Random("delays of %s" % story.seed)
        self.alias_text = None
        self.garbled = set()
        self.duration = 0.02
        self.played = []
        self.runs = 0
        self.killed = 0
        self.published = False
        self.told = Told()
        self.stepper = None     # an observer that stays, while it does
        self.stays = random.Random("stays %s" % story.seed).random() < 0.5
        self.log = []           # what the observer said

    # -- steps ------------------------------------------------------------------

    def play(self, some_steps):
        """Do them all; raises Failure or Disagreement at the first trouble."""
        try:
            for step in some_steps:
                self.played.append(step)
                getattr(self, "_do_" + type(step).__name__.lower())(step)
        finally:
            self._leave()
        self._check_events_untouched()
        if self.observer:
            self._check_quarantine()

    def _on_disk(self, path, base=None):
        return os.path.join(base or self.root, path)

    def _put(self, path, data):
        """Write a file, in place or, as rsync does, under another name first.

        What is written again must be seen to be: clocks tick coarsely.
        """
        os.makedirs(os.path.dirname(path), exist_ok=True)
        before = os.stat(path).st_ctime_ns if os.path.exists(path) else None
        while True:
            if self.chance.random() < 0.4:
                folder, name = os.path.split(path)
                arriving = os.path.join(folder, ".arriving." + name[:40])
                with open(arriving, "wb") as file:
                    file.write(data)
                os.replace(arriving, path)
            else:
                with open(path, "wb") as file:
                    file.write(data)
            if os.stat(path).st_ctime_ns != before:
                return
            time.sleep(0.001)

    def _do_write(self, step):
        path = self._on_disk(step.path)
        self._put(path, step.data)
        if step.mtime:
            os.utime(path, (step.mtime, step.mtime))
            if step.mtime % 3 == 0:
                os.utime(os.path.dirname(path), (step.mtime, step.mtime))
        self.model.files[step.path] = step.data

    def _do_append(self, step):
        path, files = self._on_disk(step.path), self.model.files
        if step.path not in files:
            return
        files[step.path] += step.data
        if self.chance.random() < 0.4:
            self._put(path, files[step.path])
        else:
            with open(path, "ab") as file:
                file.write(step.data)

    def _do_remove(self, step):
        if self.model.files.pop(step.path, None) is None:
            return
        path = self._on_disk(step.path)
        os.unlink(path)
        while step.prune:
            path = os.path.dirname(path)
            if os.path.basename(path) == "events" or os.listdir(path):
                break
            os.rmdir(path)

    def _do_shrink(self, step):
        data = self.model.files.get(step.path)
        if data is not None and len(data) > step.size:
            os.truncate(self._on_disk(step.path), step.size)
            self.model.files[step.path] = data[:step.size]

    def _do_rename(self, step):
        old, new = self._on_disk(step.old), self._on_disk(step.new)
        if not os.path.lexists(old):
            self._put(new, step.data)
        else:
            os.rename(old, new)
        self.model.files[step.new] = step.data

    def _do_junk(self, step):
        path = self._on_disk(step.path)
        if step.kind == "file":
            self._put(path, step.data)
            return
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if step.kind == "fifo":
            os.mkfifo(path)
        else:
            targets = [p for p in self.model.files if p.endswith(".json")]
            os.symlink(self._on_disk(min(targets)) if targets else "nowhere", path)

    def _do_topology(self, step):
        path = os.path.join(self.repo, "inventory", "topology.yaml")
        if os.path.isdir(path):
            os.rmdir(path)
        elif os.path.exists(path):
            os.unlink(path)
        if step.data is DIRECTORY:
            os.mkdir(path)
        elif step.data is not None:
            self._put(path, step.data)
        self.model.inventory.file = step.data
        self.model.inventory.meaning = step.meaning

    def _do_services(self, step):
        path = os.path.join(self.repo, "hosts", step.node, "services.yaml")
        if step.data is not None:
            self._put(path, step.data)
        elif os.path.exists(path):
            os.unlink(path)

    def _do_aliases(self, step):
        self.alias_text = step.text
        self.model.inventory.alias_map = step.meaning

    def _do_word(self, step):
        path = self._on_disk("state/deploy/" + step.name)
        if step.data is not None:
            self._put(path, step.data)
        elif os.path.exists(path):
            os.unlink(path)

    def _do_garble(self, step):
        name = step.name + ".json"
        path = self._on_disk("world/" + name)
        if not self.observer or not os.path.exists(path):
            return
        self.note("W3")
        self.garbled.add(name)
        if step.data is None:
            os.unlink(path)
        else:
            self._put(path, step.data)

    # -- a run --------------------------------------------------------------------

    def _do_run(self, step):
        self.runs += 1
        can_forget = self.model.inventory.can_forget()
        self.model.run(step.now)
        expected = self.expectation.world(step.now, self.alias_text)
        if not self.observer:
            return
        state = self.model.inventory.state
        code = OK if state in ("present", "absent") else INVENTORY
        events = bool(self.model.counting())
        arguments = []
        if step.how == "dry":
            self._dry_run(step.now, code)
        elif step.how == "kill":
            self._killed_run(step.now)
        elif step.how == "reset" and events:
            self.note("W1")
            arguments = ["--reset"]
        elif step.how == "forget" and events and can_forget:
            self.note("C2")
            self._unlink(self._on_disk("state/observer_checkpoint.json"))
        early = self._fold(step.now, code, *arguments)
        self.garbled.clear()
        self._compare("after a run", self.root, expected)
        if expected is None:
            return
        self.told.follow(self.root, bool(arguments), step.how == "forget", self.note)
        self.told.compare(expected, step, self.expectation.options, bool(arguments))
        if step.how in ("plain", "dry") and not early:
            self._check_observation()
        self._check_checkpoint()
        if step.again:
            self._run_without_news(step.now, code, expected)
        if step.verify:
            self.note("W1")
            self._run(None, code, "--verify", may=(OK,))
            self._compare("after --verify", self.root, expected)
        if step.copies:
            self._check_copies(step, code, expected, can_forget, events)

    def _do_expire(self, step):
        """Ages are real ones, and so are these files': long before that time."""
        if self.observer and not self.published:
            return
        self.note("C2")
        gone = [path for path in self.model.files if self.model.expirable(path)]
        for path in gone:
            del self.model.files[path]
        if not self.observer:
            for path in gone:
                os.unlink(self._on_disk(path))
            return
        for _ in range(1 + step.again):
            self._run(EXPIRY, OK, "--expire-events", "1h")
        for path in gone:
            if os.path.lexists(self._on_disk(path)):
                fail("C2: an expired file is there", path)
        self._check_events_untouched()

    def _command(self, root, now, *arguments):
        repo = root if self.repo == self.root else self.repo
        command = [self.observer, "--root", root, "--settle", "0"]
        if repo != root or self.chance.random() < 0.3:
            command += ["--repo", repo]
        if now is not None:
            command += ["--now", plain_stamp(now)]
        return command + list(self.story.options) + list(arguments)

    def _environment(self):
        environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS"):
            if name in os.environ:
                environment[name] = os.environ[name]
        if self.alias_text is not None:
            environment["NODE_ALIAS_MAP"] = self.alias_text
        return environment

    def _fold(self, now, code, *arguments):
        """A run, by itself or by an observer that stays (and did so since the last
        run, unless something else needed the lock). Whether an early cycle came
        before it, and may have committed part of it."""
        path = os.path.join(os.path.dirname(self.observer), "stepper")
        if not self.stays or not os.path.exists(path):
            self._run(now, code, *arguments)
            return False
        if self.stepper and self.stepper.environment != self._environment():
            self._leave()
        if not self.stepper:
            self.stepper = Stepper(path, self._environment())
        words = self._command(self.root, now, *arguments)[1:]
        early = self.chance.random() < 0.5 and not arguments
        if early and self.stepper.step("early", words) not in (OK, code):
            fail("exit status of an early cycle")
        got = self.stepper.step("due", words)
        self.log.append("%s early, stays: %s\n=> %s" % (
            "after" if early else "not", " ".join(words), got))
        if got != code:
            fail("exit status of a cycle", expected=str(code), got=str(got))
        return early

    def _leave(self):
        if self.stepper:
            self.stepper.end()
            self.stepper = None

    def _run(self, now, code, *arguments, root=None, may=()):
        if root in (None, self.root):
            self._leave()
        command = self._command(root or self.root, now, *arguments)
        started = time.monotonic()
        try:
            done = subprocess.run(
                command, env=self._environment(), stdin=subprocess.DEVNULL,
                capture_output=True, timeout=TIMEOUT)
        except subprocess.TimeoutExpired:
            fail("it hangs: %s" % " ".join(command))
        if not arguments:
            self.duration = time.monotonic() - started
        said = (done.stdout + done.stderr).decode("utf-8", "replace")
        self.log.append("%s\n%s=> %d" % (" ".join(command), said, done.returncode))
        if done.returncode != code and done.returncode not in may:
            fail("exit status of %s" % " ".join(arguments or ("a run",)),
                 expected=str(code),
                 got="%d\n%s" % (done.returncode, said[-1500:]))

    def _killed_run(self, now):
        """Start it, kill it at a random moment; no file may be half."""
        self.note("W3")
        self._leave()
        child = subprocess.Popen(
            self._command(self.root, now), env=self._environment(),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        delay = self.duration * self.chance.choice((0.5, 1.1, 1.5)) * \
            self.chance.random()
        try:
            child.wait(delay)
        except subprocess.TimeoutExpired:
            child.send_signal(signal.SIGKILL)
            child.wait()
            self.killed += child.returncode == -signal.SIGKILL
        self.log.append("killed after %.1f ms, status %d"
                        % (delay * 1000, child.returncode))
        for name in self._world_files(self.root):
            if name in self.garbled:
                continue
            try:
                with open(self._on_disk("world/" + name), "rb") as file:
                    json.loads(file.read())
            except ValueError as error:
                fail("a document is torn after a kill", name, got=str(error))

    @staticmethod
    def _world_files(root):
        try:
            return [name for name in os.listdir(os.path.join(root, "world"))
                    if name.endswith(".json") and not name.startswith(".")]
        except FileNotFoundError:
            return []

    def _dry_run(self, now, code):
        before = listing(self.root)
        self._run(now, code, "--dry-run")
        after = listing(self.root)
        for path in sorted(before.keys() | after.keys()):
            if before.get(path) != after.get(path):
                fail("--dry-run changes a file", path,
                     expected=str(before.get(path)), got=str(after.get(path)))

    def _run_without_news(self, now, code, expected):
        """W5: the documents are left as they are.

        The checkpoint too, once no directory has changed within the last two
        seconds and a run has seen that.
        """
        self.note("W5")
        names = ["world/%s.json" % name for name in DOCUMENTS[:-1]]
        if self.chance.random() < 0.03:
            time.sleep(2.1)
            self._run(now, code)
            names.append("state/observer_checkpoint.json")
        before = {name: self._stamp(name) for name in names}
        self._run(now, code)
        self._compare("after a run without news", self.root, expected)
        for name in names:
            if self._stamp(name) != before[name]:
                fail("a run without news writes a file", name)

    def _stamp(self, name):
        info = os.stat(self._on_disk(name))
        return info.st_ino, info.st_mtime_ns

    # -- comparing --------------------------------------------------------------

    def _compare(self, what, root, expected):
        """The five documents, less what only this run knows."""
        self.note("P1")
        if expected is None:
            files = self._world_files(root)
            if files and not self.published:
                fail(what + ": published without an inventory", files[0])
            return
        self.published = True
        differences = []
        for name in sorted(expected):
            path = os.path.join(root, "world", name)
            try:
                with open(path, "rb") as file:
                    got = file.read()
            except OSError as error:
                differences.append(Difference(what, name, "", "a document",
                                              str(error)))
                continue
            got = comparable(name, got)
            wanted = comparable(name, expected[name])
            if got != wanted:
                differences += differences_of(what, name, wanted, got)
        if differences:
            # What a count or digest says follows from the documents.
            differences.sort(key=lambda d: d.file == "runtime-summary.json")
            raise Failure(differences)

    def _check_observation(self):
        """What the run says of itself, as far as the model knows it."""
        with open(self._on_disk("world/runtime-summary.json"), "rb") as file:
            said = json.load(file)["observation"]
        model = self.model
        for name, count in (("held", sum(model.held.values())),
                            ("late_unplaced", model.unplaced_now)):
            if said[name] != count:
                fail("after a run", "runtime-summary.json",
                     "/observation/" + name, str(count), str(said[name]))

    def _check_checkpoint(self):
        """C1."""
        self.note("C1")
        with open(self._on_disk("state/observer_checkpoint.json"), "rb") as file:
            given = json.load(file)["node_checkpoints"]
        prefix = self.root + "/"
        for name, (greatest, first_open) in self.model.node_checkpoints().items():
            said = given.get(name)
            pointer = "/node_checkpoints/" + name
            if said is not None and not said.startswith(prefix):
                fail("C1: not below root", "checkpoint", pointer, prefix, said)
            plain = said and said[len(prefix):].encode("utf-8", "surrogateescape")
            if said and first_open and plain >= first_open.encode(
                    "utf-8", "surrogateescape"):
                fail("C1: says decided of what isn't", "checkpoint", pointer,
                     "below " + first_open, said)
            if greatest and (not said or plain < greatest.encode()):
                fail("C1: not the greatest", "checkpoint", pointer,
                     "at least " + greatest, str(said))

    def _check_events_untouched(self):
        """T1."""
        self.note("T1")
        for path, data in self.model.files.items():
            try:
                with open(self._on_disk(path), "rb") as file:
                    found = file.read()
            except OSError as error:
                fail("T1: an event file is gone", path, got=str(error))
            if found != data:
                fail("T1: an event file was changed", path)

    def _check_quarantine(self):
        """W4: what was rejected in the last run is kept."""
        self.note("W4")
        kept = {}
        for place in self.model.rejected:
            path, offset = place
            parts = path.split("/")
            if not is_printable(parts[-1]):
                continue
            folder = self._on_disk("state/observer_failed_events/" + parts[-2])
            if folder not in kept:
                kept[folder] = {
                    data.rstrip(b"\n") for data in contents(folder)}
            text = self.model.text(place)
            if text.rstrip(b"\n") not in kept[folder]:
                fail("W4: a rejected text isn't kept", path, str(offset),
                     repr(text[:300]))

    # -- rebuilds of a copy -------------------------------------------------------

    def _check_copies(self, step, code, expected, can_forget, events):
        """Reset; without checkpoint; without state: the same world."""
        if not events:
            return
        copy = os.path.join(self.directory, "copy")
        copy_tree(self.root, copy)
        self.note("W1")
        self._run(step.now, code, "--reset", root=copy)
        self._compare("after --reset of a copy", copy, expected)
        if can_forget:
            self.note("C2")
            self._unlink(os.path.join(copy, "state/observer_checkpoint.json"))
            self._run(step.now, code, root=copy)
            self._compare("of a copy without checkpoint", copy, expected)
        if self.model.files_suffice():
            self.note("W2")
            shutil.rmtree(os.path.join(copy, "state/observer"))
            self._unlink(os.path.join(copy, "state/observer_checkpoint.json"))
            self._run(step.now, code, root=copy)
            self._compare("of a copy without state", copy, expected)
        accepted = json.loads(expected["runtime-summary.json"])["events"]["accepted"]
        if can_forget and accepted and self.chance.random() < 0.3:
            self._check_unmounted(step, copy, expected)
        shutil.rmtree(copy)

    def _check_unmounted(self, step, copy, expected):
        """W6: the events are gone, and what was known of them."""
        self.note("W6")
        for name in ("events", "state/observer"):
            shutil.rmtree(os.path.join(copy, name))
        self._unlink(os.path.join(copy, "state/observer_checkpoint.json"))
        command = self._command(copy, step.now)
        done = subprocess.run(command, env=self._environment(),
                              stdin=subprocess.DEVNULL, capture_output=True,
                              timeout=TIMEOUT)
        self.log.append("%s\n%s=> %d" % (" ".join(command),
                                         done.stderr.decode("utf-8", "replace"),
                                         done.returncode))
        if done.returncode == 0:
            fail("W6: a rebuild without events is committed")
        self._compare("W6: after a rebuild refused", copy, expected)
        self._run(step.now, OK, "--reset", "--force", root=copy)

    @staticmethod
    def _unlink(path):
        try:
            os.unlink(path)
        except FileNotFoundError:
            pass
