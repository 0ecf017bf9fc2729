"""The lab tests itself: is what the other tests rely on a real desktop?"""
import json
import pathlib
import struct
import subprocess
import sys
import time
import urllib.request

import ui
from case import APP_ID, REMOTE, Case

OUT = pathlib.Path("/out")


def pixels(file):
    """A PNG's pixel data: its text chunks hold the time."""
    data = file.read_bytes()
    return data[data.index(b"IDAT"):]


class Lab(Case):
    def test_session_is_active_on_a_seat(self):
        sessions = json.loads(self.run_ok("loginctl", "list-sessions", "--json=short"))
        seated = [s["session"] for s in sessions if s["seat"] == "seat0"]
        self.assertEqual(len(seated), 1, sessions)
        self.assertEqual(self.run_ok("loginctl", "show-session", "-P", "Active", seated[0]).strip(), "yes")
        self.assertEqual(self.run_ok("systemctl", "--user", "is-system-running").strip(), "running")

    def test_shell_knows_the_extensions(self):
        states = {u: i.get("state") for u, i in ui.call("org.gnome.Shell.Extensions", "/org/gnome/Shell/Extensions",
                  "org.gnome.Shell.Extensions", "ListExtensions")[0].items()}
        self.assertEqual(set(states), {f"{n}@lab.test" for n in ("alpha", "beta", "gamma", "old", "broken")})
        for name, state in (("alpha", "ACTIVE"), ("old", "OUT OF DATE"), ("broken", "ERROR")):
            with self.subTest(name):
                self.run_any("gnome-extensions", "enable", f"{name}@lab.test")
                ui.until(lambda: f"State: {state}" in self.run_ok("gnome-extensions", "info", f"{name}@lab.test"), f"{name} {state}")
        self.run_ok("gnome-extensions", "disable", "broken@lab.test")

    def test_flatpak_in_both_scopes(self):
        for scope in ("user", "system"):
            self.add_remote(scope)
            self.install("org.lab.Plain", scope=scope)
            self.assertIn("org.lab.Plain", self.installed(scope))
        self.assertIn("org.lab.Plain 1.0", self.run_ok("flatpak", "run", "--user", "org.lab.Plain"))

    def test_flatpak_branches_history_and_permissions(self):
        self.add_remote()
        self.install("org.lab.Sketch//beta", "org.lab.Notes")
        self.assertIn("5.1", self.run_ok("flatpak", "info", "org.lab.Sketch//beta"))
        log = self.run_ok("flatpak", "remote-info", "--user", "--log", "lab", "org.lab.Notes")
        commits = [line.split()[-1] for line in log.splitlines() if "Commit:" in line]
        self.assertEqual(len(commits), 2, log)
        self.run_ok("flatpak", "update", "--user", "-y", "--noninteractive", f"--commit={commits[1]}", "org.lab.Notes")
        self.assertIn("2.0", self.run_ok("flatpak", "info", "org.lab.Notes"))
        self.assertIn("filesystems=home", self.run_ok("flatpak", "info", "--show-permissions", "org.lab.Notes"))

    def test_slow_remote_can_be_interrupted(self):
        server = subprocess.Popen([sys.executable, "-B", "/lab/slow-remote.py", "4000000"], stdout=subprocess.PIPE, text=True)
        self.addCleanup(server.stdout.close)
        self.addCleanup(server.wait)
        self.addCleanup(server.kill)
        url = server.stdout.readline().strip()
        self.assertEqual(urllib.request.urlopen(f"{url}/config").status, 200)
        self.add_remote(name="slow", url=url)
        began = time.monotonic()
        install = subprocess.Popen(["flatpak", "install", "--user", "-y", "--noninteractive", "slow", "org.lab.Globe"],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(2)
        self.assertIsNone(install.poll(), "25 MB at 4 MB/s, and done within two seconds")
        install.terminate()
        install.wait(5)
        self.assertLess(time.monotonic() - began, 4)
        self.assertNotIn("org.lab.Globe", self.installed())

    def test_window_is_found_and_photographed(self):
        app = self.open_bucket()
        self.addCleanup(self.close_bucket)
        self.assertEqual(app.window("Bucket").role, "frame")
        ui.screenshot(OUT / "light.png", window=True)
        data = (OUT / "light.png").read_bytes()
        self.assertEqual(data[:8], b"\x89PNG\r\n\x1a\n")
        width, height = struct.unpack(">II", data[16:24])
        self.assertGreaterEqual(width, 360)
        self.assertGreaterEqual(height, 294)
        ui.dark(True)
        ui.screenshot(OUT / "dark.png", window=True)
        ui.dark(False)
        self.assertNotEqual(pixels(OUT / "light.png"), pixels(OUT / "dark.png"))
        self.assertEqual(ui.resize(800, 600), (800, 600))
        with self.assertRaises(ui.NotFound) as caught:
            app.find("button", "No such button", timeout=0.2)
        self.assertIn("frame 'Bucket'", str(caught.exception))

    def test_window_can_be_closed_with_the_pointer(self):
        app = self.open_bucket()
        app.click("button", "Close")
        ui.until(lambda: not app.roots(), "end of Bucket")

    def test_dbus_activation(self):
        self.run_ok("gapplication", "launch", APP_ID)
        self.assertEqual(ui.App("bucket").window("Bucket").role, "frame")
        names = ui.call("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "ListNames")[0]
        self.assertIn(APP_ID, names)
        self.run_any("pkill", "-x", "bucket")
        ui.until(lambda: not ui.App("bucket").roots(), "end of Bucket")

    def test_notification_and_its_button(self):
        sender = subprocess.Popen(["notify-send", "--action=undo=Undo", "--wait", "Title", "Body"], stdout=subprocess.PIPE, text=True)
        self.addCleanup(sender.stdout.close)
        shell = ui.App("gnome-shell")
        shell.hover("label", "Title")   # a banner shows its buttons only once the pointer is on it
        shell.click("button", "Undo")
        self.assertEqual(sender.communicate(timeout=10)[0].strip(), "undo")

    def test_settings_reach_dconf(self):
        self.assertEqual(self.run_ok("gsettings", "get", APP_ID, "window-width").strip(), "980")
        self.run_ok("gsettings", "set", "org.gnome.desktop.interface", "clock-show-seconds", "true")
        self.assertEqual(self.run_ok("dconf", "read", "/org/gnome/desktop/interface/clock-show-seconds").strip(), "true")

    def test_polkit_asks_for_the_password(self):
        adding = subprocess.Popen(["flatpak", "remote-add", "--system", "--no-gpg-verify", "asked", REMOTE])
        self.addCleanup(adding.kill)
        ui.authenticate()
        self.assertEqual(adding.wait(10), 0)
        self.assertIn("asked", self.run_ok("flatpak", "remotes", "--system"))
