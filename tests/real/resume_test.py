#!/usr/bin/env python3
"""Kills running scans at random times and goes on with them, and compares what comes out with an undisturbed scan.

usage: resume_test.py MXSCAN WORLD [--kills N] [--names N] [--seed N]

A scan of the synthetic internet (with rejects, duplicates and blank lines in its list) is killed with SIGKILL, now and
then stopped with SIGINT, and resumed, until it is done; then the next, until there were N kills. After each kill every
part that the manifest lists must be there with its checksum. A finished dataset must have the rows of the undisturbed
one in every column that a run determines, the truth of the world, every line of the input accounted for, and a summary
that does not differ where rows decide it. Everything is on loopback. Exit status: 0 all held, 1 something broke.
"""

import argparse
import hashlib
import json
import os
import pathlib
import random
import secrets
import signal
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
import dataset  # noqa: E402  (no byte code beside the sources)

PORT = 5392
READY_LIMIT_S = 60
SCAN_LIMIT_S = 600
STOPPED = 75
TABLES = ("domains", "mx", "hosts", "addresses", "findings", "rejects")
# What depends on the hour, on the network, or on who asked first.
NOT_DETERMINED = {"server", "attempts", "queries", "rtt_us", "asked_at"}
SUMMARY = ("findings", "classes", "outcomes", "tlds", "providers", "mx_count", "ttl", "rejects")


class Broken(Exception):
    """What did not hold."""


def expect(condition, text):
    if not condition:
        raise Broken(text)


class World:
    """`world serve` on a loopback address of its own, and its list."""

    def __init__(self, program, seed, names, work):
        self.base = [str(program), "--seed", str(seed), "--size", str(names), "--planted", "0.5", "--junk", "0.1"]
        self.address = f"127.{secrets.randbelow(200) + 20}.{secrets.randbelow(254) + 1}.{secrets.randbelow(254) + 1}"
        self.list = work / "names.txt"
        subprocess.run([*self.base, "list", "-o", str(self.list)], check=True)
        ready = work / "ready"
        with open(work / "world.log", "wb") as log:
            self.server = subprocess.Popen([*self.base, "serve", "--listen", f"{self.address}:{PORT}", "--ready",
                                            str(ready)], stdout=log, stderr=log)
        end = time.monotonic() + READY_LIMIT_S
        while not ready.exists():
            if time.monotonic() > end or self.server.poll() is not None:
                sys.exit(f"world serve did not start: {(work / 'world.log').read_text()}")
            time.sleep(0.02)

    def compare(self, directory):
        return subprocess.run([*self.base, "compare", str(directory)], capture_output=True, text=True, check=False)

    def stop(self):
        self.server.terminate()
        self.server.wait()


def rows_of(directory, table):
    """The rows without what no run determines, sorted: equal datasets give equal lists, a row too many shows."""
    return sorted(tuple((name, value) for name, value in row.items() if name not in NOT_DETERMINED)
                  for row in dataset.read_table(directory, table))


def check_manifest(directory):
    """Every part that the manifest lists is there, whole. Returns how many domains they hold."""
    path = directory / "_manifest" / "shard-00000.json"
    domains = 0
    if not path.exists():
        return 0
    for part in json.loads(path.read_text())["parts"]:
        octets = (directory / part["path"]).read_bytes()
        expect(len(octets) == part["bytes"] and hashlib.sha256(octets).hexdigest() == part["sha256"],
               f"{part['path']} is not what the manifest says")
        if part["table"] == "domains":
            domains += part["rows"]
    return domains


def first_difference(found, expected):
    missing, extra = sorted(set(expected) - set(found)), sorted(set(found) - set(expected))
    return f"missing {missing[:2]}, too many {extra[:2]}, {len(found)} rows where {len(expected)} should be"


def check_equal(directory, whole, world):
    for table in TABLES:
        found, expected = rows_of(directory, table), rows_of(whole, table)
        expect(found == expected, f"{table}: {first_difference(found, expected)}")
    for name in SUMMARY:
        expect((directory / "summary" / f"{name}.csv").read_text() == (whole / "summary" / f"{name}.csv").read_text(),
               f"summary/{name}.csv differs")
    result = world.compare(directory)
    expect(result.returncode == 0, f"not the truth:\n{result.stdout[-2000:]}")
    run, whole_run = dataset.read_run(directory), dataset.read_run(whole)
    expect(run["rows"]["conserved"] and run["rows"] == whole_run["rows"], f"{run['rows']} and {whole_run['rows']}")
    expect(run["exit_state"] == "done" and run["inputs"][0]["sha256"] == whole_run["inputs"][0]["sha256"], "run.json")
    subprocess.run(["sha256sum", "--check", "--quiet", "--strict", "SHA256SUMS"], cwd=directory, check=True)


