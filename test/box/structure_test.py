# SPDX-License-Identifier: Apache-2.0
"""
The shape of the tree, as doc/architecture.md tells it: includes run downwards,
files stay readable, each says what it is for, none names the machine it was
written on, all are in the distribution.
"""
import os
import re
import subprocess
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.normpath(os.path.join(HERE, "..", ".."))

# Which floors a folder may stand on, beside itself. The longest match counts.
FLOORS = {
    "gwlib": (),
    "gw/sms": ("gwlib",),
    "gw/conf": ("gwlib",),
    "gw/msg": ("gwlib", "gw/sms"),
    "gw/store": ("gwlib", "gw/sms", "gw/msg"),
    "gw/smsc": ("gwlib", "gw/sms", "gw/msg", "gw/conf"),
    "gw/smsc/at": ("gwlib", "gw/sms", "gw/msg", "gw/conf", "gw/smsc"),
    "gw/smsc/smpp": ("gwlib", "gw/sms", "gw/msg", "gw/conf", "gw/smsc"),
    "gw/bearerbox": ("gwlib", "gw/sms", "gw/conf", "gw/msg", "gw/store", "gw/smsc"),
    "gw/smsbox": ("gwlib", "gw/sms", "gw/conf", "gw/msg"),
    "gw/tools": ("gwlib", "gw/sms", "gw/conf", "gw/msg", "gw/store", "gw/smsc", "gw/smsc/at"),
}
ANY_BOX = ("gwlib", "gw/sms", "gw/conf", "gw/msg")
LONGEST_FILE = 600
LONGEST_TEST = 1200  # a unit test is a list of cases, one file a module
CODE = (".c", ".h", ".def", ".py")
# Tables that a program wrote, or one table that must stand together.
# Tables, and a load generator that one call of a compiler builds.
TABLES = ("gw/sms/gsm7_table.c", "gw/sms/grapheme_table.c", "gw/conf/schema.def",
          "test/bench/gateway/gwtool.c")
# Words that only the machine of its writing knows; split, so that this file may hold them.
PLACES = re.compile("/wor" r"k/|/far" r"m/|/home/[a-z]|/roo" r"t/|/tmp/(wt|build|brief)\b")


