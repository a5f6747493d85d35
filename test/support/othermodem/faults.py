# SPDX-License-Identifier: Apache-2.0
"""
faults - what goes wrong with the other modem.

A Fault waits at a stage of the modem's work (command, prompt, payload: Ctrl-Z
came, taken: the network has it, result: +CMGS was said, after: the command is
over, entry: one message was listed) until its text matches for the n-th time,
then acts, `times` times. Others change the modem from the start (`arrange`).
FAULTS has them by name: each call makes a fresh pair (arrange, [Fault...]).
"""
import re
import termios
import time

from othermodem import air
from othermodem.device import PAYLOAD, Final

STAGES = ("command", "prompt", "payload", "taken", "result", "after", "entry")


class Fault:
    def __init__(self, name, stage, action, match="", nth=1, times=1):
        assert stage in STAGES
        self.name, self.stage, self.action = name, stage, action
        self.match, self.nth, self.times = re.compile(match, re.I), nth, times
        self.seen = self.done = 0

    def due(self, stage, what):
        if stage != self.stage or self.done >= self.times or not self.match.search(what):
            return False
        self.seen += 1
        if self.seen < self.nth:
            return False
        self.done += 1
        return True

    def act(self, modem, what):
        yield from self.action(modem, what)


# --- actions -----------------------------------------------------------------

def answer(text, *lines):
    """Ends the command with this final answer; None: with no answer."""
    def action(modem, what):
        for line in lines:
            modem.line(line)
        modem.able_in(0)
        raise Final(text)
        yield
    return action


def raw(octets, then_final=False):
    def action(modem, what):
        modem.write(octets)
        if then_final:
            modem.able_in(0)
            raise Final(None)
        yield 0
    return action


def pause(seconds):
    def action(modem, what):
        modem.able_in(seconds)
        yield seconds
    return action


def noise(*lines, gap=0.01):
    def action(modem, what):
        for line in lines:
            modem.line(line)
            yield gap
    return action


def mute(seconds):
    """Says and hears nothing for so long; the running command is lost."""
    def action(modem, what):
        modem.mute_until = max(modem.mute_until, _now() + seconds)
        modem.able_in(seconds)
        raise Final(None)
        yield
    return action


def mute_until_reopen():
    def action(modem, what):
        modem.mute_until_reopen = True
        raise Final(None)
        yield
    return action


def reboot(**how):
    def action(modem, what):
        yield 0.05
        modem.post(lambda: modem.reboot(**how))
        yield 3600
    return action


def vanish(seconds, elsewhere=False):
    def action(modem, what):
        yield 0.05
        modem.post(lambda: modem.vanish(seconds, elsewhere))
        yield 3600
    return action


def dead_sms():
    """No prompt any more until a restart; all else works."""
    def action(modem, what):
        modem.sms_dead = True
        yield 0
    return action


def do(function):
    def action(modem, what):
        function(modem)
        yield 0
    return action


def _now():
    return time.monotonic()


def _pin_then(seconds):
    """The SIM has seen the PIN, and nobody hears what it says."""
    def action(modem, what):
        given = what.split('"')[1]
        modem.sim.attempts.append(given)
        if given == modem.sim.pin:
            modem.sim.entered = True
            modem.sms_ready_at = _now() + modem.family.sms_wait
        else:
            modem.sim.tries -= 1
        yield from mute(seconds)(modem, what)
    return action


# --- the list -----------------------------------------------------------------

def _send(name, stage, action, nth=3, times=1):
    return lambda: (None, [Fault(name, stage, action, nth=nth, times=times)])


def _command(name, match, action, nth=1, times=1, stage="command"):
    return lambda: (None, [Fault(name, stage, action, match, nth, times)])


def _arranged(function):
    return lambda: (function, [])


def _both(*makers):
    def make():
        pairs = [maker() for maker in makers]

        def arrange(modem):
            for function, _ in pairs:
                if function:
                    function(modem)
        return arrange, [fault for _, faults in pairs for fault in faults]
    return make


def _set(**values):
    def function(modem):
        for name, value in values.items():
            setattr(modem, name, value)
    return _arranged(function)


def _sim(**values):
    def function(modem):
        for name, value in values.items():
            setattr(modem.sim, name, value)
        modem.sim.entered = modem.sim.pin is None
    return _arranged(function)


def _full(modem):
    for name in set(modem.family.places):
        while modem.commands.store(name, air.deliver("+49170555", "old %d" % modem.random.randrange(
                10**6))) is not None:
            pass


def _absent(seconds):
    def function(modem):
        modem.sim.present_from = _now() + seconds
        modem.able_in(seconds)
    return _arranged(function)


