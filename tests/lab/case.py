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
SCALE = ("org.gnome.desktop.interface", "text-scaling-factor")
# Width, height, scale of text, dark: what a page is looked at in.
WINDOWS = {"wide": (980, 640, "1.0", False), "wide-dark": (980, 640, "1.0", True), "narrow": (360, 640, "1.0", False),
           "narrow-dark": (360, 640, "1.0", True), "narrow-large": (360, 640, "2.0", False), "low": (360, 294, "1.0", False)}


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

    def pictures(self, what, look=lambda window, width: None):
        """Pictures in /out of what is shown, in every kind of window; none may need more room than there is. `look` is called in each."""
        self.addCleanup(self.run_any, "gsettings", "reset", *SCALE)
        self.addCleanup(ui.dark, False)
        ui.unmaximize()
        for name, (width, height, scale, dark) in WINDOWS.items():
            self.run_ok("gsettings", "set", *SCALE, scale)
            ui.dark(dark)
            size = ui.resize(width, height)
            ui.settle()
            ui.screenshot(f"/out/{what}-{name}.png", window=True)
            if scale == "1.0":
                self.assertEqual(size, (width, height), f"{what}, {name}")
            look(name, size[0])
        self.run_ok("gsettings", "reset", *SCALE)
        ui.dark(False)
        ui.resize(980, 640)
