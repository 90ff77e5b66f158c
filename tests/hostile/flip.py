"""Swaps files and directories for links and FIFOs, again and again, until ended.

    python3 flip.py A B [A B]...

exchanges each A with its B in one step (renameat2(2)).
"""
import ctypes
import os
import sys

AT_FDCWD = -100
RENAME_EXCHANGE = 2


def main():
    libc = ctypes.CDLL(None, use_errno=True)
    names = [os.fsencode(name) for name in sys.argv[1:]]
    print('ready', flush=True)
    while True:
        for a, b in zip(names[::2], names[1::2]):
            if libc.renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE) < 0:
                sys.exit(os.strerror(ctypes.get_errno()))


if __name__ == '__main__':
    main()
