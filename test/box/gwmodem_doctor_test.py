# SPDX-License-Identifier: Apache-2.0
"""gwmodem doctor on made-up trees: the first obstacle by its id and in plain words."""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import termios
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
from device_tree import DeviceTree, ScriptedModem  # noqa: E402
from modem_peer import VirtualModem  # noqa: E402

GWMODEM = os.path.join(os.environ.get("KANTELE_BUILD", "."), "gwmodem")
BEARERBOX = os.path.join(os.environ.get("KANTELE_BUILD", "."), "bearerbox")
TIME_LIMIT = 300  # adapters are asked at every speed
FF, STORAGE, ACM = 0xff, 0x08, 0x02


class DoctorTest(unittest.TestCase):
    def setUp(self):
        self.tree = DeviceTree()
        self.addCleanup(self.tree.close)

    def modem(self, *arguments, **more):
        modem = ScriptedModem(*arguments, **more)
        self.addCleanup(modem.close)
        return modem

    def stick(self, answers=None, ids="1e0e:9000", port="ttyUSB0", name="1-1", **more):
        """A modem with one port."""
        modem = self.modem(answers, **more)
        self.tree.usb(name, ids, [(FF, "option", port)], product="Stick", serial="S" + name)
        self.tree.node(port, modem.device)
        return modem

    def run_doctor(self, *arguments, wait="0", **more):
        done = subprocess.run([GWMODEM, "--root", self.tree.root, "--wait", wait, *arguments],
                              capture_output=True, text=True, timeout=120, check=False, **more)
        self.assertNotIn("Sanitizer", done.stderr)
        self.assertNotIn("runtime error", done.stderr)
        return done

    def doctor(self, verdict, *words, arguments=()):
        """The answer, which must be that verdict; in the text the words must occur."""
        done = self.run_doctor("--json", "doctor", *arguments)
        answer = json.loads(done.stdout)
        self.assertEqual(answer["verdict"], verdict, answer)
        self.assertEqual((done.returncode, answer["ok"]),
                         (0, True) if verdict == "ok" else (1, False))
        self.plain = self.run_doctor("doctor", *arguments).stdout if words else ""
        for word in words:
            self.assertIn(word, self.plain)
        if verdict != "ok":
            self.assertEqual(self.plain.count("STOP"), 1 if words else 0)
            self.assertTrue(answer["text"] and answer["remedy"])
            self.assertEqual(answer["group"], "")
        return answer

    def warned(self, warning, *words, arguments=()):
        answer = self.doctor("ok", *words, arguments=arguments)
        self.assertEqual([w["id"] for w in answer["warnings"]], [warning])
        self.assertIn("group = smsc", answer["group"])
        return answer


