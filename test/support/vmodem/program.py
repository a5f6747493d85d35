# SPDX-License-Identifier: Apache-2.0
"""
program - the command line of virtualmodem, and what it prints.
"""
import argparse
import json
import os
import signal
import sys
import time

from . import control, personality
from .phone import Phone
from .ports import PtyPort, TcpPort
from .reactor import Reactor

QUIET_EVENTS = ("acknowledged",)


def _arguments(argv):
    parser = argparse.ArgumentParser(
        prog="virtualmodem", description="A phone with a GSM modem, in software.",
        epilog="virtualmodem ctl SOCKET COMMAND... talks to a running one; "
               "'ctl SOCKET help' lists the commands.")
    parser.add_argument("--pty-link", metavar="PATH",
                        help="make a symbolic link to the pty; with --count, PATH.1, PATH.2, ...")
    parser.add_argument("--listen", metavar="HOST:PORT",
                        help="a TCP port in place of a pty; with --count, that many from PORT on")
    parser.add_argument("--control", metavar="PATH", help="unix socket for commands")
    parser.add_argument("--personality", default="generic", metavar="NAME",
                        help="family of modem: " + ", ".join(personality.names()))
    parser.add_argument("--count", type=int, default=1, metavar="N", help="so many modems")
    parser.add_argument("--pin", help="the SIM wants this PIN")
    parser.add_argument("--do", action="append", default=[], metavar="COMMAND",
                        help="run a control command on every modem at start (repeatable)")
    parser.add_argument("--output", choices=("human", "json", "none"), default="human",
                        help="what happens, on standard output")
    parser.add_argument("--trace", metavar="FILE", help="log the dialogue ('-': standard error)")
    return parser.parse_args(argv)


def human(name, fields):
    """One line for people."""
    if name == "sent":
        what = fields.get("text", fields.get("data"))
        more = " (%d parts)" % fields["parts"] if fields["parts"] > 1 else ""
        return "SENT to %s%s: %s" % (fields["to"], more, what.replace("\n", "\\n"))
    if name == "refused":
        return "REFUSED to %s: +CMS ERROR: %s" % (fields["number"], fields["code"])
    if name == "handed-over":
        return "%s handed over, %s" % ("message" if fields["kind"] == "mo" else "report",
                                       fields["how"])
    return name + "".join(" %s=%s" % item for item in sorted(fields.items()))


class Printer:
    def __init__(self, form, count):
        self.form, self.count = form, count

    def event(self, phone, name, fields):
        if self.form == "json":
            text = json.dumps({"event": name, "modem": phone.number, "time": time.time(),
                               **fields}, ensure_ascii=False)
        elif name in QUIET_EVENTS:
            return
        else:
            who = "modem %d: " % phone.number if self.count > 1 else ""
            text = "%s %s%s" % (time.strftime("%H:%M:%S"), who, human(name, fields))
        try:
            print(text, flush=True)
        except OSError:
            self.form = "none"


def _tracer(path, phone):
    out = sys.stderr if path == "-" else open(path, "a", encoding="utf-8")

    def trace(direction, data):
        text = data.decode("latin-1").replace("\r", "^M").replace("\n", "^J")
        text = text.replace("\x1a", "^Z").replace("\x1b", "^[")
        print("%.3f %d %s %s" % (time.time(), phone.number, direction, text), file=out, flush=True)
    return trace


def _port(reactor, options, number):
    if options.listen:
        host, _, port = options.listen.rpartition(":")
        return TcpPort(reactor, host or "127.0.0.1", int(port) + number - 1 if int(port) else 0,
                       None)
    link = options.pty_link
    if link and options.count > 1:
        link = "%s.%d" % (link, number)
    return PtyPort(reactor, link, None)


def _build(reactor, options):
    traits, listeners, phones = personality.load(options.personality), [], []
    for number in range(1, options.count + 1):
        phone = Phone(reactor, number, traits, listeners, options.pin)
        phone.attach(_port(reactor, options, number))
        if options.trace:
            phone.line.trace = _tracer(options.trace, phone)
        phones.append(phone)
    server = control.Control(reactor, options.control, phones)
    listeners.append(server.event)
    if options.output != "none":
        listeners.append(Printer(options.output, options.count).event)
    for command in options.do:
        for phone in phones:
            control.run_command(phone, command)
    return phones, server


def _wake_on_signals(reactor):
    """TERM and INT end the loop; the pipe wakes it."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing)
    reactor.watch(reading, reactor.stop)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: None)


def main(argv):
    if argv[:1] == ["ctl"]:
        return control.client_main(argv[1:])
    options = _arguments(argv)
    reactor = Reactor()
    try:
        phones, server = _build(reactor, options)
    except (OSError, ValueError) as error:
        print("virtualmodem: %s" % error, file=sys.stderr)
        return 1
    _wake_on_signals(reactor)
    for phone in phones:
        phone.event("ready", device=phone.port.address())
    reactor.run()
    for phone in phones:
        phone.port.vanish()
    server.close()
    return 0
