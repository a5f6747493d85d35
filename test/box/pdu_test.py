# SPDX-License-Identifier: Apache-2.0
"""The tests' own PDU code against the golden vectors: the second opinion must be
right before it may judge."""
import json
import os
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import pdu  # noqa: E402

VECTORS = os.path.join(HERE, "..", "data", "vectors")


def vectors(name):
    with open(os.path.join(VECTORS, name), encoding="utf-8") as f:
        return [json.loads(line) for line in f]


class Vectors(unittest.TestCase):
    def test_decode(self):
        for vector in vectors("pdu-decode.jsonl"):
            with self.subTest(vector["id"], note=vector["note"]):
                got = pdu.decode(vector["pdu"], vector["direction"])
                want = vector["expect"]
                self.assertEqual({key: got.get(key) for key in want}, want)

    def test_encode(self):
        for vector in vectors("pdu-encode.jsonl"):
            with self.subTest(vector["id"], note=vector["note"]):
                self.assertEqual(pdu.encode_submit(vector["input"]), vector["expect"])


class Network(unittest.TestCase):
    """What the network sends is read back as it was meant."""

    def test_deliver(self):
        text = "Grüße von {weit} weg, " * 12
        parts = [pdu.decode(p, "to-te") for p in pdu.encode_deliver(
            {"from": "+491701234567", "text": text, "ref": 7,
             "scts": "2026-02-28T12:00:00+14:00"})]
        self.assertEqual("".join(p["text"] for p in parts), text)
        self.assertEqual([p["concat"]["seq"] for p in parts], [1, 2])
        self.assertEqual({p["oa"] for p in parts}, {"+491701234567"})
        self.assertEqual(parts[0]["scts"], "2026-02-28T12:00:00+14:00")

    def test_deliver_alphanumeric_and_binary(self):
        one, = pdu.encode_deliver({"from": "Kantele", "data": "00FF10"})
        got = pdu.decode(one, "to-te")
        self.assertEqual((got["oa"], got["data"]), ("Kantele", "00FF10"))

    def test_report(self):
        got = pdu.decode(pdu.encode_report(200, "+4917", 0x46), "to-te")
        self.assertEqual((got["mr"], got["ra"], got["st"], got["dlr"]),
                         (200, "+4917", 0x46, "failed"))

    def test_garbage(self):
        for text in ("", "0", "zz", "00", "0701", "00040BD1", "0004FF91"):
            with self.subTest(text), self.assertRaises(pdu.PduError):
                pdu.decode(text, "to-te")


if __name__ == "__main__":
    unittest.main()
