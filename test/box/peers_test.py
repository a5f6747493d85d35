# SPDX-License-Identifier: Apache-2.0
"""The peers of the process tests against recorded data."""
import json
import os
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import box_peer  # noqa: E402
from gateway import format_group  # noqa: E402
from smpp_peer import Message  # noqa: E402


def _fields(decoded):
    """{"hex": ...} stands for octets that are no text."""
    return {name: bytes.fromhex(value["hex"]) if isinstance(value, dict) else value
            for name, value in decoded.items()}


class BoxFrames(unittest.TestCase):
    def test_recorded_frames(self):
        path = os.path.join(HERE, "..", "data", "compat", "boxframes.jsonl")
        with open(path, encoding="utf-8") as f:
            records = [json.loads(line) for line in f]
        self.assertEqual(len(records), 26)
        for record in records:
            with self.subTest(record["id"]):
                frame, want = bytes.fromhex(record["hex"]), _fields(record["decoded"])
                self.assertEqual(box_peer.pack(want), frame)
                got = box_peer.unpack(frame[4:])
                for name in ("msgdata", "udhdata"):
                    if isinstance(want.get(name), str):
                        want[name] = want[name].encode()
                self.assertEqual(got, want)

    def test_broken_frames(self):
        for body in (b"", b"\0\0\0\x09", b"\0\0\0\1\0\0\0\3\0\0\0\7abc"):
            with self.assertRaises(ValueError):
                box_peer.unpack(body)


class Others(unittest.TestCase):
    def test_smpp_message(self):
        message = Message(source_addr="1", destination_addr="2", short_message=b"hi",
                          tlv={0x0424: b"long"})
        got = Message.read(message.body())
        self.assertEqual((got.source_addr, got.short_message, got.tlv),
                         (b"1", b"hi", {0x0424: b"long"}))

    def test_group(self):
        self.assertEqual(format_group("smsc", {"smsc_id": 'a"b', "port": 7, "reroute": True,
                                               "host": None}),
                         'group = smsc\nsmsc-id = "a\\"b"\nport = 7\nreroute = true\n\n')


if __name__ == "__main__":
    unittest.main()
