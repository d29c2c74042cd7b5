#!/usr/bin/env python3
"""Scans the synthetic internet on a machine that is short of everything, and looks whether the rows are still right.

usage: limits_test.py MXSCAN WORLD [--only CASE] [--races N]

Cases: stalls (a 4 KiB receive buffer and a process that is held for a second again and again), rings (queues and
buffers of io_uring that overflow all the time), denied (a seccomp filter forbids io_uring), liars (resolvers that
answer everything with NXDOMAIN or one address), storms (resolvers that answer only SERVFAIL, or REFUSED), files (a
stream for each question, and a limit of 64 open files), interface (it goes away and comes back, in a network
namespace), suspended (the process is held for longer than any timeout), races (two scans on one directory, N times).
All of them run three at a time, since most of their time is waiting. Everything is on loopback. Exit status: 0 all
held, 1 something broke.
"""

import argparse
import collections
import concurrent.futures
import ctypes
import os
import pathlib
import resource
import signal
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
import dataset  # noqa: E402  (no byte code beside the sources)
import servers  # noqa: E402
from faults_test import Failures, PORT, World, run_info  # noqa: E402

SCAN_LIMIT_S = 300
# At full speed; and with no long wait where the servers of some names are silent by plan.
UNLIMITED = ["--rate", "0", "--server-rate", "0"]
FULL = [*UNLIMITED, "--timeout", "700ms"]
FAST = [*UNLIMITED, "--timeout", "300ms"]
QUICK = [*FAST, "--tries", "3"]
# What depends on the hour, on the network, or on who asked first.
NOT_DETERMINED = {"server", "attempts", "queries", "rtt_us", "asked_at"}
TABLES = ("domains", "mx", "hosts", "addresses", "findings", "rejects")


class Served(World):
    """A World that is stopped whatever becomes of the test."""

    all = []

    def __init__(self, *arguments, **named):
        super().__init__(*arguments, **named)
        Served.all.append(self)


def start(options, world, out, address, *extra, before=None, seed="5"):
    command = [options.mxscan, "scan", str(world.list), "-o", str(out), "--seed", seed, "--resolver",
               f"{address}:{PORT}", *extra]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, preexec_fn=before)


def finish(child):
    _, errors = child.communicate(timeout=SCAN_LIMIT_S)
    return child.returncode, errors


def rows_of(directory):
    return {table: sorted(tuple((name, value) for name, value in row.items() if name not in NOT_DETERMINED)
                          for row in dataset.read_table(directory, table)) for table in TABLES}


def expect_true_rows(world, out, failures, *options):
    result = world.compare(out, *options)
    failures.expect(result.returncode == 0, "the rows are the truth" + (
        "" if result.returncode == 0 else "\n" + result.stdout[-2000:]))
    failures.expect(run_info(out)["rows"]["conserved"], "every line of the list is accounted for")
    return sum(int(line.split()[-1]) for line in result.stdout.splitlines() if line.startswith("became unknown"))


def expect_balance(out, failures):
    run = run_info(out)
    engine = run["counters"]["engine"]
    ended = engine["answered"] + engine["timed_out"] + engine["cancelled"] + engine["inflight_at_end"]
    failures.expect(engine["attempts"] == ended and engine["inflight_at_end"] == 0,
                    f"{engine['attempts']} attempts = answered + timed out + cancelled")
    return run


