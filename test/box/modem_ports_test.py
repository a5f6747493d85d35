# SPDX-License-Identifier: Apache-2.0
"""
Where a modem can be: behind telnet with a login, on a USB port that changes its
number, on a port that another program has, on a line whose speed nobody told.
"""
import os
import subprocess
import sys
import termios

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
from device_tree import DeviceTree  # noqa: E402
from gateway import GatewayTest, wait_for  # noqa: E402
from modem_bridge import DO, IAC, Line, TelnetGateway, WONT  # noqa: E402
from modem_peer import VirtualModem  # noqa: E402


class PortCase(GatewayTest):
    def start(self, wait=True, more="", **link):
        self.gw = self.gateway(smsc=[{"smsc": "at", "smsc_id": "m1", **link}], more=more,
                               core={"sms_resend_freq": 1})
        self.gw.start()
        if wait:
            self.gw.wait_link("m1", 60)
        return self.gw

    def send(self, modem, text):
        before = len(modem.sent_parts())
        status, body = self.gw.sendsms(to="+4917012345", text=text)
        self.assertEqual(status, 202, body)
        wait_for(lambda: [p["text"] for p in modem.sent_parts()[before:]] == [text], 60,
                 lambda: "%r to be sent, not %r\n%s\n%s" % (
                     text, modem.sent_parts(), self.gw.status(), self.gw.log()[-3000:]))


class Telnet(PortCase):
    def behind(self, wait=True, link=None, **gateway):
        self.modem = self.peer(VirtualModem(tcp=True))
        self.telnet = self.peer(TelnetGateway(self.modem.address, **gateway))
        return self.start(wait, **{"device": "telnet", "host": "127.0.0.1",
                                   "port": self.telnet.port, **(link or {})})

    def test_user_and_password(self):
        gw = self.behind(user="admin", password="s3cret", link={
            "smsc_username": "admin", "smsc_password": "s3cret"})
        self.send(self.modem, "through telnet")
        self.assertIn("login, password: --> ****", gw.log())
        self.assertNotIn("s3cret", gw.log())
        # what is refused is refused, and what is accepted accepted
        self.assertIn(bytes((IAC, WONT, 24)), self.telnet.replies)
        self.assertIn(bytes((IAC, DO, 1)), self.telnet.replies)

    def test_octet_by_octet(self):
        self.behind(user="admin", password="s3cret", crumbs=True, link={
            "device": "rawtcp", "telnet": True, "smsc_username": "admin",
            "smsc_password": "s3cret"})
        self.send(self.modem, "in crumbs")

    def test_a_password_only_and_a_menu(self):
        self.behind(password="s3cret", menu=("Which module?", "module1"), link={
            "smsc_password": "s3cret", "menu_prompt": "which module?", "menu_answer": "module1"})
        self.send(self.modem, "through a menu")

    def test_without_a_login(self):
        self.behind()
        self.send(self.modem, "as ser2net has it")

    def test_a_login_without_telnet(self):
        self.behind(user="admin", password="s3cret", telnet=False, link={
            "device": "rawtcp", "smsc_username": "admin", "smsc_password": "s3cret",
            "login_prompt": "SG login:"})
        self.send(self.modem, "over a bare connection")

    def test_a_wrong_password_is_a_state(self):
        gw = self.behind(False, user="admin", password="s3cret", link={
            "smsc_username": "admin", "smsc_password": "wrong"})
        gw.wait_status(r"(?s)m1.*waits for telnet 127.0.0.1:\d+: the login was refused")
        self.assertEqual(self.telnet.refusals, 1)
        self.assertEqual(self.telnet.logins, 0)

    def test_no_user_is_configured(self):
        gw = self.behind(False, user="admin", password="x")
        gw.wait_status(r"(?s)m1.*a user is asked for, and smsc-username is not set")
        self.assertEqual(self.telnet.typed, [])

    def test_the_connection_is_lost(self):
        self.behind(user="admin", password="s3cret", link={
            "smsc_username": "admin", "smsc_password": "s3cret"})
        self.send(self.modem, "one")
        self.telnet.drop()
        self.gw.wait_status(r"(?s)m1.*lost 1\b")
        self.send(self.modem, "two")
        self.assertEqual(self.telnet.logins, 2)

    def test_a_prefix_before_each_command(self):
        self.behind(prefix=b"at&g03=", link={"command_prefix": "at&g03="})
        self.send(self.modem, "through a 2N gateway")
        self.assertTrue(any(line.startswith(b"at&g03=AT+CMGS=") for line in self.telnet.typed))


