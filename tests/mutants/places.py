"""Where a C source can be changed, and to what; told from clang's syntax tree.

    condition   the whole of it becomes 1 or 0 (of a loop: 0); it does what it assigns all the same
    operand     one side of an && or || is left out
    edge        < and <=, > and >= take each other's place
    row         an element of an array's initializer, or the label of a case, is left out
    statement   an assignment, an increment or a call is left out
    sync        a call of fsync or of what leads to one (SYNCS) is left out, an argument named
                `sync` is false, or a member named `unsynced` isn't made true

Left alone is what only gives memory back or closes, and the step too far of a for loop, which
reads behind the end: that is for `make check SANITIZE=1`.
"""

import collections
import json
import re
import subprocess

Place = collections.namedtuple("Place", "file function line text start end new kind")
KINDS = ("condition", "operand", "edge", "row", "statement")
EDGES = {"<": "<=", "<=": "<", ">": ">=", ">=": ">"}
COMPARISONS = (*EDGES, "==", "!=")
RELEASES = re.compile(r"(.*_)?(free|close|release|unlock|decref)(_.*)?")
SYNCS = ("fsync", "disk_sync_dir", "disk_sync_all", "unsynced_sync", "unsynced_add",
         "unsynced_add_dir", "manifest_take_unsynced")
WRAPPERS = ("ParenExpr", "ImplicitCastExpr", "CStyleCastExpr", "ConstantExpr")


def squeeze(text):
    return " ".join(text.split())


def mutation(place, source):
    """As one line: what was, what is."""
    return "%s => %s" % (squeeze(source[place.start:place.end]), squeeze(place.new) or "nothing")


def read(path):
    """A character a byte, as clang counts."""
    with open(path, encoding="latin-1", newline="") as file:
        return file.read()


def find(path, compiler, kinds):
    """All places of a file, by their offset."""
    source = read(path)
    command = [*compiler, "-Xclang", "-ast-dump=json", "-fsyntax-only", path]
    tree = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    search = Search(path, source, kinds, synced_parameters(tree))
    for node in tree["inner"]:
        if is_here(node):
            search.declaration(node)
    return source, sorted(search.found.values(), key=lambda place: (place.start, place.end,
                                                                    place.new))


def is_here(node):
    """Not in a header."""
    where = node.get("loc", {})
    where = where.get("expansionLoc", where)
    return "offset" in where and "includedFrom" not in where


def children(node):
    return [child for child in node.get("inner", ()) if child]


def unwrapped(node):
    while node.get("kind") in WRAPPERS and children(node):
        node = children(node)[-1]
    return node


def contains(node, test):
    return test(node) or any(contains(child, test) for child in children(node))


def assigns(node):
    return (node.get("kind") == "CompoundAssignOperator" or node.get("opcode") == "="
            or node.get("opcode") in ("++", "--"))


def callee(call):
    """The name of what is called: a function's or a member's."""
    node = unwrapped(children(call)[0])
    return node.get("name") or node.get("referencedDecl", {}).get("name", "")


def synced_parameters(tree):
    """Which parameter of a function is named `sync`."""
    found = {}
    for node in tree["inner"]:
        if node.get("kind") == "FunctionDecl":
            names = [child.get("name") for child in children(node)
                     if child["kind"] == "ParmVarDecl"]
            if "sync" in names:
                found[node["name"]] = names.index("sync")
    return found