class Bus(DoctorTest):
    def test_nothing_there(self):
        self.tree.usb("1-2", "046d:c31c", [(3, "usbhid", None)], product="Keyboard")
        self.tree.serial("ttyS0")
        self.doctor("no-modem", "there is no USB modem", "dmesg")

    def test_nothing_at_all(self):
        shutil.rmtree(self.tree.path("sys"))
        self.doctor("no-modem")

    def test_storage_face_of_the_tutorial(self):
        self.tree.usb("1-1", "1e0e:f000", [(STORAGE, "usb-storage", None)])
        answer = self.doctor("storage-face", "storage face", "1e0e:9000",
                             "usb_modeswitch -v 1e0e -p f000 -K")
        self.assertEqual(answer["usb"], "1e0e:f000")

    def test_after_the_switch_one_of_three_ports_talks(self):
        ports = [(FF, "option", "ttyUSB%d" % i) for i in range(3)]
        self.tree.usb("1-1", "1e0e:9000", ports)
        for i in range(3):
            self.tree.node("ttyUSB%d" % i, self.modem(mute=i != 1).device)
        answer = self.doctor("ok", "/dev/ttyUSB1 answers AT")
        self.assertEqual(answer["device"], "/dev/ttyUSB1")
        self.assertIn("device = /dev/ttyUSB1\n", answer["group"])

    def test_huawei_in_storage_mode(self):
        self.tree.usb("1-1", "12d1:1446", [(STORAGE, "usb-storage", None)])
        self.doctor("storage-face", "usb_modeswitch -v 12d1 -p 1446 -J")

    def test_an_id_that_is_both_is_a_modem_when_it_has_the_interface(self):
        self.tree.usb("1-1", "12d1:1003", [(STORAGE, "usb-storage", None)])
        self.doctor("storage-face")
        self.tree.usb("1-2", "12d1:1003", [(FF, "option", "ttyUSB0"),
                                           (STORAGE, "usb-storage", None)])
        self.tree.node("ttyUSB0", self.modem().device)
        self.doctor("ok")

    def test_storage_face_of_an_unknown_id(self):
        self.tree.usb("1-1", "19d2:7777", [(STORAGE, "usb-storage", None)])
        self.doctor("storage-face", "shows only a disk")

    def test_skypephone_before_and_after(self):
        self.tree.usb("1-1", "1614:1000", [(STORAGE, "usb-storage", None)])
        self.doctor("storage-face", "1614:0407")

    def test_option_does_not_know_the_id(self):
        self.tree.usb("1-1", "1614:0407", [(FF, None, None)] * 3)
        self.doctor("no-driver", "modprobe option",
                    "echo 1614 0407 > /sys/bus/usb-serial/drivers/option1/new_id")

    def test_acm_without_driver(self):
        self.tree.usb("1-1", "1546:1102", [(ACM, None, None)])
        self.doctor("no-driver", "modprobe cdc_acm")

    def test_hilink(self):
        self.tree.usb("1-1", "12d1:14db", [(ACM, "cdc_ether", None)])
        self.doctor("hilink", "without any AT port", "HTTP")

    def test_acm(self):
        self.tree.usb("1-1", "1546:1102", [(ACM, "cdc_acm", "ttyACM0")])
        self.tree.node("ttyACM0", self.modem().device)
        answer = self.doctor("ok")
        self.assertEqual(answer["device"], "/dev/ttyACM0")
        self.assertNotIn("speed", answer["group"])


