# SPDX-License-Identifier: Apache-2.0
"""
control - the control socket: one command a line in, one JSON object a line out.

A command goes to the first phone, "@2 COMMAND" to the second, "@* COMMAND" to
all (the answer is a list). Every answer has "ok"; a mistake has "error".
COMMANDS is the list; `help` prints it. After `events` the connection also gets
each event as a line with "event".
"""
import json
import os
import socket
import sys

import pdu

from .network import Fate
from .reactor import Stream

SETTINGS = {
    "creg": lambda phone, v: phone.set_registration(int(v)),
    "csq": lambda phone, v: setattr(phone, "signal", int(v)),
    "operator": lambda phone, v: setattr(phone, "operator", v),
    "cops-format": lambda phone, v: setattr(phone, "cops_format", int(v)),
    "imsi": lambda phone, v: setattr(phone, "imsi", v),
    "iccid": lambda phone, v: setattr(phone, "iccid", v),
    "ussd-form": lambda phone, v: setattr(phone, "ussd_form", v),
    "ussd-silent": lambda phone, v: setattr(phone, "ussd_silent", v in ("1", "on")),
    "number": lambda phone, v: setattr(phone, "own_number", v),
    "smsc": lambda phone, v: setattr(phone, "smsc", v),
    "sim": lambda phone, v: setattr(phone, "pin_state", v),
    "echo": lambda phone, v: setattr(phone.line, "echo", v in ("1", "on")),
    "mr": lambda phone, v: setattr(phone.network, "reference", int(v)),
    "command-time": lambda phone, v: setattr(phone, "command_seconds", float(v)),
    "send-time": lambda phone, v: setattr(phone.network, "send_seconds", float(v)),
    "prompt-time": lambda phone, v: setattr(phone.line, "prompt_seconds", float(v)),
    "answer-time": lambda phone, v: setattr(phone.line, "answer_seconds", float(v)),
    "ack-time": lambda phone, v: setattr(phone.network, "ack_seconds", float(v)),
    "retry-time": lambda phone, v: setattr(phone.network, "retry_seconds", float(v)),
    "sms-ready-time": lambda phone, v: phone.traits.__setitem__("sms_ready_seconds", float(v)),
    "csms-offer": lambda phone, v: phone.traits.__setitem__("csms", json.loads(v)),
    "phase1": lambda phone, v: phone.traits.__setitem__("phase1", v in ("1", "on")),
    "charsets": lambda phone, v: phone.traits.__setitem__("charsets", v.split()),
    "lacks": lambda phone, v: phone.traits.__setitem__("lacks", v.split()),
    "list-at-most": lambda phone, v: phone.traits.__setitem__("list_at_most", int(v)),
    "cnmi-offer": lambda phone, v: phone.traits.__setitem__("cnmi", json.loads(v)),
    "report-memory": lambda phone, v: phone.traits.__setitem__("report_memory", v),
    "capacity": lambda phone, v: setattr(phone.memories[v.split("=")[0]], "capacity",
                                         int(v.split("=")[1])),
}


def _inject(phone, rest):
    """inject {"from":..,"text"|"data":.., ...} or inject FROM TEXT: a message for this phone"""
    if rest.startswith("{"):
        what = json.loads(rest)
    else:
        sender, _, text = rest.partition(" ")
        what = {"from": sender, "text": text}
    what.setdefault("smsc", phone.smsc)
    what.setdefault("ref", phone.network.counts["injected"] & 255)
    pdus = pdu.encode_deliver(what)
    order = what.get("order") or range(1, len(pdus) + 1)
    for part in order:
        phone.network.inject(pdus[part - 1])
    return {"pdus": pdus}


def _inject_pdu(phone, rest):
    """inject-pdu HEX: the same, as a PDU (DELIVER or STATUS-REPORT)"""
    phone.network.inject(rest.strip().upper())


def _answer(phone, rest):
    """answer COMMAND {"lines": [..], "final": ".."}: to this command (without AT) from now on"""
    name, _, answer = rest.partition(" ")
    phone.traits["answers"] = {**phone.traits["answers"], name.upper(): json.loads(answer)}


def _ussd(phone, rest):
    """ussd PATH M [TEXT]: what the network answers to a code; *123#>1: to the answer 1 there"""
    path, what, *text = rest.split(" ", 2)
    phone.ussd[path] = (int(what), text[0].replace("\\n", "\n") if text else None)


