#!/usr/bin/env python3
"""Holds `mxscan resume` to its contract: what it goes on with, what it refuses, what it says.

usage: cli_resume_test.py MXSCAN [unittest arguments]

The scans that are gone on with ask one small server on loopback; resume_test.py kills real ones at random times.
"""

import gzip
import hashlib
import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
import unittest

sys.dont_write_bytecode = True
import dataset  # noqa: E402  (no byte code beside the sources)
import servers  # noqa: E402
from cli_test import (CANNOT_CREATE, DATA_ERROR, LIMIT_S, MXSCAN, NAMES, NO_INPUT, OK, TEMPORARY, UNAVAILABLE,  # noqa: E402
                      USAGE, CliCase, run, tree_digest)

NOT_PERMITTED, CONFIGURATION = 77, 78


def sealed(manifest):
    """The text of a changed manifest with the checksum that fits it."""
    content = manifest[: manifest.rindex(',\n"sha256":"')]
    return content + ',\n"sha256":"' + hashlib.sha256(content.encode()).hexdigest() + '"}\n'


class ResumeTest(CliCase):
    def interrupted(self, *options):
        """A dataset that a signal has stopped, and its server."""
        server = self.server()
        child = self.start_slow_scan(server, *options)
        child.send_signal(signal.SIGTERM)
        text, _ = child.communicate(timeout=LIMIT_S)
        self.assertEqual(child.returncode, TEMPORARY, text)
        self.assertIn(f"mxscan resume {self.out}", text)
        return server

    def committed_domains(self):
        path = self.out / "_manifest" / "shard-00000.json"
        parts = json.loads(path.read_text())["parts"] if path.exists() else []
        return sum(part["rows"] for part in parts if part["table"] == "domains")

    def expect_whole(self):
        rows = dataset.read_table(self.out, "domains")
        self.assertEqual(sorted(row["domain"] for row in rows), sorted(name + "." for name in NAMES))
        run_info = dataset.read_run(self.out)
        self.assertTrue(run_info["rows"]["conserved"])
        self.assertEqual(run_info["exit_state"], "done")
        self.assertTrue((self.out / "_SUCCESS").exists())
        subprocess.run(["sha256sum", "--check", "--quiet", "--strict", "SHA256SUMS"], cwd=self.out, check=True)

    def test_resume_after_a_stop(self):
        server = self.interrupted()
        asked = server.queries
        committed = len(dataset.read_table(self.out, "domains"))
        done = run("resume", self.out)
        self.expect(OK, done, f"after {committed} domains", "1000 domains")
        self.expect_whole()
        run_info = dataset.read_run(self.out)
        engine = run_info["counters"]["engine"]
        self.assertLessEqual(server.queries - asked, len(NAMES) - committed + engine["retries"] + engine["controls"])
        self.assertEqual(run_info["counters"]["resume"]["resumes"], 1)
        self.assertEqual(run_info["counters"]["resume"]["domains_before"], committed)
        self.assertEqual(run_info["counters"]["engine"]["attempts"], server.queries, "carried over, none lost")
        options = {option["name"]: option["value"] for option in run_info["options"]}
        self.assertEqual((options["rate"], options["timeout"]), ("300", "2"))

    def test_resume_keeps_to_the_blocklist(self):
        """Names that were rejects before the stop stay so, one row each, also where the list has grown since."""
        names_of = lambda rows: sorted(row["input"] for row in rows)  # noqa: E731
        blocked = NAMES[3::50]
        listed = self.list_file("\n".join(blocked) + "\n", "left alone.txt")
        self.interrupted("--blocklist-file", listed)
        before = names_of(dataset.read_table(self.out, "rejects"))
        done_before = {row["domain"] for row in dataset.read_table(self.out, "domains")}
        self.assertIn(blocked[0], before)
        self.assertNotIn(NAMES[-1] + ".", done_before)
        late = [NAMES[-1], next(name for name in NAMES if name + "." in done_before)]
        self.list_file("\n".join(blocked[1:] + late) + "\n", "left alone.txt")
        self.expect(OK, run("resume", self.out))
        rejects = dataset.read_table(self.out, "rejects")
        self.assertEqual({row["reason"] for row in rejects}, {"blocked"})
        self.assertEqual(names_of(rejects), sorted(set(blocked + late[:1])), "what has a row keeps it")
        domains = {row["domain"] for row in dataset.read_table(self.out, "domains")}
        self.assertEqual(domains, {name + "." for name in NAMES if name not in set(blocked + late[:1])})
        run_info = dataset.read_run(self.out)
        self.assertTrue(run_info["rows"]["conserved"])
        self.assertEqual(run_info["counters"]["blocklist"]["domains_withheld"], len(rejects))

    def test_resume_keeps_to_the_blocklist_after_a_kill(self):
        """Of a killed scan nothing stands in run.json but what it wrote down before it asked anything."""
        blocked = NAMES[3::50]
        listed = self.list_file("\n".join(blocked) + "\n", "left alone.txt")
        other = self.list_file(NAMES[500] + "\n", "and these.txt")
        server = self.server()
        child = self.start_slow_scan(server, "--blocklist-file", listed, "--blocklist-file", other)
        child.kill()
        child.communicate(timeout=LIMIT_S)
        self.assertEqual([file["path"] for file in dataset.read_run(self.out)["blocklist"]], [str(listed), str(other)])
        self.expect(OK, run("resume", self.out, "--quiet"))
        blocked.append(NAMES[500])
        self.assertEqual(sorted(row["input"] for row in dataset.read_table(self.out, "rejects")), sorted(blocked))
        self.assertFalse(set(map(servers.encode_name, blocked)) & set(server.names), "asked about, though listed")
        self.assertEqual(len(dataset.read_table(self.out, "domains")), len(NAMES) - len(blocked))

    def test_resume_after_a_kill(self):
        """Killed before the first checkpoint, everything is asked again; with another working directory."""
        server = self.server()
        child = self.start_slow_scan(server)
        child.kill()
        child.communicate(timeout=LIMIT_S)
        garbage = self.out / "domains" / "part-00000-00077.csv.zst"
        garbage.write_bytes(b"of a killed run")
        self.expect(OK, run("resume", self.out.name, "--quiet", cwd=self.directory))
        self.assertFalse(garbage.exists())
        self.expect_whole()

    def test_a_stop_keeps_the_rejects(self):
        """The reader of a file is awaited, and what it has found is committed; one that waits for a pipe is not."""
        names = [f"name-{number}.example.com\nno name {number}" for number in range(40_000)]
        source = self.list_file("\n".join(names))
        server = self.server()
        child = self.start_slow_scan(server, source=source)
        child.send_signal(signal.SIGTERM)
        child.communicate(timeout=LIMIT_S)
        self.assertEqual(child.returncode, TEMPORARY)
        record = dataset.read_run(self.out)
        self.assertGreater(record["inputs"][0]["lines"], 0)
        self.assertGreater(record["rows"]["rejects"], 0)
        self.assertEqual(len(dataset.read_table(self.out, "rejects")), record["rows"]["rejects"])
        self.out = self.directory / "piped"
        short = self.list_file("\n".join(NAMES) + "\n", "short.txt")
        with subprocess.Popen(["sh", "-c", f"cat {short} && exec sleep 60"], stdout=subprocess.PIPE) as pipe:
            server = self.server()
            child = self.start_slow_scan(server, source="-", stdin=pipe.stdout)
            child.send_signal(signal.SIGTERM)
            text, _ = child.communicate(timeout=LIMIT_S)
            self.assertEqual(child.returncode, TEMPORARY, text)
            self.assertIsNone(pipe.poll(), "the pipe is open still: nobody waited for it")
            pipe.kill()
        rows = dataset.read_run(self.out)["rows"]
        self.assertEqual(len(dataset.read_table(self.out, "domains")), rows["domains"])
        self.assertGreaterEqual(rows["input_lines"], rows["domains"])
        self.assertGreater(rows["domains"], 0)

    def killed_scan_of(self, user, *options):
        """A dataset that belongs to `user`, of a scan that was killed before its first checkpoint, and its server."""
        self.directory.chmod(0o755)  # whom root becomes must reach the list
        self.out.mkdir()
        os.chown(self.out, user, user)
        server = self.server()
        child = self.start_slow_scan(server, *options)
        child.kill()
        child.communicate(timeout=LIMIT_S)
        return server

    def edit_run(self, edit):
        path = self.out / "run.json"
        record = json.loads(path.read_text())
        edit(record)
        path.write_text(json.dumps(record))

    @unittest.skipUnless(os.geteuid() == 0, "needs root")
    def test_root_does_not_obey_the_record_of_another_user(self):
        """What it names is opened as that user; whom it wants to be run as is nobody's business."""
        server = self.killed_scan_of(4321)
        asked = server.queries
        secret = self.list_file("top-secret.example\n", "secret.txt")
        secret.chmod(0o600)
        record = (self.out / "run.json").read_text()
        entry = lambda name, value: {"name": name, "value": value}  # noqa: E731
        edits = [
            (NOT_PERMITTED,
             lambda run_info: run_info["inputs"][0].update(path=str(secret), file_bytes=0, head_sha256="00")),
            (CONFIGURATION, lambda run_info: run_info["options"].append(entry("blocklist-file", str(secret)))),
            (CONFIGURATION, lambda run_info: run_info["options"].append(entry("resolver", f"@{secret}")))]
        for status, edit in edits:
            (self.out / "run.json").write_text(record)
            self.edit_run(edit)
            self.expect(status, run("resume", self.out), "secret.txt: permission denied", "user 4321's")
        self.assertEqual(server.queries, asked)
        (self.out / "run.json").write_text(record)
        self.edit_run(lambda run_info: [option.update(value="root") for option in run_info["options"]
                                        if option["name"] == "user"])
        self.expect(OK, run("resume", self.out, "--quiet"))
        self.expect_whole()
        self.assertEqual({path.stat().st_uid for path in [self.out, *self.out.rglob("*")]} - {0}, {4321})
        self.assertEqual((self.out / "_SUCCESS").stat().st_uid, 4321)

    @unittest.skipUnless(os.geteuid() == 0, "needs root")
    def test_the_user_whom_root_became_goes_on(self):
        self.killed_scan_of(4321, "--user", "4321")
        words = ["setpriv", "--reuid=4321", "--regid=4321", "--clear-groups", MXSCAN, "resume", self.out, "--quiet"]
        self.expect(OK, subprocess.run(words, capture_output=True, text=True, timeout=LIMIT_S, check=False))
        self.expect_whole()

    def test_resume_understands_paths_as_the_scan_did(self):
        server = self.server()
        self.list_file("\n".join(NAMES))
        other = self.server()
        self.list_file(server.address + "\n", "my  servers.txt")
        resolvers = ["@my  servers.txt", other.address]
        child = subprocess.Popen([MXSCAN, "scan", "list.txt", "-o", "out", "--resolver", resolvers[0], "--resolver",
                                  resolvers[1], "--rate", "300", "--quiet"], cwd=self.directory,
                                 stdin=subprocess.DEVNULL)
        while server.queries < 50 and child.poll() is None:
            time.sleep(0.02)
        child.send_signal(signal.SIGINT)
        self.assertEqual(child.wait(LIMIT_S), TEMPORARY)
        options = dataset.read_run(self.out)["options"]
        self.assertEqual([option["value"] for option in options if option["name"] == "resolver"], resolvers)
        asked = (server.queries, other.queries)
        self.expect(OK, run("resume", self.out, "--quiet", cwd="/"))
        self.expect_whole()
        self.assertTrue(server.queries > asked[0] and other.queries > asked[1], "both were asked on")

    def test_resume_of_a_finished_dataset(self):
        server = self.server()
        self.expect(OK, run(*self.scan_arguments(self.list_file("\n".join(NAMES[:20])), server)))
        before = tree_digest(self.out)
        self.expect(OK, run("resume", self.out), "finished")
        self.assertEqual(tree_digest(self.out), before)

    def test_resume_of_what_is_no_dataset(self):
        self.expect(USAGE, run("resume"), "dir")
        self.expect(NO_INPUT, run("resume", self.out), str(self.out))
        self.out.mkdir()
        self.list_file("mine", "out/notes.txt")
        self.expect(NO_INPUT, run("resume", self.out), "no dataset")
        self.expect(NO_INPUT, run("resume", self.out / "notes.txt"), "notes.txt")
        self.assertEqual([path.name for path in self.out.iterdir()], ["notes.txt"])
        (self.out / "_tmp").mkdir()
        self.expect(DATA_ERROR, run("resume", self.out), "before it wrote down its options")
        self.list_file("{", "out/run.json")
        self.expect(DATA_ERROR, run("resume", self.out), "run.json")

    def test_resume_of_a_dataset_in_use(self):
        server = self.server()
        child = self.start_slow_scan(server)
        done = run("resume", self.out)
        child.send_signal(signal.SIGINT)
        child.communicate(timeout=LIMIT_S)
        self.expect(CANNOT_CREATE, done, str(self.out), "another scan")
        self.expect(OK, run("resume", self.out, "--quiet"))
        self.expect_whole()

    def test_resume_refuses_another_list(self):
        server = self.interrupted()
        source = self.directory / "list.txt"
        whole, before, asked = source.read_bytes(), tree_digest(self.out), server.queries
        for other in (whole + b"more.example.com\n", whole.replace(b"name-500.", b"nome-500."), b""):
            with self.subTest(other=len(other)):
                source.write_bytes(other)
                self.expect(DATA_ERROR, run("resume", self.out), "list.txt", "not the list")
                self.assertEqual(tree_digest(self.out), before)
        source.unlink()
        self.expect(NO_INPUT, run("resume", self.out), "list.txt")
        self.assertEqual((tree_digest(self.out), server.queries), (before, asked))
        source.write_bytes(whole)
        self.expect(OK, run("resume", self.out, "--quiet"))
        self.expect_whole()

    def test_resume_of_a_list_from_standard_input(self):
        """It is not kept: the same list is given again, and another one is refused before anything is asked."""
        server = self.server()
        source = self.list_file("\n".join(NAMES))
        with open(source, "rb") as stdin:
            child = self.start_slow_scan(server, source="-", stdin=stdin)
        child.send_signal(signal.SIGINT)
        text, _ = child.communicate(timeout=LIMIT_S)
        self.assertEqual(child.returncode, TEMPORARY, text)
        self.assertIn("given again", text)
        asked = server.queries
        self.expect(DATA_ERROR, run("resume", self.out), "the input is not the one")
        other = self.list_file("\n".join(reversed(NAMES)).replace("name-3", "nome-3"), "other.txt")
        with open(other, "rb") as stdin:
            self.expect(DATA_ERROR, run("resume", self.out, stdin=stdin), "lacks", "another directory")
        self.assertEqual(server.queries, asked)
        terminal, end = pty.openpty()
        self.addCleanup(os.close, terminal)
        self.addCleanup(os.close, end)
        self.expect(DATA_ERROR, run("resume", self.out, stdin=end), "standard input", "< list")
        with open(source, "rb") as stdin:
            self.expect(OK, run("resume", self.out, "--quiet", stdin=stdin))
        self.expect_whole()

    def test_resume_by_another_version_says_so(self):
        self.interrupted()
        path = self.out / "run.json"
        path.write_text(path.read_text().replace('"version": "', '"version": "0.0.1-', 1))
        self.expect(OK, run("resume", self.out), "0.0.1-")
        self.expect_whole()
        self.assertTrue(dataset.read_run(self.out)["control"]["earlier_versions"].startswith("0.0.1-"))

    def test_resume_of_a_damaged_dataset(self):
        self.interrupted()
        part = next((self.out / "domains").glob("part-*"))
        whole = part.read_bytes()
        part.write_bytes(whole[:-1])
        self.expect(DATA_ERROR, run("resume", self.out), part.name)
        part.write_bytes(whole)
        manifest = self.out / "_manifest" / "shard-00000.json"
        text = manifest.read_text()
        manifest.write_text(text.replace('"lines":', '"limes":'))
        self.expect(DATA_ERROR, run("resume", self.out), manifest.name, "damaged")
        manifest.write_text(sealed(manifest.read_text()))
        self.expect(DATA_ERROR, run("resume", self.out), "checkpoint")
        host = '{"host": "mx.example.", "a_chain": [], "aaaa_chain": [], "addresses": ["192.0.2.1"]}'
        for hosts, what in ((host, "without its row"), (f"{host}, {host}", "twice")):
            damaged, count = re.subn(r'"open_hosts":\s*\[\]', f'"open_hosts": [{hosts}]', text)
            self.assertEqual(count, 1)
            manifest.write_text(sealed(damaged))
            self.expect(DATA_ERROR, run("resume", self.out), "shard-00000.json: its checkpoint", f"mx.example. {what}")
        manifest.write_text(text)
        self.expect(OK, run("resume", self.out, "--quiet"))
        self.expect_whole()

    def test_resume_once_there_is_space_again(self):
        """On a file system of 384 KiB of its own, with a checkpoint now and then; no row is torn, none is lost."""
        server = self.server()
        names = [f"name-{number}.example.com" for number in range(8000)]
        disk = self.directory / "disk"
        disk.mkdir()
        self.out = disk / "out"
        words = map(str, self.scan_arguments(self.list_file("\n".join(names)), server, "--compression", "none", "--rate",
                                             "4000", "--server-rate", "0", "--checkpoint-interval", "100ms"))
        script = """
            mount -t tmpfs -o size=384k tmpfs "$1" && program=$2 && shift 2 && "$program" "$@"; first=$?
            "$program" resume "$0" --quiet; second=$?
            mount -o remount,size=32m tmpfs && "$program" resume "$0" --quiet; third=$?
            echo "statuses $first $second $third"
            cd "$0" && sha256sum --check --quiet --strict SHA256SUMS && cat domains/part-*"""
        done = subprocess.run(["unshare", "-rm", "sh", "-c", script, self.out, disk, MXSCAN, *words],
                              capture_output=True, text=True, timeout=2 * LIMIT_S, check=False)
        self.assertIn("statuses 74 74 0\n", done.stdout[:200], done.stderr)
        self.assertIn("no space left", done.stderr.lower())
        self.assertEqual(done.returncode, 0, done.stderr)
        found = [line.split(",")[2] for line in done.stdout.splitlines()[1:] if not line.startswith("input_rank,")]
        self.assertEqual(sorted(found), sorted(name + "." for name in names))

    def test_resume_without_a_server(self):
        """Nothing is committed that says only that nobody answered: the next one asks again."""
        server = self.interrupted()
        committed = len(dataset.read_table(self.out, "domains"))
        run_json = self.out / "run.json"
        text = run_json.read_text()
        address, port = servers.free_endpoint()
        run_json.write_text(text.replace(server.address, f"{address}:{port}"))
        self.expect(UNAVAILABLE, run("resume", self.out, "--quiet"))
        self.assertEqual(len(dataset.read_table(self.out, "domains")), committed)
        run_json.write_text(text)
        self.expect(OK, run("resume", self.out, "--quiet"))
        self.expect_whole()
        self.assertEqual({row["class"] for row in dataset.read_table(self.out, "domains")}, {"nxdomain"})

    def kill_after_a_checkpoint(self, server, sources, *options):
        """A scan at 300 packets a second, killed once rows of it are committed. How many domains."""
        words = ["scan", *sources, "-o", self.out, "--resolver", server.address, "--quiet", "--rate", "300",
                 "--checkpoint-interval", "100ms", *options]
        with subprocess.Popen([MXSCAN, *map(str, words)], stdin=subprocess.DEVNULL) as child:
            end = time.monotonic() + LIMIT_S
            while self.committed_domains() == 0 and time.monotonic() < end:
                self.assertIsNone(child.poll(), "ended before it was killed")
                time.sleep(0.02)
            child.kill()
        committed = self.committed_domains()
        self.assertGreater(committed, 0)
        return committed

    def expect_gone_on_with(self, committed, ranks):
        """`ranks`: of each name that must have its row."""
        self.expect(OK, run("resume", self.out, "--quiet"))
        rows = dataset.read_table(self.out, "domains")
        self.assertEqual({row["domain"]: int(row["input_rank"]) for row in rows},
                         {name + ".": rank for name, rank in ranks.items()})
        self.assertEqual(len(rows), len(ranks))
        run_info = dataset.read_run(self.out)
        self.assertTrue(run_info["rows"]["conserved"])
        self.assertEqual(run_info["counters"]["resume"]["domains_before"], committed)
        subprocess.run(["sha256sum", "--check", "--quiet", "--strict", "SHA256SUMS"], cwd=self.out, check=True)
        return run_info

    def test_resume_says_that_the_resolvers_are_others(self):
        before, now = self.server(), self.server()
        listed = self.list_file(before.address + "\n", "servers.txt")
        child = self.start_slow_scan(before, "--resolver", f"@{listed}")
        child.send_signal(signal.SIGTERM)
        child.communicate(timeout=LIMIT_S)
        self.assertEqual(dataset.read_run(self.out)["control"]["servers"], before.address)
        listed.write_text(f"{before.address}\n{now.address}\n")
        said = f"{before.address} {now.address}, before: {before.address};"
        self.expect(OK, run("resume", self.out, "--quiet"), said)
        self.expect_whole()
        run_info = dataset.read_run(self.out)
        self.assertEqual(run_info["control"]["servers"], f"{before.address} {now.address}")
        self.assertEqual(set(run_info["resolvers"]), {before.address, now.address})

    def test_resume_with_several_inputs(self):
        """One of them compressed, with names that an earlier one had, and rejects in each."""
        first, second = NAMES[:300], NAMES[250:600]
        sources = [self.list_file("\n".join([*first, "no name"]) + "\n", "first.txt"),
                   self.list_file(gzip.compress("\n".join(["", *second, "no name"]).encode()), "second.gz"),
                   self.list_file("\n".join(NAMES[600:700]) + "\n", "third.txt")]
        committed = self.kill_after_a_checkpoint(self.server(), sources)
        ranks = {name: number for number, name in enumerate(first, 1)}
        ranks.update({name: 301 + 51 + number for number, name in enumerate(NAMES[300:600], 1)})
        ranks.update({name: 301 + 352 + number for number, name in enumerate(NAMES[600:700], 1)})
        run_info = self.expect_gone_on_with(committed, ranks)
        self.assertEqual(run_info["rows"]["duplicates"], 50)
        self.assertEqual(run_info["rows"]["blank_lines"], 1)
        self.assertEqual([int(row["input_rank"]) for row in dataset.read_table(self.out, "rejects")], [301, 653])
        self.assertEqual([entry["lines"] for entry in run_info["inputs"]], [301, 352, 100])
        sources[1].write_bytes(gzip.compress(b"other.example\n"))
        (self.out / "_SUCCESS").unlink()
        self.expect(DATA_ERROR, run("resume", self.out), "second.gz", "not the list")

    def test_resume_of_a_bounded_number(self):
        names = [name for name in NAMES for _ in range(2)]  # each twice: duplicates do not count
        source = self.list_file("\n".join(names))
        committed = self.kill_after_a_checkpoint(self.server(), [source], "--max-domains", "400")
        ranks = {name: 2 * number + 1 for number, name in enumerate(NAMES[:400])}
        self.assertEqual(self.expect_gone_on_with(committed, ranks)["rows"]["duplicates"], 399)

    def test_resume_of_a_list_with_its_own_ranks(self):
        """Ranks that neither grow nor are lines; a blocked name's reject has its rank too."""
        rank = lambda number: 1_000_000 - 7 * number  # noqa: E731
        source = self.list_file("".join(f"{rank(number)},{name}\r\n" for number, name in enumerate(NAMES)), "top.csv")
        blocked = NAMES[1::100]
        listed = self.list_file("\n".join(blocked), "left alone.txt")
        committed = self.kill_after_a_checkpoint(self.server(), [source], "--blocklist-file", listed)
        ranks = {name: rank(number) for number, name in enumerate(NAMES) if name not in blocked}
        self.expect_gone_on_with(committed, ranks)
        rejects = {row["input"]: int(row["input_rank"]) for row in dataset.read_table(self.out, "rejects")}
        self.assertEqual(rejects, {name: rank(NAMES.index(name)) for name in blocked})
        self.assertEqual(len(dataset.read_table(self.out, "rejects")), len(blocked))

    def test_resume_once_the_disk_answers_again(self):
        """An error of the disk is 74 wherever it is met, and the scan can be gone on with."""
        server = self.server()
        shim = self.directory / "shim.so"
        code = """
            #include <errno.h>
            #include <stdio.h>
            #include <stdlib.h>
            #include <string.h>
            #include <sys/syscall.h>
            #include <unistd.h>
            ssize_t write(int fd, const void* data, size_t size) {
              char link[64], path[4096] = "";
              snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
              const char* failing = getenv("WRITES_FAIL_TO");
              if (failing && readlink(link, path, sizeof(path) - 1) > 0 && strstr(path, failing)) {
                errno = EIO;
                return -1;
              }
              return syscall(SYS_write, fd, data, size);
            }"""
        subprocess.run(["cc", "-shared", "-fPIC", "-x", "c", "-o", shim, "-"], input=code, text=True, check=True)
        source = self.list_file("\n".join([*NAMES, *(f"no name {number}" for number in range(1000))]))
        failing = {"in the reader of the list": "/rejects-", "at the end": "/datapackage.json"}
        for number, (where, path) in enumerate(failing.items()):
            with self.subTest(where):
                self.out = self.directory / f"out-{number}"
                environment = {**os.environ, "LD_PRELOAD": str(shim), "ASAN_OPTIONS": "verify_asan_link_order=0",
                               "WRITES_FAIL_TO": path}
                words = self.scan_arguments(source, server, "--rate", "5000", "--server-rate", "0")
                done = run(*words, env=environment)
                self.expect(74, done, "input/output error", "mxscan resume")
                self.expect(OK, run("resume", self.out, "--quiet"))
                self.expect_whole()

    def test_resume_where_only_silent_names_are_left(self):
        """That nobody answers about them is their answer, once a control question was answered; not before."""
        names = NAMES[:20]
        server = servers.RcodeServer(servers.NXDOMAIN, silent=[servers.encode_name(names[7])])
        self.addCleanup(server.__exit__)
        words = self.scan_arguments(self.list_file("\n".join(names)), server, "--tries", "1",
                                    "--checkpoint-interval", "100ms")
        with subprocess.Popen([MXSCAN, *map(str, words)], stdin=subprocess.DEVNULL) as child:
            end = time.monotonic() + LIMIT_S
            while self.committed_domains() < len(names) - 1 and time.monotonic() < end:
                self.assertIsNone(child.poll(), "ended before it was killed")
                time.sleep(0.05)
            child.kill()
        run_json = self.out / "run.json"
        text = run_json.read_text()
        address, port = servers.free_endpoint()
        run_json.write_text(text.replace(server.address, f"{address}:{port}"))
        self.expect(UNAVAILABLE, run("resume", self.out, "--quiet"))
        self.assertEqual(len(dataset.read_table(self.out, "domains")), len(names) - 1)
        run_json.write_text(text)
        asked = len(server.names)
        self.expect(OK, run("resume", self.out, "--quiet"))
        outcomes = {row["domain"]: row["mx_outcome"] for row in dataset.read_table(self.out, "domains")}
        self.assertEqual(outcomes, {name + ".": "timeout" if name == names[7] else "nxdomain" for name in names})
        self.assertIn(b"\0", server.names[asked:], "the root was asked about")


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]], verbosity=2)
