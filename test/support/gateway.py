# SPDX-License-Identifier: Apache-2.0
"""
gateway - a bearerbox and a smsbox for one test: configuration, start, questions,
stop, and what they said.

    class Mine(GatewayTest):
        def test_it(self):
            gw = self.gateway(smsc=[dict(smsc="fake", smsc_id="f1", port=free_port())])
            gw.start()
            self.assertEqual(gw.sendsms(to="123", text="hi"), (202, "0: Accepted for delivery"))

Groups are given as dictionaries, "_" standing for "-" in names. The binaries
come from $KANTELE_BUILD unless `binaries` names others (Debian's). Nothing here
waits a fixed time: everything has a condition and a deadline. close() ends both
and raises when one of them printed a sanitizer's report.
"""
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request

SANITIZER = re.compile(r"ERROR: (Address|Leak|Thread|Memory)Sanitizer|WARNING: ThreadSanitizer|"
                       r"runtime error:")
DEBIAN = ("/usr/sbin/bearerbox", "/usr/sbin/smsbox")
# Debian's own checks of Kannel, and quickstart, want these.
_taken = set(range(13000, 13020)) | {20000}


def build_directory():
    """Where our binaries are; the directory above test/ in a build in the tree."""
    return os.environ.get("KANTELE_BUILD") or os.path.abspath(
        os.path.join(os.path.dirname(__file__), "..", ".."))


def free_ports(count):
    """The first of `count` consecutive ports that nobody has, below the ephemeral range."""
    generator = random.SystemRandom()
    for _ in range(500):
        base = generator.randrange(12000, 31000)
        ports = range(base, base + count)
        if _taken.isdisjoint(ports) and all(map(_port_is_free, ports)):
            _taken.update(ports)
            return base
    raise RuntimeError("no free ports")


def free_port():
    return free_ports(1)


def _port_is_free(port):
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind(("", port))
        except OSError:
            return False
    return True


def wait_for(condition, timeout=20.0, what="it", step=0.02):
    """condition()'s first true value; AssertionError after the deadline."""
    end = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError("waited %g s for %s" % (
                timeout, what() if callable(what) else what))
        time.sleep(step)


def format_group(name, values):
    """One group of a kannel.conf."""
    lines = ["group = %s" % name]
    for key, value in values.items():
        if value is None:
            continue
        if isinstance(value, bool):
            value = "true" if value else "false"
        elif isinstance(value, str):
            value = '"%s"' % value.replace("\\", "\\\\").replace('"', '\\"')
        lines.append("%s = %s" % (key.replace("_", "-"), value))
    return "\n".join(lines) + "\n\n"


class Process:
    """One program with its standard error in a file."""

    def __init__(self, name, command, folder, env=None):
        self.name, self.command = name, command
        self.path = os.path.join(folder, name + ".stderr")
        with open(self.path, "ab") as err:
            self.child = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL,
                                          stdout=err, stderr=err, env=env)

    def running(self):
        return self.child.poll() is None

    def output(self):
        with open(self.path, encoding="utf-8", errors="replace") as f:
            return f.read()

    def signal(self, number):
        if self.running():
            self.child.send_signal(number)

    def kill(self):
        """As a power failure would: kill -9."""
        self.signal(signal.SIGKILL)
        self.child.wait(20)

    def wait(self, timeout=20):
        """The exit status."""
        return self.child.wait(timeout)

    def stop(self, timeout=20):
        self.signal(signal.SIGTERM)
        try:
            return self.child.wait(timeout)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
            raise AssertionError("%s did not stop in %g s after SIGTERM\n%s" % (
                self.name, timeout, self.output()[-3000:])) from None


