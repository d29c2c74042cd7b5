#!/usr/bin/env python3
"""Holds the command line to its contract: exit statuses, messages, bad input, interruption.

usage: cli_test.py MXSCAN [unittest arguments]

Every scan asks one small server on loopback that answers NXDOMAIN to whatever it is asked.
"""

import bz2
import fcntl
import gzip
import hashlib
import json
import lzma
import os
import pathlib
import pty
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import unittest
import zipfile

sys.dont_write_bytecode = True
import dataset  # noqa: E402  (no byte code beside the sources)
import servers  # noqa: E402

OK, USAGE, DATA_ERROR, NO_INPUT, UNAVAILABLE, CANNOT_CREATE, IO_ERROR, TEMPORARY = 0, 64, 65, 66, 69, 73, 74, 75
LIMIT_S = 60
MXSCAN = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "mxscan").resolve()
HERE = pathlib.Path(__file__).resolve().parent
NAMES = [f"name-{number}.example.com" for number in range(1000)]


def run(*arguments, **options):
    return subprocess.run([MXSCAN, *map(str, arguments)], stdin=options.pop("stdin", subprocess.DEVNULL),
                          stdout=options.pop("stdout", subprocess.PIPE), stderr=subprocess.PIPE, text=True,
                          errors="replace", timeout=LIMIT_S, check=False, **options)


def tree_digest(directory):
    """A digest of all names and contents below a directory."""
    digest = hashlib.sha256()
    for path in sorted(pathlib.Path(directory).rglob("*")):
        digest.update(str(path.relative_to(directory)).encode() + b"\0")
        if path.is_file():
            digest.update(path.read_bytes())
    return digest.hexdigest()


class CliCase(unittest.TestCase):
    """A directory, lists, servers, and what a command is expected to do."""

    def setUp(self):
        self.maxDiff = None
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="mxscan-cli-"))
        self.addCleanup(shutil.rmtree, self.directory)
        self.out = self.directory / "out"

    def list_file(self, content, name="list.txt"):
        path = self.directory / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def server(self):
        server = servers.RcodeServer(servers.NXDOMAIN)
        self.addCleanup(server.__exit__)
        return server

    def scan_arguments(self, source, server, *options):
        return ["scan", source, "-o", self.out, "--resolver", server.address, "--timeout", "2", "--quiet", *options]

    def expect(self, status, done, *words):
        text = f"{' '.join(map(str, done.args))}\nstdout: {done.stdout}\nstderr: {done.stderr}"
        self.assertEqual(done.returncode, status, text)
        for word in words:
            self.assertIn(word.lower(), (done.stderr or "").lower(), text)

    def start_slow_scan(self, server, *options, source=None, stdin=subprocess.DEVNULL):
        """A scan at 300 packets a second, and the process once the server has been asked."""
        source = source or self.list_file("\n".join(NAMES))
        arguments = self.scan_arguments(source, server, "--rate", "300", *options)
        child = subprocess.Popen([MXSCAN, *map(str, arguments)], stdin=stdin, stdout=subprocess.PIPE,
                                 stderr=subprocess.STDOUT, text=True)
        while server.queries < 50 and child.poll() is None:
            try:
                child.wait(0.02)
            except subprocess.TimeoutExpired:
                pass
        self.assertIsNone(child.poll(), "ended before it was interrupted")
        return child