def _searching(seconds):
    return _arranged(lambda modem: modem.unregister(seconds))


def _garbage(modem):
    junk = bytes(modem.random.randrange(128, 256) for _ in range(40)) + b"\x00\xff\x00"
    modem.write(junk)


def _garbage_for_ever(modem):
    def again():
        _garbage(modem)
        modem.later(1.5, again)
    modem.later(0.1, again)


def _settings_lost(modem):
    """As after a restart that nobody saw: echo on, text mode, nothing told."""
    modem.post(lambda: (modem.commands.power_on(), setattr(modem.commands, "pdu_mode",
                                                           not modem.family.text),
                        setattr(modem, "echo", True), modem.able_in(0)))


def _ring(modem):
    for line in ("RING", "+CLIP: \"+4917011\",145", "NO CARRIER"):
        modem.line(line)


FAULTS = {
    "none": lambda: (None, []),
    "echo-stays": _set(echo_stuck=True),
    "one-octet": _set(pace=0.002),
    "prompt-slow": _send("prompt-slow", "prompt", pause(4), nth=2, times=2),
    "prompt-late": _send("prompt-late", "prompt", pause(13)),
    "prompt-missing": lambda: (None, [Fault("prompt-missing", "prompt", _no_prompt, nth=3)]),
    "prompt-noise": _send("prompt-noise", "prompt", noise("^RSSI: 12", "+CREG: 1", "RING"),
                          nth=1, times=20),
    "noise-before": _command("noise-before", "", noise("^DSFLOWRPT:00", "+CIEV: 5,1"), times=400),
    "noise-inside": _both(
        _command("noise-a", "", noise("^RSSI:11", "+ZUSIMR:2"), times=400, stage="result"),
        _command("noise-b", "CMG[SRL]|CNMI|CPMS|CREG", noise("RING", "+CRING: VOICE", "^MODE:3,2"),
                 times=400),
        _command("noise-c", "", noise("^MODE:5,4"), times=400, stage="entry")),
    "noise-in-gap": _set(gap_noise="^RSSI: 17"),
    "result-lost-ok": _send("result-lost-ok", "result", mute(4)),
    "cms-no-number": _send("cms-no-number", "payload", answer("+CMS ERROR")),
    "error-bare": _send("error-bare", "payload", answer("ERROR")),
    "cms-words": _send("cms-words", "payload", answer("+CMS ERROR: unknown error")),
    "cms-332-taken": _send("cms-332-taken", "taken", answer("+CMS ERROR: 332")),
    "answer-lost": _send("answer-lost", "taken", answer(None)),
    "answer-late": _send("answer-late", "taken", pause(20)),
    "answer-very-late": _send("answer-very-late", "taken", pause(75)),
    "mute-before": _send("mute-before", "payload", mute(12)),
    "mute-after": _send("mute-after", "taken", mute(12)),
    "mute-until-reopen": _send("mute-until-reopen", "taken", mute_until_reopen()),
    "sms-dead": _command("sms-dead", "CMGS", dead_sms(), nth=3),
    "vanish-before": _send("vanish-before", "payload", vanish(3)),
    "vanish-after": _send("vanish-after", "taken", vanish(3)),
    "vanish-renamed": _send("vanish-renamed", "taken", vanish(3, True)),
    "vanish-idle": _command("vanish-idle", "", vanish(4), nth=40, stage="after"),
    "vanish-long": _send("vanish-long", "result", vanish(15)),
    "reboot-before": _send("reboot-before", "payload", reboot()),
    "reboot-after": _send("reboot-after", "taken", reboot()),
    "reboot-prompt": _send("reboot-prompt", "prompt", reboot()),
    "reboot-silent": _send("reboot-silent", "taken", reboot(silent=True)),
    "reboot-busy": _send("reboot-busy", "taken", reboot(busy=30)),
    "settings-lost": _send("settings-lost", "result", do(_settings_lost), nth=2),
    "pin-right": _sim(pin="1234"),
    "pin-wrong": _sim(pin="9876"),
    "pin-last-try": _sim(pin="1234", tries=1),
    "pin-lost": _both(_sim(pin="1234"), _command("pin-lost", "CPIN=", _pin_then(6))),
    "pin-wrong-lost": _both(_sim(pin="9876"), _command("pin-wrong-lost", "CPIN=", _pin_then(6))),
    "pin-reboot": _both(_sim(pin="1234"), _command("pin-reboot", "CPIN=", reboot(),
                                                   stage="after")),
    "puk": _sim(pin="1234", tries=0),
    "pin2": lambda: (None, []),
    "sim-absent": _absent(12),
    "sim-busy": _command("sim-busy", "CPIN", answer("+CME ERROR: 14"), times=3),
    "searching": _searching(25),
    "lost-network": _send("lost-network", "payload", do(lambda modem: modem.unregister(10))),
    "sim-full": _arranged(_full),
    "reports-late": _arranged(lambda modem: setattr(modem.air, "policy", "late")),
    "reports-double": _arranged(lambda modem: setattr(modem.air, "policy", "double")),
    "reports-never": _arranged(lambda modem: setattr(modem.air, "policy", "never")),
    "reports-before": _arranged(lambda modem: setattr(modem.air, "policy", "before")),
    "reports-buffered": _arranged(lambda modem: setattr(modem.air, "policy", "buffered")),
    "wrap-255": _arranged(lambda modem: setattr(modem.sim, "reference", 253)),
    "cnmi-2-refused": _command("cnmi-2-refused", r"CNMI=2", answer("+CMS ERROR: 303"), times=99),
    "cnmi-refused": _command("cnmi-refused", r"CNMI=", answer("ERROR"), times=99),
    "csms-refused": _command("csms-refused", r"CSMS=1", answer("+CMS ERROR: 302"), times=99),
    "cpms-refused": _command("cpms-refused", r"CPMS=\"", answer("+CMS ERROR: 302"), times=99),
    "garbage": _arranged(_garbage_for_ever),
    "speed-9600": _set(speed=termios.B9600),
    "speed-38400": _set(speed=termios.B38400),
    "long-line": _send("long-line", "prompt", raw(b"x" * 9000 + b"\r\n"), nth=2),
    "never-ending": _send("never-ending", "after", raw(b"y" * 500), nth=2),
    "glued-answer": lambda: (None, [Fault("glued-answer", "taken", _glued, nth=3, times=3)]),
    "ok-twice": _command("ok-twice", "CMGS|CREG|CSQ|CMGL", do(lambda modem: modem.line("OK")),
                         times=30, stage="after"),
    "stray-error": _send("stray-error", "after", do(lambda modem: modem.later(
        0.4, lambda: modem.line("ERROR"))), nth=3),
    "ring": _send("ring", "payload", do(_ring), times=5, nth=1),
    "cnma-340": _command("cnma-340", "CNMA", answer("+CMS ERROR: 340"), times=2),
    "cnma-lost": _command("cnma-lost", "CNMA", mute(8)),
    "cmgd-fails": _command("cmgd-fails", "CMGD", answer("+CMS ERROR: 500"), times=2),
    "cmgr-hangs": _command("cmgr-hangs", "CMGR", mute(7)),
    "cmgl-fails": _command("cmgl-fails", "CMGL=", answer("+CMS ERROR: 500"), times=3),
    "cnmi-forgotten": _command("cnmi-forgotten", "", do(
        lambda modem: modem.commands.stop_direct_delivery()), nth=40, stage="after"),
    "smsc-empty": _send("smsc-empty", "payload", answer("+CMS ERROR: 330"), times=1),
    "mute-start": _command("mute-start", "", mute(9)),
    "boot-late": _arranged(lambda modem: modem.reboot(away=8)),
    "reset-storm": _command("reset-storm", "CNMI=|CMGL", reboot(), nth=2, times=2),
}
FAULTS.update({
    "prompt-9s": _send("prompt-9s", "prompt", pause(9), nth=1, times=3),
    "answer-15": _send("answer-15", "taken", pause(15), nth=2, times=2),
    "answer-25": _send("answer-25", "taken", pause(25), nth=2, times=2),
    "answer-35": _send("answer-35", "taken", pause(35), nth=2),
    "error-late": lambda: (None, [Fault("error-late", "payload", _error_late, nth=3)]),
    "ok-alone": _send("ok-alone", "taken", answer("OK"), nth=2, times=2),
    "cmgs-alone": _send("cmgs-alone", "result", answer(None)),
    "cmgs-twice": _send("cmgs-twice", "result", do(lambda modem: _say_again(modem)), nth=2, times=3),
    "cmgs-then-error": _send("cmgs-then-error", "result", answer("+CMS ERROR: 500")),
    "cmgs-then-bare-error": _send("cmgs-then-bare-error", "result", answer("ERROR")),
    "cmgs-quoted": lambda: (None, [Fault("cmgs-quoted", "taken", _cmgs('+CMGS: "%d"'), nth=2,
                                         times=2)]),
    "cmgs-with-time": lambda: (None, [Fault("cmgs-with-time", "taken", _cmgs(
        '+CMGS: %d,"26/03/01,10:00:00+04"'), nth=2, times=2)]),
    "prompt-glued": _send("prompt-glued", "prompt", raw(b"\r\n^RSSI: 9\r\n\r\n+CREG: 1\r\n"),
                          nth=1, times=20),
    "close-instant": _send("close-instant", "payload", vanish(0.2)),
    "close-taken": _send("close-taken", "taken", vanish(0.2)),
    "close-renamed": _send("close-renamed", "taken", vanish(0.2, True)),
    "mute-prompt": _command("mute-prompt", "CMGS", mute_until_reopen(), nth=3),
    "mute-idle": _command("mute-idle", "^AT$|CSQ", mute_until_reopen(), nth=4),
    "mute-list": _command("mute-list", "CMGL=", mute_until_reopen(), nth=2),
    "mute-read": _command("mute-read", "CMGR|CMGD", mute_until_reopen(), nth=2),
    "ctrl-z-lost": _set(swallow_ctrl_z=3),
    "foreign-stored": _arranged(lambda modem: _foreign(modem)),
    "wrong-length": _set(length_error=3),
    "length-zero": _set(length_error=-1000),
    "cms-301-thrice": _send("cms-301", "payload", answer("+CMS ERROR: 301"), nth=3, times=3),
    "cms-302-prompt": _command("cms-302", "CMGS", answer("+CMS ERROR: 302"), nth=3, times=3),
    "cms-314-prompt": _command("cms-314", "CMGS", answer("+CMS ERROR: 314"), nth=2, times=2),
    "report-unknown": _send("report-unknown", "result", do(lambda modem: modem.report_arrives(
        0.1, air.status_report((modem.sim.reference + 90) % 256, air.address("+4915112345"), 0))),
        nth=1, times=4),
    "mo-in-list": _command("mo-in-list", "", do(lambda modem: _arrival(modem)), nth=1, times=1,
                           stage="entry"),
    "reboot-twice": _send("reboot-twice", "taken", reboot(), nth=2, times=2),
    "reboot-slow": _send("reboot-slow", "payload", reboot(away=9)),
    "csq-hangs": _command("csq-hangs", "CSQ|COPS", mute(6), nth=2, times=2),
    "cpms-slow": _command("cpms-slow", "CPMS=", pause(4), times=6),
    "echo-comes-back": _send("echo-comes-back", "after", do(lambda modem: setattr(
        modem, "echo", True)), nth=2, times=3),
})
for _code in (38, 42, 47, 303, 322, 331, 500, 512, 515):
    FAULTS["cms-%d" % _code] = _send("cms-%d" % _code, "payload",
                                     answer("+CMS ERROR: %d" % _code))
