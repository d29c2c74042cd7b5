#!/usr/bin/env python3
"""Scans a thousand zones from the root down and through Unbound, and compares the rows.

usage: iterative_servers_test.py MXSCAN [--zones N] [--keep]

The tree is served by NSD, Knot, BIND and PowerDNS mixed: a root, two top-level domains, a reverse tree, and zones each
of which stands at two of the four. All of it is in a network namespace of the test's own, at port 53 of addresses that
are ordinary ones to the program, so that nothing of it is special: no option for laboratories is used, and no packet
can leave. What the zones' own servers say and what a resolver says of them must be the same rows, but for what a cache
changes (TTLs, servers, counts, times) and for findings that only the zones' own servers can tell. Asking every server
of each zone changes no row either, since they agree.

At last the two top-level domains' files are scanned, and their servers are others by then, which deny everything and
keep what they are asked: the rows must be those of the same names asked for with the true servers there, and no name
below a delegation may be asked for.
"""

import argparse
import collections
import csv
import gzip
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
import dataset  # noqa: E402  (no byte code beside the sources)
import servers  # noqa: E402
import zones  # noqa: E402

PORT = 53
SCAN_LIMIT_S = 200
CONFIGURATION = 78  # exit status
SEED = 4
INSIDE = "MXSCAN_IN_NAMESPACE"
LOOKUPS = "mx,a,aaaa,ptr,confirm,probe"
SCANNED_ZONES = ("com.", "net.")
# What depends on the moment, or on who was asked, and not on the zones.
VOLATILE = {"asked_at", "rtt_us", "server", "attempts", "queries", "mx_ttl", "ttl", "a_ttl", "aaaa_ttl"}
# What depends on the list.
OF_LIST = {"input", "input_rank"}
TABLES = ("domains", "mx", "hosts", "addresses", "findings")

# Who serves what. The hosts have every implementation; each zone stands at two of them.
ROOTS = {"5.1.0.1": servers.start_nsd, "5.1.0.2": servers.start_knot}
PARENTS = {"com.": {"5.1.1.1": servers.start_bind, "5.1.1.2": servers.start_nsd},
           "net.": {"5.1.2.1": servers.start_knot},
           "arpa.": {"5.1.3.1": servers.start_pdns}}
HOSTS = {"nsd": ("5.2.0.1", servers.start_nsd), "knot": ("5.2.0.2", servers.start_knot),
         "bind": ("5.2.0.3", servers.start_bind), "pdns": ("5.2.0.4", servers.start_pdns)}
HOSTING = "hosting.net."
NOWHERE = ("lapsed-registration.net.", "never.com.")  # no zone, and no name of one

CHECKED = []


def expect(condition, text):
    CHECKED.append(bool(condition))
    print(("  held:   " if condition else "  BROKEN: ") + text, flush=True)


def header(zone, names):
    soa = f"@ 3600 IN SOA {names[0]} hostmaster.{HOSTING} 1 14400 3600 1209600 3600\n"
    return f"$ORIGIN {zone}\n$TTL 3600\n{soa}" + "".join(f"@ 3600 IN NS {name}\n" for name in names)


def generated(count, draw):
    """Returns {zone: records} of mail domains of all kinds."""
    made = {}
    for number in range(count):
        tld = draw.choice(("com.", "net."))
        zone = f"mail{number}.{tld}"
        octets = f"5.{20 + number // 250}.{number % 250}"
        records = draw.choice((
            "@ MX 10 mx.provider.net.\n",
            "@ MX 10 mx.provider.net.\n@ MX 20 mx2.provider.net.\n",
            f"@ MX 10 mx\n@ MX 20 mx.provider.net.\nmx A {octets}.1\n",
            f"@ MX 10 a\n@ MX 20 b\na A {octets}.1\nb A {octets}.2\nb AAAA 2a10:20:{number:x}::2\n",
            f"@ MX 10 mail\nmail CNAME mx.mail{number // 2}.{tld}\nmx A {octets}.1\n",
            "@ MX 10 gone\n",
            f"@ MX 10 mx.mail{draw.randrange(count)}.com.\n",
            f"@ A {octets}.3\nmail A {octets}.4\n",
            "@ MX 0 .\n",
            '@ TXT "no mail"\n',
            "".join(f"@ MX {10 + i} exchange-number-{i:02}\nexchange-number-{i:02} A {octets}.{i}\n" for i in range(40)),
        ))
        made[zone] = records
    return made


