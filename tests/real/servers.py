"""Name servers of Debian, started on loopback for a test and ended with it.

Each server runs in the foreground as our child, in a directory of its own, on a free port above 1024 of a loopback
address. A server is ready when it has answered a query, and it is ended by its pid. Nothing leaves loopback: Unbound
knows no root server but the one it is given, and the authoritative servers neither notify nor transfer.
"""

import os
import pathlib
import secrets
import shutil
import socket
import struct
import subprocess
import threading
import time

READY_LIMIT_S = 30
STOP_LIMIT_S = 20


class ServerError(Exception):
    """A server is not installed or did not start; the text holds the end of its log."""


def free_endpoint(address=None):
    """Returns (address, port) on which neither UDP nor TCP is taken; by default in 127.53.0.0/16."""
    address = address or f"127.53.{secrets.randbelow(254) + 1}.{secrets.randbelow(254) + 1}"
    for _ in range(100):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, socket.socket() as tcp:
            udp.bind((address, 0))
            port = udp.getsockname()[1]
            try:
                tcp.bind((address, port))
            except OSError:
                continue
            if port > 1024:
                return address, port
    raise ServerError(f"no free port on {address}")


def encode_name(name):
    """The wire form of a name without escapes."""
    labels = [label.encode() for label in name.rstrip(".").split(".") if label]
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def _query_soa(endpoint, name, limit_s):
    """Asks for `name` SOA; returns the rcode, or None where nothing came in time."""
    query = struct.pack(">6H", secrets.randbits(16), 0x0100, 1, 0, 0, 0) + encode_name(name) + struct.pack(">2H", 6, 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(limit_s)
        sock.connect(endpoint)
        try:
            sock.send(query)
            answer = sock.recv(4096)
        except OSError:
            return None
    return answer[3] & 0x0F if answer[:2] == query[:2] else None


class Server:
    """A child process that serves DNS on `endpoint`. Use as a context manager."""

    def __init__(self, name, program, directory, endpoint, ready_name):
        self.name = name
        self.directory = pathlib.Path(directory)
        self.endpoint = endpoint
        self._ready_name = ready_name
        self._process = None
        self._program = shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
        if self._program is None:
            raise ServerError(f"{program} is not installed (scripts/setup --tests installs it)")
        self.directory.mkdir(parents=True)

    @property
    def address(self):
        return f"{self.endpoint[0]}:{self.endpoint[1]}"

    @property
    def pid(self):
        return self._process.pid

    def write(self, name, text):
        path = self.directory / name
        path.write_text(text)
        return path

    def start(self, *arguments):
        with open(self.directory / "log", "wb") as log:
            self._process = subprocess.Popen(
                [self._program, *map(str, arguments)],
                cwd=self.directory, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        limit = time.monotonic() + READY_LIMIT_S
        while time.monotonic() < limit:
            if self._process.poll() is not None:
                break
            rcode = _query_soa(self.endpoint, self._ready_name, 0.1)
            if rcode == 0:
                return self
            # A refused datagram returns at once; waiting on the child keeps this loop from spinning.
            try:
                self._process.wait(0.05)
            except subprocess.TimeoutExpired:
                pass
        tail = (self.directory / "log").read_text(errors="replace")[-3000:]
        self.stop()
        raise ServerError(f"{self.name} did not answer on {self.address}:\n{tail}")

    def stop(self):
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.stop()


def write_zones(directory, zones):
    """Writes one file a zone; returns [(zone, path)]."""
    directory = pathlib.Path(directory)
    directory.mkdir(parents=True)
    written = []
    for number, (zone, text) in enumerate(sorted(zones.items())):
        path = directory / f"{number:03}.zone"
        path.write_text(text)
        written.append((zone, path))
    return written


def start_nsd(directory, zones, cpu=None, extra="", endpoint=None):
    """NSD, authoritative for `zones` ([(zone, path)]); `cpu` pins it to one core."""
    endpoint = endpoint or free_endpoint()
    server = Server("nsd", "nsd", directory, endpoint, zones[0][0])
    pin = f"cpu-affinity: {cpu}\n  server-1-cpu-affinity: {cpu}\n  xfrd-cpu-affinity: {cpu}" if cpu is not None else ""
    config = f"""server:
  ip-address: {endpoint[0]}@{endpoint[1]}
  server-count: 1
  username: ""
  database: ""
  zonesdir: "{server.directory}"
  pidfile: "{server.directory}/nsd.pid"
  xfrdfile: "{server.directory}/xfrd.state"
  xfrdir: "{server.directory}"
  zonelistfile: "{server.directory}/zone.list"
  cookie-secret-file: "{server.directory}/cookies"
  minimal-responses: yes
  round-robin: no
  rrl-ratelimit: 0
  {pin}
  {extra}
remote-control:
  control-enable: no
"""
    for zone, path in zones:
        config += f'zone:\n  name: "{zone}"\n  zonefile: "{path}"\n'
    return server.start("-d", "-c", server.write("nsd.conf", config))


def start_knot(directory, zones, endpoint=None):
    endpoint = endpoint or free_endpoint()
    server = Server("knot", "knotd", directory, endpoint, zones[0][0])
    config = f"""server:
  rundir: "{server.directory}"
  listen: "{endpoint[0]}@{endpoint[1]}"
  udp-workers: 1
  tcp-workers: 1
  background-workers: 1
database:
  storage: "{server.directory}"
log:
  - target: stderr
    any: warning
template:
  - id: default
    storage: "{server.directory}"
    semantic-checks: off
    journal-content: none
    zonefile-sync: -1
zone:
"""
    for zone, path in zones:
        config += f'  - domain: "{zone}"\n    file: "{path}"\n'
    return server.start("-c", server.write("knot.conf", config))


def start_bind(directory, zones, endpoint=None):
    # BIND listens only on addresses that stand on an interface, and of 127.0.0.0/8 only this one does.
    endpoint = endpoint or free_endpoint("127.0.0.1")
    server = Server("bind", "named", directory, endpoint, zones[0][0])
    config = f"""options {{
  directory "{server.directory}";
  pid-file "{server.directory}/named.pid";
  session-keyfile "{server.directory}/session.key";
  lock-file none;
  managed-keys-directory "{server.directory}";
  listen-on port {endpoint[1]} {{ {endpoint[0]}; }};
  listen-on-v6 {{ none; }};
  recursion no;
  notify no;
  allow-transfer {{ none; }};
  dnssec-validation no;
  minimal-responses yes;
  empty-zones-enable no;
  check-names primary ignore;
  check-mx ignore;
  check-mx-cname ignore;
  check-integrity no;
  check-sibling no;
}};
controls {{ }};
"""
    for zone, path in zones:
        config += f'zone "{zone}" {{ type primary; file "{path}"; }};\n'
    return server.start("-g", "-4", "-n", "1", "-c", server.write("named.conf", config))


def start_pdns(directory, zones, endpoint=None):
    """PowerDNS with its BIND backend."""
    endpoint = endpoint or free_endpoint()
    server = Server("pdns", "pdns_server", directory, endpoint, zones[0][0])
    named = "".join(f'zone "{zone}" {{ type master; file "{path}"; }};\n' for zone, path in zones)
    # security-poll-suffix: it would ask the internet for the news about itself.
    config = f"""launch=bind
bind-config={server.write("named.conf", named)}
bind-check-interval=0
local-address={endpoint[0]}
local-port={endpoint[1]}
socket-dir={server.directory}
security-poll-suffix=
disable-syslog=yes
write-pid=no
daemon=no
guardian=no
receiver-threads=1
distributor-threads=1
loglevel=3
"""
    server.write("pdns.conf", config)
    return server.start(f"--config-dir={server.directory}")


def start_unbound(directory, stubs, local_zones=(), ready_name=".", extra=""):
    """Unbound, recursive. `stubs` is [(zone, "address@port")] and must hold "."; so no other server is ever asked.

    `local_zones` is [(zone, type)] as Unbound's local-zone takes it.
    """
    endpoint = free_endpoint()
    server = Server("unbound", "unbound", directory, endpoint, ready_name)
    if "." not in dict(stubs):
        raise ServerError("unbound without a stub for the root would ask the internet")
    reverse = ["10.in-addr.arpa.", "168.192.in-addr.arpa.", "127.in-addr.arpa.", "8.b.d.0.1.0.0.2.ip6.arpa."]
    config = f"""server:
  interface: {endpoint[0]}@{endpoint[1]}
  access-control: 127.0.0.0/8 allow
  outgoing-interface: 127.0.0.1
  do-ip6: no
  num-threads: 1
  username: ""
  chroot: ""
  directory: "{server.directory}"
  pidfile: "{server.directory}/unbound.pid"
  use-syslog: no
  logfile: ""
  do-daemonize: no
  module-config: "iterator"
  do-not-query-localhost: no
  qname-minimisation: no
  harden-below-nxdomain: no
  cache-max-ttl: 2592000
  unblock-lan-zones: yes
  insecure-lan-zones: yes
  {extra}
"""
    for zone in reverse:
        config += f"  local-zone: {zone} nodefault\n"
    for zone, kind in local_zones:
        config += f'  local-zone: "{zone}" {kind}\n'
    config += "remote-control:\n  control-enable: no\n"
    for zone, target in stubs:
        config += f'stub-zone:\n  name: "{zone}"\n  stub-addr: {target}\n  stub-prime: no\n'
    return server.start("-d", "-c", server.write("unbound.conf", config))


class UdpServer:
    """A server of a test's own: what `reply` makes of a query is sent back; None is silence. Counts the queries."""

    def __init__(self, endpoint=None):
        self.endpoint = endpoint or free_endpoint()
        self.queries = 0
        self._sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        self._sock.bind(self.endpoint)
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    @property
    def address(self):
        return f"{self.endpoint[0]}:{self.endpoint[1]}"

    @staticmethod
    def question_end(query):
        at = 12
        while query[at] != 0:
            at += 1 + query[at]
        return at + 5

    def reply(self, query):
        raise NotImplementedError

    def _serve(self):
        while True:
            query, peer = self._sock.recvfrom(4096)
            if len(query) < 12:
                return
            self.queries += 1
            reply = self.reply(query)
            if reply is not None:
                self._sock.sendto(reply, peer)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        # A datagram too short to be a query ends the thread.
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.sendto(b"", self.endpoint)
        self._thread.join()
        self._sock.close()


class LyingServer(UdpServer):
    """Answers everything with NXDOMAIN, or with one address or exchange, whatever is asked."""

    def __init__(self, address, port, invents):
        self._invents = invents
        super().__init__((address, port))

    def reply(self, query):
        end = self.question_end(query)
        kind = int.from_bytes(query[end - 4:end - 2], "big")
        data = {1: bytes([192, 0, 2, 1]), 28: bytes(16), 15: bytes([0, 10, 0xc0, 12])}.get(kind, b"\0")
        if not self._invents:
            return query[:2] + bytes([0x81, 0x83, 0, 1, 0, 0, 0, 0, 0, 0]) + query[12:end]
        record = bytes([0xc0, 12]) + query[end - 4:end] + struct.pack("!IH", 300, len(data)) + data
        return query[:2] + bytes([0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0]) + query[12:end] + record


class RcodeServer(UdpServer):
    """Answers everything with one rcode and no records.

    About the names in `silent` (wire names in lower case) it says nothing. And it knows that there is a root: who says
    that there is none lies, and is not asked.
    """

    def __init__(self, rcode, silent=()):
        self._rcode = rcode
        self._silent = set(silent)
        self.names = []  # the wire names that were asked about, lower case, in order
        super().__init__()

    def reply(self, query):
        end = self.question_end(query)
        self.names.append(query[12:end - 4].lower())
        if self.names[-1] in self._silent:
            return None
        rcode = self._rcode if query[12] or self._rcode != NXDOMAIN else 0
        return query[:2] + bytes([0x80 | query[2] & 0x01, 0x80 | rcode, 0, 1, 0, 0, 0, 0, 0, 0]) + query[12:end]


SERVFAIL, NXDOMAIN = 2, 3
