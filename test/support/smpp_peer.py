# SPDX-License-Identifier: Apache-2.0
"""
smpp_peer - a small SMPP 3.4 message centre: binds, submit_sm, deliver_sm,
receipts, enquire_link. One ESME or several; each is a thread.

    smsc = SmppSmsc()
    smsc.wait_bound(); smsc.receipts = "DELIVRD"
    smsc.deliver("4917..", "999", b"text")
    smsc.submitted[0].short_message
"""
import itertools
import socket
import struct
import threading
import time

GENERIC_NACK, BIND_RECEIVER, BIND_TRANSMITTER, SUBMIT_SM, DELIVER_SM = 0x80000000, 1, 2, 4, 5
UNBIND, BIND_TRANSCEIVER, ENQUIRE_LINK = 6, 9, 0x15
RESPONSE = 0x80000000


class Message:
    """The fields of submit_sm and deliver_sm (SMPP 3.4 section 4.4.1)."""

    FIELDS = (("service_type", "z"), ("source_addr_ton", "B"), ("source_addr_npi", "B"),
              ("source_addr", "z"), ("dest_addr_ton", "B"), ("dest_addr_npi", "B"),
              ("destination_addr", "z"), ("esm_class", "B"), ("protocol_id", "B"),
              ("priority_flag", "B"), ("schedule_delivery_time", "z"), ("validity_period", "z"),
              ("registered_delivery", "B"), ("replace_if_present_flag", "B"),
              ("data_coding", "B"), ("sm_default_msg_id", "B"))

    def __init__(self, **values):
        for name, form in self.FIELDS:
            setattr(self, name, values.get(name, b"" if form == "z" else 0))
        self.short_message = values.get("short_message", b"")
        self.tlv = values.get("tlv", {})

    @classmethod
    def read(cls, body):
        message, at = cls(), 0
        for name, form in cls.FIELDS:
            if form == "z":
                end = body.index(b"\0", at)
                setattr(message, name, body[at:end])
                at = end + 1
            else:
                setattr(message, name, body[at])
                at += 1
        length = body[at]
        message.short_message, at = body[at + 1:at + 1 + length], at + 1 + length
        message.tlv = {}
        while at + 4 <= len(body):
            tag, length = struct.unpack_from(">HH", body, at)
            message.tlv[tag] = body[at + 4:at + 4 + length]
            at += 4 + length
        return message

    def body(self):
        out = b""
        for name, form in self.FIELDS:
            value = getattr(self, name)
            if form == "z":
                out += (value.encode() if isinstance(value, str) else value) + b"\0"
            else:
                out += bytes([value])
        out += bytes([len(self.short_message)]) + self.short_message
        for tag, value in self.tlv.items():
            out += struct.pack(">HH", tag, len(value)) + value
        return out


class Session:
    """One connected ESME."""

    def __init__(self, smsc, sock):
        self.smsc, self.socket, self.kind = smsc, sock, None
        self.sequence = itertools.count(1)
        self.lock = threading.Lock()
        threading.Thread(target=self._read, daemon=True).start()

    def send(self, command, status, sequence, body=b""):
        with self.lock:
            self.socket.sendall(struct.pack(">IIII", 16 + len(body), command, status, sequence)
                                + body)

    def request(self, command, body=b""):
        sequence = next(self.sequence)
        self.send(command, 0, sequence, body)
        return sequence

    def _read(self):
        stream = self.socket.makefile("rb")
        try:
            while True:
                head = stream.read(16)
                if len(head) < 16:
                    break
                length, command, status, sequence = struct.unpack(">IIII", head)
                self._handle(command, status, sequence, stream.read(length - 16))
        except (OSError, ValueError, IndexError):
            pass
        self.smsc._gone(self)

    def _handle(self, command, status, sequence, body):
        smsc = self.smsc
        if command in (BIND_RECEIVER, BIND_TRANSMITTER, BIND_TRANSCEIVER):
            system_id, password = body.split(b"\0")[:2]
            good = smsc.account in (None, (system_id.decode(), password.decode()))
            self.send(command | RESPONSE, 0 if good else 0x0E, sequence, b"smsc\0")
            if good:
                smsc._bound(self, command)
        elif command == SUBMIT_SM:
            smsc._submitted(self, sequence, Message.read(body))
        elif command == ENQUIRE_LINK:
            smsc.enquiries += 1
            if smsc.answer_enquiries:
                self.send(ENQUIRE_LINK | RESPONSE, 0, sequence)
        elif command == UNBIND:
            self.send(UNBIND | RESPONSE, 0, sequence)
            self.socket.shutdown(socket.SHUT_RDWR)
        elif command == DELIVER_SM | RESPONSE:
            smsc._acknowledged(sequence, status)
        elif not command & RESPONSE:
            self.send(GENERIC_NACK, 3, sequence)


