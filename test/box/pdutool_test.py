# SPDX-License-Identifier: Apache-2.0
"""pdutool as a program: its answers, its exit status, whole vector files in a batch."""
import json
import os
import subprocess
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
VECTORS = os.path.join(HERE, "..", "data", "vectors")
PDUTOOL = os.path.join(os.environ.get("KANTELE_BUILD", "."), "pdutool")
HELLO = "07911467214365F7000B911467214365F70000706050316503000631D98C56B301"


def pdutool(*arguments, text=""):
    return subprocess.run([PDUTOOL, *arguments], input=text, capture_output=True, text=True,
                          timeout=60, check=False)


def vectors(name):
    with open(os.path.join(VECTORS, name), encoding="utf-8") as f:
        return f.read()


class OneTest(unittest.TestCase):
    def test_decode(self):
        done = pdutool("decode", HELLO)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(done.stdout.count("\n"), 1)
        answer = json.loads(done.stdout)
        self.assertEqual(answer["oa"], "+41761234567")
        self.assertEqual(answer["text"], "123456")
        self.assertEqual(answer["scts"], "2007-06-05T13:56:30+00:00")

    def test_encode(self):
        done = pdutool("encode", '{"da": "+12887324501", "text": "ab"}')
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(json.loads(done.stdout), {"alphabet": "gsm7", "parts": [
            {"pdu": "0001000B912188374205F10000026131", "tpdu_len": 15}]})

    def test_types_of_number(self):
        for number, wire in (("+12", "029121"), ("12", "028121"), ("1ab*", "0481C1AD"),
                             ("Shop", "07D053F41B0E")):
            done = pdutool("encode", json.dumps({"da": number, "text": ""}))
            self.assertIn('"pdu":"000100%s0000' % wire, done.stdout)

    def test_national_tables_only_in_seven_bit(self):
        order = {"da": "1", "lock": 1, "shift": 1}
        done = pdutool("encode", json.dumps(dict(order, text="\u015f")))
        self.assertIn('"0041000181F1000009062401012501011D', done.stdout)
        done = pdutool("encode", json.dumps(dict(order, text="\u0436")))
        self.assertIn('"0001000181F10008020436"', done.stdout)

    def test_directions_and_service_centre(self):
        report = "0000D3077F000348690D"
        self.assertEqual(pdutool("decode", report).returncode, 2)
        answer = json.loads(pdutool("decode", "--direction", "from-te", report).stdout)
        self.assertEqual((answer["type"], answer["fcs"], answer["pi"]), ("deliver-report", 211, 7))
        answer = json.loads(pdutool("decode", "--no-smsc", HELLO[16:]).stdout)
        self.assertEqual((answer["smsc"], answer["text"]), (None, "123456"))

    def refused(self, where, *arguments):
        done = pdutool(*arguments)
        self.assertEqual(done.returncode, 2, arguments)
        self.assertEqual(done.stdout, "")
        self.assertIn(where, done.stderr)

    def test_malformed_octets(self):
        self.refused("octet 0: ", "decode", "")
        self.refused("octet 2: not a hex digit", "decode", "0791XX")
        self.refused("octet 1: odd number", "decode", "07A")
        self.refused("octet 32: user data shorter", "decode", HELLO[:-2])
        self.refused("octet 8: message type", "decode", HELLO[:16] + "03")

    def test_malformed_orders(self):
        self.refused("octet", "encode", "{")
        self.refused("not a JSON object", "encode", "[]")
        self.refused("da: missing", "encode", '{"text": "a"}')
        self.refused("neither text nor data", "encode", '{"da": "1"}')
        self.refused("octet 1: character without a place", "encode",
                     '{"da": "1", "text": "a\u0431", "alphabet": "gsm7"}')
        self.refused("data: not hex", "encode", '{"da": "1", "data": "0"}')
        self.refused("da: octet 2: not a digit", "encode", '{"da": "12x", "da_toa": 129, "text": ""}')
        self.refused("udh: octet 0: ", "encode", '{"da": "1", "text": "a", "udh": "7009"}')
        self.refused("class: not a number 0..3", "encode", '{"da": "1", "text": "", "class": 4}')
        self.refused("vp_absolute", "encode", '{"da": "1", "text": "", "vp_absolute": "soon"}')
        self.refused("longer than 255 parts", "encode",
                     json.dumps({"da": "1", "data": "00" * (255 * 134 + 1)}))

    def test_command_line(self):
        for arguments in ((), ("recode",), ("decode",), ("decode", HELLO, HELLO),
                          ("decode", "--batch", HELLO), ("decode", "--direction", "up", HELLO),
                          ("decode", "--nonsense", HELLO)):
            done = pdutool(*arguments)
            self.assertEqual(done.returncode, 64, arguments)
            self.assertIn("usage:", done.stderr)
        self.assertEqual(pdutool("--help").returncode, 0)

    def test_output_that_cannot_be_written(self):
        with open("/dev/full", "w", encoding="utf-8") as full:
            done = subprocess.run([PDUTOOL, "decode", HELLO], stdout=full, stderr=subprocess.PIPE,
                                  timeout=60, check=False)
        self.assertEqual(done.returncode, 74)


class BatchTest(unittest.TestCase):
    def check_decoded(self, answers, lines):
        self.assertEqual(len(answers), len(lines))
        for answer, line in zip(answers, lines):
            for name, value in line["expect"].items():
                self.assertEqual(answer.get(name, "absent"), value, line["id"])

    def test_all_vectors_as_they_are(self):
        done = pdutool("decode", "--batch", text=vectors("pdu-decode.jsonl"))
        self.assertEqual(done.returncode, 0, done.stderr)
        answers = [json.loads(line) for line in done.stdout.splitlines()]
        lines = [json.loads(line) for line in vectors("pdu-decode.jsonl").splitlines()]
        self.check_decoded(answers, lines)
        self.assertEqual([a["id"] for a in answers], [line["id"] for line in lines])

    def test_all_vectors_as_hex(self):
        lines = [json.loads(line) for line in vectors("pdu-decode.jsonl").splitlines()]
        done = pdutool("decode", "--batch", text="".join(x["pdu"].lower() + "\r\n" for x in lines))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.check_decoded([json.loads(line) for line in done.stdout.splitlines()], lines)

    def test_all_orders(self):
        lines = [json.loads(line) for line in vectors("pdu-encode.jsonl").splitlines()]
        for text in (vectors("pdu-encode.jsonl"),
                     "".join(json.dumps(x["input"]) + "\n" for x in lines)):
            done = pdutool("encode", "--batch", text=text)
            self.assertEqual(done.returncode, 0, done.stderr)
            answers = [json.loads(line) for line in done.stdout.splitlines()]
            for answer in answers:
                answer.pop("id", None)
            self.assertEqual(answers, [x["expect"] for x in lines])

    def test_a_bad_line_keeps_its_place(self):
        done = pdutool("decode", "--batch", text="%s\nzz\n%s\n" % (HELLO, HELLO))
        answers = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual(done.returncode, 2)
        self.assertEqual([a.get("text") for a in answers], ["123456", None, "123456"])
        self.assertEqual(answers[1], {"error": "octet 0: not a hex digit"})
        done = pdutool("encode", "--batch", text='{"id": "x", "input": {"da": "1"}}\n')
        self.assertEqual(json.loads(done.stdout), {"id": "x", "error": "neither text nor data"})


if __name__ == "__main__":
    unittest.main()