class Ports(DoctorTest):
    def test_no_node(self):
        self.tree.usb("1-1", "1e0e:9000", [(FF, "option", "ttyUSB0")])
        self.doctor("no-node", "no such file", "udev")

    def test_no_such_device(self):
        self.stick()
        self.doctor("no-such-device", "there is no device /dev/ttyUSB7", "/dev/ttyUSB0",
                    arguments=["/dev/ttyUSB7"])

    def test_permission_of_another_user(self):
        modem = self.stick()
        os.chmod(modem.device, 0o600)
        self.doctor("permission", "nobody may not open /dev/ttyUSB0", "dialout",
                    "usermod -a -G", arguments=["--user", "nobody"])
        os.chmod(modem.device, 0o666)
        self.doctor("ok", arguments=["--user", "nobody"])

    @unittest.skipUnless(os.geteuid() == 0, "only root can become another user")
    def test_permission_of_oneself(self):
        modem = self.stick()
        os.chmod(modem.device, 0o600)
        with tempfile.TemporaryDirectory() as folder:
            os.chmod(folder, 0o755)
            program = shutil.copy(GWMODEM, folder)
            done = subprocess.run([program, "--root", self.tree.root, "--json", "doctor"],
                                  capture_output=True, text=True, timeout=60, check=False,
                                  user=65534, group=65534, extra_groups=[], cwd="/")
        self.assertEqual(json.loads(done.stdout)["verdict"], "permission", done.stderr)

    def test_held_by_modemmanager(self):
        self.stick()
        self.tree.process(812, "ModemManager", "/dev/ttyUSB0")
        self.doctor("held-by-modemmanager", "/dev/ttyUSB0 is held by ModemManager (process 812)",
                    "systemctl disable --now ModemManager")

    def test_held_by_something_else(self):
        self.stick()
        self.tree.process(7, "getty", "/dev/ttyS0")
        self.tree.process(4711, "minicom", "/dev/ttyUSB0")
        self.doctor("held", "held by minicom (process 4711)")

    def test_held_by_the_gateway(self):
        self.stick()
        self.tree.process(99, "bearerbox", "/dev/ttyUSB0")
        self.doctor("held-by-gateway", "in use by the gateway itself")

    def test_mute(self):
        self.stick(mute=True)
        self.doctor("no-answer", "none of the 1 ports", "answers AT")

    def test_the_port_asked_for_is_another_one(self):
        self.tree.usb("1-1", "1e0e:9000", [(FF, "option", "ttyUSB0"), (FF, "option", "ttyUSB1")])
        self.tree.node("ttyUSB0", self.modem(mute=True).device)
        self.tree.node("ttyUSB1", self.modem().device)
        self.doctor("wrong-port", "use /dev/ttyUSB1", arguments=["/dev/ttyUSB0"])
        self.doctor("ok", arguments=["usb:1e0e:9000:1"])

    def test_adapter_without_a_modem(self):
        self.tree.usb("1-1", "067b:2303", [(FF, "pl2303", "ttyUSB0")])
        self.tree.node("ttyUSB0", self.modem(mute=True).device)
        self.doctor("adapter-silent", "067b:2303 is a serial adapter, not a modem", "cable")

    def test_adapter_with_a_modem_at_another_speed(self):
        self.tree.usb("1-1", "067b:2303", [(FF, "pl2303", "ttyUSB0")])
        self.tree.node("ttyUSB0", self.modem(speed=termios.B9600).device)
        answer = self.warned("other-speed", "answers at 9600 bit/s, not at 115200")
        self.assertIn("speed = 9600\n", answer["group"])

    def test_noise(self):
        self.tree.usb("1-1", "067b:2303", [(FF, "pl2303", "ttyUSB0")])
        self.tree.node("ttyUSB0", self.modem(noise=b"\xf0\x8c\r\n\xff\r\n").device)
        self.doctor("noise", "no answer to AT at any speed")

    def test_serial_port_by_name(self):
        self.tree.serial("ttyS0")
        self.tree.node("ttyS0", self.modem(speed=termios.B115200).device)
        answer = self.doctor("ok", arguments=["/dev/ttyS0"])
        self.assertIn("device = /dev/ttyS0\nspeed = 115200\n", answer["group"])


class Sim(DoctorTest):
    def test_missing(self):
        self.stick({"AT+CPIN?": "+CME ERROR: 10"})
        self.doctor("sim-missing", "there is no SIM in the modem")

    def test_failure(self):
        self.stick({"AT+CPIN?": "+CME ERROR: 13"})
        self.doctor("sim-failure", "cannot read its SIM (+CME ERROR: 13)")

    def test_busy(self):
        self.stick({"AT+CPIN?": "+CME ERROR: 14"})
        self.doctor("sim-busy", "not ready yet")

    def test_pin_wanted_is_not_tried(self):
        modem = self.stick({"AT+CPIN?": "+CPIN: SIM PIN\nOK", "AT+SPIC": "+SPIC: 2,10,3,10\nOK"})
        self.doctor("pin-needed", "wants its PIN (2 tries left)", "--pin")
        self.assertFalse([c for c in modem.asked if c.startswith("AT+CPIN=")])

    def test_pin_given(self):
        modem = self.stick({"AT+CPIN?": ["+CPIN: SIM PIN\nOK", "+CPIN: READY\nOK"],
                            'AT+CPIN="1234"': "OK"})
        done = self.run_doctor("--json", "--pin", "1234", "doctor", wait="10")
        self.assertIn("pin = 1234\n", json.loads(done.stdout)["group"])
        self.assertEqual(modem.asked.count('AT+CPIN="1234"'), 1)

    def test_wrong_pin_is_sent_once(self):
        modem = self.stick({"AT+CPIN?": "+CPIN: SIM PIN\nOK", 'AT+CPIN="1111"': "+CME ERROR: 16"})
        done = self.run_doctor("--json", "--pin", "1111", "doctor")
        self.assertEqual(json.loads(done.stdout)["verdict"], "pin-wrong")
        self.assertEqual(modem.asked.count('AT+CPIN="1111"'), 1)

    def test_the_last_try_is_not_used(self):
        modem = self.stick({"AT+CPIN?": "+CPIN: SIM PIN\nOK",
                            "AT^CPIN?": "^CPIN: SIM PIN,1,10,1,10,3\nOK"})
        self.doctor("pin-last-try", arguments=["--pin", "1234"])
        self.assertFalse([c for c in modem.asked if c.startswith("AT+CPIN=")])

    def test_puk(self):
        self.stick({"AT+CPIN?": "+CPIN: SIM PUK\nOK"})
        self.doctor("puk-needed", "wants its PUK", "phone")

    def test_pin2_is_not_the_pin(self):
        self.stick({"AT+CPIN?": "+CPIN: SIM PIN2\nOK"})
        self.doctor("ok")

    def test_network_lock(self):
        self.stick({"AT+CPIN?": "+CPIN: PH-NET PIN\nOK"})
        self.doctor("network-lock", "locked to another network (PH-NET PIN)")

    def test_sim_lock(self):
        self.stick({"AT+CPIN?": "+CPIN: PH-SIM PIN\nOK"})
        self.doctor("sim-lock", "locked to another SIM")