def stalls(options, work, failures):
    world = Served(options.world, 4000, work, planted=0.1)
    address = "127.77.11.1"
    world.serve(address)
    # The list takes some two seconds, and the processes are held for one, twice.
    children = {io: start(options, world, work / io, address, "--rate", "4000", "--server-rate", "0", "--io", io,
                          "--timeout", "150ms", "--tries", "6", "--transport-limits", "receive-buffer=4096")
                for io in ("uring", "mmsg")}
    for _ in range(2):
        time.sleep(0.6)
        for child in children.values():
            child.send_signal(signal.SIGSTOP)
        time.sleep(1)
        for child in children.values():
            child.send_signal(signal.SIGCONT)
    for io, child in children.items():
        out = work / io
        status, errors = finish(child)
        failures.expect(status == 0, f"{io}: exit status 0 (was {status}: {errors.strip()[-300:]})")
        lost = expect_true_rows(world, out, failures, "--allow-unknown")
        run = expect_balance(out, failures)
        drops, timed_out = run["transport"]["receive_drops"], run["counters"]["engine"]["timed_out"]
        failures.expect(run["rows"]["domains"] == 4000 and lost == 0, f"4000 rows, {lost} values unknown for the loss")
        failures.expect(0 < drops <= timed_out, f"{drops} answers dropped here, of {timed_out} timeouts")
        failures.expect(f"this machine dropped {drops} answers" in errors, "and the user is told so")
        report = subprocess.run([options.mxscan, "summarize", str(out)], capture_output=True, text=True, check=True)
        failures.expect(any("this machine dropped" in line and f"{drops:,}" in line.split()
                            for line in report.stdout.splitlines()), "and so is who reads the summary")
    world.stop()


def rings(options, work, failures):
    world = Served(options.world, 3000, work, planted=0)
    address = "127.77.12.1"
    world.serve(address, "--truncate", "0.02")
    whole = work / "whole"
    child = start(options, world, whole, address, *FULL, "--quiet")
    children = {(io, limits): start(options, world, work / f"{io}-{limits}", address, *FULL, "--quiet", "--io", io,
                                    "--transport-limits", limits)
                for io, limits in (("uring", "sq=8,cq=16,buffers=4"), ("uring", "sq=1,cq=2,buffers=1,segments=1"),
                                   ("mmsg", "buffers=4"))}
    status, errors = finish(child)
    failures.expect(status == 0, f"with queues as they are: exit status 0 ({errors.strip()})")
    expect_true_rows(world, whole, failures)
    expected = rows_of(whole)
    for (io, limits), child in children.items():
        out = work / f"{io}-{limits}"
        status, errors = finish(child)
        failures.expect(status == 0, f"{io} with {limits}: exit status 0 ({errors.strip()})")
        failures.expect(rows_of(out) == expected, "the same rows in every table")
        expect_balance(out, failures)
    world.stop()


class SockFilter(ctypes.Structure):
    _fields_ = [("code", ctypes.c_ushort), ("jt", ctypes.c_ubyte), ("jf", ctypes.c_ubyte), ("k", ctypes.c_uint32)]


class SockFprog(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.POINTER(SockFilter))]


def refuse_uring():
    """From now on the three calls of io_uring give EPERM in this process and its children."""
    eperm, first, last = 1, 425, 427  # io_uring_setup, _enter, _register: the same numbers on every architecture
    load, at_least, above, give = 0x20, 0x35, 0x25, 0x06
    program = [SockFilter(load, 0, 0, 0), SockFilter(at_least, 0, 2, first), SockFilter(above, 1, 0, last),
               SockFilter(give, 0, 0, 0x00050000 | eperm), SockFilter(give, 0, 0, 0x7fff0000)]
    libc = ctypes.CDLL(None, use_errno=True)
    filters = (SockFilter * len(program))(*program)
    no_new_privs, seccomp, mode_filter = 38, 22, 2
    if libc.prctl(no_new_privs, 1, 0, 0, 0) or libc.prctl(seccomp, mode_filter,
                                                          ctypes.byref(SockFprog(len(program), filters)), 0, 0):
        raise OSError(ctypes.get_errno(), "seccomp")


