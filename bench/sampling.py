"""Where a program's user time goes: its instruction pointer, sampled by the kernel's clock while it runs.

`sample` runs a command under perf_event_open(2)'s software clock, which needs no package, no counters of the processor
and, for a program of one's own, no rights beyond perf_event_paranoid 2. The program runs as it is: nothing is loaded
into it and no signal reaches it. A sample is the instruction pointer in user mode and the top of the stack, and
belongs to a stage by these rules, in this order:

1. An address in a library that does one thing (LIBRARIES) belongs to that stage.
2. An address of the program is resolved with what was inlined there (`addr2line -i`). Of these frames the innermost one
   whose source file has a stage (SOURCES) decides: a container's code belongs to who uses it.
3. Where that gives nothing (the C library, a file that serves all), the return addresses on the stack are taken in
   turn by the same rules. There are no frame pointers in a release build, so words that point behind a call instruction
   pass for return addresses; one that a caller left behind may mislead, which copies, comparisons and the allocator,
   who are most of these, give little room for.
"""

import collections
import ctypes
import mmap
import os
import pathlib
import platform
import re
import struct
import subprocess

PERIOD_NS = 500_347  # some two thousand a second, and no multiple of the kernel's tick
STACK_OCTETS = 1024
RING_PAGES = 128  # what perf_event_mlock_kb leaves to everybody is 129 pages of 4 KiB a processor
READ_EVERY_S = 0.02
WORDS_MAX = 24  # return addresses that are tried of one sample

# The last part of the path of the shared library, up to its version.
LIBRARIES = {"libzstd": "compression", "libz": "compression", "libcrypto": "checksums", "libxxhash": "checksums",
             "liburing": "transport", "[vdso]": "transport", "libarchive": "input", "libidn2": "input",
             "libunistring": "input", "libpsl": "verdict"}
# The first that matches a source's path in the repository. Files that serve all have None: who uses them decides.
SOURCES = [(re.compile(pattern), stage) for pattern, stage in (
    (r"io/(line_reader)\.", "input"),
    (r"io/(address|check|unique_fd|system_error|prefix_set|file|machine|process)\.", None),
    (r"io/", "transport"),
    (r"output/(column_stats|histogram|summary|summary_csv|spill|report|applicable)\.", "statistics"),
    (r"output/(codec)\.", "compression"),
    (r"output/", "rows"),
    (r"scanner/input/|scanner/run/(intake|input_identity|target_batch|zone_map)\.", "input"),
    (r"scanner/dns/(name_hash)\.", None),
    (r"scanner/dns/", "codec"),
    (r"scanner/resolve/(random|ring_queue|prefetch)\.", None),
    (r"scanner/resolve/", "engine"),
    (r"scanner/survey/", "survey"),
    (r"scanner/verdict/", "verdict"),
    (r"scanner/run/(row_writer|checkpoint)\.", "rows"),
    (r"scanner/limits\.", None),
    (r"scanner/", "turn"),
)]
# In the order of a packet's way. turn: the worker's loop, the sets of what was seen, the queues between workers.
STAGES = ["transport", "codec", "engine", "survey", "verdict", "rows", "statistics", "compression", "checksums",
          "input", "turn", "other"]

OWN_SOURCE = re.compile(r"(?:^|/)((?:io|output|scanner)/(?:\w+/)*\w+\.(?:cc|h|inc))(?::\d|$)")


class Unavailable(Exception):
    """The kernel or the machine allows no samples; the text says why."""


Mapping = collections.namedtuple("Mapping", "begin end offset path")
Sample = collections.namedtuple("Sample", "address stack")


# The kernel's side: linux/perf_event.h.
_RECORD_MMAP, _RECORD_LOST, _RECORD_SAMPLE = 1, 2, 9
_SAMPLE_IP, _SAMPLE_STACK_USER = 1 << 0, 1 << 13
_DISABLED, _INHERIT, _NO_KERNEL, _NO_HYPERVISOR, _MMAP, _ON_EXEC = (1 << bit for bit in (0, 1, 5, 6, 8, 12))
_ATTRIBUTE_OCTETS = 112  # PERF_ATTR_SIZE_VER5
_DATA_HEAD, _DATA_TAIL = 1024, 1032  # of struct perf_event_mmap_page
_SYSCALL = 298  # perf_event_open on x86-64