def _store(phone, rest):
    """store MEMORY STATUS HEX: puts a PDU into a memory, as if it had been there before"""
    memory, status, text = rest.split()
    index = phone.memories[memory].add(int(status), text.upper())
    if index is None:
        raise ValueError("memory %s is full" % memory)
    return {"index": index}


def _sent(phone, rest):
    """sent [FIRST]: what was sent, one entry a part, from number FIRST on"""
    return {"sent": phone.network.sent[int(rest or 1) - 1:]}


def _reports(phone, rest):
    """reports WORDS: fate of messages: auto | none | fail [HEX] | buffered [S] | refuse CODE;
    delay S, early, double"""
    phone.network.fate = Fate(rest.split())


def _fate(phone, rest):
    """fate NUMBER WORDS: the same for one receiver"""
    number, *words = rest.split()
    phone.network.fates[number] = Fate(words)


def _next(phone, rest):
    """next N WORDS: the same for the next N parts"""
    count, *words = rest.split()
    phone.network.next_fates += [Fate(words)] * int(count)


def _report(phone, rest):
    """report N HEX: a status report for the N-th sent part"""
    number, status = rest.split()
    phone.network.report(int(number), int(status, 16))


def _fail_next(phone, rest):
    """fail-next CODE [N]: the next N sends get +CMS ERROR: CODE (0: ERROR alone, -1: without
    number)"""
    words = rest.split()
    phone.network.failures += [int(words[0])] * (int(words[1]) if len(words) > 1 else 1)


def _at_send(phone, rest):
    """at-send N COMMAND: runs COMMAND when the N-th send from now was taken, before its answer"""
    count, _, command = rest.partition(" ")
    phone.network.triggers.append([int(count), command])


def _hang(phone, rest):
    """hang [S]: hears nothing, says nothing (for S seconds)"""
    phone.line.silent = True
    if rest:
        phone.later(float(rest), lambda: _resume(phone, ""))


def _resume(phone, _):
    """resume: ends hang"""
    phone.line.silent = False
    phone.line.busy = False
    phone.line.prompt_done = None
    phone.network.pump()


def _vanish(phone, rest):
    """vanish S [keep] [LINK]: the device is gone for S seconds; keep: not its power; LINK: it
    comes back under this name"""
    words = rest.split()
    keep = "keep" in words[1:]
    link = [w for w in words[1:] if w != "keep"]
    phone.vanish(float(words[0]), keep, link[0] if link else None)


def _reboot(phone, rest):
    """reboot [S]: restarts by itself, silent for S seconds"""
    phone.reboot(float(rest) if rest else None)


def _lose_prompt(phone, rest):
    """lose-prompt [N]: the next N prompts are not shown"""
    phone.line.lose_prompts += int(rest or 1)


def _lose_answer(phone, rest):
    """lose-answer [N]: the next N final answers are not shown"""
    phone.line.lose_answers += int(rest or 1)


def _noise(phone, rest):
    """noise TEXT: an unsolicited line"""
    phone.line.unsolicited(rest)


def _raw(phone, rest):
    """raw HEX: octets on the line, as they are"""
    phone.line.send(bytes.fromhex(rest))


def _chunk(phone, rest):
    """chunk N MS: answers come N octets at once, MS apart (0: whole)"""
    words = rest.split()
    phone.line.chunk = int(words[0])
    phone.line.chunk_seconds = float(words[1]) / 1000 if len(words) > 1 else 0.0


def _set(phone, rest):
    name, _, value = rest.partition(" ")
    if name not in SETTINGS:
        raise ValueError("no setting %r; there are: %s" % (name, ", ".join(sorted(SETTINGS))))
    SETTINGS[name](phone, value)


_set.__doc__ = "set NAME VALUE: one of " + ", ".join(sorted(SETTINGS))


def _stats(phone, _):
    """stats: counters and state"""
    network = phone.network
    return {"device": phone.port.address(), "counts": network.counts,
            "commands": phone.commands_run, "waiting": len(network.waiting),
            "unacknowledged": network.unacknowledged is not None, "pin": phone.pin_state,
            "pin_tries": phone.pin_tries, "cnmi": phone.cnmi, "csms": phone.csms,
            "creg": phone.registration, "mr": network.reference, "imei": phone.imei,
            "memories": {n: [len(m.places), m.capacity] for n, m in phone.memories.items()}}


