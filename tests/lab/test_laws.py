"""The laws every subsystem is held to, on a real machine: random states made by the real tools, then bkt.

Each law runs over states made from a seed, which a failure names. A subsystem without a line in STATES fails the test.
"""
import functools
import json
import pathlib
import random
import shutil

from case import HOME
from distribution import MANIFESTS, OVERRIDES, Distribution

APPS = ["org.lab.Notes", "org.lab.Chess", "org.lab.Calendar", "org.lab.Plain"]
UUIDS = ["alpha@lab.test", "beta@lab.test", "gamma@lab.test"]
PERMISSIONS = ["--nofilesystem=home", "--filesystem=~/Games:ro", "--filesystem=xdg-music", "--nosocket=x11", "--share=network",
               "--env=LAB_MODE=a;b", "--unset-env=EDITOR", "--talk-name=org.lab.Bus", "--system-no-talk-name=org.lab.System",
               "--persist=.cache", "--add-policy=lab.policy=on", "--device=all"]
SETTINGS = {
    "org.gnome.desktop.interface accent-color": ["'green'", "'red'"],
    "org.gnome.desktop.interface text-scaling-factor": ["1.25", "2.0"],
    "org.gnome.desktop.input-sources sources": ["[('xkb', 'de')]", "[('xkb', 'us'), ('xkb', 'fr')]"],
    "org.gnome.shell favorite-apps": ["['a.desktop', 'b.desktop']", "['b.desktop', 'c.desktop']", "@as []"],
    "org.gnome.settings-daemon.plugins.media-keys.custom-keybinding:/org/gnome/settings-daemon/plugins/media-keys/"
    "custom-keybindings/custom0/ binding": ["'<Super>t'", "'<Super>u'"],
}
STATE = HOME / ".local/state/bkt"


def law(test):
    """A test that runs on several random machines, each begun afresh; a failure names the seed."""
    @functools.wraps(test)
    def run(self):
        for seed in range(self.CASES):
            with self.subTest(seed=seed):
                if seed:
                    self.setUp()
                test(self, random.Random(f"{test.__name__} {seed}"))
    return run


