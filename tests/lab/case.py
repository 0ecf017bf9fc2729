"""What lab tests share: commands, the program under test, and a remote to install from.

A test file is tests/lab/test_NAME.py; its tests derive from Case and run, in the order of their names, as the user of one
fresh lab. How to find and use widgets is in ui.py. To be run: build-aux/dev test lab NAME
"""
import os
import pathlib
import subprocess
import unittest

import ui

APP_ID = "org.bkt.Bucket"
REMOTE = "file:///srv/lab/repo"
HOME = pathlib.Path.home()
LOG = pathlib.Path("/out/bucket.log")


class Case(unittest.TestCase):
    """One desktop, shared by the tests of a file."""

    maxDiff = None

    def run_ok(self, *argv, **kwargs):
        """What a command printed. A command that fails fails the test, with all it said."""
        done = self.run_any(*argv, **kwargs)
        self.assertEqual(done.returncode, 0, f"{' '.join(map(str, argv))}\n{done.stdout}{done.stderr}")
        return done.stdout

    def run_any(self, *argv, env=None, **kwargs):
        """A command that may fail, once it has ended: returncode, stdout, stderr."""
        kwargs.setdefault("timeout", 60)
        kwargs.setdefault("cwd", HOME)
        return subprocess.run([str(a) for a in argv], capture_output=True, text=True, check=False,
                              stdin=None if "input" in kwargs else subprocess.DEVNULL, env={**os.environ, **(env or {})}, **kwargs)

    def add_remote(self, scope="user", name="lab", url=REMOTE):
        """The lab's Flatpak remote."""
        sudo = ["sudo"] if scope == "system" else []   # flatpak would ask for the password
        self.run_ok(*sudo, "flatpak", "remote-add", f"--{scope}", "--if-not-exists", "--no-gpg-verify", name, url)

    def install(self, *refs, scope="user", remote="lab"):
        """Apps, with flatpak itself."""
        self.run_ok("flatpak", "install", f"--{scope}", "-y", "--noninteractive", remote, *refs)

    def installed(self, scope="user"):
        """The ids of installed apps, as flatpak says."""
        return set(self.run_ok("flatpak", "list", f"--{scope}", "--app", "--columns=application").split())

    def open_bucket(self, *args, env=()):
        """Starts Bucket as its own unit, and returns it with its window open. What it prints is in /out/bucket.log."""
        settings = [f"--setenv={e}" for e in env]
        self.run_ok("systemd-run", "--user", "--quiet", "--collect", "--unit=bucket-under-test", *settings,
                    f"--property=StandardOutput=append:{LOG}", f"--property=StandardError=append:{LOG}", "bucket", *args)
        app = ui.App("bucket")
        app.window()
        ui.focus(APP_ID)
        return app

    def kill_bucket(self, signal="SIGKILL"):
        """Ends it as a crash would."""
        self.run_any("systemctl", "--user", "kill", f"--signal={signal}", "bucket-under-test")
        self.close_bucket()

    def close_bucket(self):
        """Ends it, and waits until it is gone from the accessibility bus too."""
        self.run_any("systemctl", "--user", "stop", "bucket-under-test")
        ui.until(lambda: not ui.App("bucket").roots(), "end of Bucket")

    def assert_no_criticals(self):
        """GTK and GLib found no programming error in what Bucket did so far."""
        lines = [line for line in LOG.read_text().splitlines() if "-CRITICAL" in line] if LOG.exists() else []
        self.assertEqual(lines, [])
