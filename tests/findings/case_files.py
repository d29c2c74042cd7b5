"""Reads case files: what zones hold, what fails, which domains are scanned, and what must come of it.

A case begins at `case NAME` in the first column; its other lines are indented.
  zone NAME             a zone; its SOA record is made. More indented lines are its records, as in a master file.
  zone2 NAME            the same zone as the second of its two servers has it
  ptr ADDRESS NAME...   the PTR records of an address, a zone of its own
  fail NAME TYPE KIND   what becomes of questions for a name (lab_serve.cc lists the kinds); TYPE may be `any`
  fail2 NAME TYPE KIND  the same at the second server alone
  scan NAME...          lines of the list
  class CLASS           of the first domain scanned
  present, absent, near, unknown, na  FINDING... [at SUBJECT...]
                        the states expected. `near` is absent too, by a hair: a case that all but shows the finding.
                        `na` is not applicable. Subjects by default: the first domain scanned (findings of exchanges,
                        hosts and addresses have none by default); an exchange is looked for under that domain.
  norow SUBJECT...      hosts and addresses that must not have been looked up
  reject REASON LINE    a line of the list that is no domain name

Two tokens keep the cases apart, so that all can be served at once, and let them be renamed:
  ~ and ~WORD           labels that no other case has: the case's own and further ones
  %a.7 %a::7            addresses of the case, in its first IPv4 /24 and IPv6 /48 (%b, %c, %d: in others);
                        with ^ behind it the name in the reverse tree; %a^ is the name of the /24; with = decimal and
                        hyphens, < the same in reverse order, ! hexadecimal
"""

import dataclasses
import ipaddress
import pathlib
import random
import re

STATES = ("present", "absent", "near", "unknown", "na")
LABEL = re.compile(r"~([a-z0-9-]*)")
ADDRESS = re.compile(r"%([a-d])(?:(\.|::)([0-9a-f]+))?([\^=!<]?)")
SOA = "@ 900 IN SOA ns.names-of-servers.net. hostmaster.names-of-servers.net. 1 14400 3600 1209600 900"
# Neither hexadecimal digits nor vowels: a random label must not look like an address or a word of pools.
LETTERS = "ghjkqvwxz"


@dataclasses.dataclass
class Case:
    name: str
    index: int
    path: str
    lines: list = dataclasses.field(default_factory=list)  # (line number, indent, text), tokens unexpanded


@dataclasses.dataclass
class Expanded:
    """A case with its tokens replaced."""
    case: Case
    zones: list = dataclasses.field(default_factory=list)     # (apex, [record, ...])
    zones2: list = dataclasses.field(default_factory=list)    # the same, of the second server
    failures: list = dataclasses.field(default_factory=list)  # (keyword, name, type, kind)
    scans: list = dataclasses.field(default_factory=list)
    norow: list = dataclasses.field(default_factory=list)
    rejects: list = dataclasses.field(default_factory=list)   # (reason, line)
    domain_class: str = ""
    expected: list = dataclasses.field(default_factory=list)  # (state, finding, subject or None)


def read_cases(paths):
    cases, names = [], set()
    for path in paths:
        for number, line in enumerate(pathlib.Path(path).read_text().splitlines(), 1):
            text = line.split(" #")[0].rstrip()
            if not text or text.startswith("#"):
                continue
            indent = len(text) - len(text.lstrip())
            if indent == 0:
                keyword, name = text.split()
                if keyword != "case" or name in names:
                    raise ValueError(f"{path}:{number}: {'a second case of that name' if name in names else text}")
                names.add(name)
                cases.append(Case(name, len(cases), pathlib.Path(path).name))
            else:
                cases[-1].lines.append((number, indent, text.strip()))
    return cases


