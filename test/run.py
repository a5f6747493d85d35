#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""
run.py - runs the three rings of tests and counts.

    test/run.py --build DIR [--only RING[,RING]] [-v] [-j N] [PATTERN]

unit      the cmocka programs of DIR/test/unit, one for each test/unit/*_test.c
box       test/box/*_test.py: our own processes (DIR is KANTELE_BUILD to them)
interop   test/interop/*_test.py: other people's programs as the peer

PATTERN is a regular expression on "ring/file" or, for python,
"ring/file:Class.test". Every test function counts. A file has a time limit
(300 s, or its own TIME_LIMIT = N); what it leaves running is ended, and is a
failure. A skipped test is a failure too, unless test/expected-skips names it
with a reason. The last line is "N passed, N failed"; the exit status is 1 when
something failed or nothing ran.
"""
import argparse
import concurrent.futures
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
RINGS = ("unit", "box", "interop")
TIME_LIMIT = 300
MARK = "\x01result "
OUTPUT_LIMIT = 20000


class Outcome:
    """What became of one test function."""

    def __init__(self, name, state, output="", seconds=0.0):
        self.name, self.state, self.output, self.seconds = name, state, output, seconds


# --- the child: one python test file -----------------------------------------

class _Reporter(unittest.TestResult):
    """Writes each result as a marked JSON line."""

    def startTest(self, test):
        super().startTest(test)
        self.began, self.problems, self.skip = time.monotonic(), [], None
        self._say("started", test, "")

    def stopTest(self, test):
        state = "failed" if self.problems else "skipped" if self.skip is not None else "passed"
        self._say(state, test, "\n".join(self.problems) or self.skip or "",
                  time.monotonic() - self.began)
        super().stopTest(test)

    def _say(self, state, test, text, seconds=0.0):
        sys.stdout.flush()
        print(MARK + json.dumps([_test_name(test), state, text, seconds]), flush=True)

    def _problem(self, test, error):
        if isinstance(test, unittest.suite._ErrorHolder):  # setUpClass and the like
            self._say("failed", test, self._exc_info_to_string(error, test))
        else:
            self.problems.append(self._exc_info_to_string(error, test))

    def addError(self, test, err):
        self._problem(test, err)

    def addFailure(self, test, err):
        self._problem(test, err)

    def addSubTest(self, test, subtest, err):
        if err is not None:
            self.problems.append("%s\n%s" % (subtest, self._exc_info_to_string(err, test)))

    def addSkip(self, test, reason):
        if isinstance(test, unittest.suite._ErrorHolder):
            self._say("skipped", test, reason)
        self.skip = reason

    def addUnexpectedSuccess(self, test):
        self.problems.append("succeeded against expectation")


def _test_name(test):
    return ".".join(test.id().split(".")[-2:]) if isinstance(test, unittest.TestCase) \
        else str(test)


def _select(suite, pattern, prefix):
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from _select(test, pattern, prefix)
        elif re.search(pattern, prefix + _test_name(test)):
            yield test


def child(path, pattern, prefix):
    """Runs the tests of one file in this process."""
    sys.path.insert(0, os.path.join(HERE, "support"))
    sys.path.insert(0, os.path.dirname(path))
    name = os.path.basename(path)[:-3]
    suite = unittest.defaultTestLoader.loadTestsFromName(name)
    unittest.TestSuite(list(_select(suite, pattern, prefix))).run(_Reporter())
    return 0


# --- running a file -----------------------------------------------------------

class File:
    """A test program: its name "ring/file" and how to run it."""

    def __init__(self, ring, path, build, pattern):
        self.ring, self.path, self.build = ring, path, build
        stem = os.path.basename(path)
        stem = stem[:-2] if stem.endswith(".c") else stem
        self.name = "%s/%s" % (ring, stem[:-3] if stem.endswith(".py") else stem)
        self.pattern = "" if re.search(pattern, self.name) else pattern
        self.took = 0.0
        self.limit = self._limit() * (3 if os.environ.get("KANTELE_SLOW") else 1)

    def _limit(self):
        with open(self.path, encoding="utf-8") as f:
            found = re.search(r"^(?:TIME_LIMIT = |#define TIME_LIMIT )(\d+)", f.read(), re.M)
        return int(found.group(1)) if found else TIME_LIMIT

    def wanted(self):
        """false when the pattern can select nothing here"""
        return not self.pattern or self.ring != "unit"

    def command(self):
        if self.ring == "unit":
            return [os.path.join(self.build, "test", "unit", os.path.basename(self.path)[:-2])]
        return [sys.executable, os.path.abspath(__file__), "--child", self.path,
                self.pattern, self.name + ":"]

    def run(self):
        """The outcomes of its tests."""
        began = time.monotonic()
        try:
            return self._run()
        finally:
            self.took = time.monotonic() - began

    def _run(self):
        command = self.command()
        if not os.path.exists(command[0]):
            return [Outcome(self.name, "failed", "%s was not built" % command[0])]
        with tempfile.TemporaryDirectory(prefix="kantele-test-") as scratch:
            os.chmod(scratch, 0o755)  # a test may become another user
            text, problem = _execute(command, self.limit, _environment(self.build, scratch))
        parse = _parse_tap if self.ring == "unit" else _parse_marked
        outcomes = parse(self.name, text)
        # A cmocka program's exit status is the number of tests that failed.
        if problem == "exit status %d" % sum(o.state == "failed" for o in outcomes):
            problem = None
        if problem or not (outcomes or self.pattern):
            outcomes.append(Outcome(self.name, "failed", "%s\n%s" % (
                problem or "no test ran", text[-OUTPUT_LIMIT:])))
        return outcomes


def _environment(build, scratch):
    env = dict(os.environ, KANTELE_BUILD=build, CMOCKA_MESSAGE_OUTPUT="TAP", TMPDIR=scratch,
               PYTHONDONTWRITEBYTECODE="1", PYTHONUNBUFFERED="1")
    env.setdefault("ASAN_OPTIONS", "detect_leaks=1")
    env.setdefault("UBSAN_OPTIONS", "print_stacktrace=1:halt_on_error=1")
    env.setdefault("TSAN_OPTIONS", "second_deadlock_stack=1:exitcode=66")
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy",
                 "ALL_PROXY"):
        env.pop(name, None)
    return env


RUNNING, RUNNING_LOCK = set(), threading.Lock()


def _end_group(pid):
    """Ends what still lives in a process group; whether there was something."""
    try:
        os.killpg(pid, signal.SIGKILL)
        return True
    except (ProcessLookupError, PermissionError):
        return False


def _execute(command, limit, env):
    """(output, problem or None)"""
    with tempfile.TemporaryFile() as out:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out,
                                   stderr=subprocess.STDOUT, env=env, start_new_session=True)
        with RUNNING_LOCK:
            RUNNING.add(process.pid)
        problem = None
        try:
            status = process.wait(limit)
            if status < 0:
                problem = "ended by signal %d" % -status
            elif status:
                problem = "exit status %d" % status
            if _end_group(process.pid):
                problem = problem or "left processes running"
        except subprocess.TimeoutExpired:
            problem = "took more than %d s" % limit
            _end_group(process.pid)
            process.wait()
        with RUNNING_LOCK:
            RUNNING.discard(process.pid)
        out.seek(0)
        return out.read().decode("utf-8", "replace"), problem


def _parse_marked(name, text):
    outcomes, started, noise = [], None, []
    for line in text.splitlines():
        if not line.startswith(MARK):
            noise.append(line)
            continue
        test, state, output, seconds = json.loads(line[len(MARK):])
        if state == "started":
            started, noise = test, []
            continue
        if state == "failed":
            output += "\n".join(["", "--- output:"] + noise) if noise else ""
        outcomes.append(Outcome("%s:%s" % (name, test), state, output[-OUTPUT_LIMIT:], seconds))
        started = None
    if started:
        outcomes.append(Outcome("%s:%s" % (name, started), "failed", "did not end\n"
                                + "\n".join(noise)[-OUTPUT_LIMIT:]))
    return outcomes


TAP_LINE = re.compile(r"^(ok|not ok) (\d+)(?: -)? (# SKIP )?(.*)$")


def _parse_tap(name, text):
    outcomes, noise, planned = [], [], 0
    for line in text.splitlines():
        plan = re.match(r"^1\.\.(\d+)", line)
        found = TAP_LINE.match(line)
        if plan:
            planned += int(plan.group(1))
        elif found:
            state = "skipped" if found.group(3) else "passed" if found.group(1) == "ok" \
                else "failed"
            outcomes.append(Outcome("%s:%s" % (name, found.group(4)), state))
        else:
            noise.append(line)
            # cmocka tells the reason in "# " lines after the test
            if outcomes and outcomes[-1].state == "failed":
                outcomes[-1].output += line + "\n"
    if any(o.state == "failed" for o in outcomes):
        outcomes[-1].output += "\n--- output:\n" + "\n".join(noise)[-OUTPUT_LIMIT:]
    if len(outcomes) < planned:
        outcomes.append(Outcome(name, "failed", "%d of %d tests ran\n%s" % (
            len(outcomes), planned, "\n".join(noise)[-OUTPUT_LIMIT:])))
    return outcomes


# --- the whole ----------------------------------------------------------------

def find_files(build, rings, pattern):
    files = []
    for ring in rings:
        folder = os.path.join(HERE, ring)
        suffix = "_test.c" if ring == "unit" else "_test.py"
        for entry in sorted(os.listdir(folder) if os.path.isdir(folder) else []):
            if entry.endswith(suffix):
                files.append(File(ring, os.path.join(folder, entry), build, pattern))
    return [f for f in files if f.wanted()]


def expected_skips():
    """Lines "NAME  reason" of test/expected-skips."""
    try:
        with open(os.path.join(HERE, "expected-skips"), encoding="utf-8") as f:
            lines = [line.strip() for line in f]
    except FileNotFoundError:
        return {}
    return dict(line.split(None, 1) for line in lines if line and not line.startswith("#"))


def _judge(outcome, skips):
    """Counts a skip as what it is; whether the test is good."""
    if outcome.state == "skipped" and outcome.name not in skips:
        outcome.state = "failed"
        outcome.output = "skipped: %s\n(a skip counts as failed; test/expected-skips lists the " \
                         "few that may)" % outcome.output
    return outcome.state != "failed"


def run_all(files, jobs, verbose):
    skips, passed, failed = expected_skips(), 0, 0
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for done in concurrent.futures.as_completed([pool.submit(f.run) for f in files]):
            for outcome in done.result():
                good = _judge(outcome, skips)
                passed, failed = passed + good, failed + (not good)
                if verbose or not good:
                    print("%-7s %s%s" % (outcome.state.upper() if good else "FAILED", outcome.name,
                                         " (%.1f s)" % outcome.seconds if outcome.seconds >= 0.1
                                         else ""), flush=True)
                if not good and outcome.output:
                    print("    " + outcome.output.strip().replace("\n", "\n    "), flush=True)
    return passed, failed


def _interrupted(*_):
    with RUNNING_LOCK:
        for pid in RUNNING:
            _end_group(pid)
    os._exit(130)


def main():
    if sys.argv[1:2] == ["--child"]:
        return child(*sys.argv[2:5])
    parser = argparse.ArgumentParser(description="Runs the tests and counts.")
    parser.add_argument("--build", default=".", help="the build directory")
    parser.add_argument("--only", default=",".join(RINGS),
                        help="rings to run, with commas: " + ", ".join(RINGS))
    parser.add_argument("-j", type=int, default=2, dest="jobs", help="files at the same time")
    parser.add_argument("-v", action="store_true", dest="verbose", help="name every test")
    parser.add_argument("pattern", nargs="?", default="", help="which tests")
    options = parser.parse_args()
    rings = options.only.split(",")
    if any(ring not in RINGS for ring in rings):
        parser.error("--only takes " + ", ".join(RINGS))
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupted)
    files = find_files(os.path.abspath(options.build), rings, options.pattern)
    files.sort(key=lambda f: -f.limit)  # what may take long begins first
    passed, failed = run_all(files, options.jobs, options.verbose)
    if not options.pattern:
        print("the longest: " + ", ".join(
            "%s %.0f s" % (f.name, f.took)
            for f in sorted(files, key=lambda f: -f.took)[:8]))
    print("%d passed, %d failed" % (passed, failed))
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
