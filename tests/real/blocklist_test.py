#!/usr/bin/env python3
"""Scans with a blocklist: what is asked, what the dataset says of the rest, and the list read again under way.

usage: blocklist_test.py MXSCAN [unittest arguments]

Every scan asks one small server on loopback that answers NXDOMAIN and keeps the names it was asked about.
"""

import hashlib
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
import dataset  # noqa: E402  (no byte code beside the sources)
import servers  # noqa: E402

OK, NO_SERVER, STOPPED, CONFIGURATION = 0, 69, 75, 78
LIMIT_S = 60
MXSCAN = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "mxscan").resolve()


class BlocklistTest(unittest.TestCase):
    def setUp(self):
        self.maxDiff = None
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="mxscan-blocklist-"))
        self.addCleanup(shutil.rmtree, self.directory)
        self.directory.chmod(0o755)  # the list is read again by whom root has become
        self.out = self.directory / "out"
        self.server = servers.RcodeServer(servers.NXDOMAIN)
        self.addCleanup(self.server.__exit__)

    def write(self, name, content):
        path = self.directory / name
        path.write_text(content)
        return path

    def words(self, source, *options):
        return [MXSCAN, "scan", str(source), "-o", str(self.out), "--resolver", self.server.address, *map(str, options)]

    def scan(self, source, *options):
        return subprocess.run(self.words(source, *options), stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=LIMIT_S, check=False)

    def expect(self, status, done, *words):
        self.assertEqual(done.returncode, status, done.stderr)
        for word in words:
            self.assertIn(word, done.stderr)

    def asked(self):
        return {name for name in self.server.names if name != b"\0" and not name.endswith(b"\7invalid\0")}

    def conserved(self):
        run = dataset.read_run(self.out)
        rows = run["rows"]
        self.assertTrue(rows["conserved"], rows)
        self.assertEqual(rows["domains"], len(dataset.read_table(self.out, "domains")))
        self.assertEqual(rows["rejects"], len(dataset.read_table(self.out, "rejects")))
        return run

    def test_blocked_domains_are_rejects_and_never_asked(self):
        for threads in (1, 3):
            with self.subTest(threads=threads):
                shutil.rmtree(self.out, ignore_errors=True)
                self.server.names.clear()
                source = self.write("list", "a.example\nB.blocked.example\nnot a name\nc.example\nblocked.example\n"
                                            "a.example\nb.blocked.example\n\n# comment\n")
                text = "# asked us by mail\nBlocked.Example.\n192.0.2.0/24\n2001:db8::1\n"
                block = self.write("block", text)
                self.expect(OK, self.scan(source, "--blocklist-file", block, "--threads", threads))
                self.assertEqual(self.asked(), {b"\1a\7example\0", b"\1c\7example\0"})
                rejects = sorted((row["input"], row["reason"]) for row in dataset.read_table(self.out, "rejects"))
                self.assertEqual(rejects, [("B.blocked.example", "blocked"), ("blocked.example", "blocked"),
                                           ("not\\032a\\032name", "not_a_name")])
                run = self.conserved()
                self.assertEqual(run["rows"]["duplicates"], 2, "a.example and b.blocked.example")
                self.assertEqual(run["counters"]["blocklist"],
                                 {"addresses_withheld": 0, "domains_withheld": 2, "names": 1, "names_withheld": 0,
                                  "prefixes": 2, "questions_withheld": 2, "reloads": 0})
                self.assertEqual(run["transport"]["blocked"], 0)
                self.assertEqual(run["blocklist"],
                                 [{"path": str(block), "format": "plain", "bytes": len(text), "lines": 4,
                                   "sha256": hashlib.sha256(text.encode()).hexdigest()}])
                self.assertTrue((self.out / "_SUCCESS").exists())
                summary = subprocess.run([MXSCAN, "summarize", self.out], capture_output=True, text=True, check=True)
                self.assertRegex(summary.stdout, r"BLOCKLIST: NOT ASKED\n +domains \(rejected lines\) +2\n")
                reasons = (self.out / "summary" / "rejects.csv").read_text()
                self.assertIn("blocked,2\n", reasons)
                findings = (self.out / "summary" / "findings.csv").read_text()
                self.assertRegex(findings, r"\ndomain_name_invalid,domain,error,1,4,0,0,0\.2")

    def test_without_a_list_nothing_is_said_of_one(self):
        self.expect(OK, self.scan(self.write("list", "a.example\n")))
        run = self.conserved()
        self.assertEqual(run["blocklist"], [])
        self.assertNotIn("blocklist", run["counters"])
        summary = subprocess.run([MXSCAN, "summarize", self.out], capture_output=True, text=True, check=True)
        self.assertNotIn("BLOCKLIST", summary.stdout)

    def test_all_blocked_is_done(self):
        block = self.write("block", "example\n")
        self.expect(OK, self.scan(self.write("list", "a.example\nb.example\n"), "--blocklist-file", block))
        self.assertEqual(self.server.names, [])
        self.assertEqual(self.conserved()["rows"]["domains"], 0)

    def test_dry_run(self):
        source = self.write("list", "a.example\nb.blocked.example\n")
        block = self.write("block", "blocked.example\n")
        more = self.write("more", "192.0.2.0/24\n198.51.100.1\n")
        done = self.scan(source, "--blocklist-file", block, "--blocklist-file", more, "--dry-run")
        self.expect(OK, done)
        self.assertIn(f"blocklist: {block}: 1 names, 0 prefixes; {more}: 0 names, 2 prefixes; of the names above 1 "
                      "are on it and not asked\n", done.stdout)
        self.assertEqual(self.server.names, [])

    def test_a_list_that_cannot_be_used(self):
        source = self.write("list", "a.example\n")
        for content, words in [("fine.example\n192.0.2.0/33\n", ":2: '192.0.2.0/33' is no prefix"),
                               ("*.example\n", ":1: '*.example' needs no '*.'"),
                               ("127.0.0.0/8\n", "the resolver " + self.server.address + " is on the blocklist"),
                               ("::ffff:127.0.0.0/104\n", "is on the blocklist")]:
            with self.subTest(content=content):
                block = self.write("block", content)
                self.expect(CONFIGURATION, self.scan(source, "--blocklist-file", block), words)
                self.assertFalse(self.out.exists())
        self.expect(CONFIGURATION, self.scan(source, "--blocklist-file", self.directory / "none"), "none: ")
        self.assertEqual(self.server.names, [])

    def start(self, names, block):
        """A scan at 200 packets a second, once the server was asked a few times."""
        source = self.write("list", "\n".join(names))
        child = subprocess.Popen(self.words(source, "--blocklist-file", block, "--rate", "200"),
                                 stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.addCleanup(child.stderr.close)
        while self.server.queries < 20 and child.poll() is None:
            try:
                child.wait(0.02)
            except subprocess.TimeoutExpired:
                pass
        self.assertIsNone(child.poll())
        return child

    def line_with(self, child, words):
        for line in child.stderr:
            if words in line:
                return line
        return self.fail(f"the scan never said '{words}'")

    def test_read_again_on_hangup(self):
        names = [f"n{number}.{zone}.example" for number in range(200) for zone in ("stays", "leaves")]
        block = self.write("block", "nobody.example\n")
        child = self.start(names, block)
        # A bad list changes nothing.
        block.write_text("leaves.example\nwhat is this\n")
        child.send_signal(signal.SIGHUP)
        self.line_with(child, f"{block}:2: 'what\\032is\\032this' is neither")
        before = len(self.server.names)
        while not any(b"leaves" in name for name in self.server.names[before:]) and child.poll() is None:
            try:
                child.wait(0.01)
            except subprocess.TimeoutExpired:
                pass
        block.write_text("leaves.example\n")
        child.send_signal(signal.SIGHUP)
        self.line_with(child, "blocklist read again")
        # What was sent before the signal may be counted now; a moment later nothing more comes.
        mark = len(self.server.names) + 40
        child.stderr.read()
        self.assertEqual(child.wait(LIMIT_S), OK)
        late = [name for name in self.server.names[mark:] if b"leaves" in name]
        self.assertEqual(late, [])
        self.assertEqual(len([name for name in self.asked() if b"stays" in name]), 200)
        run = self.conserved()
        withheld = run["counters"]["blocklist"]["domains_withheld"]
        self.assertGreater(withheld, 50)
        self.assertEqual(run["counters"]["blocklist"]["reloads"], 1)
        self.assertEqual(run["rows"]["domains"], 400 - withheld)
        self.assertEqual(run["blocklist"][0]["sha256"], hashlib.sha256(b"leaves.example\n").hexdigest())
        blocked = {row["input"] for row in dataset.read_table(self.out, "rejects") if row["reason"] == "blocked"}
        rows = {row["input"] for row in dataset.read_table(self.out, "domains")}
        self.assertEqual(blocked | rows, set(names))
        self.assertFalse(blocked & rows)

    def test_hangup_before_a_resumed_scan_asks(self):
        """It reads the list again, and stops nothing: not in the second that a resumed scan waits before it asks."""
        names = [f"n{number}.{zone}.example" for number in range(200) for zone in ("stays", "leaves")]
        block = self.write("block", "nobody.example\n")
        child = self.start(names, block)
        child.send_signal(signal.SIGTERM)
        child.stderr.read()
        self.assertEqual(child.wait(LIMIT_S), STOPPED)
        before = self.asked()
        with subprocess.Popen([MXSCAN, "resume", self.out], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, text=True) as child:
            self.line_with(child, "going on after")
            block.write_text("leaves.example\n")
            child.send_signal(signal.SIGHUP)
            self.line_with(child, "blocklist read again")
            child.stderr.read()
            self.assertEqual(child.wait(LIMIT_S), OK)
        self.assertEqual([name for name in self.asked() - before if b"leaves" in name], [])
        self.assertEqual(self.conserved()["counters"]["blocklist"]["reloads"], 1)

    def test_the_only_resolver_is_blocked_under_way(self):
        block = self.write("block", "")
        child = self.start([f"n{number}.example" for number in range(2000)], block)
        block.write_text("127.0.0.0/8\n")
        child.send_signal(signal.SIGHUP)
        said = self.line_with(child, "is on the blocklist now")
        self.assertIn(self.server.address, said)
        child.stderr.read()
        self.assertEqual(child.wait(LIMIT_S), NO_SERVER)
        self.assertFalse((self.out / "_SUCCESS").exists())


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]])
