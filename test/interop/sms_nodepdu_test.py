# SPDX-License-Identifier: Apache-2.0
"""gw/sms and npm's node-pdu read each other's PDUs.

The package is installed into a temporary directory; where npm or the package
cannot be had the test fails.
"""
import json
import os
import subprocess
import tempfile
import unittest

import pdu_chance

PACKAGE = "node-pdu@2.1.1"
# Characters that it shows as something else.
UNKNOWN = "\u00a7\f"
BRIDGE = """
import { parse, Submit, Deliver } from 'node-pdu';
import fs from 'fs';
function answer(asked) {
  if (asked.decode !== undefined) {
    const pdu = parse(asked.decode);
    return { kind: pdu instanceof Submit ? 'submit' : 'other', phone: pdu.address.phone,
             ton: pdu.address.type.type, mr: pdu.messageReference, text: pdu.data.getText() };
  }
  return { pdu: new Submit(asked.number, asked.text).toString() };
}
for (const line of fs.readFileSync(0, 'utf8').trim().split('\\n')) {
  let result;
  try { result = answer(JSON.parse(line)); } catch (error) { result = { error: String(error) }; }
  console.log(JSON.stringify(result));
}
"""


class NodePduTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="node-pdu-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = folder.name
        done = subprocess.run(["npm", "install", "--prefix", cls.folder, "--no-audit", "--no-fund",
                               "--ignore-scripts", PACKAGE], capture_output=True, text=True,
                              timeout=120, check=False)
        if done.returncode:
            raise RuntimeError("npm install %s: %s" % (PACKAGE, done.stderr[-1000:]))
        with open(os.path.join(cls.folder, "bridge.mjs"), "w", encoding="utf-8") as f:
            f.write(BRIDGE)

    def ask(self, questions):
        done = subprocess.run(["node", "bridge.mjs"], cwd=self.folder, capture_output=True,
                              text=True, timeout=60, check=False,
                              input="".join(json.dumps(q) + "\n" for q in questions))
        answers = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual(len(answers), len(questions), done.stderr[:1000])
        return answers

    def test_it_reads_what_we_write(self):
        source = pdu_chance.Messages(40, UNKNOWN)
        messages = [m for m in (source.message() for _ in range(500)) if "text" in m]
        for message in messages:
            message.pop("udh", None)  # unknown elements upset it
        parts = [(m, p) for m, e in zip(messages, pdu_chance.encode(messages)) for p in e["parts"]]
        ours = pdu_chance.decode([p["pdu"] for _, p in parts])
        theirs = self.ask([{"decode": p["pdu"]} for _, p in parts])
        self.assertGreater(len(parts), 300)
        for (message, part), we, it in zip(parts, ours, theirs):
            with self.subTest(pdu=part["pdu"]):
                self.assertNotIn("error", it)
                self.assertEqual(it["kind"], "submit")
                self.assertEqual(it["phone"], message["da"].lstrip("+"))
                self.assertEqual(it["ton"], 1 if message["da"].startswith("+") else 0)
                self.assertEqual(it["mr"], message["mr"])
                self.assertEqual(it["text"], we["text"])

    def test_we_read_what_it_writes(self):
        source = pdu_chance.Messages(50, UNKNOWN)
        made = []
        for _ in range(300):
            wide = source.chance.random() < 0.4
            text = source.text(pdu_chance.UCS2 if wide else source.gsm7, 68 if wide else 150)
            made.append({"number": "+4917" + source.number().lstrip("+"),
                         "text": "\u0416" + text if wide else text})
        pdus = self.ask(made)
        self.assertFalse([p for p in pdus if "error" in p])
        decoded = iter(pdu_chance.decode([p for a in pdus for p in a["pdu"].split()]))
        for asked, answer in zip(made, pdus):  # it splits, and earlier than one must
            parts = [next(decoded) for _ in answer["pdu"].split()]
            self.assertEqual({p["type"] for p in parts}, {"submit"})
            self.assertEqual({p["da"] for p in parts}, {asked["number"]})
            self.assertEqual("".join(p["text"] for p in parts), asked["text"])


if __name__ == "__main__":
    unittest.main()
