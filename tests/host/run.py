"""All tests of this directory: python3 tests/host/run.py [unittest's options]."""

import os
import signal
import sys
import unittest

import container


def main():
    # End as by Ctrl-C: containers are halted on the way out.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        container.base_tree()
        with container.Container():
            pass
    except container.CannotBoot as why:
        print("SKIP: no container can be booted here: %s" % why)
        sys.exit(1 if os.environ.get("REQUIRE_HOST") else 0)
    here = os.path.dirname(os.path.abspath(__file__))
    result = unittest.TextTestRunner(verbosity=2).run(unittest.defaultTestLoader.discover(here))
    failed = len(result.failures) + len(result.errors)
    print("%d passed, %d failed" % (max(result.testsRun - failed, 0), failed))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
