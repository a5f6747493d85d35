# SPDX-License-Identifier: Apache-2.0
"""A variable of gw/conf/schema.def that claims to do something is read by
somebody: else a configuration that sets it would be accepted and mean nothing.
No process is started; the sources are searched for the name as a string."""
import glob
import os
import re
import unittest

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# Not read yet, by group and name. What is still here at a release has to become
# IGNORED or UNSUPPORTED in schema.def.
PLANNED = set()

# Accepted with any value because there is nothing to do.
NOTHING_TO_DO = {("core", "dlr-storage")}


def variables():
    """(group, name, standing, doc) of every variable in the table."""
    group = None
    with open(os.path.join(TOP, "gw/conf/schema.def"), encoding="utf-8") as table:
        for line in table:
            head = re.match(r'GROUP\(\w+, "([^"]+)", \w+, (\w+)', line)
            if head:
                group, standing = head.groups()
                ignored = standing == "IGNORED"
            found = re.match(
                r'[A-Z]+\("([^"]+)",.* (USED|REQUIRED|DEPRECATED|IGNORED|UNSUPPORTED), "(.*)"\)$',
                line)
            if found and group and not head:
                name, standing, doc = found.groups()
                yield group, name, "IGNORED" if ignored else standing, doc


def sources():
    text = []
    for path in glob.glob(os.path.join(TOP, "gw/**/*.[ch]"), recursive=True):
        if "/gw/conf/schema" not in path:
            with open(path, encoding="utf-8") as source:
                text.append(source.read())
    return "".join(text)


def waits_for_driver(group, doc):
    """Of SMSC types whose driver does not exist."""
    smpp = os.path.exists(os.path.join(TOP, "gw/smsc/smpp/driver.c"))
    http = os.path.exists(os.path.join(TOP, "gw/smsc/http.c"))
    return group == "smsc" and ((doc.startswith("smpp") and not smpp) or
                                (doc.startswith("http") and not http))


class Variables(unittest.TestCase):
    def test_the_table_is_understood(self):
        rows = list(variables())
        self.assertGreater(len(rows), 300)
        self.assertIn(("core", "admin-port", "USED"), [row[:3] for row in rows])

    def test_what_is_used_is_read(self):
        text = sources()
        unread = [
            f"{group} {name}" for group, name, standing, doc in variables()
            if standing in ("USED", "REQUIRED", "DEPRECATED")
            and f'"{name}"' not in text and not waits_for_driver(group, doc)
            and (group, name) not in PLANNED | NOTHING_TO_DO]
        self.assertEqual([], unread)


if __name__ == "__main__":
    unittest.main()
