# SPDX-License-Identifier: Apache-2.0
"""The documents against the programs: every option and every administration
command is documented, and nothing else is; what is new beside Kannel is in a
guide; the examples are configurations."""
import os
import re
import subprocess
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
from gateway import GatewayTest, build_directory  # noqa: E402

TOP = os.path.join(HERE, "..", "..")
DOC = os.path.join(TOP, "doc")
GUIDES = ("guide.md", "guide-modem.md")


def page(name):
    with open(os.path.join(DOC, name), encoding="utf-8") as f:
        return f.read()


def options_of_help(program):
    done = subprocess.run([os.path.join(build_directory(), program), "--help"], timeout=20,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=True)
    return set(re.findall(r"^ +(?:-\w, )?--([\w-]+)", done.stdout.decode(), re.M))


class Documents(GatewayTest):
    def test_options(self):
        for program in ("bearerbox", "smsbox"):
            with self.subTest(program):
                written = set(re.findall(r"^\.It .*Fl -([\w-]+)", page(program + ".8"), re.M))
                # Accepted for Kannel's sake, but not worth a line of help.
                self.assertEqual(written - {"debug"}, options_of_help(program))

    def test_options_of_tools(self):
        for program in ("gwmodem", "gwstore", "pdutool"):
            with self.subTest(program):
                done = subprocess.run([os.path.join(build_directory(), program)], timeout=20,
                                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
                told = set(re.findall(r"--([a-z][\w-]*)", done.stdout.decode()))
                self.assertGreater(len(told), 2)
                self.assertEqual(told, set(re.findall(r"Fl -([a-z][\w-]*)",
                                                      page(program + ".1"))))

    def test_commands(self):
        gateway = self.gateway()
        gateway.start_bearerbox()
        answer = gateway.admin("no-such-command.txt")
        commands = set(answer.split("Possible commands are:")[1].split())
        text = page("bearerbox.8").split(".Sh ADMINISTRATION")[1].split(".Sh SIGNALS")[0]
        written = set()
        for line in re.findall(r"^\.It Cm (.*)$", text, re.M):
            written.update(line.replace(",", " ").split())
        self.assertEqual(written, commands)

    def test_facts_and_tallies(self):
        written = re.findall(r"^\.It Va ([\w-]+)",
                             page("bearerbox.8").split(".Sh STATUS")[1].split(".Sh ")[0], re.M)
        defined = []
        for name, macro in (("facts", "FACT"), ("tallies", "TALLY")):
            path = os.path.join(TOP, "gw", "smsc", name + ".def")
            with open(path, encoding="utf-8") as f:
                defined += re.findall(r'^%s\(\w+, "([\w-]+)"' % macro, f.read(), re.M)
        self.assertGreater(len(defined), 10)
        self.assertEqual(written, defined)

    def test_escape_codes(self):
        section = page("kannel.conf.5").split(".Sh ESCAPE CODES")[1].split(".Sh ")[0]
        lists = section.split(".Va access-log-format\n")
        for text, source in zip(lists, ("smsbox/escapes.c", "bearerbox/access_log.c")):
            with open(os.path.join(TOP, "gw", source), encoding="utf-8") as f:
                known = set(re.findall(r"case '(\w)':", f.read()))
            rows = "".join(re.findall(r"^\.It (.*)$", text, re.M))
            self.assertGreater(len(known), 20)
            self.assertEqual(known, set(re.findall(r"%(\w)", rows)), source)

    def test_new_variables_are_in_a_guide(self):
        with open(os.path.join(TOP, "gw", "conf", "schema.def"), encoding="utf-8") as f:
            new = re.findall(r'^[A-Z]+\("([\w-]+)".* "New\. ', f.read(), re.M)
        guides = "".join(page(guide) for guide in GUIDES)
        self.assertGreater(len(new), 30)
        self.assertEqual([], [name for name in new if not re.search(
            r"(?<![\w-])%s(?![\w-])" % re.escape(name), guides)])

    def test_examples_can_be_copied(self):
        """A comment behind a value would become part of it; a name must exist."""
        with open(os.path.join(TOP, "gw", "conf", "schema.def"), encoding="utf-8") as f:
            known = {"group"} | set(re.findall(r'^[A-Z]+\("([\w-]+)"', f.read(), re.M))
        seen = 0
        for guide in GUIDES:
            for name, value in re.findall(r"^    ([a-z][\w-]*) = (.*)$", page(guide), re.M):
                seen += 1
                self.assertIn(name, known, guide)
                self.assertNotRegex(value, r"\s#", "%s: %s" % (guide, name))
        self.assertGreater(seen, 50)

    def test_sample_is_well_formed(self):
        sample = os.path.join(TOP, "kannel.conf.sample")
        for program in ("bearerbox", "smsbox"):
            with self.subTest(program):
                done = subprocess.run([os.path.join(build_directory(), program),
                                       "--check-config", sample], timeout=60,
                                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
                self.assertEqual(0, done.returncode, done.stdout)
                self.assertNotRegex(done.stdout, rb"WARNING|ERROR")

    def test_readme_names_what_exists(self):
        with open(os.path.join(TOP, "README.md"), encoding="utf-8") as f:
            text = f.read()
        names = re.findall(r"\]\((?!http)([\w./-]+)\)", text) + re.findall(
            r"`(doc/[\w./-]+|\./\w+|contrib/)[^`]*`", text)
        self.assertGreater(len(names), 5)
        for name in names:
            self.assertTrue(os.path.exists(os.path.join(TOP, name)), name)


if __name__ == "__main__":
    unittest.main()
