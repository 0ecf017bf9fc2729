"""The override editor in Bucket's window: what is chosen there is what flatpak and the manifest say, and nothing else."""
import json
import pathlib

import ui
from distribution import MANIFESTS, OVERRIDES, Distribution, override

WAIT = 60   # the machine may be busy
MANIFEST = "flatpak-apps.json"


class Permissions(Distribution):
    @classmethod
    def setUpClass(cls):
        case = cls()
        case.add_remote()
        case.add_remote("system")
        case.install("org.lab.Notes", "org.lab.Chess", "org.lab.Calendar")
        case.install("org.lab.Maps", scope="system")

    def setUp(self):
        self.forget()
        self.addCleanup(self.forget)
        super().setUp()

    def forget(self):
        for file in OVERRIDES.glob("*"):
            file.unlink()

    def open(self, app_title=None):
        """The list of apps, or the permissions of one."""
        app = self.open_bucket()
        app.timeout = WAIT
        self.addCleanup(self.assert_no_criticals)
        self.addCleanup(self.close_bucket)
        app.click("list item", ui.starts("Flatpaks"))
        app.click("button", "Permissions of All Apps")
        if app_title:
            app.click("list item", ui.starts(app_title))
            app.find("radio button", "Network: Inherit")
        return app

    def wait(self, condition, what):
        return ui.until(condition, what, WAIT)

    def shown(self, app):
        return self.run_ok("flatpak", "override", "--user", "--show", app)

    def permissions(self, app):
        return self.run_ok("flatpak", "info", "--show-permissions", app)

    def entry(self, app):
        return self.entries(MANIFEST, "apps")[app]

    def chosen(self, app, name):
        """Whether a choice is the one that stands, in the window."""
        return any("checked" in node.states for node in app.all("radio button", name))

    def look_for(self, app, text):
        """Searches on the page, so that what is found is on screen."""
        ui.key("Control", "f")
        search = app.find("entry", "Search")
        self.wait(lambda: "focused" in search.states, "a search with the focus")
        ui.key("Control", "a")
        ui.type(text)

    def enter(self, entry, text):
        """Writes into an entry row, and says that this is all."""
        entry.click()
        self.wait(lambda: "focused" in entry.states, "an entry with the focus")
        entry.set_text(text)
        ui.key("Return")

    # One app -----------------------------------------------------------------------------------------------------

    def test_a_denial_is_on_the_machine_and_in_the_manifest_and_is_taken_back(self):
        before = (MANIFESTS / MANIFEST).read_text()
        self.assertIn("network", self.permissions("org.lab.Notes"))
        app = self.open("Notes")
        app.press("radio button", "Network: Deny")
        self.wait(lambda: "shared=!network;" in override("org.lab.Notes"), "an override")
        self.wait(lambda: self.changed_files(), "a capture")
        self.assertIn("shared=!network;", self.shown("org.lab.Notes"))
        self.assertNotIn("network", self.permissions("org.lab.Notes"))
        self.assertEqual(self.changed_files(), {f"manifests/{MANIFEST}"})
        self.assertEqual(self.changed_entries(MANIFEST, "apps"), {"org.lab.Notes"})
        old = {e["id"]: e for e in json.loads(before)["apps"]}["org.lab.Notes"]
        self.assertEqual(self.entry("org.lab.Notes"), {**old, "overrides": {"Context": {"shared": ["!network"]}}})
        self.assertEqual(self.drift(), {})
        # The row says who says what.
        row = app.find("list item", "Network")
        self.wait(lambda: row.description == "App default on · Global – · Manifest off · You off", f"{row.description}")
        app.press("button", "Network: Reset")
        self.wait(lambda: (MANIFESTS / MANIFEST).read_text() == before, "the manifest as it was")
        self.assertEqual(override("org.lab.Notes"), "")
        self.assertIn("network", self.permissions("org.lab.Notes"))
        self.wait(lambda: self.chosen(app, "Network: Inherit"), "the choice taken back")

    def test_undo_in_the_toast(self):
        before = (MANIFESTS / MANIFEST).read_text()
        app = self.open("Notes")
        app.press("radio button", "Sound: Allow")
        self.wait(lambda: "pulseaudio" in override("org.lab.Notes") and self.changed_files(), "an edit")
        app.press("button", "Undo")
        self.wait(lambda: (MANIFESTS / MANIFEST).read_text() == before, "undo in the manifest")
        self.assertEqual(override("org.lab.Notes"), "")
        self.wait(lambda: self.chosen(app, "Sound: Inherit"), "undo in the window")

    def test_a_path_is_judged_before_it_is_written(self):
        app = self.open("Notes")
        self.look_for(app, "add a path")
        entry = app.find("text", ui.starts("Add a Path"))
        self.enter(entry, "../x")
        app.find("label", ui.contains("cannot have"), within=app.find("list", "Files"))
        self.assertEqual((override("org.lab.Notes"), self.changed_files()), ("", set()))
        self.enter(entry, "~/Games:ro")
        self.wait(lambda: self.changed_files(), "a capture")
        self.assertIn("filesystems=~/Games:ro;", self.shown("org.lab.Notes"))
        self.assertEqual(self.entry("org.lab.Notes")["overrides"], {"Context": {"filesystems": ["~/Games:ro"]}})
        self.wait(lambda: entry.text == "", "an empty entry")
        self.look_for(app, "games")
        app.find("list item", "~/Games")

    def test_variables_and_bus_names(self):
        app = self.open("Notes")
        for row, bad, why, good in (("Add a Variable", "1A=b", "does not start with a digit", "EDITOR=vim -x"),
                                    ("Add a Session Bus Name", "org", "is no bus name", "org.freedesktop.UPower=talk")):
            self.look_for(app, row)
            entry = app.find("text", ui.starts(row))
            before = override("org.lab.Notes")
            self.enter(entry, bad)
            app.find("label", ui.contains(why))
            self.assertEqual(override("org.lab.Notes"), before)
            self.enter(entry, good)
            self.wait(lambda b=before: override("org.lab.Notes") != b, good)
        self.wait(lambda: "Session Bus Policy" in json.dumps(self.entry("org.lab.Notes")), "a capture")
        overrides = self.entry("org.lab.Notes")["overrides"]
        self.assertEqual(overrides, {"Environment": {"EDITOR": "vim -x"}, "Session Bus Policy": {"org.freedesktop.UPower": "talk"}})
        shown = self.shown("org.lab.Notes")
        self.assertIn("EDITOR=vim -x", shown)
        self.assertIn("org.freedesktop.UPower=talk", shown)
        self.look_for(app, "editor")
        app.press("button", "EDITOR: Unset")
        self.wait(lambda: "unset-environment=EDITOR;" in override("org.lab.Notes"), "an unset variable")

    def test_what_is_not_ours_stays_to_the_byte(self):
        OVERRIDES.mkdir(parents=True, exist_ok=True)
        text = ("# Mine.\n[Context]\nsockets=!x11;x11;if:x11:!has-wayland;\nfuture=a;b;\n\n"
                "[New Group]\nsome = thing\n")
        (OVERRIDES / "org.lab.Notes").write_text(text)
        self.bkt("capture", "-y")
        self.commit()
        app = self.open("Notes")
        app.find("label", ui.contains("granted if !has-wayland"))
        app.press("radio button", "Printers: Allow")
        self.wait(lambda: self.changed_files(), "a capture")
        new = text.replace("if:x11:!has-wayland;", "if:x11:!has-wayland;cups;")
        self.assertEqual(override("org.lab.Notes"), new)
        app.press("button", "Printers: Reset")
        self.wait(lambda: override("org.lab.Notes") == text, "the file as it was")

    def test_on_this_machine_only(self):
        app = self.open("Notes")
        app.press("toggle button", "More")
        app.press(*self.menu_item(app, "Only on This Machine"))
        app.find("label", "Changes stay on this machine")
        app.press("radio button", "Network: Deny")
        self.wait(lambda: "!network" in override("org.lab.Notes"), "an override")
        app.find("label", "Changed Notes on this machine")
        self.assertEqual(self.changed_files(), set())
        listed = self.bkt("local", "list")
        self.assertIn("bkt flatpak override set org.lab.Notes --unshare=network --user --local", listed)

    def menu_item(self, app, name):
        for role in ("check menu item", "menu item", "check box", "button"):
            if app.all(role, name):
                return role, name
        ui.settle(2)
        for role in ("check menu item", "menu item", "check box", "button"):
            if app.all(role, name):
                return role, name
        raise ui.NotFound(app.tree())

    def test_an_app_that_is_not_tracked_is_from_then_on(self):
        manifest = self.manifest(MANIFEST)
        manifest["apps"] = [e for e in manifest["apps"] if e["id"] != "org.lab.Chess"]
        self.write(MANIFEST, manifest)
        self.commit()
        app = self.open("Chess")
        app.find("label", ui.contains("not in the manifest"))
        app.press("radio button", "Network: Deny")
        app.find("label", "Changed Chess, which is in the manifest from now on")
        self.assertEqual(self.entry("org.lab.Chess")["overrides"], {"Context": {"shared": ["!network"]}})
        self.assertEqual(self.changed_entries(MANIFEST, "apps"), {"org.lab.Chess"})

    def test_a_change_from_outside_shows_by_itself(self):
        app = self.open("Notes")
        self.run_ok("flatpak", "override", "--user", "--unshare=network", "--filesystem=~/Outside", "org.lab.Notes")
        self.wait(lambda: self.chosen(app, "Network: Deny"), "the change")
        app.find("list item", "~/Outside")
        self.run_ok("flatpak", "override", "--user", "--reset", "org.lab.Notes")
        self.wait(lambda: self.chosen(app, "Network: Inherit"), "the change taken back")
        app.wait_gone("list item", "~/Outside")

    def test_the_file_beside_the_manifest(self):
        self.run_ok("flatpak", "override", "--user", "--unshare=network", "org.lab.Notes")
        app = self.open("Notes")
        app.click("list item", "Override File")
        app.find("list item", "Only on the system: shared=!network;")

    # For every user ------------------------------------------------------------------------------------------------

    def test_what_holds_for_every_user_is_shown_with_the_command(self):
        app = self.open("Maps")
        app.press("radio button", "For Every User")
        app.find("label", ui.contains("Only root"))
        deny = app.find("radio button", "Network: Deny")
        self.wait(lambda: "sensitive" not in app.find("radio button", "Network: Deny").states, "insensitive rows")
        copy = app.find("button", "Network: Copy Command")
        command = "sudo flatpak override --system --unshare=network org.lab.Maps"
        self.assertIn(command, [copy.description, copy.name, *(n.name for n, _ in copy.walk())])
        self.assertIsNotNone(deny)
        # The person's own layer holds for it too.
        app.press("radio button", "For You")
        app.press("radio button", "Network: Deny")
        self.wait(lambda: "!network" in override("org.lab.Maps"), "an override")
        self.assertNotIn("network", self.permissions("org.lab.Maps"))

    # Not of the manifest -------------------------------------------------------------------------------------------

    def test_the_store_of_grants_is_followed(self):
        # The lab has no portals: a store that cannot be read is what there is to see.
        store = pathlib.Path.home() / ".local/share/flatpak/db"
        store.mkdir(parents=True, exist_ok=True)
        table = store / "devices"
        self.addCleanup(table.unlink, missing_ok=True)
        app = self.open("Notes")
        self.assertEqual(app.all("list item", "Could Not Be Read"), [])
        table.write_text("damaged")
        app.find("list item", "Could Not Be Read")
        table.unlink()
        app.wait_gone("list item", "Could Not Be Read")

    def test_what_an_app_that_is_gone_has_left(self):
        self.run_ok("flatpak", "override", "--user", "--unshare=network", "org.lab.Gone")
        app = self.open()
        app.click("list item", "org.lab.Gone")
        app.find("label", "flatpak override --user --reset org.lab.Gone")
        self.run_ok("flatpak", "override", "--user", "--reset", "org.lab.Gone")
        app.find("label", "No Longer Installed")

    # All apps ------------------------------------------------------------------------------------------------------

    def test_overrides_for_all_apps(self):
        app = self.open("All Apps")
        app.press("radio button", "Network: Deny")
        self.wait(lambda: self.changed_files(), "a capture")
        self.assertIn("shared=!network;", self.run_ok("flatpak", "override", "--user", "--show"))
        self.assertEqual(self.manifest(MANIFEST)["global_overrides"], {"user": {"Context": {"shared": ["!network"]}}})
        for one in ("org.lab.Notes", "org.lab.Maps"):
            self.assertNotIn("network", self.permissions(one))
        app.press("button", "Network: Reset")
        self.wait(lambda: "global_overrides" not in self.manifest(MANIFEST), "the manifest as it was")
        self.assertEqual(override("global"), "")

    def test_which_apps_did_i_change(self):
        self.run_ok("flatpak", "override", "--user", "--unshare=network", "--nosocket=x11", "org.lab.Notes")
        self.run_ok("flatpak", "override", "--user", "--unshare=network", "org.lab.Chess")
        app = self.open()
        app.find("list item", "Notes, 2 changed")
        app.find("list item", "Chess, 1 changed")
        app.find("list item", "Calendar")
        app.press("radio button", "By Permission")
        row = app.find("list item", "Network, 2 apps")
        self.assertTrue(row)
        app.find("label", "Chess, Notes")
        app.find("list item", "X11 windows, 1 app")
        self.assertEqual(app.all("list item", ui.starts("Sound")), [])
