# SPDX-License-Identifier: Apache-2.0
"""
device - the other modem as a thing on a port: electricity, characters, time.

A Modem has one thread. Commands are generators: they yield seconds to wait, or
PAYLOAD for what follows a prompt; so unsolicited lines and faults can come
between any two lines of an answer. What a command does is in commands.py, what
the model of the family is in families.py, what goes wrong in faults.py.

For the checks of a test a modem keeps: `said` (what came in, complete lines),
`rude` (characters that came while a final answer was outstanding, which V.250
section 5.6.1 lets a modem take for an abort), `able_at` (monotonic time from
which it could work again after a fault) and its air.Air.
"""
import collections
import heapq
import itertools
import os
import random
import select
import socket
import termios
import threading
import time
import tty

PAYLOAD = object()
CTRL_Z, ESC = 0x1A, 0x1B


class Final(Exception):
    """A command's final answer other than OK; None: the command is never answered."""

    def __init__(self, text):
        super().__init__(text)
        self.text = text


class Pty:
    """A pseudo terminal that stands for a serial or USB port; `path` is a link to it."""

    def __init__(self, path):
        self.path, self.master, self.held = path, None, []

    def plug(self):
        self.master, slave = os.openpty()
        tty.setraw(slave)
        name = os.ttyname(slave)
        os.close(slave)
        os.set_blocking(self.master, False)
        temporary = self.path + ".new"
        os.symlink(name, temporary)
        os.rename(temporary, self.path)

    def unplug(self):
        if self.master is None:
            return
        try:
            os.unlink(self.path)
        except FileNotFoundError:
            pass
        os.close(self.master)
        self.master = None

    def plug_elsewhere(self):
        """The old name of the terminal stays taken by another."""
        self.held.append(os.openpty())
        self.plug()

    def is_open(self):
        if self.master is None:
            return False
        poll = select.poll()
        poll.register(self.master, 0)
        return not any(event & select.POLLHUP for _, event in poll.poll(0))

    def read(self):
        return os.read(self.master, 4096)

    def write(self, data):
        return os.write(self.master, data)

    def fileno(self):
        return self.master

    def speed(self):
        """What the other end has set, as a termios constant."""
        return termios.tcgetattr(self.master)[5]

    def close(self):
        self.unplug()
        for pair in self.held:
            for end in pair:
                os.close(end)


class Tcp:
    """A terminal server's port, one connection at a time."""

    def __init__(self, number):
        self.number, self.listener, self.peer = number, None, None
        self.path = "tcp:%d" % number

    def plug(self):
        self.listener = socket.create_server(("127.0.0.1", self.number))
        self.listener.setblocking(False)

    plug_elsewhere = plug

    def unplug(self):
        for end in (self.peer, self.listener):
            if end:
                end.close()
        self.peer = self.listener = None

    close = unplug

    def is_open(self):
        if self.listener and not self.peer:
            try:
                self.peer = self.listener.accept()[0]
                self.peer.setblocking(False)
            except BlockingIOError:
                pass
        return self.peer is not None

    def read(self):
        data = self.peer.recv(4096)
        if not data:
            self.peer.close()
            self.peer = None
            raise BlockingIOError
        return data

    def write(self, data):
        try:
            return self.peer.send(data)
        except BlockingIOError:
            raise
        except OSError:
            self.peer.close()
            self.peer = None
            return len(data)

    def fileno(self):
        return self.peer.fileno()


class Stored:
    def __init__(self, status, tpdu, smsc=b""):
        self.status, self.tpdu, self.smsc = status, tpdu, smsc


class Sim:
    """What survives a restart of the modem: PIN, memory SM, and the last reference."""

    def __init__(self, pin=None, tries=3, reference=0):
        self.pin, self.tries, self.reference = pin, tries, reference
        self.entered = pin is None
        self.present_from = 0.0
        self.attempts = []


