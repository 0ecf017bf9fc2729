"""The application where there is no repository yet: a new distribution, a clone, a folder, by clicking and by the keyboard alone."""
import json
import shutil
import subprocess

import ui
from case import HOME, Case

ROOT = HOME / "my-desktop"
HOSTED = HOME / "hosted.git"
INTERFACE = "org.gnome.desktop.interface"


class FirstRun(Case):
    @classmethod
    def setUpClass(cls):
        case = cls()
        case.add_remote()
        case.install("org.lab.Notes")
        case.run_ok("gsettings", "set", INTERFACE, "clock-show-weekday", "false")

    def setUp(self):
        for folder in (HOME / ".local/state/bkt", ROOT, HOSTED, HOME / "hosted"):
            shutil.rmtree(folder, ignore_errors=True)
        self.run_ok("git", "config", "--global", "user.name", "Dev")
        self.run_ok("git", "config", "--global", "user.email", "dev@lab.test")

    def open(self):
        """The welcome."""
        app = self.open_bucket()
        self.addCleanup(self.assert_no_criticals)
        self.addCleanup(self.close_bucket)
        app.find("label", "Welcome to Bucket")
        return app

    def create(self, app):
        """The dialog for a new distribution, filled in."""
        app.click("list item", "Create a New One…")
        dialog = app.find("dialog", "New Distribution")
        app.set_text("text", "Name", "my-desktop", within=dialog)
        app.set_text("text", "Base Image", "registry.example/desktop:stable", within=dialog)
        return dialog

    def ready(self, app, button, dialog):
        """A button of the dialog, once it can be pressed."""
        found = app.find("button", button, within=dialog)
        ui.until(lambda: "sensitive" in found.states, f"{button} that can be pressed")
        return found

    def git(self, *args, cwd=ROOT):
        return self.run_ok("git", "-C", cwd, *args).strip()

    def manifest(self, name):
        return json.loads((ROOT / "manifests" / name).read_text())

    def apps(self):
        return {entry["id"] for entry in self.manifest("flatpak-apps.json")["apps"]}

    def weekday(self):
        return next(e["value"] for e in self.manifest("gsettings.json")["settings"] if e["key"] == "clock-show-weekday")

    def in_use(self):
        return self.run_any("bkt", "repo", "path").stdout.strip()

    def host(self):
        """A distribution to clone, as it is on a forge."""
        self.run_ok("bkt", "init", ROOT, "--base", "registry.example/desktop:stable", "--no-capture", "-y")
        apps = json.dumps({"apps": [{"id": "org.lab.Maps", "remote": "lab", "scope": "user"}]})
        (ROOT / "manifests/flatpak-apps.json").write_text(apps)
        self.git("commit", "-qam", "Maps")
        self.run_ok("git", "clone", "-q", "--bare", ROOT, HOSTED)
        shutil.rmtree(ROOT)
        shutil.rmtree(HOME / ".local/state/bkt")

    # A new distribution ------------------------------------------------------------------------------------------

    def test_a_new_distribution_is_made_committed_and_filled_from_this_machine(self):
        app = self.open()
        dialog = self.create(app)
        self.assertEqual(app.find("text", "Folder", within=dialog).text, "~/my-desktop")
        self.ready(app, "Create", dialog).press()
        app.wait_gone("dialog")
        self.assertEqual(self.git("log", "--format=%s %an"), "A new distribution Dev")
        self.assertEqual(self.git("status", "--porcelain"), "")
        self.assertTrue((ROOT / ".github/workflows/images.yml").exists())
        self.assertIn("BASE_IMAGE=registry.example/desktop:stable\n", (ROOT / "Containerfile").read_text())
        self.assertEqual(self.in_use(), str(ROOT))
        app.find("label", "~/my-desktop")
        self.assertNotIn("org.lab.Notes", self.apps(), "nothing is captured before it was asked")
        self.assertEqual(self.weekday(), "true", "as the template has it")

        app.find("label", "The new manifests do not know what this machine has")
        app.press("button", "Capture All…")
        plan = app.find("dialog")
        self.ready(app, "Capture", plan).press()
        ui.until(lambda: "org.lab.Notes" in self.apps(), "captured apps")
        app.wait_gone("dialog")
        self.assertEqual(self.weekday(), "false")
        self.assertIn("org.gnome.Loupe", self.apps(), "what is not here is left out only when it is ticked")
        app.wait_gone("label", "The new manifests do not know what this machine has")
        changed = {line.split()[-1] for line in self.git("status", "--porcelain").splitlines()}
        self.assertIn("manifests/flatpak-apps.json", changed)

    def test_what_is_not_right_is_said_where_it_is_and_nothing_is_made(self):
        (ROOT / "mine").mkdir(parents=True)
        app = self.open()
        dialog = self.create(app)
        app.find("label", ui.contains("is not empty: it has “mine”"), within=dialog)
        self.assertNotIn("sensitive", app.find("button", "Create", within=dialog).states)
        app.set_text("text", "Folder", "~/my-desktop/new", within=dialog)
        self.ready(app, "Create", dialog)
        app.set_text("text", "Name", "my desktop", within=dialog)
        app.find("label", ui.contains("“my desktop” is not"), within=dialog)
        self.assertNotIn("sensitive", app.find("button", "Create", within=dialog).states)
        ui.key("Escape")
        app.wait_gone("dialog")
        self.assertEqual([file.name for file in ROOT.iterdir()], ["mine"])

    def test_without_a_name_for_commits_it_is_made_and_that_is_said(self):
        self.run_ok("git", "config", "--global", "--unset", "user.name")
        self.run_ok("git", "config", "--global", "--unset", "user.email")
        self.run_ok("git", "config", "--global", "user.useConfigOnly", "true")
        self.addCleanup(self.run_any, "git", "config", "--global", "--unset", "user.useConfigOnly")
        app = self.open()
        self.ready(app, "Create", self.create(app)).press()
        app.find("label", "Created, but Not Committed")
        app.find("label", ui.contains("git config --global user.name"))
        app.press("button", "Close")
        app.find("label", "~/my-desktop")
        self.assertTrue((ROOT / "Containerfile").exists())
        self.assertNotEqual(self.run_any("git", "-C", ROOT, "log").returncode, 0)

    def test_it_can_all_be_done_with_the_keyboard(self):
        app = self.open()
        ui.key("Alt", "n")
        dialog = app.find("dialog", "New Distribution")
        ui.until(lambda: "focused" in app.find("text", "Name", within=dialog).states, "focus")
        ui.type("my-desktop")
        ui.key("Tab")
        ui.type("registry.example/desktop:stable")
        self.ready(app, "Create", dialog)
        ui.key("Return")
        app.wait_gone("dialog")
        self.assertEqual(self.git("log", "--format=%s"), "A new distribution")

    # A clone -----------------------------------------------------------------------------------------------------

    def clone(self, app, address):
        app.click("list item", "Clone a Repository…")
        dialog = app.find("dialog", "Clone a Repository")
        app.set_text("text", "Address", address, within=dialog)
        self.ready(app, "Clone", dialog).press()
        return dialog

    def test_a_clone_is_looked_at_and_used_after_a_yes(self):
        self.host()
        app = self.open()
        dialog = self.clone(app, f"file://{HOSTED}")
        app.find("list item", "Flatpak Apps, 1 item", within=dialog)
        self.assertEqual(self.in_use(), "", "a clone is not used by being cloned")
        app.press("button", "Use", within=dialog)
        app.find("label", "~/hosted")
        self.assertEqual(self.in_use(), str(HOME / "hosted"))
        app.click("list item", ui.starts("Flatpaks"))
        app.find("button", "Apply Maps")
        self.assertNotIn("org.lab.Maps", self.installed())

    def test_what_cannot_be_cloned_is_said_at_its_address(self):
        app = self.open()
        dialog = self.clone(app, "file:///home/dev/nothing.git")
        app.find("label", ui.contains("nothing.git"), within=dialog)
        app.find("button", "Clone", within=dialog)
        self.assertFalse((HOME / "nothing").exists())
        self.assertEqual([f.name for f in HOME.iterdir() if f.name.startswith(".bkt-clone")], [])

    def test_cloning_is_cancelled(self):
        # It takes the connection, and never says a word.
        silent = subprocess.Popen(["python3", "-c", SILENT])
        self.addCleanup(silent.wait)
        self.addCleanup(silent.kill)
        app = self.open()
        dialog = self.clone(app, "git://127.0.0.1/slow.git")
        app.find("label", "Cloning", within=dialog)
        ui.key("Escape")
        app.find("button", "Clone", within=dialog)
        ui.until(lambda: not self.run_any("pgrep", "-x", "git").stdout, "the end of git")
        self.assertFalse((HOME / "slow").exists())
        self.assertEqual([f.name for f in HOME.iterdir() if f.name.startswith(".bkt-clone")], [])


# A server that takes connections on git's port, and never answers.
SILENT = "import socket, time; s = socket.create_server(('127.0.0.1', 9418)); time.sleep(600)"
