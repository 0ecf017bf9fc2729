"""Extensions on a real desktop: changed by its own tools, captured, brought to a fresh state, installed from a local site."""
import json
import pathlib
import shutil
import signal
import subprocess

import ui
from case import HOME
from distribution import MANIFESTS, Distribution

PLACE = HOME / ".local/share/gnome-shell/extensions"
KEPT = HOME / "kept"
SITE = "/lab/extensions-site.py"
DOWNLOADS = HOME / ".cache/bkt/downloads"
SLOW = 60   # seconds: machines that run this may be busy
CATALOG = {
    "alpha@lab.test": {"name": "Alpha Dock", "builds": {"48": 3}},
    "gamma@lab.test": {"name": "Gamma Tiling", "builds": {"48": 3, "50": 4}},
    "broken@lab.test": {"name": "Broken Menu", "builds": {"48": 3}, "script": "throw new Error('broken on purpose');"},
    "old@lab.test": {"name": "Old Panel", "builds": {"40": 3}},
    "fresh@lab.test": {"name": "Fresh Bar", "builds": {"47": 5, "48": 6}},
    "slow@lab.test": {"name": "Slow Corner", "builds": {"48": 1}, "trouble": "slow"},
    "cut@lab.test": {"name": "Cut Corner", "builds": {"48": 1}, "trouble": "cut"},
}