def denied(options, work, failures):
    world = Served(options.world, 3000, work, planted=0)
    address = "127.77.13.1"
    world.serve(address)
    allowed = start(options, world, work / "whole", address, *FULL, "--quiet", "--io", "uring")
    refused = start(options, world, work / "out", address, *FULL, before=refuse_uring)
    status, errors = finish(allowed)
    failures.expect(status == 0, f"allowed: exit status 0 ({errors.strip()})")
    status, errors = finish(refused)
    failures.expect(status == 0, f"denied: exit status 0 ({errors.strip()[-300:]})")
    reasons = [line for line in errors.splitlines() if "io_uring" in line]
    failures.expect(len(reasons) == 1 and "not permitted" in reasons[0] and "seccomp" in reasons[0],
                    f"one line says why: {reasons}")
    failures.expect(rows_of(work / "out") == rows_of(work / "whole"), "the same rows in every table")
    expect_true_rows(world, work / "out", failures)
    status, errors = finish(start(options, world, work / "none", address, *FULL, "--io", "uring",
                                  before=refuse_uring))
    failures.expect(status == 77, f"asked for by name and denied: exit status 77 (was {status}: {errors.strip()})")
    world.stop()


def liars(options, work, failures):
    world = Served(options.world, 2000, work, planted=0.2)
    honest = "127.77.14.1"
    world.serve(honest)
    lying = [servers.LyingServer("127.77.14.2", PORT, invents=True),
             servers.LyingServer("127.77.14.3", PORT, invents=False)]
    both = [word for server in lying for word in ("--resolver", server.address)]
    status, errors = finish(start(options, world, work / "out", honest, *QUICK, *both))
    failures.expect(status == 0, f"beside an honest resolver: exit status 0 ({errors.strip()[-300:]})")
    expect_true_rows(world, work / "out", failures)
    run = expect_balance(work / "out", failures)
    for server, words in zip(lying, ("gives addresses for names that do not exist", "the root included")):
        told = [line for line in errors.splitlines() if server.address in line and words in line]
        failures.expect(len(told) == 1, f"said once of {server.address}: {told}")
        failures.expect(words in run["control"].get(server.address, ""), "and kept in run.json")
    by_server = {row["server"] for row in dataset.read_table(work / "out", "domains")}
    failures.expect(by_server <= {f"{honest}:{PORT}", ""}, f"no row came from them: {by_server}")
    controls = run["counters"]["engine"]["controls"]
    failures.expect(0 < controls <= 30, f"{controls} control questions of {run['counters']['engine']['attempts']}")
    for server in lying:
        out = work / f"only-{server.address}"
        command = [options.mxscan, "scan", str(world.list), "-o", str(out), *QUICK, "--resolver", server.address]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=SCAN_LIMIT_S)
        failures.expect(done.returncode == 69 and "tells the truth" in done.stderr,
                        f"alone: exit status 69 (was {done.returncode}: {done.stderr.strip()[-200:]})")
        classes = {row["class"] for row in dataset.read_table(out, "domains")}
        failures.expect(classes <= {"unknown"}, f"no verdict comes from it: {classes}")
        check = subprocess.run([options.mxscan, "check", "example.com", "--resolver", server.address],
                               capture_output=True, text=True, check=False, timeout=SCAN_LIMIT_S)
        failures.expect(check.returncode == 69 and "tells the truth" in check.stderr,
                        f"a check ends so too (was {check.returncode}: {check.stderr.strip()[-200:]})")
    trusted = work / "trusted"
    command = [options.mxscan, "scan", str(world.list), "-o", str(trusted), *UNLIMITED, "--inflight", "100",
               "--resolver", lying[1].address, "--trust-resolvers", "--quiet"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=SCAN_LIMIT_S)
    failures.expect(done.returncode == 0 and lying[1].address not in run_info(trusted)["control"] and
                    {row["class"] for row in dataset.read_table(trusted, "domains")} == {"nxdomain"},
                    f"trusted, it is asked and believed: {done.stderr.strip()} {run_info(trusted)['control']}")
    for server in lying:
        server.__exit__()
    world.stop()


