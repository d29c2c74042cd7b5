#!/usr/bin/env python3
"""Scans while the machine's clock is set forward and back, and while it seems to have slept.

usage: clocks_test.py MXSCAN WORLD JUMPING_CLOCK

JUMPING_CLOCK is the library of jumping_clock.cc; this machine's clock stays as it is. Cases: jumps, sleep, resumed. In
all of them the rows are the truth, answers are not taken for late, and no time lies outside the run. Everything is
on loopback. Exit status: 0 all held, 1 something broke.
"""

import argparse
import datetime
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from dataset import read_run, read_table  # noqa: E402

SERVER = "127.77.31.1:5397"
NAMES = 400
DAY_S = 86400
# Some three seconds of a scan, so that there is a time to jump in.
PACE = ["--rate", "400", "--server-rate", "0"]


class Failures(list):
    def expect(self, condition, text):
        print(("  held:   " if condition else "  BROKEN: ") + text, flush=True)
        if not condition:
            self.append(text)


def command(options, *words):
    return [options.world, "--seed", "31", "--size", str(NAMES), "--planted", "0", *words]


def start(options, words, jumps="", sleeps=""):
    environment = dict(os.environ, LD_PRELOAD=options.jumping_clock, MXSCAN_WALL_JUMPS=jumps, MXSCAN_SLEEPS=sleeps)
    return subprocess.Popen([options.mxscan, *words, "--quiet"], env=environment, stderr=subprocess.PIPE, text=True)


def scan(options, work, out, **clock):
    return start(options, ["scan", str(work / "names.txt"), "-o", str(out), "--resolver", SERVER, "--seed", "9", *PACE],
                 **clock)


def finish(child, failures, expected=0):
    _, errors = child.communicate(timeout=120)
    failures.expect(child.returncode == expected, f"exit status {expected} (was {child.returncode}: {errors[-300:]})")


def seconds(text):
    moment = datetime.datetime.strptime(text.rstrip("Z"), "%Y-%m-%dT%H:%M:%S.%f" if "." in text else "%Y-%m-%dT%H:%M:%S")
    return moment.replace(tzinfo=datetime.timezone.utc).timestamp()


def asked_at(out):
    return sorted(seconds(row["asked_at"].replace(" ", "T")) for table in ("domains", "hosts", "addresses")
                  for row in read_table(out, table) if row["asked_at"])


def check_rows(options, out, failures):
    compared = subprocess.run(command(options, "compare", str(out)), capture_output=True, text=True, check=False)
    problem = compared.stdout[-600:] if compared.returncode != 0 else ""
    failures.expect(compared.returncode == 0, f"the rows are the truth {problem}")
    engine = read_run(out)["counters"]["engine"]
    # A machine that is busy may be late for one or the other.
    failures.expect(engine["timed_out"] < NAMES / 10, f"{engine['timed_out']} of {engine['attempts']} attempts timed out")


def check_times(out, failures, least_s, most_s):
    run = read_run(out)
    began, ended = seconds(run["started_at"]), seconds(run["ended_at"])
    failures.expect(least_s <= ended - began <= most_s, f"it lasted {ended - began:.1f} s by its record")
    times = asked_at(out)
    failures.expect(began <= times[0] and times[-1] <= ended, "every row is of a time within the run")
    return began, times


def jumps(options, work, failures):
    out = work / "jumps"
    before = time.time()
    finish(scan(options, work, out, jumps=f"300:{10 * DAY_S},700:{-20 * DAY_S},1100:{5 * DAY_S}"), failures)
    check_rows(options, out, failures)
    began, _ = check_times(out, failures, 0, 100)
    failures.expect(abs(began - before) < 100, "it began when the clock said so")


def sleep(options, work, failures):
    out = work / "sleep"
    finish(scan(options, work, out, sleeps="600:3600"), failures)
    check_rows(options, out, failures)
    began, times = check_times(out, failures, 3600, 3700)
    early = sum(moment < began + 100 for moment in times)
    failures.expect(0 < early < len(times), f"{early} of {len(times)} rows are of before the sleep, the others of after it")


def resumed(options, work, failures):
    out = work / "resumed"
    child = scan(options, work, out)
    while not (out / "run.json").exists() or not read_run(out)["counters"].get("progress"):
        time.sleep(0.05)
    time.sleep(0.5)
    child.send_signal(signal.SIGINT)
    finish(child, failures, 75)
    finish(start(options, ["resume", str(out)], jumps=f"0:{-10 * DAY_S}"), failures)
    check_rows(options, out, failures)
    run = read_run(out)
    failures.expect(seconds(run["ended_at"]) >= seconds(run["started_at"]), "it does not end before it began")


CASES = {"jumps": jumps, "sleep": sleep, "resumed": resumed}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("mxscan")
    parser.add_argument("world")
    parser.add_argument("jumping_clock")
    options = parser.parse_args()
    failures = Failures()
    with tempfile.TemporaryDirectory(prefix="mxscan-clocks-") as directory:
        work = pathlib.Path(directory)
        subprocess.run(command(options, "list", "-o", str(work / "names.txt")), check=True)
        server = subprocess.Popen(command(options, "serve", "--listen", SERVER, "--ready", str(work / "ready")),
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            while not (work / "ready").exists():
                if server.poll() is not None:
                    sys.exit("world serve did not start")
                time.sleep(0.02)
            for name, case in CASES.items():
                print(name, flush=True)
                case(options, work, failures)
        finally:
            server.terminate()
            server.wait()
    print(f"{len(failures)} broken")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