class Gateway:
    """
    core, smsbox: values that are added or changed (None takes a default out).
    smsc, service, user, route: lists of groups. more: text at the end of the file.
    """

    def __init__(self, smsc=(), service=(), user=None, core=None, smsbox=None, route=(), more="",
                 binaries=None, arguments=("-v", "0")):
        self.dir = tempfile.mkdtemp(prefix="kantele-gw-")
        build = build_directory()
        self.binaries = binaries or (os.path.join(build, "bearerbox"),
                                     os.path.join(build, "smsbox"))
        self.ours = binaries is None
        self.arguments = list(arguments)
        base = free_ports(3)
        self.admin_port, self.box_port, self.sendsms_port = base, base + 1, base + 2
        self.bearerbox = self.smsbox = None
        self.conf = os.path.join(self.dir, "kannel.conf")
        self.processes = []
        self.store = os.path.join(self.dir, "kannel.store")
        self.core = {"admin_port": self.admin_port, "admin_password": "bar",
                     "status_password": "foo", "smsbox_port": self.box_port,
                     "store_file": None, "store_location": self.store, "dlr_storage": None,
                     "log_file": os.path.join(self.dir, "bearerbox.log"),
                     "access_log": os.path.join(self.dir, "access.log"), **(core or {})}
        self.box = {"bearerbox_host": "127.0.0.1", "sendsms_port": self.sendsms_port,
                    "global_sender": "1000", "log_file": os.path.join(self.dir, "smsbox.log"),
                    **(smsbox or {})}
        self.groups = [("smsc", g) for g in smsc] + [("smsbox", self.box)]
        users = [{"username": "tester", "password": "foobar", "max_messages": 10,
                  "concatenation": True}] if user is None else user
        self.groups += [("sendsms-user", g) for g in users]
        self.groups += [("smsbox-route", g) for g in route]
        self.groups += [("sms-service", g) for g in service]
        self.more = more
        self.write()

    def write(self):
        """Writes the configuration again, after a change of core or groups."""
        with open(self.conf, "w", encoding="utf-8") as f:
            f.write(format_group("core", self.core))
            for name, values in self.groups:
                f.write(format_group(name, self._with_locks(values)))
            f.write(self.more)

    def _with_locks(self, values):
        """Lock files of modems lie with the test: the numbers of ptys are used again
        and again, by other tests at the same time, too."""
        if self.ours and values.get("smsc") == "at" and "device_root" not in values:
            return {"lock_directory": self.dir, **values}
        return values

    # --- processes ---------------------------------------------------------

    def _spawn(self, name, binary, *arguments):
        process = Process(name, [binary] + self.arguments + list(arguments) + [self.conf], self.dir)
        self.processes.append(process)
        return process

    def start_bearerbox(self, *arguments, timeout=20):
        self.bearerbox = self._spawn("bearerbox", self.binaries[0], *arguments)
        self._await(self.bearerbox, lambda: self.status() is not None, timeout)

    def start_smsbox(self, *arguments, timeout=20):
        self.smsbox = self._spawn("smsbox", self.binaries[1], *arguments)
        self._await(self.smsbox, self.smsbox_online, timeout)

    def start(self):
        self.start_bearerbox()
        self.start_smsbox()

    def _await(self, process, condition, timeout):
        def ready():
            if not process.running():
                raise AssertionError("%s ended with status %d\n%s" % (
                    process.name, process.child.returncode, process.output()[-3000:]))
            return condition()
        wait_for(ready, timeout, lambda: "%s to be ready\n%s" % (process.name,
                                                                 process.output()[-3000:]))

    def smsbox_online(self):
        if "on-line" not in (self.status() or ""):
            return False
        if not self.box.get("sendsms_port"):
            return True
        try:
            socket.create_connection(("127.0.0.1", self.sendsms_port), 1).close()
        except OSError:
            return False
        return True

    def kill(self, *names):
        for name in names or ("smsbox", "bearerbox"):
            getattr(self, name).kill()

    def stop(self, timeout=20):
        """SIGTERM to both, smsbox first; their exit statuses."""
        statuses = []
        for process in (self.smsbox, self.bearerbox):
            if process and process.running():
                statuses.append(process.stop(timeout))
        return statuses

    def check_output(self):
        for name in ("bearerbox", "smsbox"):
            path = os.path.join(self.dir, name + ".stderr")
            if os.path.exists(path):
                with open(path, encoding="utf-8", errors="replace") as f:
                    text = f.read()
                found = SANITIZER.search(text)
                if found:
                    raise AssertionError("%s: a sanitizer's report\n%s" % (
                        name, text[max(0, found.start() - 200):][:8000]))

    def close(self):
        try:
            self.stop()
            self.check_output()
        finally:
            for process in self.processes:
                if process.running():
                    process.kill()
            if not os.environ.get("KANTELE_KEEP"):
                shutil.rmtree(self.dir, ignore_errors=True)

    def log(self, name="bearerbox"):
        """All that a process has printed (log level 0)."""
        path = os.path.join(self.dir, name + ".stderr")
        if not os.path.exists(path):
            return ""
        with open(path, encoding="utf-8", errors="replace") as f:
            return f.read()

    def access_log(self):
        with open(os.path.join(self.dir, "access.log"), encoding="utf-8") as f:
            return f.read().splitlines()

    def wait_log(self, text, name="bearerbox", timeout=20):
        wait_for(lambda: text in self.log(name), timeout,
                 lambda: "%r in the log of %s:\n%s" % (text, name, self.log(name)[-3000:]))

    # --- talking to them -----------------------------------------------------

    def http(self, port, path, data=None, headers=None, method=None, timeout=30):
        """(status, body as text, headers)"""
        request = urllib.request.Request("http://127.0.0.1:%d%s" % (port, path), data,
                                         headers or {}, method=method)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=timeout) as answer:
                return answer.status, answer.read().decode("utf-8", "replace"), answer.headers
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode("utf-8", "replace"), error.headers

    def admin(self, command, **parameters):
        """The body of an admin command's answer."""
        query = urllib.parse.urlencode({"password": "bar", **parameters})
        return self.http(self.admin_port, "/%s?%s" % (command, query))[1]

    def status(self, form="txt"):
        """The status page; None when nobody answers."""
        try:
            return self.http(self.admin_port, "/status.%s?password=foo" % form, timeout=5)[1]
        except OSError:
            return None

    def sendsms(self, timeout=30, **parameters):
        """(status, body) of a sendsms request by GET."""
        values = {"username": "tester", "password": "foobar"}
        values.update((key.replace("_", "-"), value) for key, value in parameters.items())
        return self.http(self.sendsms_port, "/cgi-bin/sendsms?" + urllib.parse.urlencode(values),
                         timeout=timeout)[:2]

    def store_size(self):
        found = re.search(r"store size (-?\d+)", self.status() or "")
        return int(found.group(1)) if found else None

    def wait_status(self, pattern, timeout=30):
        """Until the text status page matches."""
        return wait_for(lambda: re.search(pattern, self.status() or ""), timeout,
                        lambda: "%r in the status page:\n%s\n%s" % (
                            pattern, self.status(), self.log()[-3000:]), step=0.05)

    def wait_link(self, name, timeout=30):
        """Until the SMSC connection with this id is online."""
        return self.wait_status(r"(?m)^\s*%s\b.*\(online" % re.escape(name), timeout)


class GatewayTest(unittest.TestCase):
    """A test case whose gateways and peers end with it."""

    def gateway(self, **arguments):
        gateway = Gateway(**arguments)
        self.addCleanup(gateway.close)
        return gateway

    def peer(self, peer):
        """Any peer with stop()."""
        self.addCleanup(peer.stop)
        return peer
