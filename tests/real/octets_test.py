#!/usr/bin/env python3
"""Holds whatever the program writes to printable ASCII and LF, whatever lists and name servers say.

usage: octets_test.py MXSCAN [unittest arguments]

A small server on loopback answers with names that hold every octet there is, in exchanges, aliases and pointers, and
with words of its own beside its failures; the lists hold every octet too.
"""

import re
import socket
import struct
import subprocess
import sys
import threading
import unittest

sys.dont_write_bytecode = True
import servers  # noqa: E402  (no byte code beside the sources)
from cli_test import LIMIT_S, MXSCAN, OK, CliCase  # noqa: E402

A, CNAME, PTR, MX, OPT = 1, 5, 12, 15, 41
NO_INPUT = 66
DOMAINS = 64
PRINTABLE = frozenset(range(0x20, 0x7F)) | {0x0A}
DRAWN = "\u251c\u2514\u2502\u2500"  # the tree of check: the one thing beyond ASCII that the program itself writes
UNDER = b"\x03net\x00"  # no special domain: what is under such is not asked
HOSTILE = b"\x1b]0;owned\x07\x1b[31m\r\n\x00=cmd|' /C calc'!A0\",\xff\xc3\x28"
HOSTILE_LABEL = bytes([len(HOSTILE)]) + HOSTILE


def odd_label(number):
    """Four octets of every 256 are in a label, so that those of 64 numbers hold all."""
    return bytes([8]) + b"x" + bytes((4 * number + i) % 256 for i in range(4)) + b"\x00.\\"


def record(owner, kind, rdata, ttl=300):
    return owner + struct.pack(">HHIH", kind, 1, ttl, len(rdata)) + rdata


class OddServer(servers.UdpServer):
    """Answers with odd names; the first label's number says which."""

    def answer(self, name, kind):
        """(rcode, answer section)."""
        if name.endswith(b"\x07invalid\0"):  # by which lies are found
            return 3, []
        number = re.search(rb"name-(\d+)", name)
        number = int(number[1]) if number else name[2] // 4 if len(name) > 2 else 0
        if kind == MX:
            if number >= DOMAINS:
                return 2, []
            alias = number % 8 == 5
            target = odd_label(number) + b"\x05alias" + UNDER if alias else name
            answer = [record(name, CNAME, target)] if alias else []
            exchanges = [odd_label(number) + b"\x02mx" + UNDER, b"\x01" + bytes([number % 256]) + UNDER]
            return 0, answer + [record(target, MX, struct.pack(">H", 10 * i) + exchange)
                                for i, exchange in enumerate(exchanges)]
        if kind == A:
            if name.endswith(b"\x02mx" + UNDER) and number % 3 == 0:
                target = odd_label(number + 1) + HOSTILE_LABEL + UNDER
                return 0, [record(name, CNAME, target), record(target, A, bytes([9, 9, 9, number % 250]))]
            return 0, [record(name, A, bytes([9, 9, 9, number % 250]))]
        if kind == PTR:
            return 0, [record(name, PTR, HOSTILE_LABEL + odd_label(len(name)) + UNDER)]
        return 0, []

    def reply(self, query):
        end = self.question_end(query)
        question = query[12:end]
        rcode, answer = self.answer(question[:-4].lower(), struct.unpack(">H", question[-4:-2])[0])
        # The reason for a failure in words of the server's choice (RFC 8914).
        error = struct.pack(">HHH", 15, 2 + len(HOSTILE), 22) + HOSTILE if rcode else b""
        opt = b"\0" + struct.pack(">HHIH", OPT, 1232, 0, len(error)) + error
        header = query[:2] + bytes([0x80 | query[2] & 0x01, 0x80 | rcode]) + struct.pack(">4H", 1, len(answer), 0, 1)
        return header + question + b"".join(answer) + opt


