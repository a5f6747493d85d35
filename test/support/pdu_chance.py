# SPDX-License-Identifier: Apache-2.0
"""Random messages for pdutool, and pdutool itself: for the interop tests of gw/sms.

A message is the object `input` of test/data/vectors/README.md. The same seed
gives the same messages.
"""
import json
import os
import random
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
PDUTOOL = os.path.join(os.environ.get("KANTELE_BUILD", "."), "pdutool")


def _alphabet():
    path = os.path.join(HERE, "..", "data", "vectors", "gsm-alphabets.json")
    with open(path, encoding="utf-8") as f:
        data = json.load(f)
    return [c for kind in ("locking", "single_shift") for c in data[kind]["0"] if c]


GSM7 = _alphabet()
UCS2 = [chr(c) for c in list(range(0x400, 0x460)) + list(range(0x4E00, 0x4E60))] + ["\U0001F600"]


class Messages:
    """Random messages; `without` are characters that a peer does not know."""

    def __init__(self, seed, without=""):
        self.chance = random.Random(seed)
        self.gsm7 = [c for c in GSM7 if c not in without]

    def number(self):
        digits = "".join(self.chance.choice("0123456789") for _ in range(self.chance.randint(3, 14)))
        return self.chance.choice(["+", ""]) + self.chance.choice("123456789") + digits

    def text(self, characters, units):
        """A text that takes at most so many units: an extension character two."""
        return "".join(self.chance.choice(characters)
                       for _ in range(self.chance.randint(1, max(1, units // 2))))

    def message(self):
        chance = self.chance
        message = {"da": self.number(), "mr": chance.randint(0, 255),
                   "srr": chance.random() < 0.3, "ref": chance.randint(0, 255)}
        kind = chance.choice(["gsm7", "gsm7", "ucs2", "8bit"])
        long = chance.random() < 0.3
        if kind == "gsm7":
            message["text"] = self.text(self.gsm7, 600 if long else 160)
        elif kind == "ucs2":
            message["text"] = "\u0416" + self.text(UCS2, 250 if long else 68)
        else:
            size = chance.randint(1, 400 if long else 140)
            message["data"] = bytes(chance.randrange(256) for _ in range(size)).hex().upper()
        if chance.random() < 0.3:
            message["class"] = chance.randint(0, 3)
        if chance.random() < 0.5:
            message["vp"] = chance.randint(0, 255)
        if chance.random() < 0.2:
            message["udh"] = "7002%04X" % chance.randrange(65536)
        return message


def run(verb, lines):
    """The answers of pdutool to so many lines; a refused one fails the test."""
    done = subprocess.run([PDUTOOL, verb, "--batch"], input="".join(x + "\n" for x in lines),
                          capture_output=True, text=True, timeout=60, check=False)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    if done.returncode or len(answers) != len(lines):
        raise AssertionError("pdutool %s: status %d, %d of %d answers\n%s" % (
            verb, done.returncode, len(answers), len(lines), done.stderr[:2000]))
    return answers


def encode(messages):
    return run("encode", [json.dumps(m) for m in messages])


def decode(pdus):
    return run("decode", pdus)
