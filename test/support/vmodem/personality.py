# SPDX-License-Identifier: Apache-2.0
"""
personality - what differs between families of modems, as data.

One JSON file each in test/support/personalities/; what a file leaves out is
that of generic.json, which holds every field. "answers" maps whole commands
(without AT, upper case) to {"lines": [...], "final": "OK"} and comes before the
built-in commands, so a family's own commands and its lies need no code.
"""
import json
import os

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "personalities")


def names():
    return sorted(n[:-5] for n in os.listdir(FOLDER) if n.endswith(".json"))


def _read(name):
    with open(os.path.join(FOLDER, name + ".json"), encoding="utf-8") as f:
        return json.load(f)


def load(name):
    """The personality as a dictionary; ValueError for an unknown name or field."""
    if name not in names():
        raise ValueError("no personality %r; there are: %s" % (name, ", ".join(names())))
    result, own = _read("generic"), _read(name)
    unknown = set(own) - set(result)
    if unknown:
        raise ValueError("personality %s: unknown %s" % (name, ", ".join(sorted(unknown))))
    result.update(own)
    return result
