# SPDX-License-Identifier: Apache-2.0
"""
modem_bridge - what stands between a gateway and a virtual modem: a serial line
with its faults (Line), or a telnet gateway with a login (TelnetGateway). Both lead
to the TCP port of a VirtualModem(tcp=True).

    line = Line(modem.address)
    line.device                       # give this to the gateway
    line.mute = True                  # nothing passes any more
    line.heals_on = b"AT+CFUN"        # until this is heard
"""
import os
import select
import socket
import termios
import threading
import time
import tty

IAC, DONT, DO, WONT, WILL, SB, SE = 255, 254, 253, 252, 251, 250, 240


def _connect(address):
    host, port = address.rsplit(":", 1)
    return socket.create_connection((host, int(port)), 20)


class Line:
    """A pty; link, when given, is a name for it that stays. No address: no modem
    is behind it. speed: at any other one there is only noise. What is written to it is
    in `chunks`, as (time, octets) of each read."""

    def __init__(self, address, speed=None, link=None):
        self.address, self.speed, self.link = address, speed, link
        self.mute, self.heals_on, self.heals_on_reopen = False, None, False
        self.chunks, self.opened, self.asked_speeds = [], 0, []
        self.master = self.modem = self.device = None
        self.end_read, self.end_write = os.pipe()
        self.lock = threading.Lock()
        self.appear()
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def stop(self):
        os.write(self.end_write, b"x")
        self.thread.join(20)
        self.vanish()
        os.close(self.end_read)
        os.close(self.end_write)

    def appear(self):
        """Plugged in: another pty."""
        with self.lock:
            self._reach_modem()
            self.master, slave = os.openpty()
            tty.setraw(slave)
            self.device = os.ttyname(slave)
            os.close(slave)
            if self.link:
                os.symlink(self.device, self.link)
                self.device = self.link
            self.is_open = False

    def _reach_modem(self):
        if self.modem is not None:
            self.modem.close()
        self.modem = _connect(self.address) if self.address else None

    def vanish(self):
        with self.lock:
            if self.master is not None:
                os.close(self.master)
                if self.modem is not None:
                    self.modem.close()
                if self.link:
                    os.unlink(self.link)
            self.master = self.modem = None

    def heal(self):
        self.mute = False

    def _serve(self):
        while True:
            with self.lock:
                ends = [e for e in (self.master, self.modem) if e is not None]
            try:
                ready = select.select(ends + [self.end_read], [], [], 0.05)[0]
            except (OSError, ValueError):
                continue  # it vanished meanwhile
            if self.end_read in ready:
                return
            with self.lock:
                if ends != [e for e in (self.master, self.modem) if e is not None]:
                    continue
                self._pass(ready)

    def _pass(self, ready):
        if self.master in ready:
            try:
                self._from_gateway(os.read(self.master, 4096))
            except OSError:  # nobody has it open
                self.is_open = False
                time.sleep(0.01)
        if self.modem in ready:
            data = self.modem.recv(4096)
            if not data:  # it had not seen yet that the line before is gone
                time.sleep(0.05)
                self._reach_modem()
            elif not self.mute and self._right_speed():
                os.write(self.master, data)

    def _right_speed(self):
        return self.speed is None or termios.tcgetattr(self.master)[5] == self.speed

    def _from_gateway(self, data):
        if not self.is_open:
            self.is_open = True
            self.opened += 1
            if self.heals_on_reopen and self.mute and self.opened > 1:
                self.heal()
        self.chunks.append((time.monotonic(), data))
        if self.mute and self.heals_on and self.heals_on in data:
            self.heal()
            return  # it was not an answer yet
        if self.mute or self.modem is None:
            return
        if self._right_speed():
            self.modem.sendall(data)
        else:
            self.asked_speeds.append(termios.tcgetattr(self.master)[5])
            os.write(self.master, b"\x80\xf8\x00\xe0")


