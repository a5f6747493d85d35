# SPDX-License-Identifier: Apache-2.0
"""
device_tree - a made-up sys/, dev/ and proc/ in the layout of Linux, and modems
behind its ports that say what a test wants.

    tree = DeviceTree()
    tree.usb("1-1", "1e0e:9000", [(0xff, "option", "ttyUSB0"), ...])
    tree.node("ttyUSB0", ScriptedModem({"AT+CPIN?": "+CME ERROR: 10"}).device)
"""
import os
import select
import shutil
import tempfile
import termios
import threading
import tty

WELL = {
    "AT": "OK", "ATE0": "OK", "ATV1": "OK", "AT+CMEE=1": "OK",
    "AT+CGMI": "KANTELE\nOK", "AT+CGMM": "SCRIPTED 1\nOK", "AT+CGMR": "1.0\nOK",
    "AT+CGSN": "356938035640009\nOK", "AT+CPIN?": "+CPIN: READY\nOK",
    "AT+CIMI": "262011234560009\nOK", "AT+CCID": "+CCID: 89490112345678900009\nOK",
    "AT+CNUM": '+CNUM: "","+491709990009",145\nOK', "AT+CREG?": "+CREG: 0,1\nOK",
    "AT+COPS?": '+COPS: 0,0,"VIRTUAL"\nOK', "AT+CSQ": "+CSQ: 20,0\nOK",
    "AT+CMGF=?": "+CMGF: (0,1)\nOK", "AT+CSCA?": '+CSCA: "+491710760000",145\nOK',
    "AT+CPMS?": '+CPMS: "SM",1,20,"SM",1,20,"SM",1,20\nOK',
    "AT+CNMI=?": "+CNMI: (0-3),(0-3),(0,2),(0-2),(0,1)\nOK",
}


class ScriptedModem:
    """Answers on a pty from a table: command -> lines, the last one final. None: silence.
    A list is used up one after the other. speed: deaf at any other."""

    def __init__(self, answers=None, speed=None, mute=False, noise=None):
        self.answers = dict(WELL, **(answers or {}))
        self.speed, self.mute, self.noise = speed, mute, noise
        self.asked = []
        self.master, self.slave = os.openpty()
        tty.setraw(self.slave)
        self.device = os.ttyname(self.slave)
        self.end_read, self.end_write = os.pipe()
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def close(self):
        os.write(self.end_write, b"x")
        self.thread.join(5)
        for fd in (self.master, self.slave, self.end_read, self.end_write):
            os.close(fd)

    def _serve(self):
        buffer = b""
        while True:
            ready = select.select([self.master, self.end_read], [], [])[0]
            if self.end_read in ready:
                return
            buffer += os.read(self.master, 4096)
            *lines, buffer = buffer.split(b"\r")
            for line in lines:
                self._answer(line.replace(b"\x1b", b"").decode("latin-1").strip())

    def _answer(self, command):
        if not command:
            return
        self.asked.append(command)
        deaf = self.speed is not None and termios.tcgetattr(self.slave)[4] != self.speed
        if self.noise is not None or deaf:
            if self.noise is not None:
                os.write(self.master, self.noise)
            return
        if self.mute:
            return
        answer = self.answers.get(command, "ERROR")
        if isinstance(answer, list):
            answer = answer.pop(0) if len(answer) > 1 else answer[0]
        if answer is not None:
            for text in answer.split("\n"):
                os.write(self.master, b"\r\n" + text.encode() + b"\r\n")


class DeviceTree:
    def __init__(self):
        self.root = tempfile.mkdtemp(prefix="kantele-tree-")
        os.chmod(self.root, 0o755)
        for folder in ("sys/bus/usb/devices", "sys/class/tty", "dev/serial/by-id", "proc"):
            os.makedirs(os.path.join(self.root, folder))

    def close(self):
        shutil.rmtree(self.root, ignore_errors=True)

    def path(self, *parts):
        return os.path.join(self.root, *parts)

    def _write(self, folder, **attributes):
        os.makedirs(folder, exist_ok=True)
        for name, value in attributes.items():
            with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
                f.write(str(value) + "\n")

    def usb(self, name, ids, interfaces, product="", serial="", manufacturer=""):
        """interfaces: (class, driver or None, tty name or None) by number."""
        device = self.path("sys/devices/pci0000:00/usb1", name)
        vendor, number = ids.split(":")
        self._write(device, idVendor=vendor, idProduct=number)
        for key, value in (("product", product), ("serial", serial),
                           ("manufacturer", manufacturer)):
            if value:
                self._write(device, **{key: value})
        os.symlink("../../../devices/pci0000:00/usb1/" + name,
                   self.path("sys/bus/usb/devices", name))
        for at, (kind, driver, port) in enumerate(interfaces):
            self._interface(device, "%s:1.%d" % (name, at), at, kind, driver, port)

    def _interface(self, device, name, number, kind, driver, port):
        folder = os.path.join(device, name)
        self._write(folder, bInterfaceNumber="%02x" % number, bInterfaceClass="%02x" % kind,
                    bInterfaceSubClass="ff", bInterfaceProtocol="ff")
        os.symlink("../../../../" + os.path.relpath(folder, self.path("sys")),
                   self.path("sys/bus/usb/devices", name))
        if driver:
            os.makedirs(self.path("sys/bus/usb/drivers", driver), exist_ok=True)
            os.symlink(os.path.relpath(self.path("sys/bus/usb/drivers", driver), folder),
                       os.path.join(folder, "driver"))
        if port:
            # ttyACM lies in the interface, ttyUSB in a device of its own.
            parent = folder if port.startswith("ttyACM") else os.path.join(folder, port)
            real = os.path.join(parent, "tty", port)
            os.makedirs(real)
            os.symlink(os.path.relpath(parent, real), os.path.join(real, "device"))
            os.symlink(os.path.relpath(real, self.path("sys/class/tty")),
                       self.path("sys/class/tty", port))

    def serial(self, name, kind=4):
        """A ttyS; kind 0: no hardware."""
        self._write(self.path("sys/class/tty", name), type=kind)

    def node(self, name, target):
        os.symlink(target, self.path("dev", name))

    def by_id(self, name, port):
        os.symlink("../../" + port, self.path("dev/serial/by-id", name))

    def process(self, pid, name, *devices):
        folder = self.path("proc", str(pid))
        os.makedirs(os.path.join(folder, "fd"))
        self._write(folder, comm=name)
        os.symlink("/dev/null", os.path.join(folder, "fd", "0"))
        for at, device in enumerate(devices):
            os.symlink(device, os.path.join(folder, "fd", str(at + 7)))
