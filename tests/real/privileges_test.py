#!/usr/bin/env python3
"""What a scan may do while it runs, looked at from outside: user, groups, capabilities, owner of the dataset.

usage: privileges_test.py MXSCAN [unittest arguments]

Tests of what becomes of root need root; those of an ordinary user run as any.
"""

import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import unittest

sys.dont_write_bytecode = True
import dataset  # noqa: E402  (no byte code beside the sources)
import servers  # noqa: E402

OK, USAGE, NO_SERVER, OUTPUT, PERMISSION = 0, 64, 69, 73, 77
LIMIT_S = 60
CAP_DAC_OVERRIDE = 1 << 1
NOBODY = 65534
IS_ROOT = os.geteuid() == 0
MXSCAN = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "mxscan").resolve()
NAMES = [f"name-{number}.example" for number in range(300)]


def states_of(pid):
    """The fields of /proc/PID/status that concern rights, for each thread."""
    states = []
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        fields = dict(line.split(":", 1) for line in (task / "status").read_text().splitlines() if ":" in line)
        states.append({name: fields[name].split() for name in ("Uid", "Gid", "Groups", "CapPrm", "CapEff", "CapInh",
                                                               "CapAmb", "CapBnd", "NoNewPrivs")})
    return states


class PrivilegesTest(unittest.TestCase):
    def setUp(self):
        self.maxDiff = None
        # Mode 0700: nobody but its owner can walk into it.
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="mxscan-privileges-"))
        self.addCleanup(shutil.rmtree, self.directory)
        self.out = self.directory / "out"
        self.server = servers.RcodeServer(servers.NXDOMAIN)
        self.addCleanup(self.server.__exit__)

    def lists(self):
        """Two files, so that one is read long after the rights were given up; neither is anybody else's to read."""
        paths = []
        for number in range(2):
            path = self.directory / f"list-{number}"
            path.write_text("\n".join(NAMES[number::2]))
            path.chmod(0o600)
            paths.append(str(path))
        return paths

    def scan(self, *options, before=()):
        """Runs a scan; returns the states of its threads while it asked, and what it said."""
        words = [*before, str(MXSCAN), "scan", *self.lists(), "-o", str(self.out), "--resolver", self.server.address,
                 "--rate", "200", *options]
        with subprocess.Popen(words, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as child:
            while self.server.queries < 20 and child.poll() is None:
                try:
                    child.wait(0.02)
                except subprocess.TimeoutExpired:
                    pass
            self.assertIsNone(child.poll(), "ended before it was looked at")
            states = states_of(child.pid)
            said = child.stderr.read()
            self.assertEqual(child.wait(LIMIT_S), OK, said)
        self.assertEqual(len(dataset.read_table(self.out, "domains")), len(NAMES))
        self.assertTrue((self.out / "_SUCCESS").exists())
        return states, said

    def expect_powerless(self, states, uid, gid):
        self.assertGreater(len(states), 1, "the workers were not seen")
        self.expect_rights(states, uid, gid)

    def expect_rights(self, states, uid, gid, capabilities=0):
        for state in states:
            self.assertEqual(state["Uid"], [str(uid)] * 4)
            self.assertEqual(state["Gid"], [str(gid)] * 4)
            for name in ("CapPrm", "CapEff"):
                self.assertEqual(int(state[name][0], 16), capabilities, name)
            for name in ("CapInh", "CapAmb"):
                self.assertEqual(int(state[name][0], 16), 0, name)
            self.assertEqual(state["NoNewPrivs"], ["1"])

    def expect_owner(self, uid, gid):
        owners = {(path.stat().st_uid, path.stat().st_gid) for path in [self.out, *self.out.rglob("*")]}
        self.assertEqual(owners, {(uid, gid)})

    @unittest.skipUnless(IS_ROOT, "needs root")
    def test_root_becomes_nobody(self):
        states, said = self.scan("--threads", "2")
        self.expect_powerless(states, NOBODY, NOBODY)
        for state in states:
            self.assertEqual(state["Groups"], [])
            self.assertEqual(int(state["CapBnd"][0], 16), 0)
        self.assertIn("runs as user nobody", said)
        self.expect_owner(NOBODY, NOBODY)

    @unittest.skipUnless(IS_ROOT, "needs root")
    def test_root_becomes_the_owner_of_the_place(self):
        os.chown(self.directory, 4321, 4322)
        states, _ = self.scan()
        self.expect_powerless(states, 4321, 4322)
        self.expect_owner(4321, 4322)

    @unittest.skipUnless(IS_ROOT, "needs root")
    def test_root_becomes_the_owner_of_the_directory(self):
        self.out.mkdir(mode=0o700)
        os.chown(self.out, 5321, 5322)
        states, _ = self.scan()
        self.expect_powerless(states, 5321, 5322)
        self.expect_owner(5321, 5322)

    @unittest.skipUnless(IS_ROOT, "needs root")
    def test_a_directory_that_stays_roots(self):
        """What exists is not given away, also where it is empty; so nobody cannot write there, and that is said."""
        self.directory.chmod(0o711)
        self.out.mkdir(mode=0o755)
        words = [MXSCAN, "scan", *self.lists(), "-o", self.out, "--resolver", self.server.address]
        done = subprocess.run(words, capture_output=True, text=True, timeout=LIMIT_S, check=False)
        self.assertEqual(done.returncode, OUTPUT, done.stderr)
        self.assertIn(f"{self.out}: belongs to user root, and user nobody cannot write there; ", done.stderr)
        self.assertIn("--user", done.stderr)
        self.assertEqual(self.server.queries, 0)
        self.assertEqual(list(self.out.iterdir()), [])
        self.expect_owner(0, 0)
        self.scan("--user", "root")
        self.expect_owner(0, 0)

    def piped(self, lines):
        """A pipe that holds a list, as /dev/fd/N of whoever is started with it."""
        reading, writing = os.pipe()
        self.addCleanup(os.close, reading)
        os.write(writing, "".join(f"{line}\n" for line in lines).encode())
        os.close(writing)
        return reading

    def scan_lists(self, paths, *options, descriptors=()):
        words = [MXSCAN, "scan", *paths, "-o", self.out, "--resolver", self.server.address, *options]
        return subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=LIMIT_S,
                              pass_fds=descriptors, check=False)

    def test_lists_from_pipes(self):
        """All but the first are opened long after the rights were given up."""
        pipes = [self.piped(NAMES[number::3]) for number in range(3)]
        done = self.scan_lists([f"/dev/fd/{pipe}" for pipe in pipes], descriptors=pipes)
        self.assertEqual(done.returncode, OK, done.stderr)
        self.assertEqual(len(dataset.read_table(self.out, "domains")), len(NAMES))

    def test_lists_are_opened_behind_the_fence(self):
        """More files than are held open from before, links to them, and a named pipe."""
        self.directory.chmod(0o755)
        (self.directory / "elsewhere").mkdir()
        many = [self.directory / f"many-{number}" for number in range(300)]
        for number, path in enumerate(many):
            file = self.directory / "elsewhere" / path.name if number >= 290 else path
            file.write_text(f"many-{number}.example\n")
            if file != path:
                path.symlink_to(file)
        fifo = self.directory / "fifo"
        os.mkfifo(fifo)
        fifo.chmod(0o644)
        writer = threading.Thread(target=fifo.write_text, args=("piped.example\n",), daemon=True)
        writer.start()
        done = self.scan_lists([*many, fifo])
        self.assertEqual(done.returncode, OK, done.stderr)
        self.assertEqual(len(dataset.read_table(self.out, "domains")), 301)

    @unittest.skipUnless(IS_ROOT, "needs root")
    def test_lists_that_cannot_be_read_when_their_turn_comes(self):
        """A named pipe is opened when its turn comes, and so is a file that is one of too many to be held open."""
        self.directory.chmod(0o711)
        first = self.directory / "first"
        first.write_text("a.example\n")
        fifo = self.directory / "fifo"
        os.mkfifo(fifo, 0o600)
        many = [self.directory / f"many-{number}" for number in range(300)]
        for number, path in enumerate(many):
            path.write_text(f"many-{number}.example\n")
        many[299].chmod(0o600)
        for user in ((), ("--user", "root")):
            if user:
                os.chown(fifo, 4321, 4321)
                os.chown(many[299], 4321, 4321)
            for paths in ([first, fifo], many):
                with self.subTest(paths=len(paths), user=user):
                    shutil.rmtree(self.out, ignore_errors=True)
                    done = self.scan_lists(paths, *user)
                    self.assertEqual(done.returncode, PERMISSION, done.stderr)
                    self.assertIn(f"{paths[-1]}: Permission denied: it is opened when its turn comes", done.stderr)
                    self.assertIn("user nobody" if not user else "root without capabilities", done.stderr)
                    self.assertEqual(self.server.queries, 0)
                    self.assertEqual(self.out.exists(), bool(user), "nothing is made before what can be known")
        many[299].chmod(0o644)
        shutil.rmtree(self.out)
        done = self.scan_lists(many)
        self.assertEqual(done.returncode, OK, done.stderr)
        self.assertEqual(len(dataset.read_table(self.out, "domains")), 300)

    @unittest.skipUnless(IS_ROOT, "needs root")
    def test_root_becomes_whom_it_is_told(self):
        states, _ = self.scan("--user", "6321")
        self.expect_powerless(states, 6321, 6321)
        self.expect_owner(6321, 6321)

    @unittest.skipUnless(IS_ROOT, "needs root")
    def test_root_that_is_told_to_stay_has_no_capabilities(self):
        states, _ = self.scan("--user", "root")
        self.expect_powerless(states, 0, 0)
        self.expect_owner(0, 0)

    @unittest.skipUnless(IS_ROOT, "needs root")
    def test_root_that_stays_where_only_another_may_walk(self):
        """Without its capabilities root cannot enter somebody's closed directory any more."""
        os.chown(self.directory, 4321, 4321)
        states, _ = self.scan("--user", "root")
        self.expect_powerless(states, 0, 0)
        self.expect_owner(0, 0)

    @unittest.skipUnless(IS_ROOT, "needs root")
    def test_root_that_stays_in_anothers_directory(self):
        """It keeps the one capability that it writes by, behind the fence."""
        self.out.mkdir(mode=0o700)
        os.chown(self.out, 4321, 4321)
        states, _ = self.scan("--user", "root")
        self.expect_rights(states, 0, 0, CAP_DAC_OVERRIDE)
        self.assertEqual({(path.stat().st_uid, path.stat().st_gid) for path in self.out.rglob("*")}, {(0, 0)})

    @unittest.skipUnless(IS_ROOT, "needs root")
    def test_an_ordinary_user(self):
        os.chown(self.directory, 4321, 4321)
        self.lists()
        for path in self.directory.iterdir():
            os.chown(path, 4321, 4321)
        paths = [str(self.directory / f"list-{number}") for number in range(2)]
        words = ["setpriv", "--reuid=4321", "--regid=4321", "--clear-groups", str(MXSCAN), "scan", *paths, "-o",
                 str(self.out), "--resolver", self.server.address, "--rate", "200"]
        with subprocess.Popen(words, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as child:
            while self.server.queries < 20 and child.poll() is None:
                try:
                    child.wait(0.02)
                except subprocess.TimeoutExpired:
                    pass
            states = states_of(child.pid)
            said = child.stderr.read()
            self.assertEqual(child.wait(LIMIT_S), OK, said)
        self.assertNotIn("runs as user", said)
        self.expect_powerless(states, 4321, 4321)
        self.expect_owner(4321, 4321)

    def test_in_a_namespace_without_other_users(self):
        """Its root is none that matters, and cannot become another."""
        _, said = self.scan(before=["unshare", "-r"])
        self.assertIn("goes on as user 0", said)

    def test_the_fence_is_up(self):
        """A blocklist that comes to lie elsewhere cannot be read again, though its permissions allow it."""
        doctor = subprocess.run([MXSCAN, "doctor", "--resolver", self.server.address], capture_output=True, text=True,
                                timeout=LIMIT_S, check=False)
        if "file fence: Landlock" not in doctor.stdout:
            self.skipTest("this kernel has no Landlock")
        self.directory.chmod(0o755)
        (self.directory / "near").mkdir()
        (self.directory / "far").mkdir()
        block = self.directory / "near" / "block"
        block.write_text("blocked.example\n")
        (self.directory / "far" / "block").write_text("blocked.example\n")
        asked_before = self.server.queries
        words = [str(MXSCAN), "scan", *self.lists(), "-o", str(self.out), "--resolver", self.server.address, "--rate",
                 "200", "--blocklist-file", str(block)]
        with subprocess.Popen(words, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as child:
            while self.server.queries < asked_before + 20 and child.poll() is None:
                try:
                    child.wait(0.02)
                except subprocess.TimeoutExpired:
                    pass
            child.send_signal(signal.SIGHUP)
            while "blocklist read again" not in child.stderr.readline():
                self.assertIsNone(child.poll())
            block.unlink()
            block.symlink_to(self.directory / "far" / "block")
            child.send_signal(signal.SIGHUP)
            said = child.stderr.read()
            self.assertEqual(child.wait(LIMIT_S), OK, said)
        self.assertRegex(said, r"near/block: Permission denied; the blocklist stays as it was")

    def look_at_check(self, before=()):
        """The states of a check that waits for a server that says nothing."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
            silent.bind(("127.0.0.1", 0))
            silent.settimeout(LIMIT_S)
            words = [*before, MXSCAN, "check", "a.example", "--tries", "1", "--resolver",
                     f"127.0.0.1:{silent.getsockname()[1]}"]
            with subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                  text=True) as child:
                silent.recv(512)
                states = states_of(child.pid)
                said = child.stderr.read()
                self.assertEqual(child.wait(LIMIT_S), NO_SERVER, said)
        self.assertEqual(len(states), 1)
        return states

    def test_a_check_has_no_rights_either(self):
        states = self.look_at_check()
        self.expect_rights(states, NOBODY if IS_ROOT else os.geteuid(), NOBODY if IS_ROOT else os.getegid())
        if IS_ROOT:
            self.assertEqual(states[0]["Groups"], [])
            self.assertEqual(int(states[0]["CapBnd"][0], 16), 0)

    def test_a_check_in_a_namespace_without_other_users(self):
        self.expect_rights(self.look_at_check(["unshare", "-r"]), os.geteuid(), os.getegid())

    def test_a_user_that_cannot_be(self):
        name = "no-such-user" if IS_ROOT else "nobody"
        words = [MXSCAN, "scan", *self.lists(), "-o", self.out, "--resolver", self.server.address, "--user", name]
        done = subprocess.run(words, capture_output=True, text=True, timeout=LIMIT_S, check=False)
        self.assertEqual(done.returncode, USAGE, done.stderr)
        self.assertIn("--user: ", done.stderr)
        self.assertFalse(self.out.exists())
        self.assertEqual(self.server.queries, 0)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]])