class Laws(Distribution):
    CASES = 6

    @classmethod
    def setUpClass(cls):
        # The apps' files are fetched once; what is installed comes from the same place ever after.
        cls().add_remote()
        for name in "ab":
            cls().run_ok("sudo", "ln", "-s", "repo", f"/srv/lab/{name}")

    def setUp(self):
        self.wipe()
        super().setUp()

    # The machine -------------------------------------------------------------------------------------------------

    def wipe(self):
        """An empty machine that knows no repository."""
        installed = self.installed()
        if installed:
            self.run_ok("flatpak", "uninstall", "--user", "-y", "--noninteractive", *sorted(installed))
        for remote in self.run_ok("flatpak", "remotes", "--user", "--columns=name").split():
            if remote != "lab":
                self.run_ok("flatpak", "remote-delete", "--user", "--force", remote)
        shutil.rmtree(OVERRIDES, ignore_errors=True)
        # Not all of dconf at once: told that its monitors' settings changed, the Shell sets the screen up anew.
        for name in [*SETTINGS, "org.gnome.shell enabled-extensions", "org.gnome.shell disabled-extensions"]:
            self.run_ok("gsettings", "reset", *name.split())
        shutil.rmtree(STATE, ignore_errors=True)

    def change(self, rng):
        """Brings the machine into a random state, with the tools a person would use."""
        made = {}
        for subsystem, make in STATES.items():
            made[subsystem] = make(self, rng)
        return made

    def remotes(self, rng):
        name = rng.choice(["extra", "other", None])
        if name:
            self.add_remote(name=name, url=f"file:///srv/lab/{rng.choice('ab')}")
        return name

    def apps(self, rng):
        wanted = {app for app in APPS if rng.random() < 0.5}
        have = self.installed()
        if wanted - have:
            self.install(*sorted(wanted - have))
        if have - wanted:
            self.run_ok("flatpak", "uninstall", "--user", "-y", "--noninteractive", *sorted(have - wanted))
        for app in [*sorted(wanted), None]:
            self.run_any("flatpak", "override", "--user", "--reset", *filter(None, [app]))
            if rng.random() < 0.6:
                self.run_ok("flatpak", "override", "--user", *rng.sample(PERMISSIONS, 3), *filter(None, [app]))
        return wanted

    def extensions(self, rng):
        for uuid in UUIDS:
            verb = rng.choice(["enable", "disable", None])
            if verb:
                self.run_ok("gnome-extensions", verb, uuid)

    def settings(self, rng):
        for name, values in SETTINGS.items():
            schema, key = name.split()
            value = rng.choice([*values, None])
            if value is None:
                self.run_ok("gsettings", "reset", schema, key)
            else:
                self.run_ok("gsettings", "set", schema, key, value)

    def machine(self):
        """All that is compared, as the tools themselves say."""
        overrides = {f.name: f.read_text() for f in sorted(OVERRIDES.iterdir())} if OVERRIDES.exists() else {}
        return {
            "apps": self.run_ok("flatpak", "list", "--user", "--app", "--columns=ref,active,origin"),
            "remotes": self.run_ok("flatpak", "remotes", "--user", "--columns=name,url"),
            "overrides": {name: text for name, text in overrides.items() if text.strip()},
            "dconf": self.run_ok("dconf", "dump", "/"),
        }

    def manifests(self):
        return {f.name: f.read_bytes() for f in MANIFESTS.rglob("*.json")}

    def plan(self, verb):
        plan = json.loads(self.bkt(verb, "-n", "--json", "--prune", "--force"))
        return plan["changes"] + plan["held"]

    # The laws ------------------------------------------------------------------------------------------------------

    def test_every_subsystem_takes_part(self):
        self.assertEqual(set(self.report()), set(STATES) | IMAGE | BOXES)

    @law
    def test_capture_settles(self, rng):
        self.change(rng)
        self.bkt("capture", "-y", "--prune", "--force")
        self.assertEqual(self.drift(), {})
        self.assertEqual(self.plan("capture") + self.plan("apply"), [])

    @law
    def test_apply_settles(self, rng):
        self.change(rng)
        self.bkt("capture", "-y", "--prune", "--force")
        self.change(rng)
        self.bkt("apply", "-y", "--prune", "--force")
        # What no manifest ever had is not removed; it is still there to be captured.
        self.assertEqual(set(self.drift().values()) - {"unmanaged"}, set(), self.drift())
        self.assertEqual(self.plan("apply"), [])

    @law
    def test_the_next_machine_is_the_same(self, rng):
        self.change(rng)
        self.bkt("capture", "-y", "--prune", "--force")
        here = self.report()
        self.wipe()
        self.bkt("repo", "use", MANIFESTS.parent)
        self.bkt("apply", "-y")
        there = self.report()
        self.assertEqual(self.drift(), {})
        for subsystem, items in here.items():
            sides = lambda items: {key: item["wanted"] for key, item in items.items() if item["wanted"] is not None}  # noqa: E731
            self.assertEqual(sides(items), sides(there[subsystem]), subsystem)

    @law
    def test_undo_puts_back_both_sides(self, rng):
        self.change(rng)
        self.bkt("capture", "-y", "--prune", "--force")
        self.change(rng)
        self.drift()
        for verb in ("capture", "apply"):
            machine, manifests = self.machine(), self.manifests()
            if not self.plan(verb):
                continue
            self.bkt(verb, "-y", "--prune", "--force")
            self.bkt("undo", "-y")
            self.assertEqual(self.machine(), machine, f"the machine after {verb} and undo")
            self.assertEqual(self.manifests(), manifests, f"the manifests after {verb} and undo")

    @law
    def test_a_dry_run_is_the_plan_and_changes_nothing(self, rng):
        self.change(rng)
        state = self.machine(), self.manifests(), sorted(STATE.rglob("*"))
        for verb in ("capture", "apply"):
            self.assertEqual(self.bkt(verb, "-n", "--json"), self.bkt(verb, "-n", "--json"))
        self.assertEqual((self.machine(), self.manifests(), sorted(STATE.rglob("*"))), state)

    def test_what_cannot_be_read_is_left_alone(self):
        rng = random.Random(self.id())
        self.change(rng)
        self.bkt("capture", "-y", "--prune", "--force")
        self.commit()
        for blind, path in {"gsettings": HOME / ".config/dconf/user", "flatpak-apps": HOME / ".local/share/flatpak/app",
                            "flatpak-remotes": HOME / ".local/share/flatpak/repo/config"}.items():
            with self.subTest(blind):
                kept = pathlib.Path(f"{path}.kept")
                path.rename(kept)
                path.mkdir() if kept.is_file() else path.write_text("")
                try:
                    done = self.run_any("bkt", "capture", "-y", "--prune", "--force", blind)
                    self.assertNotEqual(done.returncode, 0, done.stdout + done.stderr)
                finally:
                    path.rmdir() if kept.is_file() else path.unlink()
                    kept.rename(path)
                self.assertEqual(self.changed_files(), set(), "nothing unreadable is taken for empty")
        self.assertEqual(self.drift(), {})


# What an image is made of: this desktop was not started from one, and tests/image/all.rs holds them to the laws.
IMAGE = {"copr", "external-repos", "packages", "kargs", "units", "etc-files", "image-config", "shims", "base"}
# This desktop has no podman: tests/distrobox, tests/cli and test_distroboxes.py hold them to the laws.
BOXES = {"distrobox", "toolbox", "toolchains"}
STATES = {
    "flatpak-remotes": Laws.remotes,
    "flatpak-apps": Laws.apps,
    "extensions": Laws.extensions,
    "gsettings": Laws.settings,
}