class SmppSmsc:
    """statuses: command_status for the next submits, then 0. receipts: stat of the
    receipt for messages that ask for one, None: none. silent: no answer to submits."""

    def __init__(self, port=0, account=None):
        self.listener = socket.create_server(("127.0.0.1", port))
        self.port = self.listener.getsockname()[1]
        self.account, self.statuses, self.receipts = account, [], "DELIVRD"
        self.silent, self.answer_enquiries, self.enquiries = False, True, 0
        self.submitted, self.sessions, self.acknowledged = [], [], {}
        self.ids = itertools.count(1)
        self.changed = threading.Condition()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        try:
            while True:
                client, _ = self.listener.accept()
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                Session(self, client)
        except OSError:
            pass

    def _bound(self, session, kind):
        with self.changed:
            session.kind = kind
            self.sessions.append(session)
            self.changed.notify_all()

    def _gone(self, session):
        with self.changed:
            if session in self.sessions:
                self.sessions.remove(session)
            self.changed.notify_all()

    def _submitted(self, session, sequence, message):
        with self.changed:
            message.status = self.statuses.pop(0) if self.statuses else 0
            message.id = "%d" % next(self.ids)
            self.submitted.append(message)
            self.changed.notify_all()
        if self.silent:
            return
        if message.status:
            session.send(SUBMIT_SM | RESPONSE, message.status, sequence)
            return
        session.send(SUBMIT_SM | RESPONSE, 0, sequence, message.id.encode() + b"\0")
        if self.receipts and message.registered_delivery & 3:
            self.receipt(message, self.receipts)

    def _acknowledged(self, sequence, status):
        with self.changed:
            self.acknowledged[sequence] = status
            self.changed.notify_all()

    def _receiver(self):
        with self.changed:
            found = [s for s in self.sessions if s.kind in (BIND_RECEIVER, BIND_TRANSCEIVER)]
        if not found:
            raise AssertionError("no receiver is bound")
        return found[0]

    def receipt(self, message, stat="DELIVRD", error="000"):
        """A delivery receipt in the usual text form (SMPP 3.4 appendix B)."""
        now = time.strftime("%y%m%d%H%M")
        text = "id:%s sub:001 dlvrd:%03d submit date:%s done date:%s stat:%s err:%s text:%s" % (
            message.id, stat == "DELIVRD", now, now, stat, error,
            message.short_message[:20].decode("latin-1"))
        return self._receiver().request(DELIVER_SM, Message(
            source_addr_ton=message.dest_addr_ton, source_addr_npi=message.dest_addr_npi,
            source_addr=message.destination_addr, destination_addr=message.source_addr,
            dest_addr_ton=message.source_addr_ton, dest_addr_npi=message.source_addr_npi,
            esm_class=4, short_message=text.encode("latin-1")).body())

    def deliver(self, sender, receiver, text, **fields):
        """A message from a handset; its sequence number."""
        return self._receiver().request(DELIVER_SM, Message(
            source_addr=sender, destination_addr=receiver, short_message=text,
            source_addr_ton=fields.pop("source_addr_ton", 1), source_addr_npi=1,
            **fields).body())

    def _wait(self, condition, what, timeout):
        with self.changed:
            if not self.changed.wait_for(condition, timeout):
                raise AssertionError("waited %g s for %s" % (timeout, what))

    def wait_bound(self, count=1, timeout=20.0):
        self._wait(lambda: len(self.sessions) >= count, "%d binds" % count, timeout)

    def wait_submitted(self, count=1, timeout=20.0):
        self._wait(lambda: len(self.submitted) >= count, "%d submits, there were %d" % (
            count, len(self.submitted)), timeout)
        return list(self.submitted)

    def wait_acknowledged(self, sequence, timeout=20.0):
        """The command_status of the answer to a deliver_sm."""
        self._wait(lambda: sequence in self.acknowledged, "an answer to deliver_sm", timeout)
        return self.acknowledged[sequence]

    def disconnect(self):
        with self.changed:
            sessions = list(self.sessions)
        for session in sessions:
            session.socket.shutdown(socket.SHUT_RDWR)

    def stop(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.disconnect()
