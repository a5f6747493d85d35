# SPDX-License-Identifier: Apache-2.0
"""Common parts of gwbench and crashtest: building the tool, writing the
configuration, starting, measuring and stopping a bearerbox/smsbox pair.

Nothing here knows which implementation it runs: the boxes are given as paths
and are only talked to through their configuration file, their command line,
their sockets and /proc.
"""
import atexit
import hashlib
import json
import mmap
import os
import random
import re
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
TICK = os.sysconf("SC_CLK_TCK")
S = {k: i for i, k in enumerate(
    "ready rx rx0 rx1 tx tx0 tx1 err conn ack dlr dlrack odd".split())}
PROCS = []


def _cleanup():
    for p in PROCS:
        if p.poll() is None:
            try:
                p.kill()
                p.wait(5)
            except Exception:
                pass


atexit.register(_cleanup)


def build(source, *libs):
    """Compile a C file of this directory, cached by content; returns a path."""
    src = os.path.join(HERE, source)
    digest = hashlib.sha256(open(src, "rb").read()).hexdigest()[:16]
    cache = os.environ.get("GWBENCH_CACHE") or os.path.join(
        tempfile.gettempdir(), "gwbench-cache-%d" % os.getuid())
    os.makedirs(cache, exist_ok=True)
    out = os.path.join(cache, "%s-%s" % (os.path.splitext(source)[0], digest))
    if not os.path.exists(out):
        tmp = "%s.%d" % (out, os.getpid())
        subprocess.check_call([os.environ.get("CC", "gcc"), "-O2", "-o", tmp, src,
                               "-lpthread"] + ["-l" + l for l in libs])
        os.rename(tmp, out)
    return out


_taken = set()


def free_ports(n=1):
    """n consecutive TCP ports that are free now and below the ephemeral range."""
    for _ in range(200):
        base = random.randrange(12000, 31000 - n)
        ports = range(base, base + n)
        if any(p in _taken for p in ports):
            continue
        socks = []
        try:
            for p in ports:
                s = socket.socket()
                s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                socks.append(s)
                s.bind(("127.0.0.1", p))
        except OSError:
            continue
        finally:
            for s in socks:
                s.close()
        _taken.update(ports)
        return base
    raise RuntimeError("no free ports")


class Tool:
    """One running gwtool sub-command with its live counters."""

    def __init__(self, workdir, *args, name=None):
        Tool.n = getattr(Tool, "n", 0) + 1
        self.name = name or args[0]
        self.statfile = os.path.join(workdir, "stat.%d" % Tool.n)
        exe = build("gwtool.c")
        self.errf = open(os.path.join(workdir, "tool.%d.%s.err" % (Tool.n, args[0])), "wb")
        self.p = subprocess.Popen([exe, args[0], "-S", self.statfile] + [str(a) for a in args[1:]],
                                  stdout=subprocess.PIPE, stderr=self.errf, stdin=subprocess.DEVNULL)
        PROCS.append(self.p)
        self.m = None
        self.out = None
        end = time.monotonic() + 5
        while time.monotonic() < end:
            if self.p.poll() is not None:
                break
            if self.m is None and os.path.exists(self.statfile) and os.path.getsize(self.statfile) >= 256:
                with open(self.statfile, "rb") as f:
                    self.m = mmap.mmap(f.fileno(), 256, prot=mmap.PROT_READ)
            if self.m is not None and self["ready"]:
                return
            time.sleep(0.002)
        if self.p.poll() is None and self.m is not None:
            return
        raise RuntimeError("gwtool %s did not start: %s" % (args[0], open(self.errf.name).read()))

    def __getitem__(self, key):
        return struct.unpack_from("=Q", self.m, S[key] * 8)[0]

    def rate(self, n="rx", a="rx0", b="rx1"):
        d = (self[b] - self[a]) / 1e9
        return (self[n] - 1) / d if d > 0 and self[n] > 1 else 0.0

    def wait(self, timeout):
        out, _ = self.p.communicate(timeout=timeout)
        self.errf.close()
        self.out = json.loads(out or "{}")
        return self.out

    def stop(self):
        if self.p.poll() is None:
            self.p.send_signal(signal.SIGTERM)
        if self.out is None:
            try:
                self.wait(20)
            except subprocess.TimeoutExpired:
                self.p.kill()
                self.out = {}
        return self.out