class Tree:
    """Zones, who serves them, and what their parents say of them."""

    def __init__(self, count, draw):
        self.mail = dict(zones.MAIL_ZONES)
        self.mail.update(generated(count - len(self.mail), draw))
        self.draw = draw
        self.at = collections.defaultdict(dict)  # address: {zone: text}
        self.delegations = collections.defaultdict(list)  # parent: lines
        names = list(HOSTS)
        hosting = "".join(f"{name} A {HOSTS[name][0]}\n" for name in names)
        everywhere = [f"{name}.{HOSTING}" for name in names]
        self.add(HOSTING, names, everywhere, hosting)
        self.delegations["net."] += [f"{name}.{HOSTING} A {HOSTS[name][0]}" for name in names]
        for zone, records in self.mail.items():
            self.add_mail(zone, records)
        for zone, text in zones.all_zones().items():
            if not zone.endswith(".arpa.") or zone.count(".") < 3:
                continue
            records = "".join(line + "\n" for line in text.split("\n")[4:])  # without the origin, TTL, SOA and NS
            two = draw.sample(names, 2)
            self.add(zone, two, [f"{name}.{HOSTING}" for name in two], records)
        self.add_parents()

    def add(self, zone, hosts, ns_names, records):
        for host in hosts:
            self.at[HOSTS[host][0]][zone] = header(zone, ns_names) + records
        parent = "arpa." if zone.endswith(".arpa.") else zone.split(".")[-2] + "."
        self.delegations[parent] += [f"{zone} NS {name}" for name in ns_names]

    def add_mail(self, zone, records):
        two = self.draw.sample(list(HOSTS), 2)
        kind = self.draw.random()
        if kind < 0.4:  # servers within the zone, with glue
            ns_names = [f"ns{i}.{zone}" for i in (1, 2)]
            glue = [f"{name} A {HOSTS[host][0]}" for name, host in zip(ns_names, two)]
            self.add(zone, two, ns_names, records + "".join(line + "\n" for line in glue))
            self.delegations[zone.split(".")[-2] + "."] += glue
        elif kind < 0.45:  # one of the two is lame: it does not know the zone
            self.add(zone, two, [f"{host}.{HOSTING}" for host in two], records)
            del self.at[HOSTS[two[0]][0]][zone]
        else:
            self.add(zone, two, [f"{host}.{HOSTING}" for host in two], records)

    def add_parents(self):
        root = []
        for parent, at in PARENTS.items():
            ns_names = [f"ns{i}.{parent}" for i in range(1, len(at) + 1)]
            glue = [f"{name} A {address}" for name, address in zip(ns_names, at)]
            text = header(parent, ns_names) + "".join(line + "\n" for line in glue + self.delegations[parent])
            for address in at:
                self.at[address][parent] = text
            root += [f"{parent} NS {name}" for name in ns_names] + glue
        ns_names = [f"{letter}.root." for letter in "ab"]
        root += [f"{name} A {address}" for name, address in zip(ns_names, ROOTS)]
        for address in ROOTS:
            self.at[address]["."] = header(".", ns_names) + "".join(line + "\n" for line in root)

    def starters(self):
        everyone = dict(ROOTS)
        for at in PARENTS.values():
            everyone.update(at)
        everyone.update(HOSTS.values())
        return everyone

    def hints(self):
        return "".join(f". NS {letter}.root.\n{letter}.root. 3600 A {address}\n" for letter, address in zip("ab", ROOTS))


class Denier(servers.UdpServer):
    """Denies everything with authority, and keeps the names that it was asked for."""

    def __init__(self, address):
        self.names = collections.Counter()
        super().__init__((address, PORT))

    def reply(self, query):
        end = self.question_end(query)
        labels, at = [], 12
        while query[at] != 0:
            labels.append(query[at + 1:at + 1 + query[at]].decode("ascii", "replace").lower())
            at += 1 + query[at]
        self.names[".".join(labels) + "."] += 1
        return query[:2] + bytes([0x84, 3, 0, 1, 0, 0, 0, 0, 0, 0]) + query[12:end]