class Extensions(Distribution):
    @classmethod
    def setUpClass(cls):
        catalog, cls.requests = HOME / "catalog.json", HOME / "requests"
        catalog.write_text(json.dumps(CATALOG))
        cls.server = subprocess.Popen([SITE, catalog, cls.requests], stdout=subprocess.PIPE, text=True)
        cls.site = cls.server.stdout.readline().strip()
        shutil.copytree(PLACE, KEPT)

    @classmethod
    def tearDownClass(cls):
        cls.server.kill()

    def setUp(self):
        self.fresh()
        super().setUp()

    def fresh(self):
        """The extensions that the lab began with, none of them switched; the Shell may know more of them or fewer."""
        for key in ("enabled-extensions", "disabled-extensions", "disable-user-extensions"):
            self.run_ok("gsettings", "reset", "org.gnome.shell", key)
        shutil.rmtree(PLACE)
        self.restart_shell_knowledge()
        shutil.copytree(KEPT, PLACE)
        self.restart_shell_knowledge()
        seeded = {p.name for p in KEPT.iterdir()}
        ui.until(lambda: self.names("--user") == seeded, "the extensions the lab began with", SLOW)

    def run_any(self, *argv, env=None, **kwargs):
        site = {"BKT_EXTENSIONS_URL": self.site} if hasattr(self, "site") else {}
        return super().run_any(*argv, env={**site, **(env or {})}, **kwargs)

    def ext(self, *args):
        return self.run_ok("gnome-extensions", *args)

    def names(self, *args):
        return set(self.ext("list", *args).split())

    def switched_on(self):
        """What is to run at the next log-in: what is installed and in the list, by gsettings and the disk."""
        on = json.loads(self.run_ok("gsettings", "get", "org.gnome.shell", "enabled-extensions").replace("@as ", "").replace("'", '"'))
        return {uuid for uuid in on if (PLACE / uuid).exists() or pathlib.Path("/usr/share/gnome-shell/extensions", uuid).exists()}

    def items(self):
        return self.report("extension")["extensions"]

    def shell_state(self, uuid):
        return ui.shell(f"Main.extensionManager.lookup('{uuid}')?.state ?? null")

    def restart_shell_knowledge(self):
        """What a log-in does: the Shell looks for extensions again, and forgets those that are gone."""
        ui.shell("""(() => { const m = Main.extensionManager;
            for (const uuid of m.getUuids()) { const e = m.lookup(uuid);
                if (e && !e.dir.query_exists(null)) m.unloadExtension(e); }
            m._loadExtensions(); return 0; })()""")

    # Told apart --------------------------------------------------------------------------------------------------

    def test_error_out_of_date_and_the_master_switch_are_told_apart(self):
        for uuid in ("alpha", "broken", "old"):
            self.ext("enable", f"{uuid}@lab.test")
        ui.until(lambda: self.shell_state("broken@lab.test") == 3, "an extension that failed", SLOW)
        items = self.items()
        self.assertIn("broken on purpose", items["broken@lab.test"]["note"])
        self.assertIn("not made for GNOME Shell 48", items["old@lab.test"]["note"])
        self.assertNotIn("note", items["alpha@lab.test"])
        self.bkt("extension", "capture", "-y")
        self.run_ok("gsettings", "set", "org.gnome.shell", "disable-user-extensions", "true")
        self.assertIn("switched off by the master switch", self.bkt("extension", "list"))
        self.assertEqual([key for key in self.drift() if key.startswith("extensions ")], [], "no extension was switched")
        self.assertNotIn("alpha@lab.test", self.names("--active"))
        self.bkt("gsetting", "unset", "--local", "org.gnome.shell", "disable-user-extensions")
        self.assertNotIn("master switch", self.bkt("extension", "list"))
        self.ext("disable", "alpha@lab.test")
        self.assertEqual(self.drift(), {"extensions alpha@lab.test": "system-changed"})

    def test_without_the_shell_the_disk_is_read_and_that_is_said(self):
        self.ext("enable", "alpha@lab.test")
        self.bkt("extension", "capture", "-y")
        done = self.run_any("bkt", "extension", "list", env={"DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent"})
        self.assertIn("Read from the disk", done.stdout + done.stderr)
        self.assertIn("Old Panel", done.stdout)
        self.assertIn("It is not made for GNOME Shell 48", done.stdout)

    # There and back -------------------------------------------------------------------------------------------------

    def test_every_kind_of_change_reaches_a_fresh_state(self):
        for uuid in ("alpha", "beta", "broken", "old"):
            self.ext("enable", f"{uuid}@lab.test")
        self.ext("enable", "gamma@lab.test")
        self.ext("disable", "gamma@lab.test")
        self.run_ok("gsettings", "set", "org.gnome.shell", "disable-user-extensions", "true")
        self.run_ok("gsettings", "reset", "org.gnome.shell", "disable-user-extensions")
        ui.until(lambda: self.shell_state("broken@lab.test") == 3, "an extension that failed", SLOW)
        # One that no release of the Shell that the site has builds for can run comes from where it was kept.
        self.bkt("extension", "remove", "old@lab.test")
        self.bkt("capture", "-y", "--prune")
        before, on = self.names(), self.names("--enabled")
        self.assertTrue({"alpha@lab.test", "beta@lab.test", "broken@lab.test"} <= on)

        for uuid in self.names("--user"):
            self.run_any("gnome-extensions", "uninstall", uuid)
        for key in ("enabled-extensions", "disabled-extensions", "disable-user-extensions"):
            self.run_ok("gsettings", "reset", "org.gnome.shell", key)
        shutil.rmtree(HOME / ".local/state/bkt/extensions", ignore_errors=True)
        self.assertFalse(self.names("--user"))
        self.requests.write_text("")
        self.bkt("apply", "-y", "extension", "--force")
        fetched = [line for line in self.requests.read_text().splitlines() if "versions/" in line]
        self.assertEqual(len(fetched), 3, "alpha, gamma and broken")
        self.assertEqual([key for key in self.drift() if key.startswith("extensions ")], [])
        self.assertEqual(self.items()["alpha@lab.test"]["state"], "pending", "the Shell has not seen it yet")
        self.assertIn("Log out and in again", self.bkt("extension", "list"))
        self.restart_shell_knowledge()
        ui.until(lambda: self.names() == before, "the same extensions", SLOW)
        ui.until(lambda: self.names("--enabled") == on, "the same extensions switched on", SLOW)
        ui.until(lambda: self.items()["alpha@lab.test"]["state"] == "in-sync", "nothing pending", SLOW)

    def test_an_extension_that_is_uninstalled_is_captured_and_brought_back(self):
        self.ext("enable", "gamma@lab.test")
        self.bkt("capture", "-y")
        self.restart_shell_knowledge()
        ui.until(lambda: "gamma@lab.test" in self.names(), "an extension the Shell knows", SLOW)
        self.ext("uninstall", "gamma@lab.test")
        ui.until(lambda: not (PLACE / "gamma@lab.test").exists(), "end of it", SLOW)
        self.assertEqual(self.drift(), {"extensions gamma@lab.test": "system-changed"})
        self.bkt("capture", "-y", "--prune")
        self.assertNotIn("gamma@lab.test", self.entries("gnome-extensions.json", "extensions"))
        self.bkt("undo", "-y")
        self.bkt("apply", "-y", "-i", "gamma@lab.test")
        self.assertTrue((PLACE / "gamma@lab.test/metadata.json").exists())

    # Verbs ---------------------------------------------------------------------------------------------------------

    def test_add_installs_switches_on_and_saves_and_undo_takes_all_of_it_back(self):
        before = (MANIFESTS / "gnome-extensions.json").read_bytes()
        self.bkt("extension", "add", "fresh@lab.test")
        metadata = json.loads((PLACE / "fresh@lab.test/metadata.json").read_text())
        self.assertEqual(metadata["version"], 6, "the build for this Shell")
        self.assertIn("fresh@lab.test", self.switched_on())
        self.assertEqual(self.entries("gnome-extensions.json", "extensions")["fresh@lab.test"]["enabled"], True)
        self.assertEqual(self.items()["fresh@lab.test"]["state"], "pending")
        self.assertEqual(self.drift(), {})
        self.bkt("undo", "-y")
        self.assertFalse((PLACE / "fresh@lab.test").exists())
        self.assertNotIn("fresh@lab.test", self.run_ok("gsettings", "get", "org.gnome.shell", "enabled-extensions"))
        self.assertEqual((MANIFESTS / "gnome-extensions.json").read_bytes(), before)
        self.requests.write_text("")
        self.bkt("redo", "-y")
        self.assertTrue((PLACE / "fresh@lab.test/extension.js").exists())
        self.assertEqual(self.requests.read_text(), "", "what was kept is not fetched again")
        self.assertEqual(self.drift(), {})

    def test_remove_uninstalls_with_the_shells_own_tool_and_undo_restores_every_file(self):
        self.ext("enable", "alpha@lab.test")
        self.bkt("capture", "-y")
        self.restart_shell_knowledge()
        ui.until(lambda: "alpha@lab.test" in self.names("--enabled"), "an extension the Shell knows", SLOW)
        files = {p.relative_to(PLACE): p.read_bytes() for p in (PLACE / "alpha@lab.test").rglob("*") if p.is_file()}
        self.bkt("extension", "remove", "alpha@lab.test")
        self.assertFalse((PLACE / "alpha@lab.test").exists())
        self.assertNotIn("alpha@lab.test", self.names())
        self.assertNotIn("alpha@lab.test", self.entries("gnome-extensions.json", "extensions"))
        self.bkt("undo", "-y")
        after = {p.relative_to(PLACE): p.read_bytes() for p in (PLACE / "alpha@lab.test").rglob("*") if p.is_file()}
        self.assertEqual(after, files)
        self.assertIn("alpha@lab.test", self.switched_on())
        self.assertEqual(self.drift(), {})

    def test_what_cannot_be_had_is_refused_and_changes_nothing(self):
        before = (self.names(), self.switched_on(), (MANIFESTS / "gnome-extensions.json").read_bytes())
        said = self.bkt("extension", "add", "frech@lab.test", code=1)
        self.assertIn("there is no extension “frech@lab.test”", said)
        self.assertIn("fresh@lab.test", said)
        shutil.rmtree(PLACE / "old@lab.test")
        said = self.bkt("extension", "add", "old@lab.test", code=1)
        self.assertIn("is not made for GNOME 48", said)
        self.assertIn("only for 40", said)
        said = self.bkt("extension", "add", "--force", "old@lab.test", code=1)
        self.assertIn("could not be fetched", said)
        said = self.bkt("extension", "add", "cut@lab.test", code=1)
        self.assertIn("could not be fetched", said)
        self.assertFalse((PLACE / "cut@lab.test").exists())
        self.assertEqual((self.names(), self.switched_on(), (MANIFESTS / "gnome-extensions.json").read_bytes()), before)
        self.assertEqual(self.run_ok("gsettings", "get", "org.gnome.shell", "enabled-extensions").count("lab.test"), 0)

    def test_an_interrupted_download_leaves_nothing(self):
        self.requests.write_text("")
        child = subprocess.Popen(["bkt", "extension", "add", "slow@lab.test"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                 text=True, cwd=HOME, env={**__import__("os").environ, "BKT_EXTENSIONS_URL": self.site})
        ui.until(lambda: "versions/1/" in self.requests.read_text(), "a download", SLOW)
        child.send_signal(signal.SIGINT)
        said, _ = child.communicate(timeout=SLOW)
        self.assertEqual(child.returncode, 130, said)
        self.assertFalse((PLACE / "slow@lab.test").exists())
        self.assertEqual([p.name for p in DOWNLOADS.iterdir() if "slow" in p.name], [])
        self.assertEqual(self.switched_on(), set())
        self.assertEqual(self.drift(), {})

    def test_enable_and_disable_act_on_both_sides(self):
        self.bkt("extension", "enable", "alpha@lab.test", "beta@lab.test")
        self.assertLessEqual({"alpha@lab.test", "beta@lab.test"}, self.switched_on())
        self.bkt("extension", "disable", "beta@lab.test")
        self.assertNotIn("beta@lab.test", self.switched_on())
        self.assertEqual(self.entries("gnome-extensions.json", "extensions")["beta@lab.test"]["enabled"], False)
        self.bkt("undo", "-y")
        self.bkt("undo", "-y")
        self.assertEqual(self.switched_on(), set())
        self.assertEqual(self.drift(), {})

    def test_check_for_the_next_gnome(self):
        for uuid in ("alpha", "gamma"):
            self.ext("enable", f"{uuid}@lab.test") if f"{uuid}@lab.test" in self.names() else self.bkt("extension", "enable", f"{uuid}@lab.test")
        self.requests.write_text("")
        answer = json.loads(self.bkt("extension", "check", "--shell", "50", "--json", code=3))
        self.assertEqual(len(self.requests.read_text().splitlines()), 1, "one question for all")
        fits = {e["uuid"]: e["fit"] for e in answer["extensions"]}
        self.assertEqual((fits["alpha@lab.test"], fits["gamma@lab.test"]), ("breaks", "update"))
        self.assertIn("works in GNOME 48", self.bkt("extension", "check"))
        said = self.bkt("extension", "check", "--shell", "50", "--offline", code=3)
        self.assertIn("The extensions site was not asked", said)
