# SPDX-License-Identifier: Apache-2.0
"""
phone - modem, SIM and radio of one virtual phone: the state that commands read
and change. It owns its line and its network; what happens is told to the
listeners as events (name, fields).
"""
from . import commands, ussd
from .errors import CmeError, CmsError
from .lines import Line
from .network import Network

REGISTERED = (1, 5, 6, 7, 9, 10)


class Memory:
    """Places for messages: index -> [status, pdu]; status as in +CMGL (0 unread,
    1 read, 2 stored unsent, 3 stored sent)."""

    def __init__(self, capacity, base):
        self.capacity, self.base = capacity, base
        self.places = {}

    def full(self):
        return len(self.places) >= self.capacity

    def add(self, status, pdu):
        """The index, None when there is no room."""
        if self.full():
            return None
        index = self.base
        while index in self.places:
            index += 1
        self.places[index] = [status, pdu]
        return index


class Phone:
    def __init__(self, reactor, number, personality, listeners, pin=None):
        self.reactor, self.number, self.traits = reactor, number, dict(personality)
        self.listeners = listeners
        self.imei = "35693803564%04d" % number
        self.imsi = "26201123456%04d" % number
        self.iccid = "894901123456789%05d" % number
        self.own_number = "+49170999%04d" % number
        self.pin = pin
        self.pin_tries = 3
        self.puk = "12345678"
        self.registration, self.operator, self.signal = 1, "VIRTUAL", 20
        self.smsc = "+491710760000"
        self.ussd = {"*100#": (0, "Balance 5.00 EUR")}
        self.ussd_form, self.ussd_silent = "plain", False
        self.command_seconds = 0.0
        self.memories = {name: Memory(size, personality["index_base"])
                         for name, size in personality["memories"].items()}
        self.port = None
        self.generation = 0
        self.line = Line(reactor, self._write, self._run, personality["echo"])
        self.network = Network(self)
        self.commands_run = 0
        self._power_on()

    # --- power -------------------------------------------------------------

    def _power_on(self):
        traits = self.traits
        self.generation += 1
        self.line.reset()
        self.pin_state = "SIM PIN" if self.pin and self.pin_tries else "READY"
        if self.pin and not self.pin_tries:
            self.pin_state = "SIM PUK"
        self.sms_ready = traits["sms_ready_seconds"] == 0
        self.buffered = []
        self.reset_settings()
        self.csms, self.fun = 0, 1
        self.cmgf = traits["cmgf"][-1]
        self.csdh, self.csmp = 0, [17, 167, 0, 0]
        self.cnmi = list(traits["cnmi_default"])
        default = traits["default_memory"]
        self.cpms = [default] * 3
        self.speed = 0
        self.network.power_on()
        ussd.start(self)
        if self.pin_state == "READY":
            self._sim_opened()

    def reset_settings(self):
        """What AT&F and ATZ bring back."""
        self.cmee, self.creg, self.cgreg = 0, 0, 0
        self.cscs, self.cmms, self.ifc, self.cops_format = "GSM", 0, "2,2", 0

    def _sim_opened(self):
        def ready():
            self.sms_ready = True
            self.announce_plain(*self.traits["sms_ready_lines"])
            self.network.pump()
        if not self.sms_ready:
            self.later(self.traits["sms_ready_seconds"], ready)

    def reboot(self, seconds=None):
        """As if the power had failed: settings gone, silence, boot lines."""
        self.event("reboot")
        self._power_on()
        self.line.silent = True
        wait = self.traits["boot_seconds"] if seconds is None else seconds
        self.later(wait, self._booted)

    def _booted(self):
        self.line.silent = False
        self.line.buffer = b""
        self.announce_plain(*self.traits["boot_lines"])
        self.network.pump()

    def vanish(self, seconds, keep=False, link=None):
        """The device goes and comes back; keep: only the cable, not the power."""
        self.event("vanish", seconds=seconds)
        self.port.vanish()
        if not keep:
            self._power_on()

        def back():
            self.port.appear(link)
            self.event("appear", device=self.port.address())
            self.announce_plain(*self.traits["boot_lines"])
            self.network.pump()
        self.reactor.later(seconds, back)

    def later(self, seconds, run):
        """Like the reactor's, but a restart of the phone forgets it."""
        generation = self.generation

        def guarded():
            if self.generation == generation:
                run()
        return self.reactor.later(seconds, guarded)

    # --- SIM and radio -----------------------------------------------------

    def registered(self):
        return self.registration in REGISTERED and self.fun == 1

    def usable(self):
        """Can messages reach this phone now?"""
        return self.pin_state == "READY" and self.sms_ready and self.registered() \
            and not self.line.silent

    def check_sim(self):
        """Raises what SMS commands answer before the SIM is ready."""
        if self.pin_state != "READY":
            raise CmsError({"SIM PIN": 311, "SIM PUK": 316, "NO SIM": 310}.get(self.pin_state, 311))
        if not self.sms_ready:
            raise CmsError(314)

    def enter_pin(self, pin, new=None):
        if self.pin_state == "SIM PUK":
            if pin != self.puk or new is None:
                raise CmeError(16 if new is not None else 12)
            self.pin, self.pin_tries = new, 3
        elif self.pin_state != "SIM PIN":
            raise CmeError(3)
        elif pin != self.pin:
            self.pin_tries -= 1
            self.event("wrong-pin", tries_left=self.pin_tries)
            if not self.pin_tries:
                self.pin_state = "SIM PUK"
            raise CmeError(16)
        self.pin_tries = 3
        self.pin_state = "READY"
        self._sim_opened()
        self.network.pump()

    def set_registration(self, stat):
        self.registration = stat
        if self.creg:
            self.announce_plain("+CREG: %d" % stat)
        self.network.pump()

    def shown(self, text):
        """A PDU as this modem writes it: in phase 1 without the SMSC field."""
        return text[2 + 2 * int(text[:2], 16):] if self.traits["phase1"] else text

    # --- unsolicited -------------------------------------------------------

    def announce(self, *lines):
        """+CMT, +CMTI, ...: held back in +CNMI mode 0."""
        if self.cnmi[0] == 0:
            self.buffered.append(lines)
        else:
            self.line.unsolicited(*lines)

    def announce_plain(self, *lines):
        for text in lines:
            self.line.unsolicited(text)

    def set_cnmi(self, values):
        self.cnmi = values
        buffered, self.buffered = self.buffered, []
        if values[0] == 0:
            self.buffered = buffered if values[4] == 0 else []
        elif values[4] == 0:
            for lines in buffered:
                self.line.unsolicited(*lines)
        self.network.pump()

    # --- the line ----------------------------------------------------------

    def attach(self, port):
        self.port = port
        port.on_data = self.line.receive

    def _write(self, data):
        if self.port:
            self.port.write(data)

    def _run(self, text):
        self.commands_run += 1
        if self.command_seconds:
            self.later(self.command_seconds, lambda: commands.run(self, text))
        else:
            commands.run(self, text)

    def event(self, name, **fields):
        for listener in self.listeners:
            listener(self, name, fields)