def storms(options, work, failures):
    world = Served(options.world, 1000, work, planted=0.2)
    honest, servfail, refused = "127.77.15.1", "127.77.15.2", "127.77.15.3"
    world.serve(honest)
    world.serve(servfail, "--servfail", "1")
    world.serve(refused, "--refused", "1")
    storm = [word for address in (servfail, refused) for word in ("--resolver", f"{address}:{PORT}")]
    children = {"beside": start(options, world, work / "beside", honest, *FAST, "--tries", "6", "--quiet", *storm),
                "servfail": start(options, world, work / "servfail", servfail, *QUICK, "--quiet"),
                "refused": start(options, world, work / "refused", refused, *QUICK, "--quiet")}
    for name, child in children.items():
        status, errors = finish(child)
        failures.expect(status == 0, f"{name}: exit status 0 (was {status}: {errors.strip()})")
        expect_balance(work / name, failures)
    # A name that was refused and failed six times in all may end otherwise than asked of the honest one alone.
    expect_true_rows(world, work / "beside", failures, "--allow-unknown")
    for name in ("servfail", "refused"):
        rows = dataset.read_table(work / name, "domains")
        ends = collections.Counter((row["class"], row["mx_outcome"]) for row in rows)
        # Some names are silent by plan.
        failures.expect(len(rows) == 1000 and set(ends) <= {("unknown", name), ("unknown", "timeout")} and
                        ends["unknown", name] > 900, f"{name}: every row says so, and no more: {dict(ends)}")
    world.stop()


def files(options, work, failures):
    """Every answer is truncated, so that each question wants a stream, and the process may have 64 files open."""
    world = Served(options.world, 600, work, planted=0.2)
    address = "127.77.16.1"
    world.serve(address, "--truncate", "1")
    children = {io: start(options, world, work / io, address, *QUICK, "--quiet", "--io", io, before=lambda:
                          resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))) for io in ("uring", "mmsg")}
    for io, child in children.items():
        status, errors = finish(child)
        failures.expect(status == 0, f"{io}: exit status 0 (was {status}: {errors.strip()})")
        if status != 0:
            continue
        lost = expect_true_rows(world, work / io, failures, "--allow-unknown")
        run = expect_balance(work / io, failures)
        failures.expect(lost == 0, f"{lost} values unknown for want of files")
        streams = run["transport"]["streams_opened"]
        failures.expect(streams > 600, f"{streams} streams")
    world.stop()


def interface(options, work, failures):
    """The only interface of a network namespace goes away for three seconds and comes back."""
    script = r"""
        set -e
        ip link set lo up
        "$WORLD" --seed 11 --size 3000 --planted 0.2 serve --listen 127.0.0.1:53 --ready "$WORK/ready" & world=$!
        until [ -e "$WORK/ready" ]; do sleep 0.02; done
        "$MXSCAN" scan "$WORK/names.txt" -o "$WORK/out" --resolver 127.0.0.1:53 --rate 1500 --server-rate 0 --quiet \
          --seed 5 --timeout 400ms --user root 2>"$WORK/errors" & scan=$!
        sleep 1
        ip address flush dev lo
        ip link set lo down
        sleep 3
        ip link set lo up
        status=0
        wait $scan || status=$?
        echo $status >"$WORK/status"
        kill $world
    """
    world = Served(options.world, 3000, work, planted=0.2)
    environment = dict(os.environ, WORLD=str(options.world), MXSCAN=str(options.mxscan), WORK=str(work))
    done = subprocess.run(["unshare", "-n", "bash", "-c", script], env=environment, capture_output=True, text=True,
                          check=False, timeout=SCAN_LIMIT_S)
    if not (work / "status").exists():
        print(f"skipped: interface: no network namespace here ({done.stderr.strip()[-200:]})")
        return
    errors = (work / "errors").read_text()
    failures.expect((work / "status").read_text().strip() == "0", f"exit status 0 ({errors.strip()})")
    run = expect_balance(work / "out", failures)
    expect_true_rows(world, work / "out", failures)
    failures.expect(run["transport"]["send_errors"] > 0, f"{run['transport']['send_errors']} sends were refused")