class Modem:
    """One modem; start() plugs it in, stop() ends it. Controls may be called by any thread."""

    def __init__(self, family, port, air, sim=None, faults=(), seed=1):
        self.family, self.port, self.air = family, port, air
        self.sim = sim or Sim()
        self.faults = list(faults)
        self.random = random.Random(seed)
        self.said = collections.deque(maxlen=20000)
        self.rude = []
        self.trace = collections.deque(maxlen=4000)
        self.able_at = 0.0
        self.boots = self.opens = 0
        self.lost_direct = 0
        self.refused, self.refusals = {}, []    # +CMS ERROR by number; what it refused
        self.timers, self.order = [], itertools.count()
        self.posted = collections.deque()
        self.wake_r, self.wake_w = os.pipe()
        os.set_blocking(self.wake_w, False)
        self.stopping = False
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.network_queue = []
        self.unregistered_until = 0.0
        self.mute_until = 0.0
        self.mute_until_reopen = False
        self.sms_dead = False
        self.pace = None
        self.gap_noise = None
        self.echo_stuck = False
        self.swallow_ctrl_z = 0     # the n-th Ctrl-Z is lost; 0: none
        self.length_error = 0       # added to the length that headers of stored messages tell
        self.speed = None           # termios constant; None: any
        self.unplugged = False
        self.memory = {name: {} for name in family.capacity}
        self.sms_ready_at = 0.0
        self.opened = False
        self.output = bytearray()
        self.output_at = 0.0
        self.last_input = 0.0
        self.level, self.level_at = 0.0, 0.0
        self.lost_characters = 0
        from othermodem.commands import Commands
        self.commands = Commands(self)
        self._power_on_state()

    # --- life ----------------------------------------------------------------

    def _power_on_state(self):
        family = self.family
        self.job = self.collecting = None
        self.job_serial = getattr(self, "job_serial", 0) + 1
        self.backlog = bytearray()
        self.buffer = bytearray()
        self.echo = True
        self.awaiting = None
        self.noisy = True
        self.autobaud = family.autobaud
        self.commands.power_on()

    def start(self):
        if not self.unplugged:
            self.port.plug()
        for text, seconds in self.family.noise:
            self._noise(text, seconds)
        self.thread.start()
        return self

    def stop(self):
        self.stopping = True
        self._wake()
        self.thread.join(10)
        self.port.close()
        os.close(self.wake_r)
        os.close(self.wake_w)

    def _wake(self):
        try:
            os.write(self.wake_w, b"x")
        except (BlockingIOError, OSError):
            pass

    def post(self, function):
        """Runs it on the modem's thread."""
        self.posted.append(function)
        self._wake()

    def later(self, seconds, function):
        heapq.heappush(self.timers, (time.monotonic() + seconds, next(self.order), function))

    def able_in(self, seconds):
        self.able_at = max(self.able_at, time.monotonic() + seconds)

    def reboot(self, away=None, busy=None, silent=False):
        """Restarts; `away`: seconds without the port (None: as the family does)."""
        family = self.family
        away = family.away if away is None else away
        busy = family.sms_wait if busy is None else busy
        self.boots += 1
        self._return_unacknowledged()
        self._power_on_state()
        self.sim.entered = self.sim.pin is None
        self.sms_dead = self.mute_until_reopen = False
        now = time.monotonic()
        boot = max(family.boot_time, away)
        self.mute_until = now + boot
        self.sms_ready_at = now + boot + busy
        self.able_in(boot + busy)
        if away:
            self.port.unplug()
            self.unplugged = True
            self.later(away, self.port.plug)
        if not silent:
            for offset, text in family.boot_lines:
                self.later(boot + offset * max(busy, 0.3), lambda text=text: self.line(text))
        self.later(boot + busy + 0.1, self.offer)

    def vanish(self, seconds, elsewhere=False):
        """The port goes and comes back; the modem keeps its power or not as USB does."""
        self.job_serial += 1
        self.job = self.collecting = None
        self.backlog.clear()
        self.buffer.clear()
        self._return_unacknowledged()
        self.port.unplug()
        self.able_in(seconds)
        self.later(seconds, self.port.plug_elsewhere if elsewhere else self.port.plug)

    def unregister(self, seconds):
        self.unregistered_until = time.monotonic() + seconds
        self.able_in(seconds)
        self.later(seconds + 0.1, self.offer)

    def registered(self):
        return time.monotonic() >= self.unregistered_until

    def _noise(self, text, seconds):
        def again():
            if self.noisy or text.startswith("!"):
                self.line(text.lstrip("!").replace("%r", str(self.random.randrange(5, 30))))
            self.later(seconds * self.random.uniform(0.7, 1.3), again)
        self.later(seconds * self.random.random(), again)

    # --- the loop --------------------------------------------------------------

    def _run(self):
        while not self.stopping:
            self._watch_opening()
            self._wait()
            now = time.monotonic()
            while self.timers and self.timers[0][0] <= now:
                heapq.heappop(self.timers)[2]()
            while self.posted:
                self.posted.popleft()()
            if self.output:
                self._drain()

    def _wait(self):
        timeout = 0.5
        if self.timers:
            timeout = min(timeout, max(0.0, self.timers[0][0] - time.monotonic()))
        poll = select.poll()
        poll.register(self.wake_r, select.POLLIN)
        if self.opened:
            want = select.POLLIN
            if self.output and self.pace is None:
                want |= select.POLLOUT
            poll.register(self.port.fileno(), want)
        else:
            timeout = min(timeout, 0.05)
        for descriptor, event in poll.poll(timeout * 1000 + 1):
            if descriptor == self.wake_r:
                os.read(self.wake_r, 4096)
            elif event & ~select.POLLOUT:
                self._read()

    def _watch_opening(self):
        now_open = self.port.is_open()
        if now_open and not self.opened:
            self.opens += 1
            self.open_at = time.monotonic()
            self.output.clear()
            if self.mute_until_reopen and self.opens > 1:
                self.mute_until_reopen = False
                self.able_in(0)
        self.opened = now_open

    def _read(self):
        try:
            data = self.port.read()
        except BlockingIOError:
            return
        except OSError:
            self.opened = False
            return
        self.trace.append((time.monotonic(), "in", bytes(data)))
        now = time.monotonic()
        if now < self.mute_until or self.mute_until_reopen:
            return
        if now - self.open_at < self.family.deaf_after_open:
            return
        if self.speed is not None and self.port.speed() != self.speed:
            self.write(bytes(self.random.randrange(128, 256) for _ in data))
            return
        data = self._as_heard(data, now)
        if data:
            self.feed(data)

    def _as_heard(self, data, now):
        """Takes away what a slow or sleepy modem does not hear."""
        family = self.family
        if family.sleep_after and now - self.last_input > family.sleep_after:
            data = data[1:]
        self.last_input = now
        if family.fifo:
            self.level = max(0.0, self.level + len(data) - (now - self.level_at) * family.drain)
            self.level_at = now
            over = int(self.level - family.fifo)
            if over > 0:
                self.lost_characters += over
                self.level = float(family.fifo)
                data = data[:max(0, len(data) - over)]
        return data

    # --- characters ------------------------------------------------------------

    def feed(self, data):
        if self.job is not None and self.collecting is None:
            if bytes(data).strip(b"\r\n\x1b"):
                self.rude.append((time.monotonic(), self.job_line, bytes(data)))
            if self.family.deaf_when_busy:
                return
            self.backlog += data
            return
        for position, octet in enumerate(data):
            if self.echo or self.echo_stuck:
                self.write(bytes([octet]))
            if self.collecting is not None:
                self._collect(octet)
            elif octet == 13:
                self._end_of_line()
            elif octet == 8:
                del self.buffer[-1:]
            elif octet not in (10, 0):
                self.buffer.append(octet)
            if self.job is not None and self.collecting is None:
                self.feed(data[position + 1:])
                return

    def _collect(self, octet):
        if octet not in (CTRL_Z, ESC):
            self.collecting.append(octet)
            return
        if octet == CTRL_Z and self.swallow_ctrl_z:
            self.swallow_ctrl_z -= 1
            if not self.swallow_ctrl_z:
                self.trace.append((time.monotonic(), "fault", "ctrl-z-lost"))
                return
        payload = bytes(self.collecting) if octet == CTRL_Z else None
        self.collecting = None
        self.said.append((time.monotonic(), "payload", payload))
        self._step(payload)

    def _end_of_line(self):
        text = self.buffer.decode("latin-1")
        self.buffer.clear()
        start = text.upper().find("AT")
        if start < 0:
            return
        text = text[start:]
        if self.autobaud > 0:
            self.autobaud -= 1
            return
        self.said.append((time.monotonic(), "line", text))
        self.job_line = text
        self.job = self._command(text)
        self._step(None)

    def _command(self, text):
        try:
            yield from self.meet("command", text)
            yield self.family.delay * self.random.uniform(0.5, 1.5)
            final = yield from self.commands.run(text)
        except Final as other:
            final = other.text
        if final is not None:
            self.line(final)
        yield from self.meet("after", text)

    def _step(self, value):
        self.job_serial += 1
        serial = self.job_serial
        try:
            wanted = self.job.send(value)
        except StopIteration:
            if serial == self.job_serial:
                self.job = None
                self._job_over()
            return
        if serial != self.job_serial:
            return
        if wanted is PAYLOAD:
            self.collecting = bytearray()
            waiting, self.backlog = bytes(self.backlog), bytearray()
            if waiting:
                self.post(lambda: self.feed(waiting))
        else:
            self.later(wanted, lambda: self._resume(serial))

    def _resume(self, serial):
        if serial == self.job_serial:
            self._step(None)

    def _job_over(self):
        rest = bytes(self.backlog)
        self.backlog.clear()
        if rest:
            self.feed(rest)
        else:
            self.later(0.01, self.offer)

    def meet(self, stage, what):
        """Every fault that is due at this stage, one after another."""
        for fault in self.faults:
            if fault.due(stage, what):
                self.trace.append((time.monotonic(), "fault", fault.name))
                yield from fault.act(self, what)

    # --- output ------------------------------------------------------------------

    def line(self, text):
        """A line as the family frames it; nothing while switched off or mute."""
        begin, end = self.family.frame
        if text in ("OK", "ERROR") or not self.commands.terse:
            self.write((begin + text + end).encode("latin-1", "replace"))

    def write(self, data):
        if time.monotonic() < self.mute_until or self.mute_until_reopen or not self.opened:
            return
        self.output += data
        self._drain()

    def _drain(self):
        if not self.opened:
            self.output.clear()
            return
        if self.pace is not None:
            now = time.monotonic()
            if now < self.output_at:
                self.later(self.output_at - now, lambda: None)
                return
            self._put(1)
            self.output_at = now + self.pace
            if self.output:
                self.later(self.pace, lambda: None)
            return
        self._put(len(self.output))

    def _put(self, count):
        try:
            done = self.port.write(bytes(self.output[:count]))
        except BlockingIOError:
            return
        except OSError:
            self.output.clear()
            return
        self.trace.append((time.monotonic(), "out", bytes(self.output[:done])))
        del self.output[:done]

    # --- what comes from the network ------------------------------------------------

    def message_arrives(self, tpdu, mclass=None):
        """A DELIVER for this subscriber; kept by the network until the modem has it."""
        self.post(lambda: self._queue("mo", tpdu, mclass))

    def report_arrives(self, seconds, tpdu):
        self.later(seconds, lambda: self._queue("report", tpdu, None))

    def _queue(self, kind, tpdu, mclass):
        self.network_queue.append((kind, tpdu, mclass))
        self.offer()

    def _return_unacknowledged(self):
        if self.awaiting:
            self.network_queue.insert(0, self.awaiting)
            self.awaiting = None

    def reachable(self):
        now = time.monotonic()
        return (now >= self.mute_until and self.registered() and now >= self.sms_ready_at
                and self.sim.entered and now >= self.sim.present_from)

    def offer(self, at_once=False):
        """The network hands over what it has, as far as the modem takes it."""
        if self.collecting is not None and not self.family.talks_in_prompt:
            return
        if self.job is not None and not self.family.talks_in_command and not at_once:
            return
        kept = []
        for item in self.network_queue:
            if self.awaiting or not self.reachable() or not self.commands.accept(item):
                kept.append(item)
        self.network_queue = kept

    def await_acknowledgement(self, item):
        self.awaiting = item
        serial = next(self.order)
        self.awaiting_serial = serial
        self.later(self.family.ack_time, lambda: self._acknowledgement_missing(serial))

    def _acknowledgement_missing(self, serial):
        if self.awaiting and self.awaiting_serial == serial:
            self.trace.append((time.monotonic(), "fault", "no CNMA in time"))
            self._return_unacknowledged()
            self.commands.stop_direct_delivery()
            self.later(2.0, self.offer)
            # 27.005 section 3.4.1: <mt> and <ds> are zero from now on.

    def acknowledge(self, taken):
        """AT+CNMA; whether one was awaited."""
        if not self.awaiting:
            return False
        item, self.awaiting = self.awaiting, None
        if not taken:
            self.network_queue.append(item)
        self.later(0.05 if taken else 2.0, self.offer)
        return True
