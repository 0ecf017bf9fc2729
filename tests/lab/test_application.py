"""Bucket's window on a real desktop, driven as a person with a screen reader and a pointer would."""
import json
import re
import subprocess
import sys
import time

import ui
from distribution import HOME, MANIFESTS, OVERRIDES, ROOT, Distribution, override

INTERFACE = "org.gnome.desktop.interface"


class Application(Distribution):
    @classmethod
    def setUpClass(cls):
        case = cls()
        case.add_remote()
        case.install("org.lab.Notes", "org.lab.Chess", "org.lab.Calendar")
        case.run_ok("gnome-extensions", "enable", "alpha@lab.test")
        case.run_ok("gsettings", "set", INTERFACE, "clock-show-weekday", "true")

    def open(self, page):
        """Bucket, at one of its pages."""
        app = self.open_bucket()
        self.addCleanup(self.assert_no_criticals)
        self.addCleanup(self.close_bucket)
        app.click("list item", ui.starts(page))
        return app

    def plan(self, app, verb):
        """The plan dialog, with its verb pressed."""
        app.press("button", verb, within=app.find("dialog"))

    def want_globe_slowly(self):
        """The manifest wants an app that takes a minute to install: longer than any test needs to get in its way."""
        server = subprocess.Popen([sys.executable, "-B", "/lab/slow-remote.py", "400000"], stdout=subprocess.PIPE, text=True)
        self.addCleanup(server.stdout.close)
        self.addCleanup(server.wait)
        self.addCleanup(server.kill)
        self.add_remote(name="slow", url=server.stdout.readline().strip())
        self.addCleanup(self.run_any, "flatpak", "remote-delete", "--user", "--force", "slow")
        self.bkt("capture", "-y")
        manifest = self.manifest("flatpak-apps.json")
        manifest["apps"].append({"id": "org.lab.Globe", "remote": "slow", "scope": "user", "branch": "stable"})
        self.write("flatpak-apps.json", manifest)

    def undo(self, app):
        """Presses Undo in the toast."""
        app.press("button", "Undo")

    def state(self, uuid):
        return re.search("State: (.*)", self.run_ok("gnome-extensions", "info", uuid)).group(1)

    # One row -----------------------------------------------------------------------------------------------------

    def test_capture_and_undo_in_the_toast(self):
        self.install("org.lab.Weather")
        self.addCleanup(self.run_any, "flatpak", "uninstall", "--user", "-y", "--noninteractive", "org.lab.Weather")
        before = (MANIFESTS / "flatpak-apps.json").read_bytes()
        app = self.open("Flatpaks")
        app.find("list item", ui.starts("Flatpaks, 1 difference"))
        app.click("button", "Capture Weather")
        ui.until(lambda: (MANIFESTS / "flatpak-apps.json").read_bytes() != before, "a capture")
        self.assertEqual(self.changed_files(), {"manifests/flatpak-apps.json"})
        self.assertEqual(self.changed_entries("flatpak-apps.json", "apps"), {"org.lab.Weather"})
        app.wait_gone("button", "Capture Weather")
        self.undo(app)
        ui.until(lambda: (MANIFESTS / "flatpak-apps.json").read_bytes() == before, "undo")
        self.assertIn("org.lab.Weather", self.installed())
        app.find("button", "Capture Weather")

    def test_apply_shows_the_plan_installs_and_undoes_from_a_new_process(self):
        manifest = self.manifest("flatpak-apps.json")
        manifest["apps"].append({"id": "org.lab.Maps", "remote": "lab", "scope": "user"})
        self.write("flatpak-apps.json", manifest)
        app = self.open("Flatpaks")
        app.click("button", "Apply Maps")
        self.assertNotIn("org.lab.Maps", self.installed(), "nothing happens before the plan was seen")
        self.plan(app, "Apply")
        ui.until(lambda: "org.lab.Maps" in self.installed(), "the app")
        app.wait_gone("button", "Apply Maps")
        self.close_bucket()
        app = self.open("History")
        app.press("button", ui.starts("Undo: Applied Maps"))
        self.plan(app, "Undo")
        ui.until(lambda: "org.lab.Maps" not in self.installed(), "undo")
        self.assertEqual(self.manifest("flatpak-apps.json"), manifest)

    def test_a_disabled_extension(self):
        self.addCleanup(self.run_any, "gnome-extensions", "enable", "alpha@lab.test")
        self.run_ok("gnome-extensions", "disable", "alpha@lab.test")
        app = self.open("Extensions")
        app.click("button", "Capture Alpha Dock")
        ui.until(lambda: self.changed_files(), "a capture")
        self.assertIs(self.entries("gnome-extensions.json", "extensions")["alpha@lab.test"]["enabled"], False)
        self.assertEqual(self.changed_entries("gnome-extensions.json", "extensions"), {"alpha@lab.test"})
        self.assertNotEqual(self.state("alpha@lab.test"), "ACTIVE")

    def test_an_extension_is_enabled_as_the_shell_says(self):
        self.addCleanup(self.run_any, "gnome-extensions", "enable", "alpha@lab.test")
        self.run_ok("gnome-extensions", "disable", "alpha@lab.test")
        app = self.open("Extensions")
        app.click("button", "Apply Alpha Dock")
        self.plan(app, "Apply")
        ui.until(lambda: self.state("alpha@lab.test") == "ACTIVE", "an active extension")

    def test_the_master_switch_is_turned_on_from_the_banner(self):
        shell = "org.gnome.shell", "disable-user-extensions"
        self.addCleanup(self.run_any, "gsettings", "reset", *shell)
        self.run_ok("gsettings", "set", *shell, "true")
        app = self.open("Extensions")
        app.find("label", "All extensions are switched off by the master switch")
        app.find("list item", re.compile("^Extensions$"))
        app.click("button", "Turn On")
        ui.until(lambda: self.run_ok("gsettings", "get", *shell).strip() == "false", "the switch")
        app.wait_gone("button", "Turn On")
        self.assertEqual(self.changed_files(), set(), "a manifest that does not care is left alone")
        self.undo(app)
        app.find("button", "Turn On")

    def test_a_setting_and_an_override(self):
        self.addCleanup(self.run_any, "gsettings", "set", INTERFACE, "clock-show-weekday", "true")
        OVERRIDES.mkdir(parents=True, exist_ok=True)
        file = OVERRIDES / "org.lab.Notes"
        self.addCleanup(file.unlink, missing_ok=True)
        text = "# Notes may not look around.\n[Context]\nfilesystems=!home;\nsee=this;\n\n[New Group]\na=b\n"
        file.write_text(text)
        app = self.open("Flatpaks")
        app.click("button", "Capture Notes")
        ui.until(lambda: self.changed_files(), "a capture")
        entry = self.entries("flatpak-apps.json", "apps")["org.lab.Notes"]
        self.assertEqual(entry["overrides"]["Context"]["filesystems"], ["!home"])
        # Another program changes the file; the window notices by itself.
        app.wait_gone("button", "Capture Notes")
        file.write_text(text.replace("!home", "xdg-music"))
        app.click("button", "Apply Notes")
        self.plan(app, "Apply")
        ui.until(lambda: override("org.lab.Notes") == text, "the file as it was, comments and all")
        self.run_ok("gsettings", "set", INTERFACE, "clock-show-weekday", "false")
        app.click("list item", ui.starts("Settings"))
        app.click("button", "Apply Show weekday in clock")
        self.plan(app, "Apply")
        ui.until(lambda: self.run_ok("gsettings", "get", INTERFACE, "clock-show-weekday").strip() == "true", "the setting")

    def test_skip_leaves_both_sides(self):
        self.addCleanup(self.run_any, "gsettings", "set", INTERFACE, "clock-show-weekday", "true")
        self.run_ok("gsettings", "set", INTERFACE, "clock-show-weekday", "false")
        app = self.open("Settings")
        app.click("check box", "Select Show weekday in clock")
        app.click("button", "Skip")
        app.wait_gone("button", "Capture Show weekday in clock")
        self.assertEqual(self.run_ok("gsettings", "get", INTERFACE, "clock-show-weekday").strip(), "false")
        self.assertEqual(self.changed_files(), set())

    # Several rows ------------------------------------------------------------------------------------------------

    def test_a_selection_is_captured_at_once(self):
        self.addCleanup(self.run_any, "gsettings", "reset", INTERFACE, "accent-color")
        self.addCleanup(self.run_any, "gsettings", "set", INTERFACE, "clock-show-weekday", "true")
        self.run_ok("gsettings", "set", INTERFACE, "accent-color", "green")
        self.run_ok("gsettings", "set", INTERFACE, "clock-show-weekday", "false")
        app = self.open("Settings")
        for title in ("Accent color", "Show weekday in clock"):
            app.click("check box", f"Select {title}")
        app.find("label", "2 selected")
        app.click("button", "Capture 2")
        ui.until(lambda: self.changed_files(), "a capture")
        self.assertEqual(self.changed_entries("gsettings.json", "settings"), {f"{INTERFACE} accent-color", f"{INTERFACE} clock-show-weekday"})

    def test_search_and_filter(self):
        self.addCleanup(self.run_any, "gsettings", "reset", INTERFACE, "accent-color")
        self.run_ok("gsettings", "set", INTERFACE, "accent-color", "green")
        app = self.open("Settings")
        app.find("button", "Capture Accent color")
        ui.key("Control", "f")
        ui.type("nothing like it")
        app.find("label", "No Items Found")
        ui.key("Escape")
        app.find("button", "Capture Accent color")

    # Cancelling -------------------------------------------------------------------------------------------------

    def test_cancel_in_the_middle_of_an_install(self):
        self.want_globe_slowly()
        app = self.open("Flatpaks")
        app.click("button", "Apply Globe")
        self.plan(app, "Apply")
        app.find("progress bar", "Progress")
        time.sleep(2)
        app.press("button", "Stop", within=app.find("dialog"))
        began = time.monotonic()
        app.find("label", "Not Done")
        self.assertLess(time.monotonic() - began, 20, "it stops long before it would be done")
        app.find("label", ui.contains("Globe"), within=app.find("dialog"))
        self.assertNotIn("org.lab.Globe", self.installed())
        self.assertEqual(self.run_any("pgrep", "-x", "flatpak").stdout, "", "no flatpak goes on")
        self.assertFalse((HOME / ".local/share/flatpak/app/org.lab.Globe").exists(), "nothing half installed")

    # The rest of the window ---------------------------------------------------------------------------------------

    def test_it_follows_what_others_do(self):
        app = self.open("Flatpaks")
        app.find("label", "Everything Matches")
        self.run_ok("flatpak", "override", "--user", "--unshare=network", "org.lab.Chess")
        self.addCleanup(self.run_any, "flatpak", "override", "--user", "--reset", "org.lab.Chess")
        app.find("button", "Capture Chess")
        app.find("list item", ui.starts("Flatpaks, 1 difference"))
        self.run_ok("flatpak", "override", "--user", "--reset", "org.lab.Chess")
        app.find("label", "Everything Matches")

    def test_a_broken_manifest_is_said_and_stops_nothing_else(self):
        self.write("gsettings.json", '{\n  "settings": [\n    {"schema": 3}\n  ]\n}\n')
        self.run_ok("flatpak", "override", "--user", "--unshare=network", "org.lab.Chess")
        self.addCleanup(self.run_any, "flatpak", "override", "--user", "--reset", "org.lab.Chess")
        app = self.open("Settings")
        app.find("label", "Could Not Be Read")
        app.find("label", ui.contains("gsettings.json:3:"))
        app.click("list item", ui.starts("Flatpaks"))
        app.find("button", "Capture Chess")

    def test_first_run_asks_for_a_repository(self):
        self.run_ok("rm", "-rf", HOME / ".local/state/bkt")
        app = self.open_bucket()
        self.addCleanup(self.close_bucket)
        app.find("list item", "Choose a Folder…")
        self.bkt("repo", "use", ROOT)

    def test_a_crash_in_the_middle_leaves_the_truth(self):
        self.want_globe_slowly()
        app = self.open("Flatpaks")
        app.click("button", "Apply Globe")
        self.plan(app, "Apply")
        app.find("progress bar", "Progress")
        time.sleep(1)
        self.kill_bucket()
        ui.until(lambda: not self.run_any("pgrep", "-x", "flatpak").stdout, "the end of flatpak")
        self.assertNotIn("org.lab.Globe", self.installed())
        self.assertIn("flatpak-apps user/org.lab.Globe", self.drift())
        json.loads((MANIFESTS / "flatpak-apps.json").read_text())
        app = self.open("History")
        app.find("label", ui.contains("cut off before its end"))
        app.click("list item", ui.starts("Flatpaks"))
        app.find("button", "Apply Globe")
