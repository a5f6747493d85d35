# SPDX-License-Identifier: Apache-2.0
"""
GET /metrics: the format, read by a strict parser; the values, after traffic whose
outcome is known; the table of the documents.
"""
import os
import re
import sys
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
from exposition import parse  # noqa: E402
from gateway import GatewayTest, free_ports, wait_for  # noqa: E402
from modem_peer import VirtualModem  # noqa: E402
from smsc_peer import FakeSmsc  # noqa: E402

PASSWORD = "bar"
ODD = 'a "quoted" \\name'


def documented():
    """[(name, type, help)] of the manual page."""
    with open(os.path.join(HERE, "..", "..", "doc", "bearerbox.8"), encoding="utf-8") as f:
        text = f.read().split(".Sh METRICS")[1].split(".Sh ")[0]
    return re.findall(r"^\.It Va (\w+) Pq (\w+)\n(.*)$", text, re.M)


class Metrics(GatewayTest):
    def metrics(self, gw):
        status, body, headers = gw.http(gw.admin_port, "/metrics?password=" + PASSWORD)
        self.assertEqual(status, 200)
        self.assertEqual(headers["Content-Type"], "text/plain; version=0.0.4; charset=utf-8")
        return parse(body)

    def test_values_after_some_traffic(self):
        first = free_ports(2)
        gw = self.gateway(smsc=[
            {"smsc": "fake", "smsc_id": "one", "port": first, "allowed_smsc_id": "one"},
            {"smsc": "fake", "smsc_id": ODD, "port": first + 1, "denied_smsc_id": "one"}])
        gw.start()
        smsc = self.peer(FakeSmsc(first))
        gw.wait_link("one")
        gw.sendsms(to="123", text="goes", smsc="one")
        gw.sendsms(to="123", text="waits", smsc="other")
        smsc.text("100", "200", "hello")
        metrics = wait_for(lambda: (lambda m: m if (
            m["kantele_sms_sent_total"].value() == 1 and
            m["kantele_sms_received_total"].value() == 1 and
            m["kantele_smsc_queued"].value(smsc=ODD) == 1) else None)(self.metrics(gw)), 20,
            lambda: "the traffic:\n" + gw.status())
        self.assertEqual(metrics["kantele_smsc_sms_sent_total"].value(smsc="one"), 1)
        self.assertEqual(metrics["kantele_smsc_sms_received_total"].value(smsc="one"), 1)
        self.assertEqual(metrics["kantele_smsc_sms_sent_total"].value(smsc=ODD), 0)
        self.assertEqual(metrics["kantele_smsc_state"].value(smsc="one", state="online"), 1)
        self.assertEqual(metrics["kantele_smsc_state"].value(smsc=ODD, state="online"), 0)
        self.assertEqual(metrics["kantele_smsc_state"].value(smsc=ODD, state="connecting"), 1)
        self.assertEqual(metrics["kantele_state"].value(state="running"), 1)
        self.assertEqual(metrics["kantele_store_messages"].value(kind="mt_waiting"), 1)
        self.assertEqual(metrics["kantele_store_healthy"].value(), 1)
        self.assertGreater(metrics["kantele_store_bytes"].value(), 4096)
        self.assertEqual(metrics["kantele_boxes"].value(), 1)
        self.assertEqual(metrics["kantele_smsc_events_total"].value(smsc="one", event="lost"), 0)

    def test_the_oldest_gets_older(self):
        gw = self.gateway(smsc=[{"smsc": "fake", "smsc_id": "one", "port": free_ports(1)}])
        gw.start()
        before = time.time()
        gw.sendsms(to="123", text="waits")
        gw.wait_status(r"oldest waits [2-9]s")
        self.assertLessEqual(
            self.metrics(gw)["kantele_smsc_oldest_seconds"].value(smsc="one"),
            time.time() - before + 1)
        self.assertRegex(gw.status("xml"), r"<oldest>\d+</oldest>")

    def test_a_modem(self):
        modem = self.peer(VirtualModem())
        modem.ctl('set operator A "b" \\ c')
        gw = self.gateway(smsc=[{"smsc": "at", "smsc_id": "m1", "device": modem.device}])
        gw.start()
        gw.wait_status(r"signal -73")
        metrics = self.metrics(gw)
        self.assertEqual(metrics["kantele_smsc_signal_dbm"].value(smsc="m1"), -73)
        (labels, value), = metrics["kantele_smsc_info"].samples.items()
        self.assertEqual(value, 1)
        labels = dict(labels)
        self.assertEqual(labels["operator"], 'A "b" \\ c')
        self.assertEqual(labels["service_centre"], "+491710760000")
        self.assertEqual(labels["iccid"], "89490112345678900001")
        self.assertEqual(metrics["kantele_smsc_balance"].samples, {})

    def test_the_documents(self):
        gw = self.gateway()
        gw.start_bearerbox()
        found = [(name, metric.type, metric.help) for name, metric in self.metrics(gw).items()]
        self.assertGreater(len(found), 20)
        self.assertEqual(found, documented())

    def test_passwords_as_for_status(self):
        gw = self.gateway(core={"status_password": "sta"})
        gw.start_bearerbox()
        for password, good in (("?password=sta", True), ("", False),
                               ("?password=wrong", False)):
            body = gw.http(gw.admin_port, "/metrics" + password)[1]
            self.assertEqual(body.startswith("# HELP"), good, password)
            self.assertEqual(body == "Denied", not good, password)

    def test_other_endings_and_accept_headers_change_nothing(self):
        gw = self.gateway()
        gw.start_bearerbox()
        for path, accept in (("/metrics.xml", "*/*"), ("/metrics", "text/html")):
            parse(gw.http(gw.admin_port, path + "?password=" + PASSWORD,
                                  headers={"Accept": accept})[1])


if __name__ == "__main__":
    unittest.main()