class _Ring:
    """One processor's samples of a process and its threads."""

    def __init__(self, pid, cpu):
        flags = _DISABLED | _INHERIT | _NO_KERNEL | _NO_HYPERVISOR | _MMAP | _ON_EXEC
        attribute = bytearray(_ATTRIBUTE_OCTETS)
        struct.pack_into("=IIQQQQQ", attribute, 0, 1, _ATTRIBUTE_OCTETS, 0, PERIOD_NS,
                         _SAMPLE_IP | _SAMPLE_STACK_USER, 0, flags)
        struct.pack_into("=I", attribute, 88, STACK_OCTETS)  # sample_stack_user
        libc = ctypes.CDLL(None, use_errno=True)
        octets = (ctypes.c_char * len(attribute)).from_buffer(attribute)
        self._fd = libc.syscall(_SYSCALL, octets, pid, cpu, -1, ctypes.c_ulong(8))  # 8: close on exec
        if self._fd < 0:
            raise Unavailable(f"perf_event_open: {os.strerror(ctypes.get_errno())}")
        self._data_octets = RING_PAGES * mmap.PAGESIZE
        try:
            self._map = mmap.mmap(self._fd, mmap.PAGESIZE + self._data_octets)
        except OSError as error:
            os.close(self._fd)
            raise Unavailable(f"the samples' buffer: {error.strerror}") from error

    def read(self, profile):
        head, = struct.unpack_from("=Q", self._map, _DATA_HEAD)
        tail, = struct.unpack_from("=Q", self._map, _DATA_TAIL)
        begin, end = tail % self._data_octets, head % self._data_octets
        page = mmap.PAGESIZE
        if head - tail == 0:
            return
        octets = (self._map[page + begin:page + end] if begin < end
                  else self._map[page + begin:page + self._data_octets] + self._map[page:page + end])
        struct.pack_into("=Q", self._map, _DATA_TAIL, head)
        at = 0
        while at < len(octets):
            kind, _, size = struct.unpack_from("=IHH", octets, at)
            profile.add(kind, octets[at + 8:at + size])
            at += size

    def close(self):
        self._map.close()
        os.close(self._fd)


class Profile:
    """What was sampled of one run."""

    def __init__(self):
        self.samples = []
        self.mappings = []
        self.lost = 0

    def add(self, kind, record):
        if kind == _RECORD_SAMPLE:
            address, size = struct.unpack_from("=QQ", record)
            copied = struct.unpack_from("=Q", record, 16 + size)[0] if size else 0
            self.samples.append(Sample(address, record[16:16 + copied]))
        elif kind == _RECORD_MMAP:
            _, _, begin, length, offset = struct.unpack_from("=IIQQQ", record)
            path = record[32:].split(b"\0", 1)[0].decode(errors="replace")
            self.mappings.append(Mapping(begin, begin + length, offset, path))
        elif kind == _RECORD_LOST:
            self.lost += struct.unpack_from("=QQ", record)[1]


def sample(command, cpus):
    """Runs a command on these processors (a set) and returns its Profile; Unavailable where that is not possible."""
    if platform.machine() != "x86_64":
        raise Unavailable(f"samples are only read on x86-64, and this is {platform.machine()}")
    # The shell waits until it is watched; counting begins when it becomes the command.
    child = subprocess.Popen(["sh", "-c", 'read -r go && exec "$@" </dev/null', "sh", *map(str, command)],
                             stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                             preexec_fn=lambda: os.sched_setaffinity(0, cpus))
    rings, profile = [], Profile()
    try:
        for cpu in sorted(cpus):
            rings.append(_Ring(child.pid, cpu))
        child.stdin.write(b"go\n")
        child.stdin.close()
        ended = False
        while not ended:
            try:
                child.wait(READ_EVERY_S)
                ended = True
            except subprocess.TimeoutExpired:
                pass
            for ring in rings:
                ring.read(profile)
    finally:
        for ring in rings:
            ring.close()
        if child.poll() is None:
            child.kill()
            child.wait()
        complaints = child.stderr.read().decode(errors="replace")
        child.stderr.close()
    if child.returncode != 0:
        raise RuntimeError(f"{command[0]} ended with {child.returncode}:\n{complaints[-3000:]}")
    return profile


