# SPDX-License-Identifier: Apache-2.0
"""
lines - V.250 between characters and commands.

Characters in: echo, command lines ("AT..." and S3), A/, the text after a
prompt up to Ctrl-Z or ESC. Out: information lines, final answers, unsolicited
lines, in the form that V, Q and S3/S4 ask for. One command line at a time: what
arrives while one is running waits.

The faults of a line live here too: silence, chunks, a late or missing prompt.
"""
RESULT_NUMBERS = {"OK": 0, "CONNECT": 1, "RING": 2, "NO CARRIER": 3, "ERROR": 4,
                  "NO DIALTONE": 6, "BUSY": 7, "NO ANSWER": 8}
CTRL_Z, ESC = 0x1A, 0x1B
MAX_LINE = 4096


class Line:
    """The serial line of one modem. write(bytes) sends; run(text) is given each
    command line without its AT; prompt_done(octets or None) what was typed."""

    def __init__(self, reactor, write, run, default_echo=True):
        self.reactor, self.write, self.run = reactor, write, run
        self.default_echo = default_echo
        self.silent = False       # hangs: reads, answers nothing
        self.chunk = 0            # octets at once, 0: all
        self.chunk_seconds = 0.0
        self.prompt_seconds = 0.0
        self.lose_prompts = 0     # this many prompts are not shown
        self.lose_answers = 0     # this many final answers are not shown
        self.answer_seconds = 0.0 # every final answer is late by this
        self.trace = None
        self.reset()

    def reset(self):
        """As after power on."""
        self.echo, self.verbose, self.quiet = self.default_echo, True, False
        self.s = {3: 13, 4: 10, 5: 8}
        self.buffer = b""
        self.busy = False
        self.prompt_done = None
        self.typed = bytearray()
        self.last = ""
        self.held = []
        self.out = []
        self.slow = []

    # --- out ---------------------------------------------------------------

    def send(self, data):
        if self.silent or not data:
            return
        if self.trace:
            self.trace("<--", data)
        if not self.chunk:
            self.write(data)
            return
        idle = not self.slow
        self.slow += [data[i:i + self.chunk] for i in range(0, len(data), self.chunk)]
        if idle:
            self._send_slowly()

    def _send_slowly(self):
        if self.slow:
            self.write(self.slow[0])
            self.reactor.later(self.chunk_seconds, self._sent_slowly)

    def _sent_slowly(self):
        if self.slow:
            del self.slow[0]
        self._send_slowly()

    def _line(self, text):
        end = bytes((self.s[3], self.s[4]))
        return (end if self.verbose else b"") + text.encode("latin-1", "replace") + end

    def info(self, lines):
        """Information lines of the running command; sent with its final answer."""
        self.out += [self._line(text) for text in lines]

    def flush(self):
        data, self.out = b"".join(self.out), []
        self.send(data)

    def finish(self, result):
        """The final answer of the running command line."""
        if result is None:
            self.out = []
        elif self.lose_answers:
            self.lose_answers -= 1
            self.out = []
        elif not self.quiet:
            if self.verbose:
                self.out.append(self._line(result))
            else:
                number = RESULT_NUMBERS.get(result)
                text = str(number) if number is not None else result
                self.out.append(text.encode() + bytes((self.s[3],)))
        if self.answer_seconds:
            late, self.out = b"".join(self.out), []
            self.reactor.later(self.answer_seconds, lambda: self._finished(late))
        else:
            self.flush()
            self._finished(b"")

    def _finished(self, late):
        self.send(late)
        self.busy = False
        self._release()
        self._work()

    def unsolicited(self, *lines):
        """Lines of the modem's own; never between a prompt and the end of its text."""
        if self.prompt_done:
            self.held.append(lines)
        else:
            end = bytes((self.s[3], self.s[4]))
            self.flush()
            self.send(end + end.join(t.encode("latin-1", "replace") for t in lines) + end)

    def _release(self):
        held, self.held = self.held, []
        for lines in held:
            self.unsolicited(*lines)

    def prompt(self, done):
        """Asks for text: done(octets), or done(None) after ESC."""
        self.prompt_done = done
        self.typed = bytearray()
        self.flush()
        if self.lose_prompts:
            self.lose_prompts -= 1
        elif self.prompt_seconds:
            self.reactor.later(self.prompt_seconds, self._show_prompt)
        else:
            self._show_prompt()

    def _show_prompt(self):
        if self.prompt_done:
            self.send(b"\r\n> ")

    # --- in ----------------------------------------------------------------

    def receive(self, data):
        if self.trace:
            self.trace("-->", data)
        if self.silent:
            return
        self.buffer += data
        self._work()

    def _work(self):
        while self.buffer and not (self.busy and not self.prompt_done):
            if self.prompt_done:
                self._type()
            elif not self._command():
                return

    def _command(self):
        """One command line from the buffer; false when it is not complete."""
        if self.buffer[:2].upper() == b"A/":
            self._echo(self.buffer[:2])
            self.buffer = self.buffer[2:]
            self._start(self.last)
            return True
        at = self.buffer.find(self.s[3])
        if at < 0:
            self.buffer = self.buffer[-MAX_LINE:].lstrip(b"\n\x1b\x1a\0")
            return False
        raw, self.buffer = self.buffer[:at], self.buffer[at + 1:]
        self._echo(raw + bytes((self.s[3],)))
        text = self._edited(raw)
        start = text.upper().find("AT")
        if start >= 0:
            self._start(text[start + 2:])
        return True

    def _edited(self, raw):
        raw = raw.translate(None, b"\n\x1b\x1a\0")
        while True:
            at = raw.find(self.s[5])
            if at < 0:
                return raw.decode("latin-1")
            raw = raw[:max(0, at - 1)] + raw[at + 1:]

    def _start(self, text):
        self.busy = True
        self.last = text
        self.run(text)

    def _echo(self, data):
        if self.echo:
            self.send(data)

    def _type(self):
        for i, octet in enumerate(self.buffer):
            if octet in (CTRL_Z, ESC):
                self._echo(self.buffer[:i])
                self.typed += self.buffer[:i]
                self.buffer = self.buffer[i + 1:]
                done, self.prompt_done = self.prompt_done, None
                done(None if octet == ESC else bytes(self.typed))
                return
        self._echo(self.buffer)
        self.typed += self.buffer
        del self.typed[MAX_LINE:]
        self.buffer = b""
