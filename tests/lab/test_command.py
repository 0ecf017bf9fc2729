"""bkt on a real desktop: drift made by flatpak, gnome-extensions and gsettings themselves, resolved, and taken back."""
import json
import re

import ui
from distribution import MANIFESTS, OVERRIDES, Distribution, override

INTERFACE = "org.gnome.desktop.interface"


class Command(Distribution):
    @classmethod
    def setUpClass(cls):
        case = cls()
        case.add_remote()
        case.install("org.lab.Notes", "org.lab.Chess", "org.lab.Calendar")
        case.run_ok("gnome-extensions", "enable", "alpha@lab.test")
        case.run_ok("gnome-extensions", "enable", "beta@lab.test")
        case.run_ok("gsettings", "set", INTERFACE, "clock-show-weekday", "true")

    def extension(self, uuid):
        return re.search("State: (.*)", self.run_ok("gnome-extensions", "info", uuid)).group(1)

    # Flatpak -------------------------------------------------------------------------------------------------

    def test_an_installed_app_is_captured_as_one_object(self):
        self.install("org.lab.Weather")
        self.addCleanup(self.run_any, "flatpak", "uninstall", "--user", "-y", "--noninteractive", "org.lab.Weather")
        self.assertEqual(self.drift(), {"flatpak-apps user/org.lab.Weather": "unmanaged"})
        self.bkt("capture", "-y", "flatpak", "-i", "org.lab.Weather")
        self.assertEqual(self.changed_files(), {"manifests/flatpak-apps.json"})
        self.assertEqual(self.changed_entries("flatpak-apps.json", "apps"), {"org.lab.Weather"})
        entry = self.entries("flatpak-apps.json", "apps")["org.lab.Weather"]
        self.assertEqual((entry["remote"], entry["scope"]), ("lab", "user"))
        self.assertEqual(self.drift(), {})
        self.assertIn("org.lab.Weather", self.installed(), "a capture leaves the machine alone")

    def test_wanted_apps_are_installed_by_one_command_and_undone(self):
        manifest = self.manifest("flatpak-apps.json")
        wanted = ["org.lab.Maps", "org.lab.Photos", "org.lab.Player"]
        manifest["apps"] += [{"id": i, "remote": "lab", "scope": "user"} for i in wanted]
        self.write("flatpak-apps.json", manifest)
        before = (MANIFESTS / "flatpak-apps.json").read_bytes()
        plan = json.loads(self.bkt("apply", "-n", "--json", "flatpak"))
        runs = [step["action"]["run"] for step in plan["steps"]]
        self.assertEqual(len(runs), 1, "one flatpak for all apps of a scope and a remote")
        self.bkt("apply", "-y", "flatpak")
        self.assertLessEqual(set(wanted), self.installed())
        self.assertEqual(self.drift(), {})
        self.bkt("undo", "-y")
        self.assertFalse(set(wanted) & self.installed())
        self.assertEqual((MANIFESTS / "flatpak-apps.json").read_bytes(), before)
        self.bkt("redo", "-y")
        self.assertLessEqual(set(wanted), self.installed())
        self.run_ok("flatpak", "uninstall", "--user", "-y", "--noninteractive", *wanted)

    def test_a_removed_app_is_held_back_until_it_is_meant(self):
        self.run_ok("flatpak", "uninstall", "--user", "-y", "--noninteractive", "org.lab.Calendar")
        self.assertEqual(self.drift(), {"flatpak-apps user/org.lab.Calendar": "system-changed"})
        self.bkt("capture", "-y")
        self.assertEqual(self.changed_files(), set(), "a removal is not captured unasked")
        self.bkt("capture", "-y", "--prune")
        self.assertNotIn("org.lab.Calendar", self.entries("flatpak-apps.json", "apps"))
        self.bkt("undo", "-y")
        self.assertEqual(self.changed_files(), set())
        self.bkt("apply", "-y", "-i", "org.lab.Calendar")
        self.assertIn("org.lab.Calendar", self.installed())

    def test_an_override_made_elsewhere_is_captured(self):
        self.run_ok("flatpak", "override", "--user", "--nofilesystem=home", "--env=LAB_MODE=quiet", "org.lab.Notes")
        self.addCleanup(self.run_any, "flatpak", "override", "--user", "--reset", "org.lab.Notes")
        self.assertEqual(self.drift(), {"flatpak-apps user/org.lab.Notes": "system-changed"})
        self.bkt("capture", "-y")
        self.assertEqual(self.changed_entries("flatpak-apps.json", "apps"), {"org.lab.Notes"})
        overrides = self.entries("flatpak-apps.json", "apps")["org.lab.Notes"]["overrides"]
        self.assertEqual(overrides, {"Context": {"filesystems": ["!home"]}, "Environment": {"LAB_MODE": "quiet"}})
        self.assertEqual(self.drift(), {})

    def test_apply_restores_a_keyfile_with_what_bucket_does_not_know(self):
        OVERRIDES.mkdir(parents=True, exist_ok=True)
        file = OVERRIDES / "org.lab.Chess"
        self.addCleanup(file.unlink, missing_ok=True)
        text = "# Chess sees nothing.\n[Context]\nsockets=!x11;\nsee=why;\n\n[Something New]\nkey=one;two\n"
        file.write_text(text)
        self.bkt("capture", "-y")
        self.commit()
        self.run_ok("flatpak", "override", "--user", "--socket=x11", "--share=network", "org.lab.Chess")
        drifted = file.read_text()
        self.assertEqual(self.drift(), {"flatpak-apps user/org.lab.Chess": "system-changed"})
        self.bkt("apply", "-y", "-i", "org.lab.Chess")
        self.assertEqual(self.drift(), {})
        for line in ("# Chess sees nothing.", "[Something New]", "key=one;two"):
            self.assertEqual(line in drifted, line in file.read_text(), f"{line!r} is as flatpak left it")
        shown = self.run_ok("flatpak", "override", "--user", "--show", "org.lab.Chess")
        self.assertIn("sockets=!x11;", shown)
        self.assertNotIn("network", shown)
        self.bkt("undo", "-y")
        self.assertEqual(file.read_text(), drifted, "undo puts back every byte")

    def test_a_file_with_comments_keeps_them_when_applied(self):
        OVERRIDES.mkdir(parents=True, exist_ok=True)
        file = OVERRIDES / "org.lab.Chess"
        self.addCleanup(file.unlink, missing_ok=True)
        file.write_text("# mine\n[Context]\n# why\nsockets=!x11;\nsee=why;\n[Something New]\nkey=one;two\n")
        self.bkt("capture", "-y")
        entry = self.manifest("flatpak-apps.json")
        next(e for e in entry["apps"] if e["id"] == "org.lab.Chess")["overrides"]["Context"]["sockets"] = ["!wayland"]
        self.write("flatpak-apps.json", entry)
        self.bkt("apply", "-y")
        self.assertEqual(file.read_text(), "# mine\n[Context]\n# why\nsockets=!wayland;\nsee=why;\n[Something New]\nkey=one;two\n")

    def test_a_pinned_commit_is_captured_and_brought_back(self):
        log = self.run_ok("flatpak", "remote-info", "--user", "--log", "lab", "org.lab.Notes")
        newest, older = re.findall(r"Commit: ([0-9a-f]{64})", log)
        self.addCleanup(self.run_any, "flatpak", "mask", "--user", "--remove", "org.lab.Notes")
        self.addCleanup(self.run_any, "flatpak", "update", "--user", "-y", "--noninteractive", f"--commit={newest}", "org.lab.Notes")
        manifest = self.manifest("flatpak-apps.json")
        next(e for e in manifest["apps"] if e["id"] == "org.lab.Notes")["commit"] = older
        self.write("flatpak-apps.json", manifest)
        self.assertEqual(self.drift(), {"flatpak-apps user/org.lab.Notes": self.drift()["flatpak-apps user/org.lab.Notes"]})
        self.bkt("apply", "-y", "-i", "org.lab.Notes")
        self.assertIn(older, self.run_ok("flatpak", "info", "--user", "--show-commit", "org.lab.Notes"))
        self.assertEqual(self.drift(), {})

    def test_a_branch_is_switched(self):
        self.install("org.lab.Sketch//stable")
        self.addCleanup(self.run_any, "flatpak", "uninstall", "--user", "-y", "--noninteractive", "org.lab.Sketch")
        manifest = self.manifest("flatpak-apps.json")
        manifest["apps"].append({"id": "org.lab.Sketch", "remote": "lab", "scope": "user", "branch": "beta"})
        self.write("flatpak-apps.json", manifest)
        self.bkt("apply", "-y", "-i", "org.lab.Sketch")
        self.assertIn("5.1", self.run_ok("flatpak", "info", "--user", "org.lab.Sketch"))
        self.assertEqual(self.drift(), {})

    def test_system_scope(self):
        self.add_remote("system")
        self.bkt("capture", "-y")
        manifest = self.manifest("flatpak-apps.json")
        manifest["apps"].append({"id": "org.lab.Plain", "remote": "lab", "scope": "system"})
        self.write("flatpak-apps.json", manifest)
        self.bkt("apply", "-y")
        self.assertIn("org.lab.Plain", self.installed("system"))
        self.assertEqual(self.drift(), {})

    def test_an_app_that_cannot_arrive_in_its_new_place_stays_where_it_is(self):
        self.run_ok("sudo", "ln", "-sfn", "repo", "/srv/lab/gone")
        self.add_remote("system", "gone", "file:///srv/lab/gone")
        self.addCleanup(self.run_any, "sudo", "flatpak", "remote-delete", "--system", "--force", "gone")
        self.bkt("capture", "-y")
        self.run_ok("sudo", "rm", "/srv/lab/gone")
        manifest = self.manifest("flatpak-apps.json")
        entry = next(e for e in manifest["apps"] if e["id"] == "org.lab.Chess")
        entry.update(scope="system", remote="gone")
        self.write("flatpak-apps.json", manifest)
        self.assertIn("nothing is removed", self.bkt("apply", "-y", "--prune", "flatpak-apps", code=1))
        self.assertIn("org.lab.Chess", self.installed("user"))

    # Extensions ------------------------------------------------------------------------------------------------

    def test_a_disabled_extension_is_captured_and_stays_disabled(self):
        self.addCleanup(self.run_any, "gnome-extensions", "enable", "alpha@lab.test")
        self.run_ok("gnome-extensions", "disable", "alpha@lab.test")
        self.assertEqual(self.drift(), {"extensions alpha@lab.test": "system-changed"})
        self.bkt("capture", "-y")
        self.assertEqual(self.changed_entries("gnome-extensions.json", "extensions"), {"alpha@lab.test"})
        self.assertIs(self.entries("gnome-extensions.json", "extensions")["alpha@lab.test"]["enabled"], False)
        self.bkt("apply", "-y")
        self.assertNotEqual(self.extension("alpha@lab.test"), "ACTIVE")
        self.bkt("undo", "-y")
        self.assertEqual(self.changed_files(), set())

    def test_apply_enables_and_undo_disables_as_the_shell_says(self):
        self.addCleanup(self.run_any, "gnome-extensions", "enable", "beta@lab.test")
        self.run_ok("gnome-extensions", "disable", "beta@lab.test")
        self.bkt("apply", "-y", "-i", "beta@lab.test")
        ui.until(lambda: self.extension("beta@lab.test") == "ACTIVE", "beta active")
        self.bkt("undo", "-y")
        ui.until(lambda: self.extension("beta@lab.test") != "ACTIVE", "beta not active")

    # Settings ----------------------------------------------------------------------------------------------------

    def test_a_setting_goes_both_ways(self):
        self.addCleanup(self.run_any, "gsettings", "reset", INTERFACE, "accent-color")
        self.run_ok("gsettings", "set", INTERFACE, "accent-color", "green")
        self.assertEqual(self.drift(), {f"gsettings {INTERFACE} accent-color": "unmanaged"})
        self.bkt("capture", "-y")
        self.assertEqual(self.changed_entries("gsettings.json", "settings"), {f"{INTERFACE} accent-color"})
        self.write("gsettings.json", (MANIFESTS / "gsettings.json").read_text().replace("'green'", "'purple'"))
        self.assertEqual(self.drift(), {f"gsettings {INTERFACE} accent-color": "manifest-changed"})
        self.bkt("apply", "-y")
        self.assertEqual(self.run_ok("gsettings", "get", INTERFACE, "accent-color").strip(), "'purple'")
        self.bkt("undo", "-y")
        self.assertEqual(self.run_ok("gsettings", "get", INTERFACE, "accent-color").strip(), "'green'")

    def test_a_relocatable_setting(self):
        schema = "org.gnome.settings-daemon.plugins.media-keys.custom-keybinding"
        path = "/org/gnome/settings-daemon/plugins/media-keys/custom-keybindings/custom0/"
        self.addCleanup(self.run_any, "dconf", "reset", "-f", path)
        manifest = self.manifest("gsettings.json")
        manifest["settings"].append({"schema": schema, "path": path, "key": "name", "value": "'Terminal'"})
        self.write("gsettings.json", manifest)
        self.bkt("apply", "-y")
        self.assertEqual(self.run_ok("gsettings", "get", f"{schema}:{path}", "name").strip(), "'Terminal'")
        self.assertEqual(self.drift(), {})
        self.run_ok("gsettings", "set", f"{schema}:{path}", "name", "Console")
        self.assertEqual(list(self.drift().values()), ["system-changed"])

    # Taking it back ----------------------------------------------------------------------------------------------

    def test_undo_refuses_what_has_moved(self):
        self.addCleanup(self.run_any, "gsettings", "reset", INTERFACE, "text-scaling-factor")
        self.run_ok("gsettings", "set", INTERFACE, "text-scaling-factor", "1.25")
        self.bkt("capture", "-y")
        file = MANIFESTS / "gsettings.json"
        moved = file.read_text().replace("1.25", "1.5")
        file.write_text(moved)
        self.assertIn("moved", self.bkt("undo", "-y", code=1))
        self.assertEqual(file.read_text(), moved)

    def test_a_conflict_needs_a_decision(self):
        self.addCleanup(self.run_any, "gsettings", "set", INTERFACE, "clock-show-weekday", "true")
        self.addCleanup(self.run_any, "gsettings", "reset", INTERFACE, "clock-format")
        self.run_ok("gsettings", "set", INTERFACE, "clock-format", "12h")
        self.bkt("capture", "-y")
        self.write("gsettings.json", (MANIFESTS / "gsettings.json").read_text().replace("'12h'", "'24h'"))
        self.run_ok("gsettings", "reset", INTERFACE, "clock-format")
        self.assertEqual(self.drift(), {f"gsettings {INTERFACE} clock-format": "conflict"})
        self.bkt("--cli", "apply", code=4)
        self.bkt("--cli", "apply", "--force")
        self.assertEqual(self.run_ok("gsettings", "get", INTERFACE, "clock-format").strip(), "'24h'")