def tracked():
    """(from git, files of the tree by relative name): git's list, else what lies there."""
    try:
        done = subprocess.run(["git", "-C", TOP, "ls-files", "-co", "--exclude-standard"],
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
        names = done.stdout.decode().splitlines()
    except (OSError, subprocess.CalledProcessError):
        names = []
    from_git = "Makefile.am" in names
    if not from_git:
        names = []
        for folder, folders, files in os.walk(TOP):
            folders[:] = [f for f in folders if f not in ("__pycache__", "autom4te.cache",
                                                          "build-aux", ".deps")]
            names += [os.path.relpath(os.path.join(folder, f), TOP) for f in files]
        names = [n for n in names if not n.startswith(("build/", "_build"))
                 and os.path.basename(n) not in GENERATED]
    return from_git, sorted(n for n in names if os.path.isfile(os.path.join(TOP, n)))


GENERATED = ("configure", "aclocal.m4", "Makefile.in", "config.h.in", "config.h", "Makefile",
             "config.log", "config.status", "stamp-h1")


def read(name):
    with open(os.path.join(TOP, name), encoding="utf-8", errors="surrogateescape") as f:
        return f.read()


def is_python(name):
    return name.endswith(".py") or (
        "." not in os.path.basename(name) and name.startswith("test/")
        and read(name).startswith("#!/usr/bin/env python3"))


def room(name):
    """The folder of FLOORS that a file or include belongs to."""
    folder = os.path.dirname(name)
    while folder and folder not in FLOORS:
        if os.path.dirname(folder) == "gw" and folder.endswith("box"):
            return folder
        folder = os.path.dirname(folder)
    return folder or None


class Structure(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.from_git, cls.files = tracked()
        cls.sources = [n for n in cls.files if n.startswith(("gw/", "gwlib/"))
                       and n.endswith((".c", ".h", ".def"))]

    def nothing(self, problems):
        self.assertFalse(problems, "\n" + "\n".join(problems))

    def test_there_is_something_to_check(self):
        self.assertGreater(len(self.sources), 50)

    def test_includes_run_downwards(self):
        problems = []
        for name in self.sources:
            own = room(name)
            if own is None:
                problems.append("%s: no floor for this folder; see FLOORS" % name)
                continue
            allowed = FLOORS.get(own, ANY_BOX) + (own,)
            for line, include in enumerate(read(name).splitlines(), 1):
                found = re.match(r'\s*#\s*include\s+"([^"]+)"', include)
                if not found or found.group(1) == "config.h":
                    continue
                if "/" not in found.group(1):
                    problems.append("%s:%d: includes %s without its folder" % (
                        name, line, found.group(1)))
                elif room(found.group(1)) not in allowed:
                    problems.append("%s:%d: %s may not use %s" % (name, line, own,
                                                                  found.group(1)))
        self.nothing(problems)

    def test_the_plan_names_every_room(self):
        """doc/architecture.md, "The rooms": each file in the list of its folder, once."""
        part = read("doc/architecture.md").split("### The rooms")[1].split("\n## ")[0]
        written = []
        for text in re.split(r"^(?=\*\*gw)", part, flags=re.M)[1:]:
            folder = re.match(r"\*\*(gw[\w/]*)\*\*", text).group(1)
            written += ["%s/%s" % (folder, n) for n in re.findall(r"`([a-z0-9_]+)`", text)]
        there = {os.path.splitext(n)[0] for n in self.sources}
        self.nothing(["%s is not in the list of rooms" % n for n in sorted(there - set(written))]
                     + ["there is no %s" % n for n in sorted(set(written) - there)]
                     + ["%s is there twice" % n for n in sorted(set(written))
                        if written.count(n) > 1])

    def test_nothing_is_called_utils(self):
        self.nothing([n for n in self.files if re.search(
            r"(^|[/_-])(utils?|misc|common|helpers?)([._/-]|$)", n)])

    def test_files_are_short(self):
        problems = []
        for name in self.files:
            if (name.endswith(CODE) or is_python(name)) and name not in TABLES:
                lines = read(name).count("\n")
                if lines > (LONGEST_TEST if name.startswith("test/unit/") else LONGEST_FILE):
                    problems.append("%s: %d lines; it wants to be two, by duty" % (name, lines))
        self.nothing(problems)

    def test_files_say_what_they_are_for(self):
        problems = []
        for name in self.files:
            if not (name.endswith((".c", ".h", ".def", ".py")) or is_python(name)):
                continue
            head = read(name)[:2500]
            if "SPDX-License-Identifier: Apache-2.0" not in head[:200]:
                problems.append("%s: no SPDX line at the top" % name)
            mark = r'"""\s*\S|# \w.*\n(#.*\n)' if is_python(name) else r"/\*+\s+(\*\s+)?(?!SPDX)\w"
            if not re.search(mark, head):
                problems.append("%s: does not say what it is for" % name)
        self.nothing(problems)

    def test_no_file_knows_the_machine_it_was_written_on(self):
        problems = []
        for name in self.files:
            if name.startswith("test/data/") or name.startswith("test/fuzz/corpus/"):
                continue
            for line, text in enumerate(read(name).splitlines(), 1):
                if PLACES.search(text):
                    problems.append("%s:%d: %s" % (name, line, text.strip()[:100]))
        self.nothing(problems)

    def test_every_file_is_distributed(self):
        if not self.from_git:
            return  # an unpacked distribution: what is here was distributed
        make = read("Makefile.am")
        extra = set()
        for match in re.finditer(r"^EXTRA_DIST \+?= ((?:.*\\\n)*.*)$", make, re.M):
            extra.update(match.group(1).replace("\\\n", " ").split())
        left_out = (".gitignore", ".clang-format")
        problems = []
        for name in self.files:
            listed = re.search(r"(^|[\s=])%s([\s\\]|$)" % re.escape(name), make, re.M)
            in_folder = any(name == e or name.startswith(e.rstrip("/") + "/") for e in extra)
            if not (listed or in_folder or name.startswith(left_out)
                    or name in ("Makefile.am", "configure.ac")):
                problems.append("%s is not in Makefile.am" % name)
        self.nothing(problems)

    def test_scripts_are_executable(self):
        self.nothing([n for n in self.files if read(n).startswith("#!")
                      and not os.access(os.path.join(TOP, n), os.X_OK)])

    def test_unit_tests_are_built(self):
        make = read("Makefile.am")
        self.nothing([n for n in self.files if re.match(r"test/unit/.*_test\.c$", n)
                      and not re.search(r"UNIT_TESTS \+?=(.*\\\n)*.*%s\b" % re.escape(n[:-2]), make)])


if __name__ == "__main__":
    sys.exit(unittest.main())
