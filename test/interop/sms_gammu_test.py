# SPDX-License-Identifier: Apache-2.0
"""gw/sms and gammu (Debian: python3-gammu) read each other's PDUs.

gammu lives in Debian's own python, which may not be the one that runs the tests:
it is asked over a pipe, a JSON line for a JSON line. Where it cannot be had the
test fails.
"""
import json
import subprocess
import sys
import unittest

import pdu_chance

BRIDGE = """
import sys, json, datetime, gammu
print(json.dumps(gammu.Version()[0]), flush=True)
for line in sys.stdin:
    asked = json.loads(line)
    try:
        if "decode" in asked:
            sms = gammu.DecodePDU(bytes.fromhex(asked["decode"]), True)
            answer = {"number": sms["Number"], "type": sms["Type"], "coding": sms["Coding"],
                      "class": sms["Class"], "udh": sms["UDH"]["Text"].hex().upper(),
                      "mr": sms["MessageReference"], "time": str(sms["DateTime"])}
            text = sms["Text"]
            # The text ends at its first NUL; behind it the binding shows memory.
            answer["text"] = text.hex().upper() if isinstance(text, bytes) \
                else text.split("\\0")[0]
        else:
            made = asked["encode"]
            sms = {"Number": made["number"], "Text": made["text"], "Coding": made["coding"],
                   "Class": made["class"], "SMSC": {"Number": made["smsc"]},
                   "Folder": 1, "InboxFolder": 0, "Memory": "ME", "Location": 0, "Name": "",
                   "UDH": {"Type": "NoUDH", "Text": b""}, "Type": made["layout"], "State": "Sent",
                   "MessageReference": 0, "RejectDuplicates": 0, "ReplaceMessage": 0,
                   "ReplyViaSameSMSC": 0, "DeliveryStatus": 0,
                   "DateTime": datetime.datetime(2026, 2, 28, 12, 0, 0),
                   "SMSCDateTime": datetime.datetime(2026, 2, 28, 12, 0, 0)}
            answer = {"pdu": gammu.EncodePDU(sms, made["layout"]).hex().upper()}
    except Exception as error:
        answer = {"error": repr(error)}
    print(json.dumps(answer), flush=True)
"""
CODING = {"gsm7": "Default_No_Compression", "ucs2": "Unicode_No_Compression", "8bit": "8bit"}


class Gammu:
    def __init__(self):
        for python in ("/usr/bin/python3", sys.executable):
            self.process = subprocess.Popen([python, "-c", BRIDGE], stdin=subprocess.PIPE,
                                            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                            text=True)
            if self.process.stdout.readline():
                return
            self.close()
        raise RuntimeError("no gammu module (Debian: python3-gammu)")

    def ask(self, **question):
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait(10)


class GammuTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.gammu = Gammu()
        cls.addClassCleanup(cls.gammu.close)

    def check_part(self, message, part, decoded):
        """What gammu reads in one part against what we read in it ourselves."""
        seen = self.gammu.ask(decode=part["pdu"])
        self.assertNotIn("error", seen, (message, part))
        self.assertEqual(seen["type"], "Submit")
        self.assertEqual(seen["number"], message["da"])
        self.assertEqual(seen["coding"], CODING[decoded["alphabet"]])
        self.assertEqual(seen["class"], message.get("class", -1))
        if decoded["udhi"]:
            header = bytes.fromhex(decoded["udh"])
            self.assertEqual(seen["udh"], (bytes([len(header)]) + header).hex().upper())
        if decoded["alphabet"] == "8bit":
            self.assertEqual(seen["text"], decoded["data"])
        else:
            self.assertEqual(seen["text"], decoded["text"])
        return seen

    def test_gammu_reads_what_we_write(self):
        source = pdu_chance.Messages(20)
        messages = [source.message() for _ in range(400)]
        answers = pdu_chance.encode(messages)
        decoded = iter(pdu_chance.decode([p["pdu"] for a in answers for p in a["parts"]]))
        for message, answer in zip(messages, answers):
            whole = ""
            for part in answer["parts"]:
                ours = next(decoded)
                self.check_part(message, part, ours)
                whole += ours.get("text", ours.get("data"))
            self.assertEqual(whole, message.get("text", message.get("data")))

    def written_by_gammu(self, layout):
        source = pdu_chance.Messages(30)
        made = []
        for _ in range(200):
            wide = source.chance.random() < 0.4
            made.append({
                "layout": layout, "number": source.number(), "smsc": "+491722270333",
                "class": source.chance.choice([-1, 0, 1]),
                "coding": CODING["ucs2" if wide else "gsm7"],
                "text": source.text(pdu_chance.UCS2 if wide else pdu_chance.GSM7,
                                    68 if wide else 160)})
        pdus = [self.gammu.ask(encode=m) for m in made]
        self.assertFalse([p for p in pdus if "error" in p])
        return made, pdu_chance.decode([p["pdu"] for p in pdus])

    def check_read(self, layout, kind, address):
        for made, decoded in zip(*self.written_by_gammu(layout)):
            self.assertEqual(decoded["type"], kind)
            self.assertEqual(decoded["smsc"], made["smsc"])
            self.assertEqual(decoded[address], made["number"])
            self.assertEqual(CODING[decoded["alphabet"]], made["coding"])
            self.assertEqual(-1 if decoded["class"] is None else decoded["class"], made["class"])
            self.assertEqual(decoded["text"], made["text"])

    def test_we_read_the_submits_of_gammu(self):
        self.check_read("Submit", "submit", "da")

    def test_we_read_the_delivers_of_gammu(self):
        self.check_read("Deliver", "deliver", "oa")


if __name__ == "__main__":
    unittest.main()