class Namer:
    """Gives the labels of `~` tokens, and undoes that. `length` changes them: None (plain), "same" or "other"."""

    def __init__(self, length=None, seed=1):
        self.length, self.random = length, random.Random(seed)
        self.renamed, self.original = {}, {}

    def label(self, case, word):
        plain = case.name.replace("_", "-") if not word else f"{word}-{case.name.replace('_', '-')}"
        if len(plain) > 63:
            raise ValueError(f"{case.name}: ~{word} makes a label of {len(plain)} octets")
        if self.length is None:
            return plain
        if plain not in self.renamed:
            while True:
                size = len(plain) if self.length == "same" else self.random.randint(6, 24)
                label = "".join(self.random.choice(LETTERS) for _ in range(size))
                if label not in self.original:
                    break
            self.renamed[plain], self.original[label] = label, plain
        return self.renamed[plain]

    def undo(self, text):
        return re.sub(r"[a-z0-9_-]+", lambda match: self.original.get(match[0], match[0]), text)


def _address(case, match):
    letter, kind, number, form = match.groups()
    network = case.index * 4 + "abcd".index(letter)
    if kind == "::":
        address = ipaddress.ip_address((0x2A000000 + 0x1000 + case.index << 96) + ("abcd".index(letter) << 80) +
                                       int(number, 16))
    else:
        address = ipaddress.ip_address((45 << 24) + (64 << 16) + (network << 8) + int(number or 0))
    if form == "!":
        return address.packed.hex()
    if form in ("=", "<"):
        return "-".join(str(address).split(".")[::1 if form == "=" else -1])
    if not form:
        return str(address)
    return (address.reverse_pointer if number else address.reverse_pointer.split(".", 1)[1]) + "."


def expand(case, namer):
    """Replaces the tokens and sorts the lines."""
    out = Expanded(case)
    zone, zone_indent = None, 0
    for number, indent, raw in case.lines:
        text = ADDRESS.sub(lambda match: _address(case, match), raw)
        text = LABEL.sub(lambda match: namer.label(case, match[1]), text)
        if zone is not None and indent > zone_indent:
            zone.append(text)
            continue
        zone = None
        keyword, *words = text.split()
        if keyword in ("zone", "zone2"):
            zone, zone_indent = [], indent
            (out.zones if keyword == "zone" else out.zones2).append((_absolute(words[0]), zone))
        elif keyword == "ptr":
            name = ipaddress.ip_address(words[0]).reverse_pointer + "."
            out.zones.append((name, [f"@ IN PTR {_absolute(target)}" for target in words[1:]]))
        elif keyword in ("fail", "fail2"):
            out.failures.append((keyword, _absolute(words[0]), words[1], words[2]))
        elif keyword == "scan":
            out.scans += words
        elif keyword == "reject":
            out.rejects.append((words[0], text.split(None, 2)[2]))
        elif keyword == "norow":
            out.norow += words
        elif keyword == "class":
            out.domain_class = words[0]
        elif keyword in STATES:
            at = words.index("at") if "at" in words else len(words)
            for finding in words[:at]:
                out.expected += [(keyword, finding, subject) for subject in words[at + 1:] or [None]]
        else:
            raise ValueError(f"{case.path}:{number}: {raw}")
    return out


def _absolute(name):
    return name if name.endswith(".") else name + "."


COMMON_ZONES = [(".", ["@ IN NS ns.names-of-servers.net."])] + [
    (apex, []) for apex in ("com.", "net.", "org.", "uk.", "co.uk.", "in-addr.arpa.", "ip6.arpa.")]


def lab_file(expanded, more_zones=()):
    """The text that lab_serve reads."""
    lines = []
    others = {apex.lower(): records for case in expanded for apex, records in case.zones2}
    zones = COMMON_ZONES + list(more_zones) + [zone for case in expanded for zone in case.zones]
    apexes = [apex.lower() for apex, _ in zones]
    twice = {apex for apex in apexes if apexes.count(apex) > 1} if len(set(apexes)) < len(apexes) else set()
    if twice:
        raise ValueError(f"two cases have the zone {sorted(twice)}")
    for apex, records in zones:
        other = others.get(apex.lower())
        for keyword, held in (("zone", records),) if other is None else (("zone1", records), ("zone2", other)):
            text = [f"$ORIGIN {apex}", "$TTL 3600", SOA, *held]
            lines += [f"{keyword} {len(text)}", *text]
    for case in expanded:
        lines += [" ".join(failure) for failure in case.failures]
    return "".join(line + "\n" for line in lines)