COMMANDS = {
    "inject": _inject, "inject-pdu": _inject_pdu, "answer": _answer, "ussd": _ussd, "store": _store, "sent": _sent,
    "reports": _reports, "fate": _fate, "next": _next, "report": _report,
    "fail-next": _fail_next, "at-send": _at_send, "hang": _hang, "resume": _resume,
    "vanish": _vanish, "reboot": _reboot, "lose-prompt": _lose_prompt,
    "lose-answer": _lose_answer, "noise": _noise, "raw": _raw, "chunk": _chunk, "set": _set,
    "stats": _stats,
}
GENERAL_HELP = ["events: this connection gets every event", "help", "quit: ends the program"]


def help_lines():
    return [" ".join(f.__doc__.split()) for f in COMMANDS.values()] + GENERAL_HELP


def run_command(phone, text):
    """The fields of the answer; ValueError and the like for a mistake."""
    name, _, rest = text.partition(" ")
    if name not in COMMANDS:
        raise ValueError("unknown command %r" % name)
    return COMMANDS[name](phone, rest.strip()) or {}


class Control:
    """Listens on a unix socket; `phones` is the list."""

    def __init__(self, reactor, path, phones):
        self.reactor, self.path, self.phones = reactor, path, phones
        self.listeners = []
        for phone in phones:
            phone.network.control = self._trigger
        if path:
            if os.path.exists(path):
                os.unlink(path)
            self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self.socket.bind(path)
            self.socket.listen(64)
            self.socket.setblocking(False)
            reactor.watch(self.socket.fileno(), self._accept)

    @staticmethod
    def _trigger(phone, command):
        try:
            run_command(phone, command)
        except Exception as error:  # pylint: disable=broad-except
            phone.event("trigger-failed", command=command, error=str(error))

    def close(self):
        if self.path and os.path.exists(self.path):
            os.unlink(self.path)

    def _accept(self):
        try:
            client, _ = self.socket.accept()
        except OSError:
            return
        _Session(self, client.detach())

    def event(self, phone, name, fields):
        if self.listeners:
            line = json.dumps({"event": name, "modem": phone.number, **fields})
            for stream in self.listeners:
                stream.write(line.encode() + b"\n")

    def answer(self, text, stream):
        where, phones = self.phones[:1], None
        if text.startswith("@"):
            which, _, text = text.partition(" ")
            phones = self.phones if which == "@*" else [self.phones[int(which[1:]) - 1]]
            where = phones
        if text == "quit":
            self.reactor.stop()
            return {"ok": True}
        if text == "help":
            return {"ok": True, "help": help_lines()}
        if text == "events":
            self.listeners.append(stream)
            return {"ok": True}
        answers = [{"ok": True, **run_command(phone, text)} for phone in where]
        if phones is self.phones and len(answers) != 1:
            return {"ok": True, "modems": answers}
        return answers[0]


class _Session:
    def __init__(self, control, fd):
        self.control, self.buffer = control, b""
        self.stream = Stream(control.reactor, fd, self._data, self._end)

    def _data(self, data):
        self.buffer += data
        *lines, self.buffer = self.buffer.split(b"\n")
        for line in lines:
            text = line.decode("utf-8", "replace").strip()
            if not text:
                continue
            try:
                answer = self.control.answer(text, self.stream)
            except Exception as error:  # pylint: disable=broad-except
                answer = {"ok": False, "error": "%s: %s" % (type(error).__name__, error)}
            self.stream.write(json.dumps(answer).encode() + b"\n")

    def _end(self):
        if self.stream in self.control.listeners:
            self.control.listeners.remove(self.stream)


def client(path, text, timeout=30.0):
    """Sends one command line to a control socket; the answer as a dictionary."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as s:
        s.settimeout(timeout)
        s.connect(path)
        s.sendall(text.encode() + b"\n")
        return json.loads(s.makefile("rb").readline())


def client_main(arguments):
    """virtualmodem ctl SOCKET COMMAND..."""
    if len(arguments) < 2:
        print("usage: virtualmodem ctl SOCKET COMMAND...", file=sys.stderr)
        return 2
    try:
        answer = client(arguments[0], " ".join(arguments[1:]))
    except OSError as error:
        print("virtualmodem: %s: %s" % (arguments[0], error), file=sys.stderr)
        return 1
    if "help" in answer:
        print("\n".join(answer["help"]))
    else:
        print(json.dumps(answer, ensure_ascii=False))
    return 0 if answer.get("ok") else 1
