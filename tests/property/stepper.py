"""An observer that stays, driven step by step: tests/property/stepper.c."""

import os
import subprocess

PARTED_BY = "\x1f"


class Stepper:
    def __init__(self, path, environment):
        self.environment = environment
        self.said = open(os.devnull, "wb")
        self.child = subprocess.Popen(
            [path], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=self.said, text=True)

    def step(self, how, words):
        """One cycle, "early" or "due"; its exit status, None where it died."""
        self.child.stdin.write(PARTED_BY.join([how] + words) + "\n")
        self.child.stdin.flush()
        answer = self.child.stdout.readline()
        return int(answer) if answer else None

    def end(self):
        """As a power cut would: what it had in memory is gone."""
        self.child.kill()
        self.child.wait()
        self.child.stdin.close()
        self.child.stdout.close()
        self.said.close()
