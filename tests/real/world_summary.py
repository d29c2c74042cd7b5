#!/usr/bin/env python3
"""Holds the summary of a dataset to the truth of a synthetic internet, all four states of every finding.

usage: world_summary.py DATASET TRUTH [--lookups GROUPS] [--iterative [--all-servers]]

TRUTH is what `world truth` wrote. The states are counted from its rows by rules of their own, written from the findings
contract: what is present or unknown stands in a row, what could not apply follows from the row's other columns, and
the rest is absent. Of the other tables of the summary those are compared that the truth determines: classes, outcomes
and rejects. Exit status 1 with one line for each difference.
"""

import argparse
import collections
import csv
import pathlib
import re
import sys

FAILED = {"servfail", "refused", "timeout"}
DATA_OR_FAILED = FAILED | {"data"}
NODATA_OR_FAILED = FAILED | {"nodata"}

NO_MX = {"mx_none_implicit", "implicit_mx_suspect", "mx_none_no_address", "mx_none_address_unknown"}
OF_A_SET_OF_THE_DOMAIN = {"domain_no_ipv4_mx", "domain_no_ipv6_mx", "mx_wildcard", "domain_from_wildcard"}
CHARACTERS = {"mx_exchange_underscore", "mx_exchange_bad_hyphen", "mx_exchange_illegal_char", "mx_exchange_nonascii",
              "mx_exchange_double_hyphen", "mx_exchange_bad_alabel"}
LITERALS = {"mx_exchange_bracketed", "mx_exchange_ipv4_literal", "mx_exchange_ipv4_literal_relative",
            "mx_exchange_ipv6_literal"}
NOT_LOOKED_UP = LITERALS | {"mx_exchange_localhost", "mx_exchange_special_tld", "mx_exchange_arpa",
                            "mx_verification_token"}
NEEDS_LOOKUP = {"mx_exchange_missing_dot", "mx_exchange_dangling_registrable"}
OF_PTR_ITSELF = {"ptr_nxdomain", "ptr_nodata", "ptr_lookup_servfail", "ptr_lookup_refused", "ptr_lookup_timeout",
                 "ptr_via_alias", "ptr_alias_dangling"}
NEEDS_CONFIRMATION = {"fcrdns_pass", "fcrdns_partial", "fcrdns_fail", "fcrdns_unknown", "ptr_target_alias",
                      "ptr_target_unresolvable"}

Finding = collections.namedtuple("Finding", "id scope severity needs")


def catalog():
    """The ids, scopes and needs of the catalog, which a test holds equal to the contract."""
    text = (pathlib.Path(__file__).resolve().parents[2] / "output" / "findings.inc").read_text()
    entries = re.findall(r"^X\(\w+, (\w+), k(\w+), k(\w+), k(\w+)\)", text, re.M)
    return [Finding(entry[0], re.sub(r"(?<!^)([A-Z])", r"_\1", entry[1]).lower(), *entry[2:]) for entry in entries]


def rows(directory, table):
    with open(directory / f"{table}.csv", newline="", encoding="ascii") as file:
        yield from csv.DictReader(file)


def domain_applies(finding, row):
    outcome = row["mx_outcome"]
    if finding.scope == "mx_set":
        if finding.id in NO_MX:
            return outcome in NODATA_OR_FAILED
        return finding.id == "mx_truncated" or outcome in DATA_OR_FAILED
    if finding.id == "mx_on_tld":
        return row["domain"].count(".") == 1
    if finding.id == "domain_from_wildcard" and row["registrable"] in ("", row["domain"]):
        return False
    return finding.id not in OF_A_SET_OF_THE_DOMAIN or outcome in DATA_OR_FAILED


def exchange_applies(finding, row):
    present = set(row["findings"].split())
    if row["exchange"] == ".":
        return False
    if finding.id in CHARACTERS:
        return not present & LITERALS
    return finding.id not in NEEDS_LOOKUP or not present & NOT_LOOKED_UP


def address_applies(finding, row):
    if finding.scope == "address":
        return True
    if row["ptr_outcome"] == "":
        return False
    if finding.id in OF_PTR_ITSELF:
        return True
    if finding.id in NEEDS_CONFIRMATION and row["fcrdns"] == "":
        return False
    return row["ptr_outcome"] in DATA_OR_FAILED


# Of each table: the scopes whose subjects its rows are, and whether a finding applies to one.
SUBJECTS = {
    "domains": (("domain", "mx_set"), domain_applies),
    "mx": (("mx",), exchange_applies),
    "hosts": (("host",), lambda finding, row: True),
    "addresses": (("address", "reverse"), address_applies),
}


def kind_of(table, row):
    """What tells rows apart for the rules above: rows of a kind are counted together."""
    if table == "domains":
        return (row["mx_outcome"], row["domain"].count(".") == 1, row["registrable"] in ("", row["domain"]))
    if table == "mx":
        return (row["exchange"] == ".", frozenset(set(row["findings"].split()) & NOT_LOOKED_UP))
    if table == "addresses":
        return (row["ptr_outcome"], row["fcrdns"] == "")
    return ()


