# SPDX-License-Identifier: Apache-2.0
"""
ports - where the AT lines come from: a pseudo terminal or a TCP port.

A port has write(bytes), vanish() and appear(), and calls on_data(bytes). A
vanished pty is closed on both sides and its link removed: the program on it
sees the device go, as with a pulled USB stick; appear() makes another one under
the same link (or another name).
"""
import os
import socket
import tty

from .reactor import Stream


class PtyPort:
    """A pty; `link`, when given, is a symbolic link that names the device."""

    def __init__(self, reactor, link, on_data):
        self.reactor, self.link, self.on_data = reactor, link, on_data
        self.stream = self.slave = self.name = None
        self.appear()

    def appear(self, link=None):
        if self.stream:
            return
        if link:
            self.link = link
        master, self.slave = os.openpty()
        tty.setraw(self.slave)
        # Our own end of the slave stays open, so that a client may come and go.
        self.name = os.ttyname(self.slave)
        self.stream = Stream(self.reactor, master, lambda data: self.on_data(data), self.vanish)
        if self.link:
            fresh = "%s.%d" % (self.link, os.getpid())
            os.symlink(self.name, fresh)
            os.rename(fresh, self.link)

    def vanish(self):
        if not self.stream:
            return
        self.stream.close()
        os.close(self.slave)
        self.stream = None
        if self.link and os.path.islink(self.link):
            os.unlink(self.link)

    def write(self, data):
        if self.stream:
            self.stream.write(data)

    def address(self):
        return self.link or self.name


class TcpPort:
    """A listening socket; one client at a time, others are turned away."""

    def __init__(self, reactor, host, port, on_data):
        self.reactor, self.host, self.port, self.on_data = reactor, host, port, on_data
        self.listener = self.stream = None
        self.appear()

    def appear(self, link=None):
        if self.listener:
            return
        self.listener = socket.create_server((self.host, self.port))
        self.port = self.listener.getsockname()[1]
        self.listener.setblocking(False)
        self.reactor.watch(self.listener.fileno(), self._accept)

    def _accept(self):
        try:
            client, _ = self.listener.accept()
        except OSError:
            return
        if self.stream:
            client.close()
            return
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.stream = Stream(self.reactor, client.detach(), lambda data: self.on_data(data),
                             self._ended)

    def _ended(self):
        self.stream = None

    def vanish(self):
        if self.stream:
            self.stream.close()
            self.stream = None
        if self.listener:
            self.reactor.forget(self.listener.fileno())
            self.listener.close()
            self.listener = None

    def write(self, data):
        if self.stream:
            self.stream.write(data)

    def address(self):
        return "%s:%d" % (self.host, self.port)
