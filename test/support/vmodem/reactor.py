# SPDX-License-Identifier: Apache-2.0
"""
reactor - one thread that waits for file descriptors and timers.
"""
import heapq
import itertools
import os
import selectors
import time


class Timer:
    """What later() gives; cancel() is harmless at any time."""

    __slots__ = ("run",)

    def __init__(self, run):
        self.run = run

    def cancel(self):
        self.run = None


class Reactor:
    def __init__(self):
        self.selector = selectors.DefaultSelector()
        self.timers = []
        self.order = itertools.count()
        self.running = True

    def later(self, seconds, run):
        timer = Timer(run)
        heapq.heappush(self.timers, (time.monotonic() + seconds, next(self.order), timer))
        return timer

    def watch(self, fd, on_read, on_write=None):
        """Calls on_read() when fd can be read, on_write() when it can be written."""
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if on_write else 0)
        try:
            self.selector.modify(fd, events, (on_read, on_write))
        except KeyError:
            self.selector.register(fd, events, (on_read, on_write))

    def forget(self, fd):
        try:
            self.selector.unregister(fd)
        except KeyError:
            pass

    def stop(self):
        self.running = False

    def _run_timers(self):
        now = time.monotonic()
        while self.timers and self.timers[0][0] <= now:
            run = heapq.heappop(self.timers)[2].run
            if run is not None:
                run()

    def run(self):
        while self.running:
            wait = None
            while self.timers and self.timers[0][2].run is None:
                heapq.heappop(self.timers)
            if self.timers:
                wait = max(0.0, self.timers[0][0] - time.monotonic())
            for key, events in self.selector.select(wait):
                if self.selector.get_map().get(key.fd) is not key:
                    continue  # forgotten by an earlier callback of this round
                on_read, on_write = key.data
                if events & selectors.EVENT_WRITE and on_write:
                    on_write()
                if events & selectors.EVENT_READ:
                    on_read()
            self._run_timers()


class Stream:
    """
    A file descriptor with an output buffer. on_data(bytes) for what comes,
    on_end() once when the other side is gone. A reader that never comes costs
    at most LIMIT octets: the rest is thrown away, as a modem does.
    """

    LIMIT = 1 << 20

    def __init__(self, reactor, fd, on_data, on_end):
        os.set_blocking(fd, False)
        self.reactor, self.fd, self.on_data, self.on_end = reactor, fd, on_data, on_end
        self.pending = b""
        reactor.watch(fd, self._readable)

    def write(self, data):
        if self.fd is None:
            return
        if self.pending:
            if len(self.pending) < self.LIMIT:
                self.pending += data
            return
        self.pending = data
        self._flush()

    def _flush(self):
        if self.fd is None:
            return
        try:
            done = os.write(self.fd, self.pending)
            self.pending = self.pending[done:]
        except BlockingIOError:
            pass
        except OSError:
            self.pending = b""
            return  # the reading side tells
        self.reactor.watch(self.fd, self._readable, self._flush if self.pending else None)

    def _readable(self):
        try:
            data = os.read(self.fd, 65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if data:
            self.on_data(data)
        elif self.fd is not None:
            self.close()
            self.on_end()

    def close(self):
        if self.fd is not None:
            self.reactor.forget(self.fd)
            os.close(self.fd)
            self.fd = None
            self.pending = b""
