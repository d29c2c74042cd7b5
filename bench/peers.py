"""What the comparisons with other programs share: the zone, pinned runs and their CPU, massdns."""

import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import threading

HERE = pathlib.Path(__file__).resolve().parent
BUFFERS = "receive-buffer-size: 4194304\n  send-buffer-size: 4194304"
INFLIGHT = 2000  # the same for all; massdns calls it -s
EXIT_NO_PEER = 2
SAMPLE_S = 0.02


def make_zone(names, directory):
    subprocess.run([HERE / "make_zone", str(names), directory], check=True, stdout=subprocess.DEVNULL)
    return json.loads((directory / "facts.json").read_text())


def run_pinned(command, cpu):
    """Runs a command on one core; returns its CPU seconds (user, sys) and wall seconds."""
    before = os.times()
    done = subprocess.run(["taskset", "-c", str(cpu), *map(str, command)], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    after = os.times()
    if done.returncode != 0:
        sys.exit(f"{command[0]} ended with {done.returncode}:\n{done.stdout[-3000:]}")
    return (after.children_user - before.children_user, after.children_system - before.children_system,
            after.elapsed - before.elapsed)


def peak_memory(command, cpu):
    """Runs a command and returns the high-water mark of its resident memory in MiB, read from /proc while it runs.

    ru_maxrss would also count the memory of the process that started it.
    """
    peak_kib = 0
    child = subprocess.Popen(["taskset", "-c", str(cpu), *map(str, command)], stdin=subprocess.DEVNULL,
                             stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)
    ended = threading.Event()
    waiter = threading.Thread(target=lambda: (child.wait(), ended.set()))
    waiter.start()
    while not ended.wait(SAMPLE_S):
        try:
            status = pathlib.Path(f"/proc/{child.pid}/status").read_text()
        except OSError:
            break
        if status.startswith("Name:\ttaskset"):
            continue
        peak_kib = max([peak_kib] + [int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:")])
    waiter.join()
    if child.returncode != 0:
        sys.exit(f"{command[0]} ended with {child.returncode}")
    return peak_kib / 1024


def find_massdns():
    """The program, or None with the reason on stderr."""
    massdns = os.environ.get("MXSCAN_MASSDNS") or shutil.which("massdns")
    if massdns is not None and os.access(massdns, os.X_OK):
        return massdns
    print(f"{pathlib.Path(sys.argv[0]).name}: massdns is not installed: not in PATH, and MXSCAN_MASSDNS does not name it. "
          "Nothing was measured.", file=sys.stderr)
    return None


def massdns_command(program, resolver, names, out, recurse=False):
    (out / "resolver").write_text(resolver + "\n")
    return [program, "-r", out / "resolver", "-t", "MX", "-s", INFLIGHT, "-o", "S", "-w", out / "massdns.txt", "-q",
            *([] if recurse else ["--norecurse"]), names]


def count_mx_lines(path):
    with open(path, "rb") as lines:
        return sum(1 for line in lines if b" MX " in line)


def report(label, runs):
    user, system, wall = (statistics.median(column) for column in zip(*runs))
    cpu = statistics.median(run[0] + run[1] for run in runs)
    print(f"{label:8}  CPU {cpu:6.2f} s (user {user:.2f}, sys {system:.2f})  wall {wall:6.2f} s  "
          f"spread of CPU {min(r[0] + r[1] for r in runs):.2f} to {max(r[0] + r[1] for r in runs):.2f}", flush=True)
    return cpu, wall
