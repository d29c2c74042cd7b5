"""What the benchmarks share: the zone, servers, pinned runs and their CPU, how mxscan is called, massdns."""

import collections
import csv
import json
import os
import pathlib
import resource
import select
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.append(str(HERE.parent / "tests" / "real"))
import dataset  # noqa: E402  (the path is set above)
import servers  # noqa: E402

BUFFERS = "receive-buffer-size: 4194304\n  send-buffer-size: 4194304"
INFLIGHT = 2000  # the same for all; massdns calls it -s
EXIT_NO_PEER = 2
SAMPLE_MS = 20


class Run(collections.namedtuple("Run", "user system wall")):
    """What one run took, in seconds."""

    @property
    def cpu(self):
        return self.user + self.system


def split_arguments():
    """The script's own arguments, and those after `--`, which are mxscan's."""
    arguments = sys.argv[1:]
    if "--" not in arguments:
        return arguments, []
    at = arguments.index("--")
    return arguments[:at], arguments[at + 1:]


def add_common_options(parser, names):
    parser.add_argument("--names", type=int, default=names)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--mxscan", type=pathlib.Path, default=HERE.parent / "build/release/scanner/mxscan")
    parser.add_argument("--server-cpu", type=int, default=0)
    parser.add_argument("--client-cpu", type=int, default=1)
    parser.add_argument("--directory", type=pathlib.Path, help="where to work (default: a new temporary directory)")
    parser.add_argument("--csv", type=pathlib.Path, help="also write the figures to this file: figure, value")


def parse_common_options(parser):
    arguments, extra = split_arguments()
    options = parser.parse_args(arguments)
    options.extra = extra
    if not options.mxscan.exists():
        parser.error(f"{options.mxscan} does not exist; build it: scripts/release")
    options.mxscan = options.mxscan.absolute()
    return options


def beside(options, path):
    """Another program of the build that mxscan is of."""
    program = options.mxscan.parent.parent / path
    if not program.exists():
        target = program.name
        sys.exit(f"{program} does not exist; build it: ninja -C {options.mxscan.parent.parent} {target}")
    return program


def write_figures(path, figures):
    """Figures by name, for scripts/bench; nothing where no file was asked for."""
    if path is None:
        return
    with open(path, "w", newline="") as out:
        csv.writer(out).writerows(figures.items())


def ask_zone_servers(zone, endpoint):
    """Options of a scan that asks a zone's own server, and knows nobody else."""
    address, port = endpoint
    return ["--resolver", "iterative", "--zone-servers", f"{zone}={address}", "--lab", port,
            "--server-inflight", INFLIGHT]


def mxscan_command(program, names, out, servers_asked, lookups, *more, threads=1):
    """A scan as fast as the servers answer; `servers_asked` are the options that say who is asked."""
    shutil.rmtree(out, ignore_errors=True)
    return [program, "scan", names, "-o", out, *servers_asked, *(["--lookups", lookups] if lookups else []),
            "--threads", threads, "--rate", "0", "--server-rate", "0", "--inflight", INFLIGHT, "--seed", "1",
            "--quiet", *more]


def make_zone(names, directory):
    subprocess.run([HERE / "make_zone", str(names), directory], check=True, stdout=subprocess.DEVNULL)
    return json.loads((directory / "facts.json").read_text())