def expected_states(truth, capabilities):
    present, unknown = collections.Counter(), collections.Counter()
    scope_of = {finding.id: finding.scope for finding in catalog()}
    kinds = {table: {} for table in SUBJECTS}
    for table, (scopes, _) in SUBJECTS.items():
        for row in rows(truth, table):  # the domains' lists hold their exchanges' findings too
            present.update(finding for finding in row["findings"].split() if scope_of[finding] in scopes)
            unknown.update(finding for finding in row.get("unknowns", "").split() if scope_of[finding] in scopes)
            entry = kinds[table].setdefault(kind_of(table, row), [row, 0])
            entry[1] += 1
    pairs = collections.Counter()
    for row in rows(truth, "findings"):
        if row["scope"] == "mx" and row["state"] == "unknown":
            unknown[row["finding"]] += 1
        if row["finding"] == "ptr_not_mx_name":
            pairs[row["state"]] += 1
    states = {}
    for finding in catalog():
        if finding.scope not in ("domain", "mx_set", "mx", "host", "address", "reverse") or finding.needs == "Policy":
            continue
        if finding.id == "domain_name_invalid":
            rejected = sum(1 for _ in rows(truth, "rejects"))
            domains = sum(count for _, count in kinds["domains"].values())
            states[finding.id] = (rejected, domains, 0, 0)
            continue
        if finding.id == "ptr_not_mx_name":
            states[finding.id] = (pairs["present"], None, pairs["unknown"], None)
            continue
        table = next(name for name, (scopes, _) in SUBJECTS.items() if finding.scope in scopes)
        able = (finding.needs == "Any" or finding.needs in capabilities) and (
            finding.id not in ("mx_wildcard", "domain_from_wildcard") or "wildcard" in capabilities) and (
            finding.id != "mx_rrset_inconsistent" or "servers" in capabilities)
        applies = SUBJECTS[table][1]
        subjects = sum(count for _, count in kinds[table].values())
        applicable = sum(count for row, count in kinds[table].values() if able and applies(finding, row))
        absent = applicable - present[finding.id] - unknown[finding.id]
        states[finding.id] = (present[finding.id], absent, unknown[finding.id], subjects - applicable)
    return states


def number(text):
    return int(text) if text else None


def compare_findings(summary, truth, capabilities):
    expected = expected_states(truth, capabilities)
    found = {row["finding"]: tuple(number(row[state]) for state in ("present", "absent", "unknown", "not_applicable"))
             for row in rows(summary, "findings")}
    shown = 0
    for finding, states in expected.items():
        if found.get(finding) != states:
            shown += 1
            print(f"{finding}: present, absent, unknown, not applicable: expected {states}, found {found.get(finding)}")
    of_these = {row["finding"] for row in rows(summary, "findings") if row["scope"] in
                ("domain", "mx_set", "mx", "host", "address", "reverse")}
    for finding in sorted(of_these - {f.id for f in catalog() if f.needs == "Policy"} ^ expected.keys()):
        shown += 1
        print(f"{finding}: in the summary or in the catalog, and not in both")
    occurring = sum(1 for states in expected.values() if states[0])
    print(f"{len(expected)} findings compared in four states, {shown} differ; {occurring} are present somewhere")
    return shown


def compare_counts(label, expected, found):
    differences = sorted(key for key in expected.keys() | found.keys() if expected.get(key, 0) != found.get(key, 0))
    for key in differences:
        print(f"{label} {key}: expected {expected.get(key, 0)}, found {found.get(key, 0)}")
    return len(differences)


def compare_others(summary, truth):
    classes, outcomes = collections.Counter(), collections.Counter()
    for row in rows(truth, "domains"):
        classes[row["class"]] += 1
        outcomes["mx", row["mx_outcome"]] += 1
        for family in ("a", "aaaa"):
            if row[f"{family}_outcome"]:
                outcomes[f"domain_{family}", row[f"{family}_outcome"]] += 1
    for row in rows(truth, "hosts"):
        outcomes["host_a", row["a_outcome"]] += 1
        outcomes["host_aaaa", row["aaaa_outcome"]] += 1
    for row in rows(truth, "addresses"):
        if row["ptr_outcome"]:
            outcomes["ptr", row["ptr_outcome"]] += 1
    rejects = collections.Counter(row["reason"] for row in rows(truth, "rejects"))
    found = {(row["lookup"], outcome): int(row[outcome]) for row in rows(summary, "outcomes")
             for outcome in ("data", "nodata", "nxdomain", *FAILED)}
    differences = compare_counts("class", classes, {r["class"]: int(r["domains"]) for r in rows(summary, "classes")})
    differences += compare_counts("outcome", outcomes, found)
    return differences + compare_counts("reject", rejects,
                                        {r["reason"]: int(r["lines"]) for r in rows(summary, "rejects")})


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("dataset", type=pathlib.Path)
    parser.add_argument("truth", type=pathlib.Path)
    parser.add_argument("--lookups", default="mx,a,aaaa,ptr,confirm,probe,bogus")
    parser.add_argument("--iterative", action="store_true", help="the run asked the zones' own servers")
    parser.add_argument("--all-servers", action="store_true", help="and all of them")
    options = parser.parse_args()
    groups = set(options.lookups.split(","))
    capabilities = {name for name, group in (("Resolver", "bogus"), ("wildcard", "wildcard")) if group in groups}
    capabilities |= {"Auth"} if options.iterative else set()
    capabilities |= {"servers"} if options.all_servers else set()
    summary = options.dataset / "summary"
    differences = compare_findings(summary, options.truth, capabilities) + compare_others(summary, options.truth)
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