def scan(options, work, name, *words, lists=None):
    out = work / name
    command = [options.mxscan, "scan", *(lists or [work / "list.txt"]), "-o", out, "--lookups", LOOKUPS, "--seed", "1",
               "--timeout", "2s", "--quiet", *words]
    done = subprocess.run(list(map(str, command)), stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=SCAN_LIMIT_S, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return out


def needing_auth(options):
    """The findings that only a zone's own servers can tell."""
    catalog = subprocess.run([options.mxscan, "explain", "--json"], capture_output=True, text=True, check=True).stdout
    return {finding["finding"] for finding in json.loads(catalog) if finding["needs"] == "auth"}


def rows_of(out, table, ignored):
    """The rows as a sorted list of texts, without what a cache changes."""
    rows = []
    for row in dataset.read_table(out, table):
        if table == "findings" and row["finding"] in ignored:
            continue
        # Evidence may state a TTL.
        for column in VOLATILE | OF_LIST | ({"evidence"} if table == "findings" else set()):
            row.pop(column, None)
        for column in ("findings", "unknowns"):
            if column in row:
                row[column] = " ".join(word for word in row[column].split() if word not in ignored)
        rows.append(" ".join(f"{key}={value}" for key, value in row.items()))
    return sorted(rows)


def compare(options, direct, through, here="from the root down", there="through Unbound"):
    ignored = needing_auth(options)
    expect(ignored, f"{len(ignored)} findings are the servers' own to tell")
    for table in TABLES:
        ours, theirs = rows_of(direct, table, ignored), rows_of(through, table, ignored)
        only_ours = collections.Counter(ours) - collections.Counter(theirs)
        only_theirs = collections.Counter(theirs) - collections.Counter(ours)
        expect(ours and not only_ours and not only_theirs, f"{table}: {len(ours)} rows {here}, {len(theirs)} {there}, "
                                                           "all the same")
        for row in list(only_ours)[:5]:
            print(f"    only {here}: {row}")
        for row in list(only_theirs)[:5]:
            print(f"    only {there}: {row}")


def scan_zone_files(options, work, tree, parents):
    """`parents`: the servers of the zones, to be stopped."""
    delegated = {line.split()[0] for zone in SCANNED_ZONES for line in tree.delegations[zone] if line.split()[1] == "NS"}
    (work / "delegated.txt").write_text("".join(name + "\n" for name in sorted(delegated)))
    # One file in no order, one sorted and compressed.
    files = []
    for zone in SCANNED_ZONES:
        lines = tree.at[next(iter(PARENTS[zone]))][zone].splitlines()
        head, records = lines[:3], lines[3:]
        files.append(work / f"{zone}zone")
        if zone == "com.":
            tree.draw.shuffle(records)
            files[-1].write_text("".join(line + "\n" for line in head + records))
        else:
            files[-1].write_bytes(gzip.compress("".join(line + "\n" for line in head + sorted(records)).encode()))
    words = ("--resolver", "iterative", "--root-hints", work / "hints", "--server-rate", "0")
    listed = scan(options, work, "listed", *words, lists=[work / "delegated.txt"])
    for server in parents:
        server.stop()
    deniers = [Denier(address) for zone in SCANNED_ZONES for address in PARENTS[zone]]
    try:
        mapped = scan(options, work, "mapped", *words, "--threads", "2", "--rate", "0", lists=files)
    finally:
        for denier in deniers:
            denier.__exit__()
    asked = sum((denier.names for denier in deniers), collections.Counter())
    below = [name for name in asked if ".".join(name.split(".")[-3:]) in delegated]
    expect(not below, f"the servers of {' and '.join(SCANNED_ZONES)} were asked for none of {len(delegated)} mapped names, and "
                      f"for {len(asked)} others: {below[:5]}")
    compare(options, mapped, listed, "with zone files", "asking the parents")
    told = dataset.read_run(mapped)["counters"]["zone_map"]
    expect(told["files"] == len(SCANNED_ZONES) and told["delegations"] >= len(delegated), f"run.json says so: {told}")


def compare_every(direct, every):
    """Servers that hold the same zones: asking all of them changes no row, and finds no difference.

    Not every implementation takes every zone: where one refuses, whether its set would differ is unknown.
    """
    ignored = {"mx_rrset_inconsistent"}
    same = [table for table in TABLES if rows_of(direct, table, ignored) == rows_of(every, table, ignored)]
    expect(same == list(TABLES), f"the same rows where every server is asked: {same}")
    said = {finding["finding"]: finding for finding in csv.DictReader((every / "summary" / "findings.csv").open())}
    agreed = said["mx_rrset_inconsistent"]
    sets = sum(row["mx_outcome"] == "data" for row in dataset.read_table(every, "domains"))
    present, absent, unknown = (int(agreed[state]) for state in ("present", "absent", "unknown"))
    expect(present == 0 and absent > 0.9 * sets and absent + unknown == sets,
           f"{absent} sets that all servers agree on, {unknown} that one of them refuses")
    record = dataset.read_run(every)
    counters, refused = record["counters"]["iterator"], record["rcodes"].get("5", 0)
    zones_asked, answered = counters["every_server_zones"], counters["every_server_answered"]
    failed, lame = counters["every_server_failed"], counters["every_server_lame"]
    expect(zones_asked >= sets and answered + failed == 2 * zones_asked,
           f"{answered} servers answered for {zones_asked} names that stand at two each")
    expect(failed <= refused and lame == 0, f"{failed} failed, each with REFUSED, and {lame} were lame")


def check_doctor(options, work):
    """Without --resolver both ways are tried, and one that is open is enough to scan."""
    done = subprocess.run([options.mxscan, "doctor", "--json", "--timeout", "200ms", "--output", work, "--root-hints",
                           work / "hints"], capture_output=True, text=True, timeout=SCAN_LIMIT_S, check=False)
    checks = [json.loads(line) for line in done.stdout.splitlines()]
    roots = [check["level"] for check in checks if check["check"] == "root servers by IPv4"]
    system = [check["level"] for check in checks if check["check"].startswith("resolver")]
    # Nobody stands at the addresses of resolv.conf here: a problem, but not the end.
    expect(roots == ["ok"] and system and set(system) == {"problem"} and done.returncode == CONFIGURATION,
           f"doctor tries root servers and resolvers: {roots}, {system}, exit status {done.returncode}")


def run(options, work, stack):
    tree = Tree(options.zones, random.Random(SEED))
    names = [*tree.mail, *NOWHERE]
    (work / "list.txt").write_text("".join(name + "\n" for name in names))
    (work / "hints").write_text(tree.hints())
    parents = []
    for address, start in tree.starters().items():
        files = servers.write_zones(work / f"zones-{address}", tree.at[address])
        server = start(work / f"server-{address}", files, endpoint=(address, PORT))
        if any(address in PARENTS[zone] for zone in SCANNED_ZONES):
            parents.append(server)
        stack.append(server)
    print(f"{len(stack)} servers, {len(names)} names", flush=True)
    work.chmod(0o755)  # a scan that root starts goes on as another user
    # Iterative resolution is what is done where nothing else is asked for.
    direct = scan(options, work, "direct", "--root-hints", work / "hints", "--server-rate", "0")
    check_doctor(options, work)
    unbound = servers.start_unbound(work / "unbound", [(".", f"{address}@{PORT}") for address in list(ROOTS)[:1]])
    stack.append(unbound)
    through = scan(options, work, "through", "--resolver", unbound.address, "--server-rate", "0")
    compare(options, direct, through)
    every = scan(options, work, "every", "--resolver", "iterative", "--root-hints", work / "hints", "--server-rate", "0",
                 "--all-servers")
    compare_every(direct, every)
    classes = collections.Counter(row["class"] for row in dataset.read_table(direct, "domains"))
    expect(len(classes) >= 8 and classes["unknown"] < len(names) / 20, f"classes {dict(sorted(classes.items()))}")
    asked = {row["server"].rsplit(":", 1)[0] for row in dataset.read_table(direct, "domains")}
    expect({address for address, _ in HOSTS.values()} <= asked, f"each implementation answered: {sorted(asked)}")
    scan_zone_files(options, work, tree, parents)


def enter_namespace():
    """Runs this program again in a network namespace in which every address is its own."""
    script = """set -e
ip link set lo up
ip route add local 0.0.0.0/0 dev lo
for address in 5.1.1.1 5.2.0.3; do ip address add $address/32 dev lo; done
exec "$@"
"""
    unshare = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--net"]
    words = [*unshare, "bash", "-c", script, "bash", sys.executable, *sys.argv]
    os.execvpe(words[0], words, dict(os.environ, **{INSIDE: "1"}))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mxscan", type=pathlib.Path, help="the program under test")
    parser.add_argument("--zones", type=int, default=1000)
    parser.add_argument("--keep", action="store_true", help="keep the datasets, zones and logs")
    options = parser.parse_args()
    options.mxscan = options.mxscan.resolve(strict=True)
    if INSIDE not in os.environ:
        enter_namespace()
    work = pathlib.Path(tempfile.mkdtemp(prefix="mxscan-iterative-"))
    stack = []
    try:
        run(options, work, stack)
    finally:
        for server in reversed(stack):
            server.stop()
        if options.keep:
            print(f"kept: {work}")
        else:
            shutil.rmtree(work)
    print(f"{CHECKED.count(True)} held, {CHECKED.count(False)} broken")
    return 0 if all(CHECKED) else 1


if __name__ == "__main__":
    sys.exit(main())