def wait_for(fn, timeout, stall=None, progress=None, step=0.02):
    """Wait until fn() is true; give up at the timeout or when progress() does
    not change for `stall' seconds.  Returns fn()'s last value."""
    end = time.monotonic() + timeout
    last, since = None, time.monotonic()
    while True:
        v = fn()
        if v:
            return v
        t = time.monotonic()
        if t > end:
            return v
        if progress is not None:
            cur = progress()
            if cur != last:
                last, since = cur, t
            elif t - since > stall:
                return v
        time.sleep(step)


# ------------------------------------------------------------------- /proc
def tree(pid):
    """pid and all its living descendants"""
    kids = {}
    for d in os.listdir("/proc"):
        if d.isdigit():
            try:
                s = open("/proc/%s/stat" % d).read()
            except OSError:
                continue
            ppid = int(s[s.rindex(")") + 2:].split()[1])
            kids.setdefault(ppid, []).append(int(d))
    out, todo = [], [pid]
    while todo:
        p = todo.pop()
        out.append(p)
        todo += kids.get(p, [])
    return out


def cpu_s(pid):
    """user+system seconds of a process tree, reaped children included"""
    t = 0
    for p in tree(pid):
        try:
            s = open("/proc/%d/stat" % p).read()
        except OSError:
            continue
        f = s[s.rindex(")") + 2:].split()
        t += sum(int(x) for x in f[11:15])
    return t / TICK


def mem_kib(pid, key="VmRSS"):
    t = 0
    for p in tree(pid):
        try:
            for line in open("/proc/%d/status" % p):
                if line.startswith(key + ":"):
                    t += int(line.split()[1])
        except OSError:
            pass
    return t


def pss_kib(pid):
    t = 0
    for p in tree(pid):
        try:
            for line in open("/proc/%d/smaps_rollup" % p):
                if line.startswith("Pss:"):
                    t += int(line.split()[1])
        except OSError:
            pass
    return t


def switches(pid):
    """context switches (voluntary, involuntary) and number of threads"""
    v = n = th = 0
    for p in tree(pid):
        try:
            tids = os.listdir("/proc/%d/task" % p)
        except OSError:
            continue
        for t in tids:
            try:
                for line in open("/proc/%d/task/%s/status" % (p, t)):
                    if line.startswith("voluntary_ctxt"):
                        v += int(line.split()[1])
                    elif line.startswith("nonvoluntary_ctxt"):
                        n += int(line.split()[1])
                th += 1
            except OSError:
                pass
    return v, n, th


class Adopted:
    """A process that is not our child (a box that replaced itself), like Popen."""

    def __init__(self, pid):
        self.pid = pid

    def poll(self):
        try:
            s = open("/proc/%d/stat" % self.pid).read()
            return None if s[s.rindex(")") + 2] not in "ZX" else -1
        except OSError:
            return -1

    def send_signal(self, sig):
        try:
            os.kill(self.pid, sig)
        except ProcessLookupError:
            pass

    def kill(self):
        self.send_signal(signal.SIGKILL)

    def wait(self, timeout=None):
        end = time.monotonic() + (timeout or 60)
        while self.poll() is None:
            if time.monotonic() > end:
                raise subprocess.TimeoutExpired("pid %d" % self.pid, timeout)
            time.sleep(0.01)
        return -1