FAULTS["cms-332-lost"] = _send("cms-332-lost", "payload", answer("+CMS ERROR: 332"))


def _no_prompt(modem, what):
    """The prompt is swallowed; the text is awaited all the same until ESC."""
    payload = yield PAYLOAD
    modem.able_in(0)
    raise Final(modem.family.escaped if payload is None else "+CMS ERROR: 304")


def _error_late(modem, what):
    """A network that says no after a long while."""
    modem.able_in(20)
    yield 20
    raise Final("+CMS ERROR: 38")


def _cmgs(form):
    def action(modem, what):
        modem.line(form % ((modem.sim.reference - 1) % 256))
        modem.able_in(0)
        raise Final("OK")
        yield
    return action


def _say_again(modem):
    modem.line("+CMGS: %d" % ((modem.sim.reference - 1) % 256))


def _foreign(modem):
    """Messages that somebody wrote and sent with this SIM in a telephone."""
    for name in set(modem.family.places):
        for status in (2, 3):
            tpdu = air.Submit(b"\x01\x00" + air.address("+4930") + b"\x00\x00"
                              + air.user_data("not ours")[1])
            index = modem.commands.store(name, tpdu)
            modem.memory[name][index].status = status


def _arrival(modem):
    modem.message_arrives(air.deliver("+4917099", "mo in a list", mclass=1))


def _glued(modem, what):
    """No empty lines, one write; a text that looks like other answers behind it."""
    reference = (modem.sim.reference - 1) % 256
    modem.write(b"\n+CMGS: %d\nOK\n+CREG: 1\n" % reference)
    modem.able_in(0)
    raise Final(None)
    yield


def make(*names):
    """(arrange functions, faults) of several faults together."""
    arranged, faults = [], []
    for name in names:
        function, more = FAULTS[name]()
        if function:
            arranged.append(function)
        faults += more
    return arranged, faults
