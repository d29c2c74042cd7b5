#!/usr/bin/env python3
"""Every finding, in each of its states, end to end: zones stated in cases/*.txt, served by a lab, scanned, rows read.

usage: findings_test.py MXSCAN LAB_SERVE [--only NAME...] [--alone all] [--timeout T] [--keep] [-v]

All cases are served at once and scanned in one batch; the rows must be what the cases say. Then the same zones are put
in other ways that mean the same (metamorphic tests), and the findings must be the same. `--only` runs the batch with
the cases named and prints what is wrong; `--alone all` scans every case by itself and not only a sample.
"""

import argparse
import collections
import concurrent.futures
import dataclasses
import ipaddress
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "real"))
import case_files  # noqa: E402  (no byte code beside the sources)
import coverage_rules  # noqa: E402
import dataset  # noqa: E402

SCAN_LIMIT_S = 120
SEED = 7
ALONE_SAMPLE = 16
FILLERS = 3000
BATCHES_AT_ONCE = 4
OTHER = "one-other-domain.net"
# What depends on the moment, or on who asked first.
VOLATILE = {"input_rank", "input", "asked_at", "rtt_us", "server", "attempts", "queries"}
TABLES = ("domains", "mx", "hosts", "addresses", "findings")
KEYS = {"domains": ("domain",), "mx": ("domain", "preference", "exchange"), "hosts": ("host",),
        "addresses": ("address",), "findings": ("scope", "subject", "domain", "finding", "evidence")}
DOMAIN_SCOPES = ("domain", "mx_set", "mx")
OPTIONS = argparse.Namespace(only=[], alone="sample", timeout="400ms", keep=False)


def catalog():
    """{id: (scope, severity, needs)} of the scopes that a scan of zones can show, in the catalog's own words."""
    words = re.compile(r"^X\(k\w+, (\w+), k(\w+), k(\w+), k(\w+)\)")
    scopes = {"Domain": "domain", "MxSet": "mx_set", "Mx": "mx", "Host": "host", "Address": "address",
              "Reverse": "reverse"}
    found = {}
    for line in (HERE.parent.parent / "output" / "findings.inc").read_text().splitlines():
        match = words.match(line)
        if match and match[2] in scopes:
            found[match[1]] = (scopes[match[2]], match[3].lower(), match[4].lower())
    return found


class Rows:
    """The tables of one dataset."""

    def __init__(self, directory):
        self.tables = {table: dataset.read_table(directory, table) for table in TABLES}
        self.rejects = dataset.read_table(directory, "rejects")
        self.summary = {row["finding"]: row for row in _read_csv(directory / "summary" / "findings.csv")}
        self.run = dataset.read_run(directory)
        self.states = collections.defaultdict(set)  # (finding, subject) -> {(domain, state)}
        for row in self.tables["findings"]:
            self.states[row["finding"], _subject(row["subject"])].add((row["domain"], row["state"]))

    def keep_domains(self, domains):
        """Leaves out the domains that are not of the cases, and what was looked up only for them."""
        tables = self.tables
        tables["domains"] = [row for row in tables["domains"] if row["domain"] in domains]
        tables["mx"] = [row for row in tables["mx"] if row["domain"] in domains]
        hosts = {row["exchange"] for row in tables["mx"]} | {row["domain"] for row in tables["domains"]}
        tables["hosts"] = [row for row in tables["hosts"] if row["host"] in hosts]
        addresses = {text for row in tables["hosts"] for text in (row["ipv4"] + " " + row["ipv6"]).split()}
        tables["addresses"] = [row for row in tables["addresses"] if row["address"] in addresses]
        tables["findings"] = [row for row in tables["findings"] if row["domain"] in domains
                              or not row["domain"] and row["subject"] in hosts | addresses]

    def stable(self, undo=lambda text: text):
        """{(table, key): row without what is volatile}, names as the cases' own."""
        out = {}
        for table, rows in self.tables.items():
            for row in rows:
                values = {column: _sorted_list(undo(value)) for column, value in row.items() if column not in VOLATILE}
                key = (table, *(values[column] for column in KEYS[table]))
                if key in out:
                    raise ValueError(f"two rows for {key}")
                out[key] = values
        return out

    def verdicts(self, undo=lambda text: text):
        """{(scope, subject, domain, finding): state}, and the classes."""
        out = {}
        for row in self.tables["findings"]:
            key = (row["scope"], undo(row["subject"]), undo(row["domain"]), row["finding"])
            if row["finding"] == "ptr_not_mx_name":
                key += (undo(row["evidence"]),)
            out[key] = row["state"]
        for row in self.tables["domains"]:
            out["class", undo(row["domain"])] = row["class"]
        return out