class OctetsTest(CliCase):
    def server(self):
        server = OddServer()
        self.addCleanup(server.__exit__)
        return server

    def expect_printable(self, octets, what):
        odd = sorted(set(octets) - PRINTABLE)
        self.assertFalse(odd, f"{what} holds octets {odd}")

    def run_raw(self, status, *arguments):
        """Runs the program with arguments of any octets; its output must be printable."""
        done = subprocess.run([str(MXSCAN).encode(), *(a if isinstance(a, bytes) else str(a).encode() for a in arguments)],
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=LIMIT_S, check=False)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        self.expect_printable(done.stdout, f"output of {arguments[0]}")
        self.expect_printable(done.stderr, f"messages of {arguments[0]}")
        return done

    def odd_list(self):
        lines = [f"name-{number}.example".encode() for number in range(DOMAINS + 8)]
        lines += [b"a" + bytes([octet]) + b"z.example" for octet in range(256) if octet != 0x0A]
        lines += [HOSTILE.replace(b"\n", b""), b"b\xc3\xbccher.example", b"\xe2\x80\xae.example", b"=1+1", b"@a", b"-1"]
        return self.list_file(b"\n".join(lines) + b"\n")

    def test_every_file_of_a_dataset(self):
        source = self.odd_list()
        done = self.run_raw(OK, "scan", source, "-o", self.out, "--resolver", self.server().address, "--timeout", "2",
                            "--tries", "1", "--compression", "none", "--seed", "1")
        self.assertTrue(done.stderr or done.stdout)
        files = [path for path in self.out.rglob("*") if path.is_file()]
        self.assertGreater(len(files), 20)
        for path in files:
            self.expect_printable(path.read_bytes(), path.relative_to(self.out))
        # The names really were odd: every octet but capital letters, which are made small, stands in some host's name.
        hosts = b"".join(path.read_bytes() for path in (self.out / "hosts").glob("part-*"))
        escaped = {int(number) for number in re.findall(rb"\\(\d{3})", hosts)}
        missing = set(range(256)) - escaped - set(hosts) - set(range(0x41, 0x5B))
        self.assertFalse(missing, "octets that no host's name holds")
        rejects = b"".join(path.read_bytes() for path in (self.out / "rejects").glob("part-*"))
        self.assertIn(rb"\027", rejects)
        self.run_raw(OK, "summarize", self.out)

    def test_names_of_files(self):
        """What is in a file's name is written in run.json and in messages; those may be text beyond ASCII."""
        source = bytes(self.directory) + b"/li\x1b[31mst\xff\xc3\xbc\xe2\x80\xae"
        with open(source, "wb") as file:
            file.write(b"name-1.example\n")
        self.run_raw(OK, "scan", source, "-o", self.out, "--resolver", self.server().address, "--timeout", "2", "--quiet")
        for path in self.out.glob("*.json"):
            self.expect_printable(path.read_bytes(), path.name)
        for status, words in ((NO_INPUT, ["scan", source + b"\x1b[0m", "-o", bytes(self.out) + b"2"]),
                              (OK, ["scan", source, "--dry-run"])):
            done = subprocess.run([bytes(MXSCAN), *words, "--resolver", "127.0.0.1:5399"], stdin=subprocess.DEVNULL,
                                  capture_output=True, timeout=LIMIT_S, check=False)
            self.assertEqual(done.returncode, status, done.stderr)
            said = (done.stdout + done.stderr).decode()
            self.assertIn("li\\027[31mst\\255\u00fc\\226\\128\\174", said)
            self.assertTrue(all(character == "\n" or character.isprintable() for character in said), said)

    def test_check(self):
        server = self.server()
        names = ["name-1.example", "name-3.example", "name-5.example", "name-70.example", "name-9.example"]
        for options in ((), ("--json",), ("--explain",)):
            done = subprocess.run([MXSCAN, "check", *names, "--resolver", server.address, "--tries", "1", *options],
                                  stdin=subprocess.DEVNULL, capture_output=True, timeout=LIMIT_S, check=False)
            self.assertIn(rb"\027", done.stdout, "the odd names are shown")
            own = done.stdout.decode().translate({ord(drawn): "+" for drawn in DRAWN}) if "--json" not in options else ""
            self.expect_printable(own.encode() or done.stdout, f"check {options}")
            self.expect_printable(done.stderr, f"messages of check {options}")
        for target in (b"a\x1b[31mb.example", b"\xff.example", b"a\r\nb", b"a b"):
            done = subprocess.run([bytes(MXSCAN), b"check", target, b"--resolver", server.address.encode()],
                                  stdin=subprocess.DEVNULL, capture_output=True, timeout=LIMIT_S, check=False)
            self.assertNotEqual(done.returncode, OK)
            self.expect_printable(done.stdout + done.stderr, f"check of {target}")


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]], verbosity=2)