def suspended(options, work, failures):
    """Held for longer than any timeout: what came in the meantime counts, and nobody is taken for dead."""
    world = Served(options.world, 3000, work, planted=0.1)
    address = "127.77.17.1"
    world.serve(address, "--late", "100:1")  # so that a hundred are under way at any moment
    children = {io: start(options, world, work / io, address, "--rate", "1500", "--server-rate", "0", "--io", io,
                          "--quiet", "--timeout", "300ms", "--transport-limits", "buffers=16")
                for io in ("uring", "mmsg")}
    for held in (1, 3):
        time.sleep(0.6)
        for child in children.values():
            child.send_signal(signal.SIGSTOP)
        time.sleep(held)
        for child in children.values():
            child.send_signal(signal.SIGCONT)
    for io, child in children.items():
        status, errors = finish(child)
        failures.expect(status == 0, f"{io}: exit status 0 (was {status}: {errors.strip()})")
        expect_true_rows(world, work / io, failures)
        run = expect_balance(work / io, failures)
        late = run["near_misses"]["late"]
        failures.expect(run["counters"]["engine"]["cancelled"] == 0, "no attempt was taken back from a dead server")
        # Some hundred lay there each time; a server that got no processor may have been late itself.
        failures.expect(late <= 20, f"{late} answers were taken for late")
    world.stop()


def races(options, work, failures):
    """Two scans begin at one moment on one directory: one is done, the other changes nothing."""
    world = Served(options.world, 50, work, planted=0.2)
    address = "127.77.18.1"
    world.serve(address)
    wins = [0, 0]
    before = len(failures)
    for race in range(options.races):
        out = work / f"race-{race}"
        # The seeds tell the winner, and a byte of the loser's in the dataset would be none of the winner's run.
        children = [start(options, world, out, address, "--rate", "0", "--timeout", "50ms", "--tries", "2",
                          "--quiet", seed=seed)
                    for seed in ("101", "102")]
        ends = [finish(child) for child in children]
        statuses = sorted(status for status, _ in ends)
        if statuses != [0, 73]:
            failures.expect(False, f"race {race}: one done, one refused with 73 (was {ends})")
            continue
        winner = [status for status, _ in ends].index(0)
        wins[winner] += 1
        run = run_info(out)
        listed = (out / "SHA256SUMS").read_text().splitlines()
        names = {line.split("  ", 1)[1] for line in listed}
        there = {str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()}
        sound = subprocess.run(["sha256sum", "--check", "--quiet", "--strict", "SHA256SUMS"], cwd=out, check=False,
                               capture_output=True).returncode == 0
        unlisted = {name for name in there - names if name not in ("SHA256SUMS", "_SUCCESS", "run.json", "_lock")}
        if not (run["seed"] == ("101", "102")[winner] and run["exit_state"] == "done" and sound and not unlisted):
            failures.expect(False, f"race {race}: the winner's dataset and no more: {run['seed']} {unlisted} {sound}")
        if race == 0:
            expect_true_rows(world, out, failures)
    failures.expect(len(failures) == before, f"{options.races} races: one winner each ({wins[0]} and {wins[1]})")
    world.stop()


CASES = {"stalls": stalls, "rings": rings, "denied": denied, "liars": liars, "storms": storms, "files": files,
         "interface": interface, "suspended": suspended, "races": races}


def run_all(arguments):
    def run(name):
        return subprocess.run([sys.executable, __file__, *arguments, "--only", name], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False)

    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        ended = list(pool.map(run, CASES))
    print("".join(done.stdout for done in ended), end="")
    return max(done.returncode for done in ended)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mxscan", type=pathlib.Path)
    parser.add_argument("world", type=pathlib.Path)
    parser.add_argument("--only", choices=sorted(CASES), action="append")
    parser.add_argument("--races", type=int, default=3)
    options = parser.parse_args()
    options.mxscan, options.world = options.mxscan.resolve(), options.world.resolve()
    if not options.only:
        return run_all(sys.argv[1:])
    failures = Failures()
    for name in options.only:
        print(f"{name}:", flush=True)
        began = time.monotonic()
        with tempfile.TemporaryDirectory() as work:
            os.chmod(work, 0o755)
            try:
                CASES[name](options, pathlib.Path(work), failures)
            finally:
                for world in Served.all:
                    world.stop()
        print(f"  took {time.monotonic() - began:.1f} s", flush=True)
    print(f"{len(failures)} broken")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