class Search:
    def __init__(self, path, source, kinds, synced):
        self.path, self.source, self.kinds, self.synced = path, source, kinds, synced
        self.function, self.found = "", {}
        self.steps = False  # within the test of a for loop

    # Where a node lies

    def position(self, where):
        """(offset, length of the token, whether it comes out of a macro's body)"""
        outer = where.get("expansionLoc")
        if outer is None:
            return where.get("offset"), where.get("tokLen"), False
        inner = where["spellingLoc"]
        if outer.get("isMacroArgExpansion") and "includedFrom" not in inner:
            return inner.get("offset"), inner.get("tokLen"), False
        return outer.get("offset"), outer.get("tokLen"), True

    def span(self, node):
        start, _, _ = self.position(node["range"]["begin"])
        end, length, of_macro = self.position(node["range"]["end"])
        if start is None or end is None:
            return None
        end += length
        if of_macro and self.source[end:].lstrip().startswith("("):
            end = self.closing(self.source.index("(", end)) + 1
        return start, end

    def closing(self, at):
        """Of the parenthesis at `at`; the macros' arguments hold none in quotes."""
        depth = 0
        while True:
            depth += {"(": 1, ")": -1}.get(self.source[at], 0)
            if depth == 0:
                return at
            at += 1

    def is_of_macro(self, node):
        """Of one macro's body, if not to its end: a loop that is a macro has a body of its own."""
        begin, end = (node.get("range", {}).get(side, {}) for side in ("begin", "end"))
        start, _, of_macro = self.position(begin)
        return of_macro and (node["kind"].endswith("Stmt") or self.position(end)[0] == start)

    # What is noted

    def add(self, kind, span, new):
        if kind not in self.kinds or span is None or self.source[span[0]:span[1]] == new:
            return
        line = self.source.count("\n", 0, span[0]) + 1
        text = squeeze(self.source.splitlines()[line - 1])
        self.found.setdefault((*span, new), Place(self.path, self.function, line, text, *span,
                                                  new, kind))

    def replace(self, kind, node, value):
        """A truth of a node; what it assigns stays."""
        span = self.span(node)
        if span and contains(node, assigns):
            value = "((void)(%s), %s)" % (self.source[span[0]:span[1]], value)
        self.add(kind, span, value)

    # The walk

    def declaration(self, node):
        if node["kind"] == "FunctionDecl":
            self.function = node["name"]
        if not RELEASES.fullmatch(self.function):
            self.walk(node)
        self.function = ""

    def walk(self, node, decided=False):
        """`decided`: whether node is a condition that was seen already."""
        kind = node.get("kind")
        if kind in ("ParenExpr", "ImplicitCastExpr"):
            for child in children(node):
                self.walk(child, decided)
            return
        self.expression(node, decided)
        if self.is_of_macro(node):
            self.in_macro(node)
        elif hasattr(self, "in_%s" % kind):
            getattr(self, "in_%s" % kind)(node)
        else:
            for child in children(node):
                self.walk(child)

    def in_macro(self, node):
        """Only what was written as the body of a loop."""
        if node["kind"] in ("ForStmt", "WhileStmt"):
            self.statement(children(node)[-1])

    def expression(self, node, decided):
        opcode = node.get("opcode")
        if self.is_of_macro(node):
            return
        if not decided and opcode in (*COMPARISONS, "&&", "||", "!"):
            self.force(node)
        if opcode in EDGES and not self.steps:
            self.turn_edge(node)

    def force(self, node, values=("1", "0")):
        for value in values:
            self.replace("condition", node, value)

    def turn_edge(self, node):
        left, right = (self.span(child) for child in children(node))
        gap = self.source[left[1]:right[0]]
        new = gap.replace(node["opcode"], EDGES[node["opcode"]])
        whole = self.source[left[0]:left[1]] + new + self.source[right[0]:right[1]]
        self.add("edge", (left[0], right[1]), whole)

    def in_BinaryOperator(self, node):
        opcode = node["opcode"]
        if opcode == "=":
            self.forget_to_sync(node)
        for side in children(node):
            if opcode in ("&&", "||"):
                if unwrapped(side).get("opcode") != opcode:
                    self.replace("operand", side, {"&&": "1", "||": "0"}[opcode])
                self.walk(side, decided=True)
            else:
                self.walk(side)

    def forget_to_sync(self, assignment):
        member, value = map(unwrapped, children(assignment))
        span = self.span(value)
        if member.get("name") == "unsynced" and self.source[slice(*span)] == "true":
            self.add("sync", span, "false")

    def in_UnaryOperator(self, node):
        self.walk(children(node)[0], decided=node["opcode"] == "!")

    def condition(self, node, values=("1", "0")):
        self.force(node, values)
        self.walk(node, decided=True)

    def in_ConditionalOperator(self, node):
        test, *values = children(node)
        self.condition(test)
        for value in values:
            self.walk(value)

    def in_IfStmt(self, node):
        test, *branches = children(node)
        self.condition(test)
        for branch in branches:
            self.statement(branch)

    def in_WhileStmt(self, node):
        test, body = children(node)
        self.condition(test, ("0",))
        self.statement(body)

    def in_DoStmt(self, node):
        body, test = children(node)
        self.condition(test, ("0",))
        self.statement(body)

    def in_ForStmt(self, node):
        start, _, test, step, body = node["inner"]
        for part in (start, step):
            self.walk(part)
        if test:
            self.steps = True
            self.condition(test, ("0",))
            self.steps = False
        self.statement(body)

    def in_CompoundStmt(self, node):
        for child in children(node):
            self.statement(child)

    def in_CaseStmt(self, node):
        label, *rest = children(node)
        start, end = self.span(node)[0], self.source.index(":", self.span(label)[1]) + 1
        self.add("row", (start, end), "")
        for child in rest:
            self.statement(child)

    def in_DefaultStmt(self, node):
        self.statement(children(node)[0])

    def in_InitListExpr(self, node):
        if "[" in node["type"]["qualType"]:
            self.rows(node)
        for child in children(node):
            self.walk(child)

    def rows(self, node):
        """Each with all that is between it and the one before it."""
        at = self.span(node)[0] + 1
        elements = [child for child in children(node) if child["kind"] != "ImplicitValueInitExpr"]
        spans = sorted(filter(None, map(self.span, elements)))
        for number, (_, end) in enumerate(spans):
            comma = self.source.find(",", end) + 1 if number == 0 < len(spans) - 1 else end
            self.add("row", (at, comma), "")
            at = end

    def statement(self, node):
        inner = unwrapped(node)
        if inner.get("kind") == "CallExpr":
            if not RELEASES.fullmatch(callee(inner)):
                self.drop(node)
        elif assigns(inner):
            self.drop(node)
        self.walk(node)

    def drop(self, node):
        if not self.is_of_macro(node):
            self.add("statement", self.span(node), "(void)0")

    def in_CallExpr(self, node):
        name, arguments = callee(node), children(node)[1:]
        if name in SYNCS:
            self.add("sync", self.span(node), "0")
        if name in self.synced:
            argument = arguments[self.synced[name]]
            span = self.span(argument)
            if self.source[slice(*span)] == "true":
                self.add("sync", span, "false")
        for child in children(node):
            self.walk(child)