class Names(PortCase):
    """Two interfaces of a made-up stick; the second one is the modem."""

    def setUp(self):
        self.tree = DeviceTree()
        self.addCleanup(self.tree.close)
        self.modem = self.peer(VirtualModem(tcp=True))
        self.line = self.peer(Line(self.modem.address))
        self.deaf = self.peer(Line(None))
        self.gw = None

    def plug(self, name, first, serial="S1", ids="1e0e:9000"):
        ports = ["ttyUSB%d" % (first + n) for n in range(2)]
        self.tree.usb(name, ids, [(0xff, "option", port) for port in ports], serial=serial)
        self.tree.node(ports[0], self.deaf.device)
        self.tree.node(ports[1], self.line.device)
        return "/dev/" + ports[1]

    def unplug(self, name, first):
        for path in (["sys/bus/usb/devices", name], ["sys/bus/usb/devices", name + ":1.0"],
                     ["sys/bus/usb/devices", name + ":1.1"],
                     ["sys/class/tty", "ttyUSB%d" % first],
                     ["sys/class/tty", "ttyUSB%d" % (first + 1)],
                     ["dev", "ttyUSB%d" % first], ["dev", "ttyUSB%d" % (first + 1)]):
            os.unlink(self.tree.path(*path))

    def start_in_tree(self, **link):
        return self.start(device_root=self.tree.root, **link)

    def test_a_usb_name_finds_the_port_that_answers(self):
        device = self.plug("1-1", 0)
        gw = self.start_in_tree(device="usb:1e0e:9000")
        gw.wait_status(r"(?s)m1.*device %s\b" % device)
        self.send(self.modem, "by its id")

    def test_an_interface_is_taken_at_its_word(self):
        device = self.plug("1-1", 0)
        gw = self.start_in_tree(device="usb:1e0e:9000:S1:1")
        gw.wait_status(r"(?s)m1.*device %s\b" % device)
        self.assertEqual(self.deaf.chunks, [])

    def test_plugged_in_later_and_again_under_another_number(self):
        gw = self.start_in_tree(device="usb:1e0e:9000", wait=False)
        gw.wait_status(r"(?s)m1.*waits for usb:1e0e:9000: No such file or directory")
        self.plug("1-1", 0)
        gw.wait_link("m1", 60)
        self.unplug("1-1", 0)
        self.line.vanish()
        gw.wait_status(r"(?s)m1.*waits for usb:1e0e:9000")
        self.line.appear()
        device = self.plug("1-4", 6)
        gw.wait_link("m1", 60)
        gw.wait_status(r"(?s)m1.*device %s\b" % device)
        self.send(self.modem, "under another number")

    def test_a_plain_name_that_changed(self):
        self.plug("1-1", 0)
        gw = self.start_in_tree(device="/dev/ttyUSB1")
        self.unplug("1-1", 0)
        self.line.vanish()
        gw.wait_status(r"(?s)m1.*waits for /dev/ttyUSB1: No such file or directory")
        self.line.appear()
        device = self.plug("1-4", 6)
        gw.wait_status(r"(?s)m1.*\(online.*device %s\b" % device, 60)
        self.send(self.modem, "by its serial number")

    def test_by_id(self):
        device = self.plug("1-1", 0)
        self.tree.by_id("usb-Stick-if01", os.path.basename(device))
        gw = self.start_in_tree(device="/dev/serial/by-id/usb-Stick-if01")
        gw.wait_status(r"(?s)m1.*device %s\b" % device)

    def test_the_imei_is_looked_for(self):
        device = self.plug("1-1", 0)
        wanted = self.modem.ctl("stats")["imei"]
        gw = self.start_in_tree(device="/dev/ttyUSB9", imei=wanted)
        gw.wait_status(r"(?s)m1.*device %s\b" % device)

    def test_another_imei_is_not_taken(self):
        self.plug("1-1", 0)
        gw = self.start_in_tree(device="/dev/ttyUSB1", imei="490154203237518", wait=False)
        gw.wait_status(r"(?s)m1.*waits for the modem 490154203237518: /dev/ttyUSB1 is "
                       + self.modem.ctl("stats")["imei"], 60)

    def test_back_as_a_disk(self):
        self.tree.usb("1-1", "1e0e:f000", [(0x08, "usb-storage", None)])
        hook, said = self.tree.path("hook"), self.tree.path("said")
        with open(hook, "w", encoding="utf-8") as f:
            f.write('#!/bin/sh\necho "$SMSC_ID $SMSC_DEVICE $SMSC_REASON $SMSC_USB_ID $1" > %s.new\n'
                    "mv %s.new %s\n" % (said, said, said))
        os.chmod(hook, 0o755)
        gw = self.start_in_tree(device="usb:1e0e:9000", wait=False, storage_hook=hook + " word")
        gw.wait_status(r"(?s)m1.*1e0e:f000 shows its storage face and no modem: run "
                       r"\S*usb_modeswitch -v 1e0e -p f000 -K")
        wait_for(lambda: os.path.exists(said), 60, "the hook to run")
        with open(said, encoding="utf-8") as f:
            self.assertEqual(f.read(), "m1 usb:1e0e:9000 storage 1e0e:f000 word\n")
        self.tree.usb("1-2", "1e0e:9000", [(0xff, "option", "ttyUSB0")])
        self.tree.node("ttyUSB0", self.line.device)
        gw.wait_link("m1", 60)