class _Image:
    """A file that was mapped: from its octets to the addresses that its symbols have, and to its machine code."""

    def __init__(self, path):
        self._octets = pathlib.Path(path).read_bytes()
        if self._octets[:5] != b"\x7fELF\x02":
            raise ValueError(f"{path} is no 64-bit ELF file")
        table, = struct.unpack_from("<Q", self._octets, 32)
        size, count = struct.unpack_from("<HH", self._octets, 54)
        self._segments = []
        for number in range(count):
            kind, _, offset, address, _, octets = struct.unpack_from("<IIQQQQ", self._octets, table + number * size)
            if kind == 1:  # PT_LOAD
                self._segments.append((offset, octets, address))

    def address(self, offset):
        for begin, octets, address in self._segments:
            if begin <= offset < begin + octets:
                return address + offset - begin
        return None

    def is_behind_call(self, offset):
        code = self._octets[max(0, offset - 7):offset]
        if code[-5:-4] == b"\xe8":
            return True
        return any(code[-n] == 0xff and code[1 - n] >> 3 & 7 == 2 for n in range(2, len(code) + 1))


class Stages:
    """From samples to stages, of one program."""

    def __init__(self, program):
        self._program = str(pathlib.Path(program).resolve())
        self._image = _Image(self._program)
        self._of_address = {}  # what addr2line said, by the address in the file

    def shares(self, profiles):
        """The share of each stage in the samples of several runs, and the number of samples."""
        located = [self._locate(profile) for profile in profiles]
        self._resolve({spot for runs in located for spots in runs for spot in spots if isinstance(spot, int)})
        counts = collections.Counter(self._stage(spots) for runs in located for spots in runs)
        total = sum(counts.values())
        return {stage: counts[stage] / total if total else 0.0 for stage in STAGES}, total

    def _locate(self, profile):
        """Of each sample the spots that may tell its stage, innermost first: addresses in the file, or stages."""
        mappings = sorted(set(profile.mappings))
        found = []
        for one in profile.samples:
            spots = []
            first = self._spot(mappings, one.address, is_return=False)
            if first is not None:
                spots.append(first)
            if not isinstance(first, str):
                for word in struct.unpack(f"={len(one.stack) // 8}Q", one.stack[:len(one.stack) // 8 * 8]):
                    spot = self._spot(mappings, word, is_return=True)
                    if spot is not None:
                        spots.append(spot)
                    if isinstance(spot, str) or len(spots) > WORDS_MAX:
                        break
            found.append(spots)
        return found

    def _spot(self, mappings, address, is_return):
        for mapping in mappings:
            if not mapping.begin <= address < mapping.end:
                continue
            if mapping.path == self._program:
                offset = address - mapping.begin + mapping.offset
                if is_return and not self._image.is_behind_call(offset):
                    return None
                # Of a return address the call before it is meant.
                return self._image.address(offset - 1 if is_return else offset)
            library = re.split(r"[-.]", pathlib.PurePath(mapping.path).name)[0]
            return LIBRARIES.get(library)
        return None

    def _resolve(self, addresses):
        missing = sorted(addresses - self._of_address.keys())
        if not missing:
            return
        text = subprocess.run(["addr2line", "-a", "-i", "-e", self._program], check=True, text=True,
                              input="".join(f"{address:#x}\n" for address in missing), stdout=subprocess.PIPE).stdout
        for block in re.split(r"^0x", text, flags=re.MULTILINE)[1:]:
            address, *frames = block.splitlines()
            self._of_address[int(address, 16)] = next(filter(None, map(_stage_of_source, frames)), None)

    def _stage(self, spots):
        for spot in spots:
            stage = spot if isinstance(spot, str) else self._of_address[spot]
            if stage is not None:
                return stage
        return "other"


def _stage_of_source(frame):
    own = None if frame.startswith("/usr/") else OWN_SOURCE.search(frame)
    if own is None:
        return None
    return next(stage for pattern, stage in SOURCES if pattern.match(own[1]))
