"""What is found in a small source, and how entries of `equivalent` are read."""

import pathlib
import tempfile
import unittest

import equivalents
import places

SOURCE = """\
#include <stdlib.h>
#include <string.h>
#define IS_FEW(n) ((n) < 3)
extern struct { int (*fsync)(int); } disk;
struct day { int unsynced; };
static int put(int fd, int sync) { return sync ? disk.fsync(fd) : 0; }
static const char *const words[] = {"a", "b"};
int f(int n, char *p)
{
	int k;

	if (n > 1 && (k = n) != 4)
		n++;
	for (int i = 0; i < n; i++)
		free(p);
	switch (n) {
	case 7:
		put(n, 1);
		((struct day *)p)->unsynced = 1;
	}
	return IS_FEW(n) ? strlen(words[0]) : 2;
}
"""


def found(kinds):
    with tempfile.TemporaryDirectory() as directory:
        path = pathlib.Path(directory, "source.c")
        path.write_text(SOURCE.replace("put(n, 1)", "put(n, true)").replace(
            "unsynced = 1", "unsynced = true").replace(
            "#include <stdlib.h>", "#include <stdlib.h>\n#include <stdbool.h>"))
        source, all_places = places.find(str(path), ["clang"], kinds)
        return [places.mutation(place, source) for place in all_places]


class Places(unittest.TestCase):
    def test_conditions(self):
        whole = "n > 1 && (k = n) != 4"
        self.assertEqual(found(("condition",)), [
            "sync => 0", "sync => 1",
            "%s => ((void)(%s), 0)" % (whole, whole), "%s => ((void)(%s), 1)" % (whole, whole),
            "i < n => 0", "IS_FEW(n) => 0", "IS_FEW(n) => 1"])

    def test_operands(self):
        self.assertEqual(found(("operand",)), [
            "n > 1 => 1", "(k = n) != 4 => ((void)((k = n) != 4), 1)"])

    def test_edges(self):
        self.assertEqual(found(("edge",)), ["n > 1 => n >= 1"])

    def test_rows(self):
        self.assertEqual(found(("row",)), ['"a", => nothing', ', "b" => nothing',
                                           "case 7: => nothing"])

    def test_statements(self):
        self.assertEqual(found(("statement",)), [
            "n++ => (void)0", "put(n, true) => (void)0",
            "((struct day *)p)->unsynced = true => (void)0"])

    def test_syncs(self):
        self.assertEqual(found(("sync",)), ["disk.fsync(fd) => 0", "true => false",
                                            "true => false"])


class Equivalents(unittest.TestCase):
    def test_entries(self):
        block = "# why\nsrc/a.c f\n> if (a < b)\na < b => a <= b\n> x = 1;\nx = 1 => (void)0\nSo.\nSo.\n"
        self.assertEqual([entry[2:] for entry in equivalents.entries(block)], [
            ("if (a < b)", "a < b => a <= b", "So. So."), ("x = 1;", "x = 1 => (void)0", "So. So.")])

    def test_a_reason_is_needed(self):
        with self.assertRaises(SystemExit):
            list(equivalents.entries("src/a.c f\n> a;\na => b\n"))


if __name__ == "__main__":
    unittest.main()