class Locks(PortCase):
    def setUp(self):
        self.tree = DeviceTree()
        self.addCleanup(self.tree.close)
        os.makedirs(self.tree.path("run/lock"))
        self.lock = self.tree.path("run/lock/LCK..ttyUSB0")
        self.modem = self.peer(VirtualModem(tcp=True))
        self.line = self.peer(Line(self.modem.address))
        self.tree.usb("1-1", "1e0e:9000", [(0xff, "option", "ttyUSB0")])
        self.tree.node("ttyUSB0", self.line.device)

    def test_a_lock_file_comes_and_goes(self):
        gw = self.start(device="/dev/ttyUSB0", device_root=self.tree.root)
        with open(self.lock, encoding="ascii") as f:
            self.assertEqual(f.read(), "%10d\n" % gw.bearerbox.child.pid)
        gw.bearerbox.stop()
        self.assertFalse(os.path.exists(self.lock))

    def test_another_program_has_it(self):
        with subprocess.Popen(["sleep", "600"]) as other:
            try:
                with open(self.lock, "w", encoding="ascii") as f:
                    f.write("%10d\n" % other.pid)
                self.tree.process(other.pid, "ModemManager")
                gw = self.start(False, device="/dev/ttyUSB0", device_root=self.tree.root)
                gw.wait_status(r"(?s)m1.*waits for /dev/ttyUSB0: in use by ModemManager "
                               r"\(process %d\)" % other.pid)
            finally:
                other.terminate()
                other.wait()
        gw.wait_link("m1", 60)  # it is gone, and its lock file counts no more

    def test_a_program_without_a_lock_is_named(self):
        self.line.mute = True
        self.tree.process(4711, "minicom", "/dev/ttyUSB0")
        gw = self.start(False, device="/dev/ttyUSB0", device_root=self.tree.root)
        gw.wait_status(r"(?s)m1.*answers nothing to AT.*; minicom \(process 4711\) has "
                       r"/dev/ttyUSB0 open, too", 60)

    def test_two_groups_with_one_port(self):
        gw = self.gateway(smsc=[{"smsc": "at", "smsc_id": name, "device": "/dev/ttyUSB0",
                                 "device_root": self.tree.root} for name in ("m1", "m2")])
        gw.start()
        gw.wait_status(r"(?s)\(online.*")
        gw.wait_status(r"waits for /dev/ttyUSB0: in use by")


class Lines(PortCase):
    def test_the_speed_is_found(self):
        modem = self.peer(VirtualModem(tcp=True))
        line = self.peer(Line(modem.address, termios.B19200))
        gw = self.start(device=line.device)
        gw.wait_log("the modem answers at 19200 bit/s")
        self.send(modem, "at 19200")
        self.assertEqual(line.asked_speeds[0], termios.B115200)

    def test_the_configured_speed_comes_first(self):
        modem = self.peer(VirtualModem(tcp=True))
        line = self.peer(Line(modem.address, termios.B38400))
        self.start(device=line.device, speed=38400)
        self.assertEqual(line.asked_speeds, [])

    def test_in_small_chunks(self):
        modem = self.peer(VirtualModem(tcp=True))
        line = self.peer(Line(modem.address))
        self.start(device=line.device, modemtype="old",
                   more="group = modems\nid = old\nwrite-chunk = 18\nwrite-gap = 20\n"
                        "init-string = \"AT+CNMI=2,1,0,1,0\"\n")
        self.send(modem, "a text that is much longer than eighteen octets")
        self.assertLessEqual(max(len(octets) for _, octets in line.chunks), 36)

    def test_handshake_where_it_was_asked_for(self):
        modem = self.peer(VirtualModem(tcp=True))
        line = self.peer(Line(modem.address))
        self.start(device=line.device, modemtype="own",
                   more="group = modems\nid = own\nenable-hwhs = \"AT+IFC=2,0\"\n"
                        "init-string = \"AT+CNMI=2,1,0,1,0\"\n")
        self.assertIn(b"AT+IFC=2,0\r", [octets for _, octets in line.chunks])

    def test_no_handshake_without_a_line_for_it(self):
        modem = self.peer(VirtualModem(tcp=True))
        line = self.peer(Line(modem.address))
        self.start(device=line.device)
        self.assertFalse(any(b"IFC" in octets for _, octets in line.chunks))


if __name__ == "__main__":
    import unittest
    unittest.main()