class Network(DoctorTest):
    def test_not_registered(self):
        self.stick({"AT+CREG?": "+CREG: 0,2\nOK"})
        self.doctor("not-registered", "not registered", "state 2: searching")

    def test_does_not_search(self):
        self.stick({"AT+CREG?": "+CREG: 0,0\nOK"})
        self.doctor("not-registered", "AT+CFUN=1")

    def test_denied(self):
        self.stick({"AT+CREG?": "+CREG: 0,3\nOK"})
        self.doctor("registration-denied", "refuses this SIM", "operator")

    def test_emergency_only(self):
        self.stick({"AT+CREG?": "+CREG: 0,8\nOK"})
        self.doctor("emergency-only", "emergency calls only")

    def test_no_signal(self):
        self.stick({"AT+CREG?": "+CREG: 0,2\nOK", "AT+CSQ": "+CSQ: 0,99\nOK"})
        self.doctor("no-signal", "antenna")

    def test_lte_only(self):
        self.stick({"AT+CREG?": "+CREG: 0,0\nOK", "AT+CEREG?": "+CEREG: 0,5\nOK"})
        self.doctor("ok", "registered, roaming in VIRTUAL")

    def test_weak_signal(self):
        self.stick({"AT+CSQ": "+CSQ: 3,99\nOK"})
        self.warned("weak-signal", "the signal is weak (-107 dBm)", "antenna")


class Service(DoctorTest):
    def test_no_service_centre(self):
        self.stick({"AT+CSCA?": '+CSCA: "",129\nOK'})
        self.doctor("smsc-empty", "service centre is empty", "sms-center")

    def test_no_sms(self):
        self.stick({"AT+CMGF=?": "ERROR"})
        self.doctor("no-sms", "no commands for SMS")

    def test_memory_full(self):
        self.stick({"AT+CPMS?": '+CPMS: "SM",20,20,"SM",20,20,"SM",20,20\nOK'})
        self.warned("memory-full", "SM is full (20/20)")

    def test_memories_differ(self):
        self.stick({"AT+CPMS?": '+CPMS: "ME",0,99,"SM",0,20,"SM",0,20\nOK'})
        self.warned("memories-differ", "read from ME (mem1) but received into SM (mem3)")

    def test_no_indications(self):
        self.stick({"AT+CNMI=?": "+CNMI: (0-2),(0,3),(0,2),(0,1),(0,1)\nOK"})
        self.warned("no-indications", "neither 1 nor 2", "once a minute")

    def test_no_reports(self):
        self.stick({"AT+CNMI=?": '+CNMI: ("0","1","2"),("0","1"),("0"),("0"),("0")\nOK'})
        self.warned("no-reports", "no delivery reports")