class TelnetGateway:
    """
    A telnet server that asks for `user` and `password` (None: not), then, with
    menu, which module, and then passes everything to the modem. It negotiates,
    repeats what is typed, and doubles IAC. prefix: what must stand before each
    command. crumbs: one octet a packet.
    """

    def __init__(self, address, user=None, password=None, menu=None, prefix=None, crumbs=False,
                 telnet=True):
        self.address, self.user, self.password = address, user, password
        self.menu, self.prefix, self.crumbs, self.telnet = menu, prefix, crumbs, telnet
        self.refusals, self.logins, self.replies, self.typed = 0, 0, b"", []
        self.client = None
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.ended = False
        self.thread = threading.Thread(target=self._accept, daemon=True)
        self.thread.start()

    def stop(self):
        self.ended = True
        self.listener.close()
        self.drop()

    def drop(self):
        if self.client is not None:
            try:
                self.client.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def _accept(self):
        while not self.ended:
            try:
                self.client = self.listener.accept()[0]
                self.client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                with self.client, _connect(self.address) as modem:
                    self._session(modem)
            except OSError:
                continue

    # --- the wire ------------------------------------------------------------

    def _send(self, data, raw=False):
        if self.telnet and not raw:
            data = data.replace(b"\xff", b"\xff\xff")
        if not self.crumbs:
            self.client.sendall(data)
            return
        for octet in data:
            self.client.sendall(bytes((octet,)))
            time.sleep(0.001)

    def _receive(self):
        """Octets of the client without telnet's own; raises EOFError at the end."""
        data = self.client.recv(4096)
        if not data:
            raise EOFError
        if not self.telnet:
            return data
        out, at = bytearray(), 0
        while at < len(data):
            if data[at] == IAC and at + 1 < len(data) and data[at + 1] != IAC:
                self.replies += data[at:at + 3]
                at += 3
                continue
            at += data[at] == IAC
            out.append(data[at])
            at += 1
        return bytes(out)

    def _read_line(self):
        line = b""
        while not line.endswith((b"\r\n", b"\r\0")):
            line += self._receive()
        return line[:-2].decode()

    # --- a session -------------------------------------------------------------

    def _session(self, modem):
        try:
            if self.telnet:
                self._send(bytes((IAC, DO, 24, IAC, WILL, 1, IAC, WILL, 3, IAC, SB, 24, 1, IAC,
                                  IAC, IAC, SE, IAC, WILL, 5)), raw=True)
            self._send(b"Welcome\r\nLast login: Fri Nov 27 on ttyp0\r\n")
            if not self._log_in():
                return
            self.logins += 1
            if self.menu:
                self._ask_menu()
            self._bridge(modem)
        except EOFError:
            pass

    def _log_in(self):
        if self.user is not None:
            self._send(b"SG login: ")
            user = self._read_line()
            self._send(user.encode() + b"\r\n")
            if user != self.user:
                self.refusals += 1
                self._send(b"Login incorrect\r\nSG login: ")
                self._read_line()
                return False
        if self.password is not None:
            self._send(b"Password: ")
            if self._read_line() != self.password:
                self.refusals += 1
                self._send(b"\r\nLogin incorrect\r\nPassword: ")
                self._read_line()
                return False
            self._send(b"\r\nOK\r\n")
        return True

    def _ask_menu(self):
        prompt, word = self.menu
        self._send(b"\r\n" + prompt.encode())
        if self._read_line() != word:
            raise EOFError
        self._send(b"\r\n")

    def _bridge(self, modem):
        line = b""
        while True:
            for end in select.select([self.client, modem], [], [])[0]:
                if end is modem:
                    data = modem.recv(4096)
                    if not data:
                        return
                    self._send(data)
                else:
                    line = self._to_modem(modem, line + self._receive())

    def _to_modem(self, modem, data):
        if self.prefix is None:
            modem.sendall(data)
            return b""
        while b"\r" in data or b"\x1a" in data:
            end = min(data.index(c) for c in (b"\r", b"\x1a") if c in data)
            line, data = data[:end + 1].lstrip(b"\n\x1b"), data[end + 1:]
            self.typed.append(line)
            if line.startswith(self.prefix):
                modem.sendall(line[len(self.prefix):])
            elif line.endswith(b"\x1a"):
                modem.sendall(line)
            elif line.strip():
                self._send(b"\r\nERROR\r\n")
        return data