class Lives:
    def __init__(self, options, world, work):
        self.options, self.world, self.work = options, world, work
        self.random = random.Random(options.seed)
        self.kills = self.stops = self.datasets = 0
        self.domains = 0              # rows of an undisturbed scan
        self.kept_by_checkpoints = 0  # lives that SIGKILL ended and that left rows of their own
        self.gone_on_with = 0         # finished ones whose last run had found rows

    def scan_words(self, out, threads):
        return ["scan", str(self.world.list), "-o", str(out), "--resolver", f"{self.world.address}:{PORT}", "--seed", "3",
                "--rate", str(self.options.rate), "--server-rate", "0", "--timeout", "500ms", "--tries", "3",
                "--threads", str(threads), "--checkpoint-interval", "100ms", "--quiet"]

    def run(self, words, after_s=None, signal_number=signal.SIGKILL):
        """Runs mxscan, and sends it a signal after a while; returns its exit status, negative for a signal."""
        with open(self.work / "errors", "w") as errors:
            child = subprocess.Popen([str(self.options.mxscan), *words], stdin=subprocess.DEVNULL, stderr=errors)
            try:
                child.wait(SCAN_LIMIT_S if after_s is None else after_s)
            except subprocess.TimeoutExpired:
                child.send_signal(signal_number if after_s is not None else signal.SIGKILL)
                child.wait()
        return child.returncode

    def run_until_it_keeps(self, words, out):
        """Runs a scan, and kills it once a checkpoint of it has rows, however long that takes."""
        with open(self.work / "errors", "w") as errors:
            child = subprocess.Popen([str(self.options.mxscan), *words], stdin=subprocess.DEVNULL, stderr=errors)
            while child.poll() is None and check_manifest(out) == 0:
                time.sleep(0.01)
            child.kill()
            child.wait()
        return child.returncode

    def errors(self):
        return (self.work / "errors").read_text().strip()

    def one_dataset(self, whole):
        """A scan that is killed until it is done, or until there were enough kills."""
        out = self.work / f"out-{self.datasets}"
        self.datasets += 1
        words, committed = self.scan_words(out, self.random.choice((1, 2))), 0
        # Then it is let be: names whose servers are silent take longer than a life between two kills.
        enough = min(self.options.kills, self.kills + self.random.randrange(3, 20))
        while True:
            more = self.kills < enough
            stop = self.random.random() < 0.1
            # A resumed scan lets a second pass before it asks, so that no second is above the rate.
            after = None
            if more:
                after = self.random.uniform(0, 1.2) + (1 if words[0] == "resume" and self.random.random() < 0.8 else 0)
            if more and self.kept_by_checkpoints == 0 and self.kills < 5:
                status = self.run_until_it_keeps(words, out)
            else:
                status = self.run(words, after, signal.SIGINT if stop else signal.SIGKILL)
            if status == 0:
                break
            expect(status in (-signal.SIGKILL, -signal.SIGINT, STOPPED) and more,
                   f"exit status {status}: {self.errors()}")
            if status == STOPPED:
                self.stops += 1
            else:
                self.kills += 1
            now = check_manifest(out)
            expect(now >= committed, f"{now} domains are committed, {committed} were")
            # All rows at once may be those of a scan that was about to end.
            self.kept_by_checkpoints += status != STOPPED and committed < now < self.domains
            committed = now
            if (out / "run.json").exists():
                words = ["resume", str(out), "--quiet"]
            else:
                expect(committed == 0, "rows, and no record of the run")
                out = self.work / f"out-{self.datasets}"
                self.datasets += 1
                words = self.scan_words(out, 1)
        check_equal(out, whole, self.world)
        before = dataset.read_run(out)["counters"].get("resume", {}).get("domains_before", 0)
        expect(before == committed, f"{before} domains were there before the last run, {committed} were committed")
        self.gone_on_with += before > 0
        print(f"  {out.name}: equal to the undisturbed scan; so far {self.kills} kills, {self.stops} stops", flush=True)
        subprocess.run(["rm", "-rf", str(out)], check=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mxscan", type=pathlib.Path)
    parser.add_argument("world", type=pathlib.Path)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--names", type=int, default=4000)
    parser.add_argument("--rate", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1 << 32))
    options = parser.parse_args()
    options.mxscan = options.mxscan.resolve()
    print(f"seed {options.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="mxscan-resume-") as directory:
        work = pathlib.Path(directory)
        world = World(options.world, 11, options.names, work)
        lives = Lives(options, world, work)
        try:
            whole = work / "whole"
            status = lives.run(lives.scan_words(whole, 1))
            expect(status == 0, f"the undisturbed scan: exit status {status}: {lives.errors()}")
            lives.domains = check_manifest(whole)
            while lives.kills < options.kills:
                lives.one_dataset(whole)
            expect(lives.kept_by_checkpoints > 0, "no checkpoint of a killed scan left a row")
            expect(lives.gone_on_with > 0, "no run found rows of the one before")
        except Broken as broken:
            print(f"BROKEN: {broken}\n  again, as far as time allows: {os.path.basename(__file__)} {options.mxscan} "
                  f"{options.world} --kills {options.kills} --names {options.names} --seed {options.seed}")
            return 1
        finally:
            world.stop()
    print(f"{lives.kills} kills, {lives.stops} stops, {lives.datasets} datasets: all held")
    return 0


if __name__ == "__main__":
    sys.exit(main())