class Well(DoctorTest):
    def test_two_modems(self):
        self.stick()
        self.stick(port="ttyUSB1", name="1-2")
        answer = self.doctor("ok", "All is well")
        self.assertEqual([d["device"] for d in answer["devices"]],
                         ["/dev/ttyUSB0", "/dev/ttyUSB1"])
        self.assertEqual(self.plain.count("group = smsc"), 2)

    def test_one_of_two_is_well(self):
        self.tree.usb("1-1", "12d1:1446", [(STORAGE, "usb-storage", None)])
        self.stick(port="ttyUSB1", name="1-2")
        answer = self.doctor("ok", "STOP", "usb_modeswitch")
        self.assertEqual([d["verdict"] for d in answer["devices"]], ["storage-face", "ok"])

    def test_a_lasting_name_in_the_group(self):
        self.stick()
        self.tree.by_id("usb-Stick-if00-port0", "ttyUSB0")
        answer = self.doctor("ok", "All is well. For kannel.conf:")
        self.assertEqual(answer["group"].splitlines(), [
            "group = smsc", "smsc = at", "smsc-id = scripted1-0009", "modemtype = auto",
            "device = /dev/serial/by-id/usb-Stick-if00-port0", "my-number = +491709990009"])
        self.assertEqual(self.doctor("ok", arguments=["/dev/serial/by-id/usb-Stick-if00-port0"])
                         ["device"], "/dev/ttyUSB0")

    def test_the_gateway_takes_the_group(self):
        self.stick()
        group = self.doctor("ok")["group"]
        with tempfile.NamedTemporaryFile("w", suffix=".conf") as conf:
            conf.write("group = core\nadmin-port = 13000\nadmin-password = x\n"
                       "smsbox-port = 13001\n\ngroup = smsbox\nbearerbox-host = localhost\n\n"
                       + group)
            conf.flush()
            done = subprocess.run([BEARERBOX, "--check-config", conf.name], capture_output=True,
                                  text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_a_walk_on_the_virtual_modem(self):
        with VirtualModem() as modem:
            self.tree.usb("1-1", "2c7c:0125", [(FF, "option", "ttyUSB2")])
            self.tree.node("ttyUSB2", modem.device)
            self.doctor("ok", "registered in VIRTUAL")
            modem.ctl("set sim NO SIM")
            self.doctor("sim-missing")


class List(DoctorTest):
    def list(self, *arguments):
        done = self.run_doctor("list", *arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_list(self):
        self.tree.usb("1-1", "12d1:1446", [(STORAGE, "usb-storage", None)])
        self.tree.usb("1-2", "1e0e:9000", [(FF, "option", "ttyUSB%d" % i) for i in range(3)],
                      product="Demo")
        for i in range(2):
            self.tree.node("ttyUSB%d" % i, self.modem(mute=i == 0).device)
        self.tree.node("ttyUSB2", self.modem().device)
        self.tree.process(812, "ModemManager", "/dev/ttyUSB2")
        self.tree.serial("ttyS0", kind=0)
        entries = json.loads(self.list("--json"))
        self.assertEqual([(e.get("device"), e["usb"], e.get("at"), e.get("interface"))
                          for e in entries],
                         [("/dev/ttyUSB0", "1e0e:9000", "no", 0),
                          ("/dev/ttyUSB1", "1e0e:9000", "yes", 1),
                          ("/dev/ttyUSB2", "1e0e:9000", "", 2),
                          (None, "12d1:1446", None, None)])
        self.assertEqual((entries[2]["holder"], entries[2]["holder_pid"]), ("ModemManager", 812))
        self.assertEqual(entries[1]["driver"], "option")
        self.assertEqual(entries[3]["kind"], "storage")
        text = self.list("--no-probe")
        self.assertIn("held by ModemManager, process 812", text)
        self.assertIn("usb_modeswitch -v 12d1 -p 1446 -J", text)


if __name__ == "__main__":
    unittest.main()
