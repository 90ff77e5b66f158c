"""What the operator does: the inventory, the alias map, the deploy words."""

import json

import homelab
from event import DAY
from model import DIRECTORY, FAR
from steps import DOCUMENTS, Aliases, Garble, Services, Topology, Word


class Operator:
    """Edits one homelab; says each edit as a step.

    mode: `topology`, `added` (a topology comes later), `absent`, `option`
    (--no-topology).
    """

    def __init__(self, rng, machines, mode, note):
        self.rng, self.machines, self.mode, self.note = rng, machines, mode, note
        self.model = None
        self.nodes = {}         # name -> Machine, as the topology has it
        self.aliases = {}       # node -> list, as the topology has it
        self.alias_map = {}
        self.broken = False     # is the topology or the alias map bad?
        self.handover = False   # do directories change hands in this round?

    def some(self, chance):
        return self.rng.random() < chance

    def first(self):
        rng = self.rng
        for machine in self.machines:
            machine.settings = homelab.random_settings(rng)
            machine.declared = homelab.random_declarations(rng, machine)
        spare = 1 if len(self.machines) > 3 and self.some(0.6) else 0
        for machine in self.machines[:len(self.machines) - spare]:
            self.nodes[machine.name] = machine
            self.aliases[machine.name] = [n for n in machine.old_names
                                          if self.some(0.6)]
        for machine in self.machines:
            if self.some(0.8):
                yield self._services(machine)
        if self.mode == "topology":
            if self.some(0.05):
                yield Topology(rng.choice(homelab.BAD_TOPOLOGIES), None)
                self.broken = True
            else:
                yield self._topology()
        if self.some(0.15):
            yield from self._edit_alias_map()

    def _services(self, machine):
        if self.some(0.1):
            self.note("I5")
            return Services(machine.name, self.rng.choice(homelab.BAD_SERVICES))
        self.note("I1")
        return Services(machine.name,
                        homelab.services_text(self.rng, machine.declared))

    def _topology(self):
        self.note("I1")
        text = homelab.topology_text(self.rng, self.nodes, self.aliases)
        return Topology(text, {name: tuple(self.aliases.get(name, ()))
                               for name in self.nodes})

    def edit(self):
        """What the operator edits between two runs."""
        rng, self.handover = self.rng, False
        if self.some(0.4):
            machine = rng.choice(self.machines)
            if self.some(0.15):
                yield Services(machine.name, None)
            else:
                machine.declared = homelab.random_declarations(rng, machine)
                yield self._services(machine)
        if self.some(0.3):
            yield Word(rng.choice(("current_stage", "last_service")), rng.choice(
                (b"deploy\n", b"verify", b"", b"  \n", b"two words\n", None,
                 b"\tweb \n", b"x" * 128, b"x" * 129, b"caf\xc3\xa9\n", b"\x01\n",
                 b"a\x00b\n")))
        if self.some(0.15):
            yield Garble(rng.choice(DOCUMENTS), rng.choice((None, b"", b"{}\n",
                                                            b"garbage")))
        if self.mode in ("absent", "option"):
            if self.some(0.1):
                yield from self._edit_alias_map()
            return
        if self.mode == "added":
            if self.model.inventory.good is None:
                if self.some(0.4) and self._may_hand_over():
                    yield self._topology()
                return
        if self.broken:
            if self.some(0.6) or self.model.inventory.good is None:
                self.broken = False
                yield self._topology()
                yield self._alias_step()
            return
        if self.some(0.15) and self.mode == "topology":
            yield from self._edit_alias_map()
        elif self.some(0.5):
            yield from self._edit_topology()

    def _may_hand_over(self):
        """May directories change hands?

        Not where files are gone whose rows the journal no longer holds.
        """
        oldest = self.oldest_row()
        safe = all(instant > oldest for instant in self.model.gone_instants())
        self.handover = self.handover or safe
        return safe

    def oldest_row(self):
        """The journal may not hold the rows of events that are older."""
        return max(self.model.newest.values(), default=0) - FAR + 10 * DAY

    def _edit_alias_map(self):
        """Another NODE_ALIAS_MAP, or a bad one."""
        absent = self.mode != "topology"
        if not self._may_hand_over():
            return
        self.note("I4")
        if self.some(0.12) and not absent:
            self.broken = True
            yield Aliases(self.rng.choice(homelab.BAD_ALIAS_MAPS), None)
            return
        self.alias_map = {}
        for machine in self.machines:
            # Where there is no topology, an alias of an alias means nothing.
            for name in machine.old_names if absent else machine.names():
                if self.some(0.3):
                    self.alias_map[name] = self.rng.choice(
                        [machine.name] * 3 + ["nobody"] +
                        [self.rng.choice(self.machines).name])
        yield self._alias_step()

    def _alias_step(self):
        text = json.dumps(self.alias_map) if self.alias_map else None
        return Aliases(text, dict(self.alias_map))

    def _edit_topology(self):
        rng = self.rng
        machine = rng.choice(self.machines)
        pick = rng.random()
        if pick < 0.12:
            self.note("I2")
            self.broken = True
            yield Topology(rng.choice(homelab.BAD_TOPOLOGIES), None)
        elif pick < 0.18:
            self.note("I2")
            self.broken = True
            yield Topology(rng.choice(homelab.EMPTY_TOPOLOGIES), None)
        elif pick < 0.24:
            self.note("I2")
            self.broken = True
            yield Topology(rng.choice((None, None, DIRECTORY)), None)
        elif pick < 0.45:
            machine.settings = homelab.random_settings(rng)
            yield self._topology()
        elif pick < 0.7:
            yield from self._toggle_node(machine)
        else:
            yield from self._toggle_alias(machine)

    def _toggle_node(self, machine):
        if not self._may_hand_over():
            return
        self.note("I6")
        name = machine.name
        if machine.old_names and self.some(0.25):
            name = self.rng.choice(machine.old_names)
        if name in self.nodes:
            if len(self.nodes) < 3:
                return
            del self.nodes[name]
            self.aliases.pop(name, None)
        else:
            for aliases in self.aliases.values():
                if name in aliases:
                    aliases.remove(name)
            if name == machine.name:
                self.nodes[name] = machine
                self.aliases[name] = [n for n in machine.old_names
                                      if n not in self.nodes
                                      and not self._aliased(n) and self.some(0.5)]
            else:
                stub = homelab.Machine(name, [], machine.services)
                stub.settings = homelab.random_settings(self.rng)
                self.nodes[name] = stub
                self.aliases[name] = []
        yield self._topology()

    def _aliased(self, name):
        return any(name in aliases for aliases in self.aliases.values())

    def _toggle_alias(self, machine):
        if not machine.old_names or not self._may_hand_over():
            return
        self.note("I4")
        name = self.rng.choice(machine.old_names)
        had = self._aliased(name)
        for aliases in self.aliases.values():
            if name in aliases:
                aliases.remove(name)
        target = machine.name
        if had and self.some(0.3):
            target = self.rng.choice(list(self.nodes))
            had = False
        if not had and target in self.nodes and name not in self.nodes:
            self.aliases[target].append(name)
        yield self._topology()
