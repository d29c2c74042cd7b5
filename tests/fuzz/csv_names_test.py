#!/usr/bin/env python3
"""Reads names and tokens of any octets with Python's csv module, knowing nothing of the program but the contract.

usage: csv_names_test.py FUZZ_CSV_NAMES [NAMES [SEED]]
"""

import csv
import pathlib
import re
import subprocess
import sys
import tempfile

ESCAPE = re.compile(rb"\\([0-9]{3})|\\(.)", re.DOTALL)
PRINTABLE = frozenset(range(0x20, 0x7F))


def unescape(text):
    """The octets of a token: \\DDD is the octet of that number."""
    return ESCAPE.sub(lambda match: bytes([int(match[1])]) if match[1] else match[2], text)


def wire(text):
    """The wire form of a name in presentation form (RFC 1035 5.1)."""
    if text == ".":
        return b"\0"
    assert text.endswith("."), text
    out = b""
    # A dot that no backslash escapes ends a label.
    for label in re.findall(rb"((?:\\[0-9]{3}|\\[^0-9]|[^\\.])+)\.", text.encode("ascii")):
        octets = unescape(label)
        out += bytes([len(octets)]) + octets
    return out + b"\0"


def check_octets(path):
    octets = path.read_bytes()
    assert octets.endswith(b"\n"), f"{path.name} does not end in LF"
    odd = set(octets) - PRINTABLE - {0x0A}
    assert not odd, f"{path.name} holds octets {sorted(odd)}"
    assert b'"' not in octets, f"{path.name} holds a quote"


def check_table(directory, name, columns, decode):
    path = directory / f"{name}.csv"
    check_octets(path)
    told = [line.split() for line in (directory / f"{name}.hex").read_text().splitlines()]
    with open(path, encoding="ascii", newline="") as file:
        reader = csv.DictReader(file, strict=True)
        count = 0
        for row, expected in zip(reader, told, strict=True):
            for column, value in zip(columns, expected, strict=True):
                assert decode(row[column]).hex() == value, f"{name} {count}: {row[column]!r} is not {value}"
                assert row[column][0] not in "=+-@", row[column]
            assert None not in row and None not in row.values(), f"{name} {count}: {row}"
            count += 1
    print(f"{name}: {count} rows as they should be")
    return count


def main():
    program, names, seed = sys.argv[1], *(sys.argv[2:] + ["100000", "1"])[:2]
    with tempfile.TemporaryDirectory() as directory:
        subprocess.run([program, "--names", names, "--seed", seed, "--write", directory], check=True)
        directory = pathlib.Path(directory)
        assert check_table(directory, "names", ("domain", "exchange"), wire) > 0
        assert check_table(directory, "tokens", ("input",), lambda text: unescape(text.encode("ascii"))) > 0


if __name__ == "__main__":
    main()
