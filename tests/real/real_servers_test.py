#!/usr/bin/env python3
"""Scans zones with typical faults through real name servers and compares the rows with expected.txt.

usage: real_servers_test.py MXSCAN [--keep]

Unbound resolves from a root that NSD, BIND or Knot serves; mxscan asks Unbound. All of it stands on loopback and
nothing else is ever asked. Each case is one scan: the three authoritative servers, both kinds of input and output
(io_uring, and epoll with sendmmsg), both compressions and several threads are covered, and every case must give the same rows.
"""

import argparse
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
import dataset  # noqa: E402  (no byte code beside the sources)
import servers  # noqa: E402
import zones  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
SCAN_LIMIT_S = 120
# What depends on the moment, or on who asked first, and not on the zones.
VOLATILE = {"asked_at", "rtt_us", "server", "attempts", "queries", "mx_ttl", "ttl", "a_ttl", "aaaa_ttl"}
OPTIONS = argparse.Namespace()


def load_expected():
    """Returns {section: [[field, ...], ...]}."""
    sections, rows = {}, None
    for line in (HERE / "expected.txt").read_text().splitlines():
        if line.startswith("["):
            rows = sections.setdefault(line.strip("[]"), [])
        elif line and not line.startswith("#"):
            rows.append(["" if field.strip() == "-" else field.strip() for field in line.split("|")])
    return sections


class RealServersTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.maxDiff = None
        cls.directory = pathlib.Path(tempfile.mkdtemp(prefix="mxscan-real-"))
        cls.zones = servers.write_zones(cls.directory / "zones", zones.all_zones())
        cls.expected = load_expected()
        cls.list = cls.directory / "list.txt"
        cls.list.write_text("".join(row[0] + "\n" for row in cls.expected["domains"]))
        cls.reference = None

    @classmethod
    def tearDownClass(cls):
        if OPTIONS.keep:
            print(f"kept: {cls.directory}", file=sys.stderr)
        else:
            shutil.rmtree(cls.directory)

    def scan(self, name, start_authoritative, *options):
        """Starts the servers, scans the list through them and returns the dataset's directory."""
        out = self.directory / name / "dataset"
        with start_authoritative(self.directory / name / "authoritative", self.zones) as authoritative, \
                servers.RcodeServer(servers.SERVFAIL) as failing:
            good, bad = (f"{address}@{port}" for address, port in (authoritative.endpoint, failing.endpoint))
            with servers.start_unbound(
                    self.directory / name / "unbound",
                    stubs=[(".", good), ("servfail.com.", bad), ("66.5.in-addr.arpa.", bad)],
                    local_zones=[("refused.com.", "refuse"), ("drop.com.", "deny")]) as resolver:
                command = [OPTIONS.mxscan, "scan", self.list, "-o", out, "--resolver", resolver.address, "--timeout",
                           "2", "--tries", "2", "--seed", "1", "--quiet", *options]
                done = subprocess.run(list(map(str, command)), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                      stderr=subprocess.STDOUT, text=True, timeout=SCAN_LIMIT_S, check=False)
        self.assertEqual(done.returncode, 0, f"{' '.join(map(str, command))}\n{done.stdout}")
        return out

    def check_rows(self, rows, expected, columns):
        """`columns` names the expected fields; the first is the key and the last, unknowns, is a subset."""
        by_key = {row[columns[0]]: row for row in rows}
        self.assertEqual(len(by_key), len(rows), f"two rows for one {columns[0]}")
        for fields in expected:
            with self.subTest(fields[0]):
                wanted = dict(zip(columns, fields))
                self.assertIn(wanted[columns[0]], by_key)
                row = by_key[wanted[columns[0]]]
                unknowns = set(wanted.pop("unknowns").split())
                wanted["findings"] = " ".join(sorted(wanted["findings"].split()))
                got = {column: row[column] for column in wanted}
                got["findings"] = " ".join(sorted(got["findings"].split()))
                for column in [column for column, value in wanted.items() if value == "*"]:
                    del wanted[column], got[column]
                self.assertEqual(got, wanted)
                self.assertLessEqual(unknowns, set(row["unknowns"].split()))

    def check_dataset(self, out):
        domains = dataset.read_table(out, "domains")
        self.assertEqual(len(domains), len(self.expected["domains"]))
        self.check_rows(domains, [fields[1:] for fields in self.expected["domains"]],
                        ["domain", "class", "mx_outcome", "mx_hosts", "findings", "unknowns"])
        hosts = dataset.read_table(out, "hosts")
        self.check_rows(hosts, self.expected["hosts"],
                        ["host", "a_outcome", "aaaa_outcome", "ipv4", "ipv6", "usable", "findings", "unknowns"])
        addresses = dataset.read_table(out, "addresses")
        self.check_rows(addresses, self.expected["addresses"],
                        ["address", "ptr_outcome", "ptr_names", "confirmed_names", "fcrdns", "findings", "unknowns"])
        self.assertFalse({fields[0] for fields in self.expected["absent-hosts"]} & {row["host"] for row in hosts})
        self.check_findings(dataset.read_table(out, "findings"))
        many = next(row for row in domains if row["domain"] == "many.com.")
        self.assertEqual(many["mx_count"], "48", "the answer that needs TCP")

    def check_findings(self, rows):
        evidence = {(row["scope"], row["subject"], row["finding"], row["state"]): row["evidence"] for row in rows}
        for *key, text in self.expected["findings"]:
            with self.subTest(key):
                self.assertIn(tuple(key), evidence)
                if text != "*":
                    self.assertEqual(evidence[tuple(key)], text)
        for key in self.expected["absent-findings"]:
            self.assertNotIn(tuple(key), evidence)

    def same_rows(self, out):
        """Every case gives the same rows, but for what depends on the moment."""
        tables = {}
        for table in ("domains", "mx", "hosts", "addresses", "findings"):
            rows = dataset.read_table(out, table)
            self.assertTrue(rows, f"{table} has no rows")
            # Evidence may state a TTL, which counts down in the resolver's cache.
            volatile = VOLATILE | ({"evidence"} if table == "findings" else set())
            tables[table] = sorted(tuple((k, v) for k, v in row.items() if k not in volatile) for row in rows)
        if RealServersTest.reference is None:
            RealServersTest.reference = tables
        for table, rows in tables.items():
            self.assertEqual(rows, RealServersTest.reference[table], f"{table} differs from the first case's")

    def check_sums(self, out):
        done = subprocess.run(["sha256sum", "--check", "--quiet", "--strict", "SHA256SUMS"], cwd=out, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.assertEqual(done.returncode, 0, done.stdout)

    def run_case(self, name, start_authoritative, *options):
        out = self.scan(name, start_authoritative, *options)
        self.check_sums(out)
        self.check_dataset(out)
        self.same_rows(out)

    def test_nsd_unbound_mmsg(self):
        self.run_case("nsd-mmsg", servers.start_nsd, "--io", "mmsg", "--threads", "1")

    def test_nsd_unbound_uring(self):
        self.run_case("nsd-uring", servers.start_nsd, "--io", "uring", "--threads", "2")

    def test_bind_unbound(self):
        self.run_case("bind", servers.start_bind, "--compression", "gzip")

    def test_knot_unbound(self):
        self.run_case("knot", servers.start_knot, "--compression", "none")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("mxscan", type=pathlib.Path, help="the program under test")
    parser.add_argument("--keep", action="store_true", help="keep the datasets, zones and logs")
    parser.parse_args(namespace=OPTIONS)
    OPTIONS.mxscan = OPTIONS.mxscan.resolve(strict=True)
    unittest.main(argv=[sys.argv[0]], verbosity=2)


if __name__ == "__main__":
    main()