class CliTest(CliCase):
    # Usage.

    def test_help(self):
        for arguments in (["--help"], ["scan", "--help"], ["resume", "--help"], ["summarize", "--help"]):
            done = run(*arguments)
            self.expect(OK, done)
            self.assertTrue(done.stdout.strip())
        self.assertIn("scan", run("--help").stdout)

    def test_version(self):
        done = run("--version")
        self.expect(OK, done)
        self.assertRegex(done.stdout, r"\d+\.\d+")

    def test_mistyped_command_and_option(self):
        self.expect(USAGE, run())
        self.expect(USAGE, run("sacn"), "scan")
        self.expect(USAGE, run("scan", "x", "-o", self.out, "--resovler", "127.0.0.1"), "--resolver")

    def test_bad_option_values(self):
        source = self.list_file("example.com\n")
        base = ["scan", source, "-o", self.out, "--resolver", "127.0.0.1:5300"]
        for option, value in [("--rate", "-1"), ("--rate", "many"), ("--threads", "-1"), ("--io", "smoke"),
                              ("--lookups", "mx,nonsense"), ("--lookups", "ptr"), ("--compression", "lzma"),
                              ("--timeout", "0"), ("--timeout", "soon"), ("--tries", "0"), ("--inflight", "0"),
                              ("--seed", "x"), ("--format", "tale")]:
            with self.subTest(option=option, value=value):
                self.expect(USAGE, run(*base, option, value), option)
                self.assertFalse(self.out.exists())
        for value in ("999.1.1.1", "127.0.0.1:99999", "[::1", "not a server"):
            with self.subTest(resolver=value):
                self.expect(USAGE, run("scan", source, "-o", self.out, "--resolver", value), "--resolver")

    # From the root down.

    def iterative_arguments(self, source, server, *options):
        address, port = server.address.rsplit(":", 1)
        hints = self.list_file(f"; a laboratory\n. NS a.root.\na.root. 3600 A {address}\n", "hints")
        return ["scan", source, "-o", self.out, "--resolver", "iterative", "--root-hints", hints, "--lab", port,
                "--timeout", "2", "--quiet", *options]

    def test_iterative(self):
        server = self.server()
        source = self.list_file("\n".join(NAMES[:20]))
        self.expect(OK, run(*self.iterative_arguments(source, server)))
        rows = dataset.read_table(self.out, "domains")
        self.assertEqual(len(rows), 20)
        record = json.loads((self.out / "run.json").read_text())
        options = {option["name"]: option["value"] for option in record["options"]}
        self.assertEqual(options["resolver"], "iterative")
        self.assertEqual(options["server-rate"], "50")
        self.assertNotIn("bogus", options["lookups"])
        self.assertIn("iterator", record["counters"])
        self.assertEqual(list(record["resolvers"]), ["iterative"])

    def test_names_are_mixed_where_servers_have_a_pace(self):
        server = self.server()
        source = self.list_file("\n".join(NAMES[:3]))
        for limits, mixed in (((), "131072"), (("--server-rate", "0"), "0"),
                              (("--server-rate", "0", "--prefix-rate", "100"), "131072"),
                              (("--server-rate", "0", "--shuffle", "7"), "7")):
            with self.subTest(limits=limits):
                self.expect(OK, run(*self.iterative_arguments(source, server, *limits)))
                options = json.loads((self.out / "run.json").read_text())["options"]
                self.assertEqual([option["value"] for option in options if option["name"] == "shuffle"], [mixed])
                shutil.rmtree(self.out)

    def test_bursts_are_bounded_where_there_is_a_rate(self):
        server = self.server()
        source = self.list_file("\n".join(NAMES[:3]))
        self.expect(OK, run(*self.iterative_arguments(source, server, "--burst", "2")))
        record = json.loads((self.out / "run.json").read_text())
        self.assertIn({"name": "burst", "value": "2"}, record["options"])
        shutil.rmtree(self.out)
        done = run(*self.iterative_arguments(source, server, "--burst", "2", "--rate", "0", "--server-rate", "0"))
        self.expect(USAGE, done)
        self.assertIn("--burst", done.stderr)
        self.assertFalse(self.out.exists())

    def test_iterative_dry_run(self):
        server = self.server()
        source = self.list_file("\n".join(NAMES[:20]))
        done = run(*self.iterative_arguments(source, server, "--dry-run"))
        self.expect(OK, done)
        self.assertIn("iterative, from 1 addresses of root servers", done.stdout)
        self.assertIn("50 packets a second to one server", done.stdout)
        self.assertNotIn("all servers", done.stdout)
        done = run("scan", source, "--resolver", "iterative", "--minimise", "--nat64", "64:ff9b::/96",
                   "--zone-servers", "test=192.0.2.1,2001:db8::1", "--zone-servers", "example=192.0.2.1", "--dry-run")
        self.expect(OK, done)
        self.assertIn("from 26 addresses", done.stdout)
        self.assertEqual(server.queries, 0)

    def test_iterative_is_the_default(self):
        done = run("scan", self.list_file("example.com\n"), "--dry-run")
        self.expect(OK, done)
        self.assertIn("iterative, from 26 addresses of root servers", done.stdout)
        self.assertIn("50 packets a second to one server", done.stdout)
        self.expect(USAGE, run("scan", self.list_file("example.com\n"), "--dry-run", "--lookups", "mx,bogus"), "validates")
        self.expect(USAGE, run("check", "example.com", "--lookups", "mx,bogus"), "--lookups", "validates")

    def test_iterative_usage(self):
        source = self.list_file("example.com\n")
        bad_hints = self.list_file("a.root. A nowhere\n", "bad")
        base = ["scan", source, "-o", self.out]
        iterative = [*base, "--resolver", "iterative"]
        self.expect(USAGE, run(*iterative, "--resolver", "127.0.0.1"), "stands alone")
        self.expect(USAGE, run(*iterative, "--lookups", "mx,a,bogus"), "bogus", "validates")
        self.expect(USAGE, run(*iterative, "--root-hints", bad_hints), "bad:1", "nowhere")
        self.expect(USAGE, run(*iterative, "--lab", "0"), "--lab")
        self.expect(USAGE, run(*base, "--resolver", "127.0.0.1", "--lab", "53"), "--lab")
        self.expect(USAGE, run(*base, "--resolver", "127.0.0.1", "--minimise"), "--minimise")
        self.expect(USAGE, run(*base, "--resolver", "127.0.0.1", "--all-servers"), "--all-servers")
        for zone in ("test", "te..st=127.0.0.1", "test=", "test=127.0.0.1,", "test=localhost"):
            self.expect(USAGE, run(*iterative, "--zone-servers", zone), "--zone-servers")
        self.expect(USAGE, run(*base, "--resolver", "127.0.0.1", "--zone-servers", "test=127.0.0.1"), "--zone-servers")
        for prefix in ("64:ff9b::/97", "10.0.0.0/32", "nowhere"):
            self.expect(USAGE, run(*iterative, "--nat64", prefix), "--nat64")
        self.expect(USAGE, run(*base, "--resolver", "127.0.0.1", "--root-hints", bad_hints), "--root-hints")
        self.assertFalse(self.out.exists())

    # Input.

    def test_input_not_found(self):
        done = run("scan", self.directory / "none.txt", "-o", self.out, "--resolver", "127.0.0.1:5300")
        self.expect(NO_INPUT, done, "none.txt")
        self.assertFalse(self.out.exists())

    def test_input_holds_no_name(self):
        server = self.server()
        for name, content in (("empty", b""), ("blank", b"\n\n# nothing\n"), ("rejects", b"a..b\nhttp://x.org/\n")):
            with self.subTest(name):
                self.out = self.directory / f"out-{name}"
                self.expect(DATA_ERROR, run(*self.scan_arguments(self.list_file(content, name), server)))
                self.assertFalse((self.out / "_SUCCESS").exists())
        self.out = self.directory / "out-directory"
        self.expect(DATA_ERROR, run(*self.scan_arguments(self.directory, server)), "is a directory")

    def test_name_and_line_limits(self):
        """A label of 63 octets is a name and one of 64 is none; so a name of 255 octets and one of 256; a 10 MB line."""
        server = self.server()
        label = "l" * 63
        longest = ".".join([label, label, label, "m" * 61])
        lines = [label + ".com", label + "l.com", longest, longest + "m", "z" * 10_000_000, "last.com"]
        self.expect(OK, run(*self.scan_arguments(self.list_file("\n".join(lines)), server)))
        self.assertEqual({row["domain"] for row in dataset.read_table(self.out, "domains")},
                         {label + ".com.", longest + ".", "last.com."})
        self.assertEqual([row["reason"] for row in dataset.read_table(self.out, "rejects")],
                         ["label_too_long", "name_too_long", "line_too_long"])

    def test_damaged_compression(self):
        server = self.server()
        whole = gzip.compress("\n".join(NAMES).encode())
        source = self.list_file(whole[:len(whole) // 2], "list.gz")
        self.expect(DATA_ERROR, run(*self.scan_arguments(source, server)), "list.gz")
        self.assertFalse((self.out / "_SUCCESS").exists())

    def test_hostile_list(self):
        """What is no name becomes a reject; each line is accounted for; no field begins a formula."""
        server = self.server()
        lines = [b"\xef\xbb\xbffirst.example.com\r", b"", b"# a comment", b"UPPER.Example.COM.", b"upper.example.com",
                 b"  spaced.example.com  ", b"b\xc3\xbccher.example.com", b"a..b", b"x" * 64 + b".com", b"a." * 200 + b"com",
                 b"bad\xff\xfeutf.com", b"nul\x00.com", b"=cmd|' /C calc'!A0", b"+1", b"@sum", b"\"quoted,field\"",
                 b"y" * 3_000_000, b"esc\x1b[2J.com", b"http://example.com/x", b"user@example.com", b"192.0.2.1",
                 b"last.example.com"]
        done = run(*self.scan_arguments(self.list_file(b"\n".join(lines)), server))
        self.expect(OK, done)
        domains = {row["domain"] for row in dataset.read_table(self.out, "domains")}
        self.assertLessEqual({"first.example.com.", "upper.example.com.", "spaced.example.com.",
                              "xn--bcher-kva.example.com.", "last.example.com."}, domains)
        rejects = dataset.read_table(self.out, "rejects")
        self.assertGreaterEqual(len(rejects), 8)
        for row in rejects + dataset.read_table(self.out, "domains"):
            for value in row.values():
                self.assertRegex(value, r"^([!-*,.-?A-~][ -~]*)?$", row)
                self.assertLessEqual(len(value), 5000)
        # input lines = domains + rejects + duplicates + blank and comment lines
        duplicates, blank_and_comments = 1, 2
        self.assertEqual(len(domains) + len(rejects) + duplicates + blank_and_comments, len(lines))

    def test_compressed_lists(self):
        server = self.server()
        text = "\n".join(NAMES[:50]).encode() + b"\n"
        archive = self.directory / "list.zip"
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
            packed.writestr("list.txt", text)
        zst = subprocess.run(["zstd", "-qc"], input=text, stdout=subprocess.PIPE, check=True).stdout
        sources = [archive, self.list_file(gzip.compress(text), "a"), self.list_file(lzma.compress(text), "b"),
                   self.list_file(bz2.compress(text), "c"), self.list_file(zst, "d"), self.list_file(text, "e")]
        for source in sources:
            with self.subTest(source.name):
                self.expect(OK, run(*self.scan_arguments(source, server)))
                self.assertEqual({row["domain"] for row in dataset.read_table(self.out, "domains")},
                                 {name + "." for name in NAMES[:50]})
                shutil.rmtree(self.out)

    def test_standard_input(self):
        server = self.server()
        source = self.list_file("\n".join(NAMES[:20]))
        with open(source, "rb") as stdin:
            self.expect(OK, run(*self.scan_arguments("-", server), stdin=stdin))
        self.assertEqual(len(dataset.read_table(self.out, "domains")), 20)

    def test_an_input_may_follow_a_repeatable_option(self):
        server = self.server()
        source = self.list_file("\n".join(NAMES[:20]))
        self.expect(OK, run("scan", "-o", self.out, "--quiet", "--source-address", "127.0.0.1", "--resolver",
                            server.address, source))
        self.assertEqual(len(dataset.read_table(self.out, "domains")), 20)

    def test_dry_run_sends_nothing(self):
        server = self.server()
        self.expect(OK, run(*self.scan_arguments(self.list_file("\n".join(NAMES)), server, "--dry-run")))
        self.assertEqual(server.queries, 0)
        self.assertFalse(self.out.exists())

    # Output and servers.

    def test_no_server_answers(self):
        address, port = servers.free_endpoint()
        done = run("scan", self.list_file("example.com\n"), "-o", self.out, "--resolver", f"{address}:{port}",
                   "--timeout", "0.2", "--tries", "2", "--quiet")
        self.expect(UNAVAILABLE, done, f"{address}")

    def test_finished_dataset_is_never_written_again(self):
        server = self.server()
        arguments = self.scan_arguments(self.list_file("\n".join(NAMES[:20])), server)
        self.expect(OK, run(*arguments))
        self.assertTrue((self.out / "_SUCCESS").exists())
        before = tree_digest(self.out)
        self.expect(CANNOT_CREATE, run(*arguments), str(self.out))
        self.assertEqual(tree_digest(self.out), before)

    def test_output_cannot_be_created(self):
        server = self.server()
        self.out = pathlib.Path("/proc/none/out")
        self.expect(CANNOT_CREATE, run(*self.scan_arguments(self.list_file("example.com\n"), server)), "/proc/none")

    def test_full_disk(self):
        """On a file system of 256 KiB of its own; nothing pretends to be whole."""
        server = self.server()
        disk = self.directory / "disk"
        disk.mkdir()
        self.out = disk / "out"
        words = map(str, self.scan_arguments(self.list_file("\n".join(NAMES)), server, "--compression", "none"))
        script = 'mount -t tmpfs -o size=256k tmpfs "$1" && shift && "$@"; status=$?; ls "$0"; exit $status'
        done = subprocess.run(["unshare", "-rm", "sh", "-c", script, self.out, disk, MXSCAN, *words],
                              capture_output=True, text=True, timeout=LIMIT_S, check=False)
        self.expect(IO_ERROR, done, "no space left")
        self.assertIn("_tmp", done.stdout)
        self.assertNotIn("_SUCCESS", done.stdout)

    def test_summarize(self):
        server = self.server()
        self.expect(OK, run(*self.scan_arguments(self.list_file("\n".join(NAMES)), server)))
        done = run("summarize", self.out)
        self.expect(OK, done)
        self.assertRegex(done.stdout.replace(",", ""), r"\b1000\b")
        self.assertIn("nxdomain", done.stdout.lower())
        self.expect(NO_INPUT, run("summarize", self.directory / "none"), "none")
        with open("/dev/full", "w") as full:
            self.expect(IO_ERROR, run("summarize", self.out, stdout=full))

    # Interruption.

    def test_interrupt(self):
        """What was finished before the signal is whole and kept; the dataset does not pass for a finished one."""
        server = self.server()
        child = self.start_slow_scan(server)
        child.send_signal(signal.SIGINT)
        text, _ = child.communicate(timeout=LIMIT_S)
        self.assertEqual(child.returncode, TEMPORARY, text)
        self.assertIn(str(self.out), text)
        self.assertFalse((self.out / "_SUCCESS").exists())
        self.assertEqual(dataset.read_run(self.out)["exit_state"], "stopped")
        kept = {row["domain"] for row in dataset.read_table(self.out, "domains")}
        self.assertTrue(kept)
        self.assertLess(kept, {name + "." for name in NAMES})

    def test_kill(self):
        server = self.server()
        child = self.start_slow_scan(server)
        child.kill()
        child.communicate(timeout=LIMIT_S)
        self.assertFalse((self.out / "_SUCCESS").exists())
        before = tree_digest(self.out)
        self.expect(CANNOT_CREATE, run(*self.scan_arguments(self.directory / "list.txt", server)), str(self.out))
        self.assertEqual(tree_digest(self.out), before)

    def test_second_scan_into_one_directory_is_refused(self):
        server = self.server()
        child = self.start_slow_scan(server)
        done = run(*self.scan_arguments(self.directory / "list.txt", server))
        child.send_signal(signal.SIGINT)
        child.communicate(timeout=LIMIT_S)
        self.expect(CANNOT_CREATE, done, str(self.out))

    # Explanations.

    def test_explain_without_a_name_is_the_catalog(self):
        done = run("explain")
        self.expect(OK, done)
        self.assertEqual(done.stderr, "")
        findings = json.loads(run("explain", "--json").stdout)
        contract = (HERE.parent / "unit" / "data" / "findings.tsv").read_text().splitlines()[1:]
        self.assertEqual([finding["finding"] for finding in findings], [line.split("\t")[0] for line in contract])
        lines = done.stdout.splitlines()
        self.assertLessEqual(max(map(len, lines)), 80)
        entries = (re.fullmatch(r"  (?:error|warning|notice|info|unknown) +(\w+_\w+)", line) for line in lines)
        listed = [entry[1] for entry in entries if entry]
        self.assertEqual(listed, [finding["finding"] for finding in findings])

    def test_explain_says_all_about_a_finding(self):
        done = run("explain", "mxhost_alias")
        self.expect(OK, done)
        for words in ("mxhost_alias\n", "host:", "error:", "a CNAME at the exchange name", "  why ", "  mend ",
                      "; wrong", "example.org. IN MX 10 mx.example.net.", "RFC 2181 10.3"):
            self.assertIn(words, done.stdout)

    def test_explain_takes_several_in_any_spelling(self):
        done = run("explain", "MX-Single", "fcrdns-pass")
        self.expect(OK, done)
        self.assertEqual(done.stdout, run("explain", "mx_single").stdout + "\n" + run("explain", "fcrdns_pass").stdout)
        self.assertEqual([finding["finding"] for finding in json.loads(run("explain", "--json", "NULL_MX").stdout)],
                         ["null_mx"])

    def test_explain_every_finding(self):
        findings = json.loads(run("explain", "--json").stdout)
        done = run("explain", *(finding["finding"] for finding in findings))
        self.expect(OK, done)
        self.assertTrue(done.stdout.isascii())
        self.assertLessEqual(max(map(len, done.stdout.splitlines())), 80)
        for finding in findings:
            self.assertIn(f"{finding['finding']}\n  scope ", done.stdout)

    def test_explain_suggests_for_a_mistyped_finding(self):
        for word, meant in (("mx_singel", "mx_single"), ("fcrdns-pas", "fcrdns_pass"), ("SPF_MISING", "spf_missing")):
            done = run("explain", word)
            self.expect(USAGE, done, word, f"did you mean {meant}?", "mxscan explain")
            self.assertEqual(done.stdout, "")
        # One that is known does not hide one that is not.
        done = run("explain", "mx_single", "mx_singel")
        self.expect(USAGE, done, "mx_singel")
        self.assertEqual(done.stdout, "")

    def test_explain_of_nonsense(self):
        for word in ("", "zebra", "x" * 100000, "\x1b[31mzebra", "\u00fc\u00fc\u00fc\u00fc"):
            done = run("explain", word)
            self.expect(USAGE, done, "is no finding")
            self.assertNotIn("did you mean", done.stderr)
            self.assertNotIn("\x1b", done.stderr)
            self.assertLess(len(done.stderr), 1000)
        self.expect(USAGE, run("explain", "--jsn"), "--json")
        self.expect(USAGE, run("explain", "--markdown", "mx_single"), "--markdown")
        self.expect(USAGE, run("explain", "--markdown", "--json"), "--markdown")

    def test_explain_page_is_the_one_in_the_tree(self):
        done = run("explain", "--markdown")
        self.expect(OK, done)
        self.assertEqual(done.stdout, (HERE.parent.parent / "scanner" / "verdict" / "FINDINGS.md").read_text())

    def test_explain_tells_when_it_cannot_write(self):
        with open("/dev/full", "w") as full:
            self.expect(IO_ERROR, run("explain", stdout=full), "standard output", "space")
        reading, writing = os.pipe()
        os.close(reading)
        try:
            self.expect(IO_ERROR, run("explain", "mx_single", stdout=writing), "standard output", "pipe")
        finally:
            os.close(writing)

    # Doctor.

    def test_doctor(self):
        address, port = servers.free_endpoint()
        done = run("doctor", "--resolver", f"{address}:{port}", "--timeout", "50ms", "--output", self.directory)
        self.expect(UNAVAILABLE, done)
        self.assertIn(f"resolver {address}:{port}: does not answer", done.stdout)
        self.assertIn("mend: ", done.stdout)
        checks = [json.loads(line) for line in run("doctor", "--json", "--resolver", f"{address}:{port}", "--timeout",
                                                   "50ms").stdout.splitlines()]
        self.assertEqual({check["level"] for check in checks} - {"ok", "hint", "problem"}, set())
        self.assertEqual(checks[-1]["level"], "problem")
        self.expect(USAGE, run("doctor", "--timeout", "soon"), "--timeout")

    # Check.

    def check(self, rcode, *arguments, **options):
        server = servers.RcodeServer(rcode)
        self.addCleanup(server.__exit__)
        return run("check", *arguments, "--resolver", server.address, "--timeout", "2", **options)

    def test_check_tells_errors_by_its_status(self):
        noerror, servfail = 0, 2
        done = self.check(noerror, "example.com")
        self.expect(OK, done)
        self.assertTrue(done.stdout.startswith("example.com: takes no mail"), done.stdout)
        done = self.check(servers.NXDOMAIN, "example.com")
        self.expect(1, done)
        self.assertIn("ERROR domain_nxdomain", done.stdout)
        self.assertIn("Mend:", done.stdout)
        done = self.check(servfail, "example.com")
        self.expect(2, done)
        self.assertIn("FAILED domain_lookup_servfail", done.stdout)
        self.assertNotIn("ERROR", done.stdout)
        address, port = servers.free_endpoint()
        self.expect(UNAVAILABLE, run("check", "example.com", "--resolver", f"{address}:{port}", "--timeout", "0.2",
                                     "--tries", "1"), address)

    def test_check_json(self):
        done = self.check(servers.NXDOMAIN, "--json", "example.com", "https://example.org/x")
        self.expect(1, done)
        objects = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual([item["domain"] for item in objects], ["example.com.", "example.org."])
        for item in objects:
            self.assertEqual([finding["id"] for finding in item["findings"]], ["domain_nxdomain"])
            self.assertEqual(item["findings"][0]["reference"], "RFC 5321 5.1")

    def test_check_refuses(self):
        base = ["check", "--resolver", "127.0.0.1:5300"]
        self.expect(USAGE, run("check"), "domain")
        self.expect(USAGE, run(*base, "example.com", "--jsno"), "--json")
        self.expect(USAGE, run(*base, *(f"name-{number}.example" for number in range(101))), "mxscan scan")
        for option, value in [("--timeout", "0"), ("--tries", "0"), ("--io", "smoke"), ("--lookups", "mx,bogon"),
                              ("--lookups", "a"), ("--color", "red"), ("--resolver", "nobody")]:
            with self.subTest(option=option, value=value):
                self.expect(USAGE, run(*base, "example.com", option, value), option)
        for word in ("192.0.2.1", "a..b", "esc\x1b[2Jape.com", "x" * 64 + ".com", ""):
            with self.subTest(word=word):
                done = run(*base, word)
                self.expect(DATA_ERROR, done, "is no domain name")
                self.assertRegex(done.stderr, r"\A[ -~\n]*\Z")

    def on_terminal(self, arguments, columns, **environment):
        """What a terminal of so many columns is sent, and the exit status."""
        terminal, child_side = pty.openpty()
        fcntl.ioctl(child_side, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        plain = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "LC_ALL", "LC_CTYPE")}
        child = subprocess.Popen([MXSCAN, *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=child_side,
                                 stderr=subprocess.PIPE, env={**plain, "LANG": "C.UTF-8", "TERM": "xterm", **environment})
        os.close(child_side)
        octets = b""
        while True:
            try:
                part = os.read(terminal, 65536)
            except OSError:  # EIO: the other side is closed
                break
            if not part:
                break
            octets += part
        os.close(terminal)
        child.communicate(timeout=LIMIT_S)
        return octets.decode(), child.returncode

    def test_check_on_a_terminal(self):
        server = self.server()
        arguments = ["check", "example.com", "--resolver", server.address]
        sequence = re.compile(r"\x1b\[[0-9;]*m")
        for columns in (60, 80, 120):
            text, status = self.on_terminal(arguments, columns)
            self.assertEqual(status, 1)
            self.assertRegex(text, sequence)
            self.assertIn("\u2514\u2500 ", text)
            lines = sequence.sub("", text).replace("\r", "").split("\n")
            self.assertLessEqual(max(map(len, lines)), columns)
            self.assertGreater(max(map(len, lines)), columns - 15)
        for text, _ in (self.on_terminal(arguments, 80, NO_COLOR="1"), self.on_terminal(arguments, 80, TERM="dumb"),
                        self.on_terminal([*arguments, "--color", "never"], 80)):
            self.assertNotIn("\x1b", text)
        text, _ = self.on_terminal(arguments, 80, LANG="C")
        self.assertRegex(sequence.sub("", text), r"\A[ -~\r\n]*\Z")
        self.assertNotIn("\x1b", run(*arguments).stdout)
        self.assertIn("\x1b[", run(*arguments, "--color", "always").stdout)

    def test_a_full_disk_is_told_by_every_command_that_prints(self):
        server = self.server()
        source = self.list_file("example.com\n")
        for words in (["--help"], ["scan", "--help"], ["--version"], ["explain", "mx_single"],
                      ["scan", source, "--resolver", server.address, "--dry-run"],
                      ["doctor", "--resolver", server.address, "--timeout", "1s"]):
            with self.subTest(words), open("/dev/full", "w") as full:
                self.expect(IO_ERROR, run(*words, stdout=full), "standard output")

    def test_check_on_a_full_disk(self):
        server = self.server()
        with open("/dev/full", "w") as full:
            self.expect(IO_ERROR, run("check", "example.com", "--resolver", server.address, stdout=full))


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    if not MXSCAN.exists():
        sys.exit(f"{MXSCAN} does not exist")
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]], verbosity=2)


if __name__ == "__main__":
    main()
