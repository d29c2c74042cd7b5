#!/usr/bin/env python3
"""Every finding that needs the zones' own servers, in each of its states, end to end.

usage: authority_test.py MXSCAN LAB_SERVE [--timeout T] [--keep] [-v]

The zones of cases/authority/*.txt are served by two servers and scanned with `--resolver iterative`; each zone of a
case is one whose servers the scan knows, so that it is a zone of its own. The same list through a resolver shows none
of these findings.
"""

import argparse
import collections
import contextlib
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "real"))
import case_files  # noqa: E402  (no byte code beside the sources)
import findings_test  # noqa: E402

SCAN_LIMIT_S = 120
LOOKUPS = "mx,a,aaaa,ptr,confirm,probe"
OPTIONS = argparse.Namespace(timeout="400ms", keep=False)
# Findings that nothing of these cases makes unknown or present, and why.
NOT_SHOWN = {
    ("mx_ttl_invalid", "present"): "ldns reads no such TTL; the synthetic internet plants it",
}


class AuthorityTest(unittest.TestCase):
    check_case = findings_test.FindingsTest.check_case
    check_counted = findings_test.FindingsTest.check_counted
    check_tables_agree = findings_test.FindingsTest.check_tables_agree
    state_of = findings_test.FindingsTest.state_of

    @classmethod
    def setUpClass(cls):
        cls.maxDiff = None
        cls.catalog = findings_test.catalog()
        cls.directory = pathlib.Path(tempfile.mkdtemp(prefix="mxscan-authority-"))
        cls.expanded = cls.read("one_server.txt")
        cls.base = cls.run_batch("base", cls.expanded)
        cls.every_expanded = cls.read("every_server.txt")
        cls.every = cls.run_batch("every", cls.every_expanded, options=("--all-servers",))

    @classmethod
    def tearDownClass(cls):
        if OPTIONS.keep:
            print(f"kept: {cls.directory}", file=sys.stderr)
        else:
            shutil.rmtree(cls.directory)

    @staticmethod
    def read(name):
        namer = case_files.Namer()
        return [case_files.expand(case, namer) for case in case_files.read_cases([HERE / "cases" / "authority" / name])]

    @classmethod
    @contextlib.contextmanager
    def serving(cls, name, expanded, iterative=True, style=()):
        """Serves the cases: gives their directory, and the options by which they are asked."""
        directory = cls.directory / name
        directory.mkdir()
        (directory / "lab.txt").write_text(case_files.lab_file(expanded))
        (directory / "list.txt").write_text("".join(line + "\n" for case in expanded for line in case.scans))
        (directory / "hints").write_text(". NS a.root.\na.root. A 127.53.0.1\nb.root. A 127.53.0.2\n")
        role = ["--authoritative"] if iterative else []
        with subprocess.Popen([OPTIONS.lab_serve, str(directory / "lab.txt"), *role, *style], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True) as lab:
            endpoints = lab.stdout.readline().split()
            if len(endpoints) != 2:
                raise RuntimeError(f"{name}: the lab did not start")
            if iterative:
                servers = ["--resolver", "iterative", "--root-hints", str(directory / "hints"),
                           "--lab", endpoints[0].rsplit(":", 1)[1]]
            else:
                servers = [word for endpoint in endpoints for word in ("--resolver", endpoint)]
            yield directory, servers
            lab.stdin.close()
            lab.wait()

    @staticmethod
    def zone_servers(expanded):
        """Each zone of the cases is one whose servers are known."""
        return [word for case in expanded for apex, _ in case.zones
                for word in ("--zone-servers", f"{apex}=127.53.0.1,127.53.0.2")]

    @classmethod
    def run_batch(cls, name, expanded, options=(), iterative=True, style=()):
        """Serves the cases, scans their domains and returns the rows."""
        with cls.serving(name, expanded, iterative, style) as (directory, servers):
            command = [OPTIONS.mxscan, "scan", str(directory / "list.txt"), "-o", str(directory / "out"),
                       "--timeout", OPTIONS.timeout, "--tries", "2", "--inflight", "100", "--rate", "0",
                       "--server-rate", "0", "--server-inflight", "0", "--threads", "1",
                       "--compression", "none", "--format", "plain", "--quiet", *options]
            command += [] if "--seed" in options else ["--seed", "7"]
            command += servers
            command += ["--lookups", LOOKUPS, *cls.zone_servers(expanded)] if iterative else []
            done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                  text=True, timeout=SCAN_LIMIT_S, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{name}: {' '.join(command)}: exit {done.returncode}\n{done.stdout}")
        return findings_test.Rows(directory / "out")

    def assert_cases(self, rows, expanded):
        wrong = [line for case in expanded for line in self.check_case(rows, case)]
        self.assertEqual(wrong, [], "\n" + "\n".join(wrong))

    def of_authority(self):
        return [finding for finding, (_, _, needs) in self.catalog.items() if needs == "auth"]

    def test_cases(self):
        self.assert_cases(self.base, self.expanded)
        self.check_tables_agree(self.base)
        self.check_counted(self.base, self.expanded)

    def test_every_server(self):
        """Where every server is asked: what differs, what could not be told, and what lame servers leave alone."""
        self.assert_cases(self.every, self.every_expanded)
        self.check_tables_agree(self.every)
        self.check_counted(self.every, self.every_expanded)
        counted = self.every.run["counters"]["iterator"]
        self.assertGreater(counted["every_server_lame"], 0)
        self.assertGreater(counted["every_server_failed"], 0)
        self.assertEqual(counted["every_server_names_differing"],
                         int(self.every.summary["mx_rrset_inconsistent"]["present"]))

    def test_every_server_in_any_order(self):
        """Who is asked first, and whose answer comes first, makes no difference to any row."""
        for name, options, style in (("late", (), ("--jitter", "40")), ("other_seed", ("--seed", "8"), ()),
                                     ("tcp", (), ("--truncate",)), ("minimised", ("--minimise",), ())):
            with self.subTest(name):
                rows = self.run_batch("every_" + name, self.every_expanded, options=("--all-servers", *options),
                                      style=style)
                self.assertEqual(self.every.stable(), rows.stable())

    def test_one_server(self):
        """Without --all-servers nothing is said of it, and nothing more is asked."""
        rows = self.run_batch("one", self.every_expanded)
        row = rows.summary["mx_rrset_inconsistent"]
        self.assertEqual([int(row[column]) for column in ("present", "absent", "unknown")], [0, 0, 0])
        self.assertEqual(rows.run["counters"]["iterator"]["every_server_zones"], 0)

    def test_every_finding_has_its_cases(self):
        shown = collections.defaultdict(set)
        for case in self.expanded + self.every_expanded:
            for state, finding, _ in case.expected:
                shown[finding].add(state)
        missing = [f"{finding} has no case `{state}`" for finding in self.of_authority()
                   for state in ("present", "near", "unknown")
                   if state not in shown[finding] and (finding, state) not in NOT_SHOWN]
        self.assertEqual(missing, [], "\n" + "\n".join(missing))

    def test_counts_add_up(self):
        rows = self.base
        subjects = {"domain": len(rows.tables["domains"]), "mx_set": len(rows.tables["domains"]),
                    "host": len(rows.tables["hosts"])}
        for finding in self.of_authority():
            row = rows.summary[finding]
            counts = [int(row[column]) for column in ("present", "absent", "unknown", "not_applicable")]
            self.assertEqual(sum(counts), subjects[self.catalog[finding][0]], finding)

    def test_summarize_counts_the_same(self):
        """What is applicable is told from the record of the run, so the recount knows it too."""
        done = subprocess.run([OPTIONS.mxscan, "summarize", str(self.directory / "base" / "out")],
                              stdout=subprocess.PIPE, text=True, check=True)
        for finding in ("mx_ttl_low", "mx_rr_duplicate", "domain_apex_cname"):
            self.assertIn(finding, done.stdout)

    def test_through_a_resolver(self):
        """Nothing of this can be told through a cache."""
        rows = self.run_batch("resolver", self.expanded, iterative=False, options=("--lookups", LOOKUPS))
        for finding in self.of_authority():
            row = rows.summary[finding]
            self.assertEqual([int(row[column]) for column in ("present", "absent", "unknown")], [0, 0, 0], finding)
            self.assertFalse([row for row in rows.tables["findings"] if row["finding"] == finding])

    def test_put_otherwise(self):
        """Records in another order, letters in another case, over TCP: the same verdicts."""
        for name, style in (("shuffled", ("--shuffle", "--recase")), ("tcp", ("--truncate",)),
                            ("any_order", ("--jitter", "30"))):
            with self.subTest(name):
                self.assert_cases(self.run_batch(name, self.expanded, style=style), self.expanded)

    # --- for a person

    def check(self, name, *arguments):
        """`mxscan check` of the cases of every_server.txt: the process that was run."""
        with self.serving(name, self.every_expanded) as (_, servers):
            return subprocess.run([OPTIONS.mxscan, "check", *arguments, "--timeout", OPTIONS.timeout, "--tries", "2",
                                   *servers, *self.zone_servers(self.every_expanded)], stdin=subprocess.DEVNULL,
                                  capture_output=True, text=True, timeout=SCAN_LIMIT_S, check=False)

    def test_check_names_who_answered(self):
        done = self.check("check", "v-agree.com", "--all-servers")
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        text = " ".join(done.stdout.split())
        self.assertRegex(text, r"127\.53\.0\.[12]:\d+ of v-agree\.com\.")
        self.assertRegex(text, r"zone v-agree\.com\. at 127\.53\.0\.1 127\.53\.0\.2")
        self.assertIn("every server asked for MX: 2 answered, 0 lame, 0 failed; those that answered agree", text)
        self.assertIn("asked the zones' own servers, from the root down", text)

    def test_check_shows_what_servers_disagree_about(self):
        done = self.check("check_json", "--json", "v-other-exchange.com", "v-second-is-lame.com", "v-second-fails.com",
                          "v-agree.com", "--all-servers")
        self.assertEqual(done.stderr, "")
        checks = {line["domain"]: line for line in map(json.loads, done.stdout.splitlines())}
        differing = checks["v-other-exchange.com."]
        self.assertEqual(differing["zone"]["zone"], "v-other-exchange.com.")
        self.assertEqual(differing["zone"]["every_server"], {"answered": 2, "lame": 0, "failed": 0, "differ": True})
        self.assertIn("mx_rrset_inconsistent", {finding["id"] for finding in differing["findings"]
                                                if finding["state"] == "present"})
        self.assertIn("of v-other-exchange.com.", differing["mx"]["server"])
        lame = checks["v-second-is-lame.com."]["zone"]
        self.assertEqual(lame["every_server"], {"answered": 1, "lame": 1, "failed": 0, "differ": False})
        self.assertTrue(lame["servers"][0]["lame"])
        self.assertIsNone(checks["v-second-fails.com."]["zone"]["every_server"]["differ"])

    def test_check_asks_one_server_unless_told(self):
        done = self.check("check_one", "--json", "v-other-exchange.com")
        check = json.loads(done.stdout)
        self.assertNotIn("every_server", check["zone"])
        self.assertNotIn("mx_rrset_inconsistent", {finding["id"] for finding in check["findings"]})

    def test_check_refuses(self):
        for arguments, word in ((["--resolver", "127.0.0.1:5300", "--all-servers"], "iterative"),
                                (["--resolver", "127.0.0.1:5300", "--lab", "5300"], "iterative"),
                                (["--resolver", "iterative", "--resolver", "127.0.0.1"], "alone"),
                                (["--resolver", "iterative", "--lookups", "mx,bogus"], "bogus")):
            done = subprocess.run([OPTIONS.mxscan, "check", "example.com", *arguments], capture_output=True, text=True,
                                  timeout=SCAN_LIMIT_S, check=False)
            self.assertEqual(done.returncode, 64, done.stderr)
            self.assertIn(word, done.stderr)

    def test_doctor_asks_the_root(self):
        with self.serving("doctor", self.every_expanded) as (directory, servers):
            done = subprocess.run([OPTIONS.mxscan, "doctor", "--json", "--timeout", OPTIONS.timeout, "--output",
                                   str(directory), *servers], capture_output=True, text=True, timeout=SCAN_LIMIT_S,
                                  check=False)
        checks = {line["check"]: line for line in map(json.loads, done.stdout.splitlines())}
        self.assertEqual(checks["root servers by IPv4"]["level"], "ok")
        self.assertEqual(checks["TCP by IPv4"]["level"], "ok")
        # The root of the lab has one name server: nothing that it says is large.
        self.assertEqual(checks["large UDP answers by IPv4"]["level"], "hint")
        self.assertNotEqual(checks["large UDP answers by IPv4"]["mend"], "")
        self.assertNotIn("root servers by IPv6", checks)
        self.assertFalse([what for what in checks if what.startswith("resolver ")])
        silent = subprocess.run([OPTIONS.mxscan, "doctor", "--timeout", "50ms", "--output", str(directory), *servers],
                                capture_output=True, text=True, timeout=SCAN_LIMIT_S, check=False)
        self.assertEqual(silent.returncode, 69, silent.stdout)
        self.assertIn("udp dport 53", silent.stdout)

    def test_dry_run_says_what_it_costs(self):
        with self.serving("dry", self.every_expanded) as (directory, servers):
            done = subprocess.run([OPTIONS.mxscan, "scan", str(directory / "list.txt"), "--dry-run", "--all-servers",
                                   *servers], capture_output=True, text=True, timeout=SCAN_LIMIT_S, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        count = len(self.every_expanded)
        self.assertIn(f"so {count} to {7 * count}", done.stdout)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("mxscan")
    parser.add_argument("lab_serve")
    parser.add_argument("--timeout", default="400ms", help="of a scan's attempts: longer for a slow build")
    parser.add_argument("--keep", action="store_true")
    parser.parse_known_args(namespace=OPTIONS)
    unittest.main(argv=[sys.argv[0], *parser.parse_known_args()[1]])


if __name__ == "__main__":
    main()
