#!/usr/bin/env python3
"""Scans the synthetic internet on a machine that is short of everything, and looks whether the rows are still right.

usage: limits_test.py MXSCAN WORLD [--only CASE]

Cases: stalls (a 4 KiB receive buffer and a process that is held for a second again and again), rings (queues and
buffers of io_uring that overflow all the time), denied (a seccomp filter forbids io_uring). Everything is on loopback.
Exit status: 0 all held, 1 something broke.
"""

import argparse
import ctypes
import os
import pathlib
import signal
import struct
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
import dataset  # noqa: E402  (no byte code beside the sources)
from faults_test import Failures, PORT, World, run_info  # noqa: E402

SCAN_LIMIT_S = 300
# At full speed, and no long wait for the names whose servers are silent by plan.
QUICK = ["--rate", "0", "--server-rate", "0", "--timeout", "300ms", "--tries", "3"]
# What depends on the hour, on the network, or on who asked first.
NOT_DETERMINED = {"server", "attempts", "queries", "rtt_us", "asked_at"}
TABLES = ("domains", "mx", "hosts", "addresses", "findings", "rejects")


def start(options, world, out, address, *extra, before=None):
    command = [options.mxscan, "scan", str(world.list), "-o", str(out), "--seed", "5", "--resolver",
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
    world = World(options.world, 4000, work, planted=0.1)
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
    world = World(options.world, 3000, work, planted=0.3)
    address = "127.77.12.1"
    world.serve(address, "--truncate", "0.02")
    whole = work / "whole"
    child = start(options, world, whole, address, *QUICK, "--quiet")
    children = {(io, limits): start(options, world, work / f"{io}-{limits}", address, *QUICK, "--quiet", "--io", io,
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
    world = World(options.world, 3000, work, planted=0.3)
    address = "127.77.13.1"
    world.serve(address)
    allowed = start(options, world, work / "whole", address, *QUICK, "--quiet", "--io", "uring")
    refused = start(options, world, work / "out", address, *QUICK, before=refuse_uring)
    status, errors = finish(allowed)
    failures.expect(status == 0, f"allowed: exit status 0 ({errors.strip()})")
    status, errors = finish(refused)
    failures.expect(status == 0, f"denied: exit status 0 ({errors.strip()[-300:]})")
    reasons = [line for line in errors.splitlines() if "io_uring" in line]
    failures.expect(len(reasons) == 1 and "not permitted" in reasons[0] and "seccomp" in reasons[0],
                    f"one line says why: {reasons}")
    failures.expect(rows_of(work / "out") == rows_of(work / "whole"), "the same rows in every table")
    expect_true_rows(world, work / "out", failures)
    status, errors = finish(start(options, world, work / "none", address, *QUICK, "--io", "uring",
                                  before=refuse_uring))
    failures.expect(status == 77, f"asked for by name and denied: exit status 77 (was {status}: {errors.strip()})")
    world.stop()


CASES = {"stalls": stalls, "rings": rings, "denied": denied}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mxscan", type=pathlib.Path)
    parser.add_argument("world", type=pathlib.Path)
    parser.add_argument("--only", choices=sorted(CASES), action="append")
    options = parser.parse_args()
    options.mxscan = options.mxscan.resolve()
    failures = Failures()
    for name in options.only or CASES:
        print(f"{name}:", flush=True)
        began = time.monotonic()
        with tempfile.TemporaryDirectory() as work:
            os.chmod(work, 0o755)
            CASES[name](options, pathlib.Path(work), failures)
        print(f"  took {time.monotonic() - began:.1f} s", flush=True)
    print(f"{len(failures)} broken")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