def _read_csv(path):
    lines = path.read_text().splitlines()
    header = lines[0].split(",")
    return [dict(zip(header, line.split(","))) for line in lines[1:]]


def _sorted_list(text):
    return " ".join(sorted(text.split(" "))) if " " in text else text


def _subject(text):
    """A name, or an address in one of its ways to be written."""
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return _name(text.lower())


def _name(text):
    return text if text.endswith(".") else text + "."


def _differences(expected, found, limit=12):
    lines = [f"- {key}: {expected[key]}" for key in expected if key not in found]
    lines += [f"+ {key}: {found[key]}" for key in found if key not in expected]
    lines += [f"! {key}: {expected[key]} became {found[key]}" for key in expected
              if key in found and expected[key] != found[key]]
    return lines[:limit] + ([f"... {len(lines) - limit} more"] if len(lines) > limit else [])


class FindingsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.maxDiff = None
        cls.catalog = catalog()
        cls.directory = pathlib.Path(tempfile.mkdtemp(prefix="mxscan-findings-"))
        cls.cases = case_files.read_cases(sorted((HERE / "cases").glob("*.txt")))
        if OPTIONS.only:
            cls.cases = [case for case in cls.cases if case.name in OPTIONS.only]
        cls.plain = case_files.Namer()
        cls.expanded = [case_files.expand(case, cls.plain) for case in cls.cases]
        cls.base = cls.run_batch("base")
        # Batches mostly wait for answers that never come, so several run at a time; the tests take their results.
        cls.executor = concurrent.futures.ThreadPoolExecutor(BATCHES_AT_ONCE)
        cls.batches = {}
        if not OPTIONS.only:
            for plan in (cls.plan_styles, cls.plan_lists, cls.plan_crowds, cls.plan_alone):
                plan()

    @classmethod
    def tearDownClass(cls):
        cls.executor.shutdown(cancel_futures=True)
        if OPTIONS.keep:
            print(f"kept: {cls.directory}", file=sys.stderr)
        else:
            shutil.rmtree(cls.directory)

    @classmethod
    def start(cls, name, **arguments):
        cls.batches[name] = cls.executor.submit(cls.run_batch, name, **arguments)

    def rows_of(self, name):
        return self.batches[name].result()

    @classmethod
    def run_batch(cls, name, expanded=None, style=(), more_zones=(), more_lines=(), shuffle=0, seed=str(SEED),
                  threads="1"):
        """Serves the cases (all by default), scans their domains and returns the rows."""
        expanded = cls.expanded if expanded is None else expanded
        directory = cls.directory / name
        directory.mkdir()
        (directory / "lab.txt").write_text(case_files.lab_file(expanded, more_zones))
        lines = [line for case in expanded for line in case.scans + [line for _, line in case.rejects]]
        lines += more_lines
        if shuffle:
            random.Random(shuffle).shuffle(lines)
        (directory / "list.txt").write_bytes("".join(line + "\n" for line in lines).encode("latin-1"))
        with subprocess.Popen([OPTIONS.lab_serve, str(directory / "lab.txt"), "--seed", seed, *style],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as lab:
            endpoints = lab.stdout.readline().split()
            if len(endpoints) != 2:
                raise RuntimeError(f"{name}: the lab did not start")
            command = [OPTIONS.mxscan, "scan", str(directory / "list.txt"), "-o", str(directory / "out"),
                       "--timeout", OPTIONS.timeout, "--tries", "2", "--inflight", "100", "--rate", "0",
                       "--server-rate", "0", "--threads", threads, "--seed", str(SEED), "--compression", "none",
                       "--format", "plain", "--quiet", *coverage_rules.SCAN_OPTIONS]
            for endpoint in endpoints:
                command += ["--resolver", endpoint]
            done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, text=True, timeout=SCAN_LIMIT_S, check=False)
            lab.stdin.close()
            lab.wait()
        if done.returncode != 0:
            raise RuntimeError(f"{name}: {' '.join(command)}: exit {done.returncode}\n{done.stdout}")
        return Rows(directory / "out")

    # --- the cases

    def state_of(self, rows, case, finding, subject):
        """What the findings table says: a state, or "absent" for no row."""
        scope = self.catalog[finding][0]
        domain = _name(case.scans[0].lower()) if scope in DOMAIN_SCOPES or finding == "ptr_not_mx_name" else ""
        if subject is None:
            subject = domain
        else:
            subject = _subject(subject)
        if scope in ("domain", "mx_set"):
            domain = subject
        if finding == "ptr_not_mx_name":
            states = {state for _, state in rows.states.get((finding, subject), ())}
        else:
            states = {state for of, state in rows.states.get((finding, subject), ()) if of == domain}
        return " and ".join(sorted(states)) or "absent"

    def check_case(self, rows, case):
        """Returns what is wrong, as lines."""
        wrong = []
        subjects = {row["domain"] for row in rows.tables["domains"]}
        subjects |= {row["exchange"] for row in rows.tables["mx"]}
        looked_up = {row["host"] for row in rows.tables["hosts"]}
        looked_up |= {_subject(row["address"]) for row in rows.tables["addresses"]}
        subjects |= looked_up
        where = f"{case.case.path} {case.case.name}"
        for line in case.scans:
            if _name(line.lower()) not in subjects:
                wrong.append(f"{where}: {line} has no row")
        for state, finding, subject in case.expected:
            if finding not in self.catalog:
                wrong.append(f"{where}: {finding} is not in the catalog")
                continue
            wanted = {"near": "absent", "na": "absent"}.get(state, state)
            found = self.state_of(rows, case, finding, subject)
            if found != wanted:
                wrong.append(f"{where}: {finding} of {subject or case.scans[0]} is {found}, expected {state}")
            elif subject is not None and _subject(subject) not in subjects and state != "na":
                wrong.append(f"{where}: {finding}: nothing is known of {subject}")
        wrong += [f"{where}: {subject} has a row" for subject in case.norow if _subject(subject) in looked_up]
        if case.domain_class:
            domain = _name(case.scans[0].lower())
            found = [row["class"] for row in rows.tables["domains"] if row["domain"] == domain]
            if found != [case.domain_class]:
                wrong.append(f"{where}: class is {found}, expected {case.domain_class}")
        for reason, line in case.rejects:
            found = [row["reason"] for row in rows.rejects if row["input"] == line]
            if found != [reason]:
                wrong.append(f"{where}: {line} is rejected for {found}, expected {reason}")
        return wrong

    def test_cases(self):
        wrong = [line for case in self.expanded for line in self.check_case(self.base, case)]
        self.assertEqual(wrong, [], "\n" + "\n".join(wrong))


    def test_each_expectation_can_fail(self):
        """The opposite of every expectation is reported: none of them holds whatever the rows say."""
        for case in self.expanded:
            for expectation in case.expected:
                state, finding, subject = expectation
                opposite = "absent" if state in ("present", "unknown") else "present"
                one = dataclasses.replace(case, expected=[(opposite, finding, subject)], norow=[], domain_class="",
                                          rejects=[])
                self.assertEqual(len(self.check_case(self.base, one)), 1, f"{case.case.name}: {expectation}")

    def test_every_finding_has_its_cases(self):
        shown = collections.defaultdict(set)
        for case in self.expanded:
            for state, finding, _ in case.expected:
                shown[finding].add(state)
        missing = []
        for finding, (_, _, needs) in self.catalog.items():
            wanted = {"any": {"present", "near", "unknown"}, "resolver": {"present", "near", "unknown"}, "auth": {"na"},
                      "policy": set(), "input": set()}[needs]
            if finding in coverage_rules.NO_UNKNOWN:
                wanted = wanted - {"unknown"}
                if finding not in ("mx_truncated",) and "unknown" in shown[finding] and \
                        coverage_rules.NO_UNKNOWN[finding].startswith("judged"):
                    missing.append(f"{finding} is said to be never unknown, and a case expects that it is")
            missing += [f"{finding} has no case `{state}`" for state in sorted(wanted - shown[finding])]
        missing += [f"{finding} is not in the catalog" for finding in coverage_rules.NO_UNKNOWN
                    if finding not in self.catalog]
        self.assertEqual(missing, [], "\n" + "\n".join(missing))
        self.assertTrue(any(case.rejects for case in self.expanded), "domain_name_invalid has no case")

    # --- the tables among each other

    def test_tables_agree(self):
        """The lists of ids on the rows of domains, mx, hosts and addresses are the findings table."""
        self.check_tables_agree(self.base)

    def check_tables_agree(self, rows):
        listed, stated = set(), set()
        for row in rows.tables["domains"]:
            for column, state in (("findings", "present"), ("unknowns", "unknown")):
                listed |= {("domain", row["domain"], finding, state) for finding in row[column].split()}
        for row in rows.tables["mx"]:
            listed |= {("mx", row["domain"], row["exchange"], finding, "present")
                       for finding in row["findings"].split()}
        for table, key in (("hosts", "host"), ("addresses", "address")):
            for row in rows.tables[table]:
                for column, state in (("findings", "present"), ("unknowns", "unknown")):
                    listed |= {(table, row[key], finding, state) for finding in row[column].split()}
        for row in rows.tables["findings"]:
            finding, state = row["finding"], row["state"]
            if row["finding"] == "ptr_not_mx_name":
                continue  # of a pair of host and address, for which no row stands
            if row["scope"] in DOMAIN_SCOPES:
                stated.add(("domain", row["domain"], finding, state))
                if row["scope"] == "mx" and state == "present":
                    stated.add(("mx", row["domain"], row["subject"], finding, state))
            else:
                stated.add(("hosts" if row["scope"] == "host" else "addresses", row["subject"], finding, state))
        self.assertEqual(sorted(listed ^ stated), [])
        self.assertFalse([row for row in rows.tables["findings"]
                          if (row["scope"], row["severity"]) != self.catalog[row["finding"]][:2]])

    def test_summary_counts(self):
        """The four counts of every finding add up to the subjects there are, and the rows are what they count."""
        rows = self.base
        subjects = {"domain": len(rows.tables["domains"]), "mx_set": len(rows.tables["domains"]),
                    "mx": len(rows.tables["mx"]), "host": len(rows.tables["hosts"]),
                    "address": len(rows.tables["addresses"]), "reverse": len(rows.tables["addresses"])}
        counted = collections.Counter((row["finding"], row["state"]) for row in rows.tables["findings"])
        for finding, (scope, _, needs) in self.catalog.items():
            row = rows.summary[finding]
            if finding == "domain_name_invalid":
                self.assertEqual(int(row["present"]), len(rows.rejects))
                continue
            for state in ("present", "unknown"):
                self.assertEqual(int(row[state] or 0), counted[finding, state], (finding, state))
            if finding == "ptr_not_mx_name":
                continue  # of pairs
            counts = [int(row[column]) for column in ("present", "absent", "unknown", "not_applicable")]
            self.assertEqual(sum(counts), subjects[scope], finding)
            if needs in ("auth", "policy"):
                self.assertEqual(counts[:3], [0, 0, 0], finding)
                continue
        self.check_counted(rows, self.expanded)

    def check_counted(self, rows, expanded):
        """Each subject that a case calls absent or not applicable is counted as that."""
        said = collections.Counter()
        for case in expanded:
            said.update({(finding, "not_applicable" if state == "na" else "absent", subject, case.case.name)
                         for state, finding, subject in case.expected if state in ("absent", "near", "na")})
        least = collections.Counter((finding, column) for finding, column, *_ in said)
        wrong = [f"{finding} is {column} {rows.summary[finding][column]} times, the cases say {count}"
                 for (finding, column), count in least.items()
                 if finding != "ptr_not_mx_name" and int(rows.summary[finding][column]) < count]  # that is of pairs
        self.assertEqual(wrong, [], "\n" + "\n".join(wrong))

    # --- the same meaning, put otherwise

    def assert_same_verdicts(self, rows, undo=lambda text: text, base=None):
        differences = _differences((base or self.base).verdicts(), rows.verdicts(undo))
        self.assertEqual(differences, [], "\n" + "\n".join(differences))

    def assert_same_rows(self, expected, found):
        differences = _differences(expected.stable(), found.stable())
        self.assertEqual(differences, [], "\n" + "\n".join(differences))

    @classmethod
    def plan_styles(cls):
        for seed in ("1", "2"):
            cls.start("shuffled" + seed, style=("--shuffle",), seed=seed)
        for name, style in (("recased", ("--recase",)), ("tcp", ("--truncate",)), ("noise", ("--noise",)),
                            ("all_at_once", ("--noise", "--recase", "--shuffle")),
                            ("noise_everywhere", ("--noise", "--noise-in-negative-answers")),
                            ("a_late", ("--late-type", "1")), ("aaaa_late", ("--late-type", "28")),
                            ("any_order", ("--jitter", "30")), ("loss", ("--loss", "0.2"))):
            cls.start(name, style=style)
        for edns in ("ignored", "refused"):
            cls.start("edns_" + edns, expanded=cls.cases_for_edns(edns), style=("--edns", edns))

    @classmethod
    def plan_lists(cls):
        cls.start("upper", expanded=[dataclasses.replace(case, scans=[line.upper() for line in case.scans])
                                     for case in cls.expanded])
        more = [f"{label} {data}" for label, data in (
            ("@", "TXT unrelated"), ("@", "NS ns.names-of-servers.net."),
            ("unrelated-sibling", "MX 10 unrelated-sibling"), ("unrelated-sibling", "A 46.9.9.9"),
            ("unrelated-sibling", "AAAA 2a0f::9"), ("_dmarc", "TXT v=DMARC1"))]
        cls.start("noisy_zones", expanded=[
            dataclasses.replace(case, zones=[(apex, records + more) for apex, records in case.zones])
            for case in cls.expanded])
        cls.namers = {length: case_files.Namer(length, SEED) for length in ("same", "other")}
        for length, namer in cls.namers.items():
            cls.start("renamed_" + length, expanded=[case_files.expand(case, namer) for case in cls.cases])

    @classmethod
    def plan_crowds(cls):
        looked_up = {row["host"] for row in cls.base.tables["hosts"]}
        exchanges = sorted({row["exchange"] for row in cls.base.tables["mx"]} & looked_up)
        sharing = [f"f{i} MX 10 {cls.escape(name)}" for i, name in enumerate(exchanges)]
        more_zones = [("crowd-of-fillers.org.", [f"*.any MX 10 mx{i}" for i in range(3)] +
                       [f"mx{i} A 46.1.2.{i}" for i in range(3)] + sharing)]
        lines = [f"d{i}.any.crowd-of-fillers.org" for i in range(FILLERS)]
        lines += [f"f{i}.crowd-of-fillers.org" for i in range(len(sharing))]
        for threads in ("1", "2"):
            cls.start("crowd" + threads, threads=threads, more_zones=more_zones, more_lines=lines,
                      shuffle=SEED + int(threads))

    @classmethod
    def plan_alone(cls):
        cls.chosen = cls.expanded
        if OPTIONS.alone == "sample":
            cls.chosen = random.Random(SEED).sample(cls.chosen, min(ALONE_SAMPLE, len(cls.chosen)))
        for case in cls.chosen:
            # A scan that gets no answer at all ends with an error: one other domain is answered.
            silent = any(kind == "drop" for *_, kind in case.failures)
            cls.start("alone_" + case.case.name, expanded=[case], more_lines=[OTHER] if silent else [])

    @classmethod
    def cases_for_edns(cls, edns):
        left_out = coverage_rules.LEFT_OUT["edns_" + edns]
        return [case for case in cls.expanded if case.case.name not in left_out]

    def base_of(self, expanded):
        base = Rows(self.directory / "base" / "out")
        base.keep_domains({_name(line.lower()) for case in expanded for line in case.scans})
        return base

    def test_shuffled_records(self):
        self.assert_same_verdicts(self.rows_of("shuffled1"))
        self.assert_same_verdicts(self.rows_of("shuffled2"))

    def test_changed_case(self):
        self.assert_same_verdicts(self.rows_of("recased"))

    def test_upper_case_input(self):
        self.assert_same_verdicts(self.rows_of("upper"))

    def test_over_tcp(self):
        self.assert_same_verdicts(self.rows_of("tcp"))

    def test_without_edns(self):
        for edns in ("ignored", "refused"):
            with self.subTest(edns):
                base = self.base_of(self.cases_for_edns(edns))
                self.assert_same_verdicts(self.rows_of("edns_" + edns), base=base)

    def test_unrelated_records(self):
        self.assert_same_verdicts(self.rows_of("noise"))
        self.assert_same_verdicts(self.rows_of("all_at_once"))

    def test_unrelated_records_in_zones(self):
        self.assert_same_rows(self.base, self.rows_of("noisy_zones"))

    def test_answers_about_something_else(self):
        """A negative answer whose answer section is about other names may be doubted, and never believed."""
        self.check_no_opposites(self.rows_of("noise_everywhere"))

    def test_renamed_labels(self):
        for length, namer in self.namers.items():
            with self.subTest(length):
                self.assert_same_verdicts(self.rows_of("renamed_" + length), namer.undo)

    def test_order_of_answers(self):
        for name in ("a_late", "aaaa_late", "any_order"):
            with self.subTest(name):
                self.assert_same_rows(self.base, self.rows_of(name))

    def test_loss(self):
        """With a fifth of the answers lost a state may become unknown, never its opposite."""
        rows = self.rows_of("loss")
        self.assertEqual(sorted(row["domain"] for row in rows.tables["domains"]),
                         sorted(row["domain"] for row in self.base.tables["domains"]))
        self.check_no_opposites(rows)
        unknowns = [sum(row["state"] == "unknown" for row in tables["findings"])
                    for tables in (self.base.tables, rows.tables)]
        self.assertGreater(unknowns[1], unknowns[0], "the loss changed nothing, so this shows nothing")

    def check_no_opposites(self, rows):
        severity = {finding: info[1] for finding, info in self.catalog.items()}
        base = {key: state for key, state in self.base.verdicts().items() if key[0] != "class"}
        lossy = {key: state for key, state in rows.verdicts().items() if key[0] != "class"}
        subjects = {(table, row[key]) for table, key in (("domains", "domain"), ("hosts", "host"),
                                                         ("addresses", "address")) for row in rows.tables[table]}
        exchanges = {(row["domain"], row["exchange"]) for row in rows.tables["mx"]}
        wrong = []
        for key in base.keys() | lossy.keys():
            scope, subject, domain, finding = key[:4]
            before, after = base.get(key, "absent"), lossy.get(key, "absent")
            if "unknown" in (before, after) or before == after or severity[finding] == "unknown":
                continue  # a finding that says "unknown" comes and goes with the failure
            table = {"host": "hosts", "address": "addresses", "reverse": "addresses"}.get(scope, "domains")
            known = (domain, subject) in exchanges if scope == "mx" else (table, subject) in subjects
            if known and not self.is_note_of_failure(finding):
                wrong.append(f"{key}: {before} became {after}")
        self.assertEqual(wrong, [])

    @staticmethod
    def is_note_of_failure(finding):
        return finding in coverage_rules.NOTES_OF_FAILURE

    def test_in_a_crowd(self):
        """Among thousands of others, in any order, beside domains that share every host, with one worker and two."""
        domains = {row["domain"] for row in self.base.tables["domains"]}
        for threads in ("1", "2"):
            with self.subTest(threads=threads):
                rows = self.rows_of("crowd" + threads)
                self.assertGreater(len(rows.tables["domains"]), FILLERS)
                self.check_tables_agree(rows)
                rows.keep_domains(domains)
                self.assert_same_rows(self.base, rows)

    @staticmethod
    def escape(line):
        """Dataset text as master file text: `;`, parentheses and quotes would be read as syntax."""
        return re.sub(r"[;()$]", lambda match: f"\\{ord(match[0]):03d}", line)

    def test_alone(self):
        """Each case by itself gives the rows that it gave among all."""
        for case in self.chosen:
            with self.subTest(case.case.name):
                rows = self.rows_of("alone_" + case.case.name)
                self.check_counted(rows, [case])
                rows.keep_domains({row["domain"] for row in rows.tables["domains"]} - {_name(OTHER)})
                self.assert_same_rows(self.base_of([case]), rows)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("mxscan")
    parser.add_argument("lab_serve")
    parser.add_argument("--only", nargs="+", default=[])
    parser.add_argument("--alone", choices=("sample", "all"), default="sample")
    parser.add_argument("--timeout", default="400ms", help="of a scan's attempts: longer for a slow build")
    parser.add_argument("--keep", action="store_true")
    parser.parse_known_args(namespace=OPTIONS)
    rest = parser.parse_known_args()[1]
    unittest.main(argv=[sys.argv[0], *(["FindingsTest.test_cases"] if OPTIONS.only else []), *rest])


if __name__ == "__main__":
    main()