# ----------------------------------------------------------------- gateway
class Gateway:
    """A bearerbox/smsbox pair with its own directory, ports and configuration.

    smsc: "fake" (the gateway listens on fake_port..., our peer connects),
    "smpp" (our simulator listens on smpp_port) or "at" (modems at modem_path.0, .1, ...).
    """

    def __init__(self, bearerbox, smsbox, workdir, smsc="fake", nsmsc=1, store="file",
                 dump_freq=None, logs="prod", service=None, core="", smsc_extra="",
                 smsbox_extra="", box_args=("-v", "4"), store_dir=None):
        self.bearerbox, self.smsbox_bin, self.dir = bearerbox, smsbox, workdir
        os.makedirs(workdir, exist_ok=True)
        self.box_args = list(box_args)
        base = free_ports(4)
        self.admin, self.boxport, self.sendsms, self.smpp_port = base, base + 1, base + 2, base + 3
        self.fake_port = free_ports(nsmsc)
        self.bb = self.sb = None
        self.modem_path = os.path.join(workdir, "modem")
        sdir = store_dir or workdir
        self.store_path = os.path.join(sdir, "spool" if store == "spool" else "store.dat")
        log = ""
        sblog = ""
        if logs != "none":
            lvl = 1 if logs == "prod" else 0
            log = "log-file = \"%s/bb.log\"\nlog-level = %d\naccess-log = \"%s/bb-access.log\"\n" % (workdir, lvl, workdir)
            sblog = "log-file = \"%s/sb.log\"\nlog-level = %d\naccess-log = \"%s/sb-access.log\"\n" % (workdir, lvl, workdir)
        c = ["group = core", "admin-port = %d" % self.admin, "admin-password = bar",
             "status-password = foo", "smsbox-port = %d" % self.boxport,
             "box-deny-ip = \"*.*.*.*\"", "box-allow-ip = \"127.0.0.1\"", log + core]
        if store == "file":
            c.append("store-type = file\nstore-location = \"%s\"" % self.store_path)
        elif store == "spool":
            os.makedirs(self.store_path, exist_ok=True)
            c.append("store-type = spool\nstore-location = \"%s\"" % self.store_path)
        if dump_freq is not None:
            c.append("store-dump-freq = %d" % dump_freq)
        for i in range(nsmsc):
            c.append("")
            if smsc == "fake":
                c += ["group = smsc", "smsc = fake", "smsc-id = S%d" % i,
                      "port = %d" % (self.fake_port + i), "connect-allow-ip = 127.0.0.1"]
            elif smsc == "at":
                c += ["group = smsc", "smsc = at", "smsc-id = S%d" % i,
                      "device = %s.%d" % (self.modem_path, i)]
            else:
                c += ["group = smsc", "smsc = smpp", "smsc-id = S%d" % i, "host = 127.0.0.1",
                      "port = %d" % self.smpp_port, "transceiver-mode = true",
                      "smsc-username = gwsim", "smsc-password = gwsim", "system-type = VMA",
                      "address-range = \"\"", "interface-version = 34", "reconnect-delay = 1"]
            if smsc_extra:
                c.append(smsc_extra)
        c += ["", "group = smsbox", "bearerbox-host = 127.0.0.1", "sendsms-port = %d" % self.sendsms,
              "global-sender = 1000", sblog + smsbox_extra, "",
              "group = sendsms-user", "username = tester", "password = foobar",
              "max-messages = 3", "concatenation = true", "",
              "group = sms-service", "keyword = default", service or "text = \"ok\"", ""]
        self.conf = os.path.join(workdir, "kannel.conf")
        atexit.register(self.sweep)
        # an empty line ends a group, so a piece must not bring its own
        with open(self.conf, "w") as f:
            f.write("\n".join(x if x == "" else x.strip("\n") for i, x in enumerate(c)
                              if x.strip() or x == "" and "group" in "".join(c[i + 1:i + 2])) + "\n")

    def url(self, extra="", text="Your+code+is+482913.+Do+not+share+it+with+anyone.+m{id}"):
        return ("/cgi-bin/sendsms?username=tester&password=foobar&from=1000&to=4670{id}&text="
                + text + extra)

    def _spawn(self, exe, tag):
        err = open(os.path.join(self.dir, tag + ".stderr"), "ab")
        p = subprocess.Popen([exe] + self.box_args + [self.conf], cwd=self.dir,
                             stdin=subprocess.DEVNULL, stdout=err, stderr=err)
        err.close()
        PROCS.append(p)
        return p

    def status(self, timeout=2.0):
        try:
            with urllib.request.urlopen("http://127.0.0.1:%d/status.txt?password=foo" % self.admin,
                                        timeout=timeout) as r:
                return r.read().decode("latin-1")
        except Exception:
            return None

    def queued(self, st=None):
        """(mo queued, mt queued, store size) from the status page"""
        st = st or self.status() or ""
        m = re.search(r"SMS:\s*received\s+\d+\s+\((\d+) queued\),\s*sent\s+\d+\s+\((\d+) queued\),\s*store size\s+(-?\d+)", st)
        return tuple(int(x) for x in m.groups()) if m else None

    def start_bb(self, timeout=30, wait=True):
        t = time.monotonic()
        self.bb = self._spawn(self.bearerbox, "bearerbox")
        if wait:
            ok = wait_for(lambda: self.bb.poll() is not None or self.status(), timeout, step=0.01)
            if not ok or self.bb.poll() is not None:
                raise RuntimeError("bearerbox did not come up (exit %r)" % self.bb.poll())
        return time.monotonic() - t

    def start_sb(self, timeout=30):
        t = time.monotonic()
        self.sb = self._spawn(self.smsbox_bin, "smsbox")
        self.wait_sb(timeout)
        return time.monotonic() - t

    def sb_online(self):
        st = self.status() or ""
        if "smsbox" not in st or "on-line" not in st:
            return False
        try:
            socket.create_connection(("127.0.0.1", self.sendsms), 1).close()
        except OSError:
            return False
        return True

    def wait_sb(self, timeout=30):
        ok = wait_for(lambda: self.sb.poll() is not None or self.sb_online(), timeout, step=0.02)
        if not ok or self.sb.poll() is not None:
            raise RuntimeError("smsbox did not come up (exit %r)" % self.sb.poll())

    def start(self):
        self.t_bb = self.start_bb()
        self.t_sb = self.start_sb()

    def kill(self, which="both"):
        for p in ([self.bb] if which in ("both", "bb") else []) + ([self.sb] if which in ("both", "sb") else []):
            if p and p.poll() is None:
                p.kill()
        for p in ([self.bb] if which in ("both", "bb") else []) + ([self.sb] if which in ("both", "sb") else []):
            if p:
                p.wait(10)

    def stop(self, timeout=15):
        """SIGTERM both, smsbox first; returns seconds the bearerbox took."""
        took = 0.0
        for p in (self.sb, self.bb):
            if p is None or p.poll() is not None:
                continue
            t = time.monotonic()
            p.send_signal(signal.SIGTERM)
            try:
                p.wait(timeout)
            except subprocess.TimeoutExpired:
                p.kill()
                p.wait(10)
            took = time.monotonic() - t
        self.sb = self.bb = None
        self.sweep()
        return took

    def find(self, exe=None):
        """processes that run with our configuration file (its path is unique)"""
        out = []
        for d in os.listdir("/proc"):
            if d.isdigit() and int(d) != os.getpid():
                try:
                    argv = open("/proc/%s/cmdline" % d, "rb").read().decode("utf-8", "replace").split("\0")
                except OSError:
                    continue
                if self.conf in argv and (exe is None or argv[0] == exe):
                    out.append(int(d))
        return out

    def sweep(self):
        """end what the boxes left behind"""
        for pid in self.find():
            Adopted(pid).kill()

    def adopt_sb(self, timeout=5):
        """take over a smsbox that replaced itself by a new process"""
        def look():
            pids = self.find(self.smsbox_bin)
            return pids and self.sb_online() and pids
        pids = wait_for(look, timeout, step=0.05)
        if pids:
            self.sb = Adopted(pids[0])
        return bool(pids)

    def cpu(self):
        return (cpu_s(self.bb.pid) if self.bb else 0.0, cpu_s(self.sb.pid) if self.sb else 0.0)


def workdir(prefix="gwbench-"):
    d = tempfile.mkdtemp(prefix=prefix, dir=os.environ.get("GWBENCH_TMP"))
    if not os.environ.get("GWBENCH_KEEP"):
        atexit.register(shutil.rmtree, d, True)
    return d


def med(v):
    v = sorted(v)
    n = len(v)
    return v[n // 2] if n % 2 else (v[n // 2 - 1] + v[n // 2]) / 2.0
