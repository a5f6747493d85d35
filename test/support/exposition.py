# SPDX-License-Identifier: Apache-2.0
"""
exposition - a strict reader of the Prometheus text format 0.0.4.

parse(text) gives {name: Metric}; anything that the format does not allow, or that
real scrapers only tolerate, is a ValueError: samples before their TYPE, a metric
in two places, the same labels twice, unknown escapes, a missing final line end.
"""
import re

NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
VALUE = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?|[+-]?Inf|NaN")
TYPES = ("counter", "gauge")


class Metric:
    def __init__(self, help_text):
        self.help, self.type, self.samples = help_text, None, {}

    def value(self, **labels):
        return self.samples[tuple(sorted(labels.items()))]


def _labels(text, at):
    """({name: value}, position behind the closing brace); text[at] is the opening one."""
    labels, at = {}, at + 1
    while text[at] != "}":
        name = LABEL.match(text, at)
        if not name or name.group() in labels:
            raise ValueError("label name at %d of %r" % (at, text))
        if text[name.end():name.end() + 2] != '="':
            raise ValueError("no value at %d of %r" % (name.end(), text))
        value, at = [], name.end() + 2
        while text[at] != '"':
            if text[at] == "\\":
                value.append({"n": "\n", "\\": "\\", '"': '"'}[text[at + 1]])
                at += 2
            else:
                value.append(text[at])
                at += 1
        labels[name.group()] = "".join(value)
        at += 1
        if text[at] == ",":
            at += 1
            if text[at] == "}":
                raise ValueError("comma before } in %r" % text)
        elif text[at] != "}":
            raise ValueError("neither , nor } at %d of %r" % (at, text))
    return labels, at + 1


def _sample(metrics, current, line):
    name = NAME.match(line)
    if not name or name.group() != current:
        raise ValueError("sample outside of its metric: %r" % line)
    labels, at = {}, name.end()
    if line[at] == "{":
        labels, at = _labels(line, at)
    if line[at] != " " or not VALUE.fullmatch(line[at + 1:]):
        raise ValueError("value of %r" % line)
    metric = metrics[current]
    if metric.type is None:
        raise ValueError("sample before TYPE: %r" % line)
    key = tuple(sorted(labels.items()))
    if key in metric.samples:
        raise ValueError("twice: %r" % line)
    value = float(line[at + 1:])
    if metric.type == "counter" and value < 0:
        raise ValueError("a negative counter: %r" % line)
    metric.samples[key] = value


def parse(text):
    if not text.endswith("\n") or "\r" in text:
        raise ValueError("line ends")
    metrics, current = {}, None
    for line in text[:-1].split("\n"):
        words = line.split(" ", 3)
        if words[:2] == ["#", "HELP"]:
            current = words[2]
            if current in metrics or not NAME.fullmatch(current):
                raise ValueError("HELP again, or no name: %r" % line)
            metrics[current] = Metric(words[3])
        elif words[:2] == ["#", "TYPE"]:
            if words[2] != current or metrics[current].samples or words[3] not in TYPES:
                raise ValueError("TYPE: %r" % line)
            if (words[3] == "counter") != current.endswith("_total"):
                raise ValueError("name of a counter: %r" % line)
            metrics[current].type = words[3]
        else:
            _sample(metrics, current, line)
    return metrics