def cpu_of(pid):
    """User and system seconds of a process so far."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return tuple(int(fields[i]) / os.sysconf("SC_CLK_TCK") for i in (11, 12))


def run_watched(command, cpu):
    """Runs a command on one core, or on several ("0,1"); returns the Run and its peak memory in MiB.

    That is the high-water mark of resident memory, read from /proc while it runs: ru_maxrss would also count the memory
    of the process that started it.
    """
    peak_kib = 0
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    with tempfile.TemporaryFile("w+") as said:
        child = subprocess.Popen(["taskset", "-c", str(cpu), *map(str, command)], stdin=subprocess.DEVNULL, stdout=said,
                                 stderr=subprocess.STDOUT)
        handle = os.pidfd_open(child.pid)
        ended = select.poll()
        ended.register(handle, select.POLLIN)
        while not ended.poll(SAMPLE_MS):
            peak_kib = max(peak_kib, _high_water_kib(child.pid))
        os.close(handle)
        status = child.wait()
        after, end = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        if status != 0:
            said.seek(0)
            sys.exit(f"{command[0]} ended with {status}:\n{said.read()[-3000:]}")
    return (Run(after.ru_utime - before.ru_utime, after.ru_stime - before.ru_stime, end - begin), peak_kib / 1024)


def _high_water_kib(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    if status.startswith("Name:\ttaskset"):
        return 0
    # A process that has just ended has no memory.
    return max((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:")), default=0)


def run_pinned(command, cpu):
    return run_watched(command, cpu)[0]


WORLD_SEED = 1
ITERATIVE_LOOKUPS = "mx,a,aaaa,ptr,confirm,probe"
PLANTED = 0.1  # of what the synthetic internet does wrong by default: enough to meet all of it, without waiting long


def _world_options(size, iterative, lookups=None):
    return ["--seed", WORLD_SEED, "--size", size, "--planted", PLANTED, *(["--lookups", lookups] if lookups else []),
            *(["--iterative"] if iterative else [])]


def start_responder(program, directory, cpu):
    """bench/responder at every loopback address. A context manager, as the servers of servers.py."""
    endpoint = servers.free_endpoint("127.90.0.1")
    return servers.Server("responder", "taskset", directory, endpoint, "bench.").start(
        "-c", cpu, program, f"0.0.0.0:{endpoint[1]}")


def start_world(program, directory, size, cpu, authoritative=False):
    """The synthetic internet, as a resolver or, at every loopback address, as the servers of all zones.

    Writes names.txt and hints into the directory. A context manager, as the servers of servers.py.
    """
    endpoint = servers.free_endpoint("127.64.0.1" if authoritative else None)
    server = servers.Server("world", "taskset", directory, endpoint, ".")
    server.write("hints", ". NS a.root.\na.root. 3600 A 127.64.0.1\n")
    listen = "0.0.0.0" if authoritative else endpoint[0]
    return server.start("-c", cpu, program, *_world_options(size, False), "serve", "--listen",
                        f"{listen}:{endpoint[1]}", "--list", server.directory / "names.txt",
                        *(["--authoritative"] if authoritative else []))


def ask_world(server, authoritative):
    """Options of a scan that asks the world."""
    if not authoritative:
        return ["--resolver", server.address, "--timeout", "500ms"]
    return ["--resolver", "iterative", "--root-hints", server.directory / "hints", "--lab", server.endpoint[1],
            "--server-inflight", INFLIGHT, "--timeout", "500ms"]


def compare_with_world(program, out, size, authoritative):
    """What the truth says of a dataset of the whole job: nothing where they are equal."""
    lookups = ITERATIVE_LOOKUPS if authoritative else None
    command = [program, *_world_options(size, authoritative, lookups), "compare", out]
    done = subprocess.run(list(map(str, command)), text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          check=False)
    return "" if done.returncode == 0 else done.stdout[-2000:]


def zones_of(work):
    """make_zone's two zones, as servers.start_nsd takes them."""
    return [("bench.", work / "zone" / "forward.zone"), ("5.in-addr.arpa.", work / "zone" / "reverse.zone")]


def check_whole(out, facts):
    """What a dataset of the whole job lacks of make_zone's zones; nothing where it is all there."""
    found = {table: dataset.count_rows(out, table) for table in ("domains", "mx", "hosts", "addresses")}
    expected = {"domains": facts["names"], "mx": facts["mx_records"], "hosts": facts["targets"],
                "addresses": facts["targets"]}
    confirmed = sum(row["fcrdns"] == "pass" for row in dataset.read_table(out, "addresses"))
    if found != expected or confirmed != facts["targets"]:
        return f"{found} with {confirmed} confirmed, of {expected}"
    return ""


def find_massdns():
    """The program, or None with the reason on stderr."""
    massdns = os.environ.get("MXSCAN_MASSDNS") or shutil.which("massdns")
    if massdns is not None and os.access(massdns, os.X_OK):
        return massdns
    print(f"{pathlib.Path(sys.argv[0]).name}: massdns is not installed: not in PATH, and MXSCAN_MASSDNS does not name it. "
          "Nothing was measured.", file=sys.stderr)
    return None


def massdns_command(program, resolver, names, out, recurse=False, kind="MX", file="massdns.txt"):
    (out / "resolver").write_text(resolver + "\n")
    return [program, "-r", out / "resolver", "-t", kind, "-s", INFLIGHT, "-o", "S", "-w", out / file, "-q",
            *([] if recurse else ["--norecurse"]), names]


def count_lines(path, kind="MX"):
    """Records of a type in massdns's simple output."""
    mark = f" {kind} ".encode()
    with open(path, "rb") as lines:
        return sum(1 for line in lines if mark in line)


def report(label, runs):
    user, system, wall = (statistics.median(column) for column in zip(*runs))
    cpu = statistics.median(run.cpu for run in runs)
    print(f"{label:8}  CPU {cpu:6.2f} s (user {user:.2f}, sys {system:.2f})  wall {wall:6.2f} s  "
          f"spread of CPU {min(run.cpu for run in runs):.2f} to {max(run.cpu for run in runs):.2f}", flush=True)
    return cpu, wall
