"""What is not committed, in Bucket's window: reviewed, committed, pushed, and brought here from another machine."""
import json
import re
import shutil

import ui
from distribution import HOME, MANIFESTS, ROOT, Distribution

INTERFACE = "org.gnome.desktop.interface"
KEY = "clock-show-weekday"
BARE = HOME / "remote.git"
OTHER = HOME / "other-machine"


class ReviewAndCommit(Distribution):
    @classmethod
    def setUpClass(cls):
        cls().run_ok("gsettings", "set", INTERFACE, KEY, "false")

    def setUp(self):
        self.run_ok("gsettings", "set", INTERFACE, KEY, "false")
        super().setUp()
        self.bkt("gsetting", "set", INTERFACE, KEY, "false")
        self.commit()
        for place in (BARE, OTHER):
            shutil.rmtree(place, ignore_errors=True)
        self.run_ok("git", "init", "-q", "--bare", "-b", "main", BARE)
        self.git("remote", "add", "origin", BARE)
        self.git("push", "-q", "-u", "origin", "main")
        self.run_ok("git", "clone", "-q", BARE, OTHER)
        for name, value in (("name", "Other"), ("email", "other@lab.test")):
            self.run_ok("git", "-C", OTHER, "config", f"user.{name}", value)

    def open(self):
        """Bucket, at its overview."""
        app = self.open_bucket()
        self.addCleanup(self.assert_no_criticals)
        self.addCleanup(self.close_bucket)
        ui.key("Control", "1")
        app.find("list item", re.compile("^Review Changes"))
        return app

    def change(self):
        """A setting, changed on the desktop and captured."""
        self.run_ok("gsettings", "set", INTERFACE, KEY, "true")
        self.bkt("capture", "-y")

    def review(self, app):
        """The page of what is not committed, opened."""
        app.click("list item", re.compile("^Review Changes"))
        app.find("text", "Message", hidden=True)

    def head(self, where=ROOT, rev="HEAD"):
        return self.run_ok("git", "-C", where, "log", "-1", "--format=%H", rev).strip()

    def test_a_change_is_committed_with_ones_own_words_and_pushed(self):
        before = self.head()
        (ROOT / "README.md").write_text("mine\n")
        app = self.open()
        self.change()
        app.find("list item", "Review Changes, 2 files not committed")   # followed, not asked for
        self.review(app)
        app.find("check box", "Commit manifests/gsettings.json")
        self.assertNotIn("checked", app.find("check box", "Commit README.md").states)
        app.set_text("text", "Message", "Show the weekday\n\nIt helps.", hidden=True)
        app.press("button", re.compile("Push"))
        app.find("label", re.compile("^Committed 1 file as .*pushed to origin/main"))
        self.assertEqual(self.head(), self.head(BARE, "main"))
        self.assertEqual(self.git("log", "-1", "--format=%B").strip(), "Show the weekday\n\nIt helps.")
        self.assertEqual(self.git("rev-parse", "HEAD^").strip(), before)
        self.assertEqual(self.git("show", "--name-only", "--format=").split(), ["manifests/gsettings.json"])
        self.assertEqual(self.changed_files(), {"README.md"})
        app.find("list item", "Review Changes, 1 file not committed")

    def test_a_hook_that_refuses_is_quoted_and_the_message_stays(self):
        hook = ROOT / ".git/hooks/pre-commit"
        hook.write_text("#!/bin/sh\necho 'line one' >&2\necho 'the weekday is private' >&2\nexit 1\n")
        hook.chmod(0o755)
        before = self.head()
        app = self.open()
        self.change()
        app.find("list item", "Review Changes, 1 file not committed")
        self.review(app)
        app.set_text("text", "Message", "My own words", hidden=True)
        ui.key("Control", "Return")
        app.find("label", "Not Committed")
        self.assertIn("the weekday is private", app.find("text", "Output").text)
        app.press("button", "Close")
        self.assertEqual(app.find("text", "Message", hidden=True).text, "My own words")
        self.assertEqual(self.head(), before)
        hook.unlink()
        app.press("button", "Commit")
        app.find("label", re.compile("^Committed 1 file as"))
        self.assertEqual(self.git("log", "-1", "--format=%s").strip(), "My own words")

    def test_a_secret_is_asked_about(self):
        before = self.head()
        key = "-----BEGIN OPENSSH PRIVATE KEY-----\n" + "b3BlbnNzaC1rZXktdjEAAAAA" * 8 + "\n-----END OPENSSH PRIVATE KEY-----\n"
        (ROOT / "system/etc").mkdir(parents=True)
        (ROOT / "system/etc/key").write_text(key)
        app = self.open()
        app.find("list item", "Review Changes, 1 file not committed")
        self.review(app)
        app.press("button", "Commit")
        app.find("label", "Commit What Looks Like a Secret?")
        app.press("button", "Cancel")
        self.assertEqual(self.head(), before)
        app.press("button", "Commit")
        app.press("button", "Commit Anyway")
        app.find("label", re.compile("^Committed 1 file as"))

    def test_a_push_that_is_rejected_says_so_and_loses_nothing(self):
        (OTHER / "note").write_text("x\n")
        for args in (["add", "-A"], ["commit", "-q", "-m", "elsewhere"], ["push", "-q"]):
            self.run_ok("git", "-C", OTHER, *args)
        app = self.open()
        self.change()
        app.find("list item", "Review Changes, 1 file not committed")
        self.review(app)
        app.press("button", re.compile("Push"))
        app.find("label", "Committed, but Not Pushed")
        app.press("button", "Pull")
        app.find("label", re.compile("^Pulled"))
        self.assertTrue((ROOT / "note").exists())
        app.press("button", "Push")
        app.find("label", "Pushed to origin/main")
        self.assertEqual(self.head(), self.head(BARE, "main"))

    def other(self, value, key=KEY):
        """The other machine has another value, and pushes it."""
        self.run_ok("git", "-C", OTHER, "pull", "-q")
        file = OTHER / "manifests/gsettings.json"
        manifest = json.loads(file.read_text())
        for entry in manifest["settings"]:
            if entry["key"] == key:
                entry["value"] = value
        file.write_text(json.dumps(manifest, indent=2) + "\n")
        self.run_ok("git", "-C", OTHER, "commit", "-qam", "elsewhere")
        self.run_ok("git", "-C", OTHER, "push", "-q")

    def value(self, key=KEY):
        return self.entries("gsettings.json", "settings")[f"{INTERFACE} {key}"]["value"]

    def test_what_another_machine_pushed_comes_here(self):
        self.other("true")
        app = self.open()
        app.press("button", "Pull")
        app.find("label", "Pulled: 1 item changed")
        self.assertEqual(self.head(), self.head(BARE, "main"))
        self.assertEqual(self.value(), "true")
        app.press("button", "Pull")
        app.find("label", "origin/main has nothing new")

    def test_what_both_changed_is_chosen_by_the_person(self):
        key = "cursor-size"
        self.addCleanup(self.run_any, "gsettings", "reset", INTERFACE, key)
        self.bkt("gsetting", "set", INTERFACE, key, "25")
        self.commit()
        self.git("push", "-q")
        self.other("48", key)
        self.bkt("gsetting", "set", INTERFACE, key, "32")
        before = self.head()
        app = self.open()
        app.press("button", "Pull")
        dialog = app.find("dialog")
        app.find("radio button", ui.starts("Mine of "), within=dialog)
        choices = app.all("radio button", within=dialog)
        self.assertEqual([("checked" in one.states) for one in choices], [False, False])
        ui.screenshot("/out/conflict.png", window=True)
        app.press("button", "Cancel", within=dialog)
        app.wait_gone("dialog")
        self.assertEqual((self.head(), self.value(key)), (before, "32"))
        app.press("button", "Pull")
        dialog = app.find("dialog")
        app.click("radio button", ui.starts("Theirs of "), within=dialog)
        app.press("button", "Pull", within=dialog)
        app.find("label", re.compile("^Pulled"))
        self.assertEqual((self.head(), self.value(key)), (self.head(BARE, "main"), "48"))

    def test_an_item_goes_to_this_machine_and_back(self):
        files = [MANIFESTS / "gsettings.json", MANIFESTS / "hosts" / self.run_ok("hostname").strip() / "gsettings.json"]
        before = files[0].read_bytes()
        app = self.open()
        self.run_ok("gsettings", "set", INTERFACE, KEY, "true")
        app.click("list item", ui.starts("Settings"))
        row = app.find("toggle button", re.compile("^More for .*eekday"))
        row.press()
        app.press("menu item", "Keep on This Machine Only")
        ui.until(files[1].exists, "the entry in the host's layer")
        self.assertNotIn(KEY, files[0].read_text())
        app.find("label", "Kept on this machine only")
        app.press("button", "Undo")
        ui.until(lambda: files[0].read_bytes() == before, "undo")

    def test_it_looks_right(self):
        (ROOT / "README.md").write_text("mine\n")
        app = self.open()
        self.change()
        app.find("list item", "Review Changes, 2 files not committed")
        self.pictures("overview")
        self.review(app)
        self.pictures("review")
