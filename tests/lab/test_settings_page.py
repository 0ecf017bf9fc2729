"""Every installed setting in Bucket's window: found, edited with its own editor, and taken back."""
import ui
from distribution import MANIFESTS, Distribution

INTERFACE = "org.gnome.desktop.interface"
TOUCHED = [(INTERFACE, "accent-color"), (INTERFACE, "clock-show-seconds"), (INTERFACE, "cursor-size"), (INTERFACE, "font-name"),
           ("org.gnome.desktop.input-sources", "xkb-options"), ("org.gnome.desktop.input-sources", "mru-sources"),
           ("org.gnome.desktop.screensaver", "lock-enabled")]
LOCKED = "org.gnome.desktop.screensaver"


class SettingsPage(Distribution):
    def setUp(self):
        for schema, key in TOUCHED:
            self.run_ok("gsettings", "reset", schema, key)
        # Something to track, so that there is a manifest.
        self.run_ok("gsettings", "set", INTERFACE, "clock-show-weekday", "true")
        super().setUp()

    def browse(self):
        """Bucket, at the list of all settings."""
        app = self.open_bucket()
        self.addCleanup(self.assert_no_criticals)
        self.addCleanup(self.close_bucket)
        app.click("list item", ui.starts("Settings"))
        app.press("button", "All Settings")
        app.find("label", "Appearance")
        return app

    def search(self, app, text):
        """Searches, from any page of settings."""
        ui.key("Control", "f")
        ui.until(lambda: "focused" in app.find("entry", "Search").states, "a search with the focus")
        ui.key("Control", "a")
        ui.type(text)
        return app

    def setting(self, schema, key, title):
        """The page of one setting, found by schema and key."""
        app = self.search(self.browse(), f"{schema.rsplit('.', 1)[1]} {key}")
        app.click("list item", ui.starts(f"{title}: "))
        app.find("label", "Schema and Key")
        return app

    def get(self, schema, key):
        return self.run_ok("gsettings", "get", schema, key).strip()

    def wanted(self, schema, key):
        """What the manifest says of a key; None where it does not track it."""
        entry = self.entries("gsettings.json", "settings").get(f"{schema} {key}")
        return entry and entry["value"]

    def both(self, schema, key, value):
        """Waits until machine and manifest have the value."""
        ui.until(lambda: self.get(schema, key) == value, f"{key} that is {value}, not {self.get(schema, key)}", 60)
        ui.until(lambda: self.wanted(schema, key) == value, f"{value} in the manifest", 60)
        self.assertEqual(self.changed_entries("gsettings.json", "settings"), {f"{schema} {key}"})

    def apply(self, app, name, text):
        """Writes into an entry row, and applies it."""
        entry = app.find("text", name)
        entry.click()
        ui.until(lambda: "focused" in entry.states, "an entry with the focus")
        entry.set_text(text)
        ui.key("Return")

    # Editors ------------------------------------------------------------------------------------------------------

    def test_browse_to_a_switch_flip_it_and_undo(self):
        app = self.browse()
        app.click("label", "Appearance")
        switch = app.find("check box", "Whether the clock shows seconds", hidden=True)
        switch.press()
        self.both(INTERFACE, "clock-show-seconds", "true")
        app.find("label", ui.contains("which is in the manifest from now on"))
        app.press("button", "Undo")
        ui.until(lambda: self.get(INTERFACE, "clock-show-seconds") == "false", "undo on the machine", 60)
        ui.until(lambda: not self.changed_files(), "undo in the manifest", 60)
        ui.until(lambda: "checked" not in switch.states, "a switch that is off again", 60)

    def test_a_choice(self):
        app = self.setting(INTERFACE, "accent-color", "Accent color")
        # The list opens over the window, at the choice that is in force: one down is the next.
        app.click("combo box", "Accent color")
        app.find("label", "Teal")
        ui.key("Down")
        ui.key("Return")
        self.both(INTERFACE, "accent-color", "'teal'")

    def test_a_number(self):
        app = self.setting(INTERFACE, "cursor-size", "Cursor size")
        app.find("spin button", "Cursor size").accessible.set_current_value(27)
        self.both(INTERFACE, "cursor-size", "27")

    def test_a_text(self):
        app = self.setting(INTERFACE, "font-name", "Default font")
        self.apply(app, "Default font", "Cantarell 12")
        self.both(INTERFACE, "font-name", "'Cantarell 12'")

    def test_a_list_grows_changes_and_shrinks(self):
        schema, key = "org.gnome.desktop.input-sources", "xkb-options"
        app = self.setting(schema, key, "List of XKB options")
        self.apply(app, "Add an Entry", "compose:ralt")
        self.both(schema, key, "['compose:ralt']")
        app.find("text", "Entry 1")
        self.apply(app, "Add an Entry", "caps:escape")
        self.both(schema, key, "['compose:ralt', 'caps:escape']")
        app.find("text", "Entry 2")
        self.apply(app, "Entry 1", "compose:menu")
        self.both(schema, key, "['compose:menu', 'caps:escape']")
        app.press("button", ui.starts("Remove: entry 1"))
        self.both(schema, key, "['caps:escape']")

    def test_what_has_no_editor_is_text_that_is_checked(self):
        schema, key = "org.gnome.desktop.input-sources", "mru-sources"
        app = self.setting(schema, key, "List of most recently used input sources")
        name = "GVariant text of the type a(ss)"
        before = self.get(schema, key)
        self.apply(app, name, "[('xkb'")
        app.find("label", ui.contains("is not a value of the GVariant type"))
        self.assertEqual(self.get(schema, key), before)
        self.assertEqual(self.changed_files(), set())
        self.apply(app, name, "[('xkb', 'us')]")
        self.both(schema, key, "[('xkb', 'us')]")
        app.wait_gone("label", ui.contains("is not a value of the GVariant type"))

    # What stands around them --------------------------------------------------------------------------------------

    def test_search_finds_by_summary_and_says_when_nothing_is_there(self):
        app = self.search(self.browse(), "clock shows SECONDS")
        app.find("list item", ui.starts("Whether the clock shows seconds: Off"))
        self.search(app, "no such setting anywhere")
        app.find("label", "No Settings Found")

    def test_only_on_this_machine_is_a_local_change(self):
        app = self.setting(INTERFACE, "clock-show-seconds", "Whether the clock shows seconds")
        app.press("toggle button", "More")
        app.press("menu item", "Only on This Machine")
        app.find("label", ui.starts("Changes are made on this machine only"))
        app.press("check box", "Whether the clock shows seconds")
        ui.until(lambda: self.get(INTERFACE, "clock-show-seconds") == "true", "the setting", 60)
        app.find("label", ui.contains("on this machine"))
        self.assertEqual(self.changed_files(), set())
        self.assertIn(f"bkt gsetting set {INTERFACE} clock-show-seconds true --local", self.bkt("local", "list"))

    def test_reset_gives_the_default_back_and_stops_tracking(self):
        self.run_ok("gsettings", "set", INTERFACE, "clock-show-seconds", "true")
        self.bkt("capture", "-y")
        self.commit()
        app = self.setting(INTERFACE, "clock-show-seconds", "Whether the clock shows seconds")
        app.press("button", "Reset Whether the clock shows seconds")
        ui.until(lambda: self.get(INTERFACE, "clock-show-seconds") == "false", "the default", 60)
        ui.until(lambda: self.wanted(INTERFACE, "clock-show-seconds") is None, "a manifest without it", 60)

    def test_a_locked_key_cannot_be_edited_and_says_why(self):
        self.run_ok("sudo", "mkdir", "-p", "/etc/dconf/profile", "/etc/dconf/db/site.d/locks")
        self.run_ok("sudo", "sh", "-c", "printf 'user-db:user\\nsystem-db:site\\n' > /etc/dconf/profile/user;"
                    "printf '[org/gnome/desktop/screensaver]\\nlock-enabled=false\\n' > /etc/dconf/db/site.d/lab;"
                    "echo /org/gnome/desktop/screensaver/lock-enabled > /etc/dconf/db/site.d/locks/lab; dconf update")
        self.addCleanup(self.run_ok, "sudo", "sh", "-c", "rm -r /etc/dconf/profile/user /etc/dconf/db/site*; dconf update")
        app = self.setting(LOCKED, "lock-enabled", "Lock on activation")
        app.find("label", ui.contains("Locked by the administrator of this machine"))
        switch = app.find("check box", "Lock on activation")
        self.assertNotIn("sensitive", switch.states)
        self.assertNotIn("checked", switch.states, "it is what the administrator says")
        self.assertNotIn("sensitive", app.find("button", "Reset Lock on activation").states)

    def test_others_are_followed_and_differences_can_be_resolved_here(self):
        app = self.setting(INTERFACE, "accent-color", "Accent color")
        self.run_ok("gsettings", "set", INTERFACE, "accent-color", "pink")
        app.find("label", ui.starts("System · set by you"))
        app.press("button", "Capture Accent color")
        ui.until(lambda: self.wanted(INTERFACE, "accent-color") == "'pink'", "a capture", 60)
        app.wait_gone("button", "Capture Accent color")
        self.assertTrue((MANIFESTS / "gsettings.json").exists())
