"""Boxes that a person made and filled by hand come back as they were, from what was captured: real podman, distrobox, apt, dnf and dnf5."""
# Needs: boxes
import json
import shutil

import boxes
from boxes import Boxes
from case import HOME

ROOT = HOME / "distribution"
MANIFEST = ROOT / "manifests/distrobox.json"
CODE = HOME / "code"
BIN = HOME / ".local/bin"
LAUNCHERS = HOME / ".local/share/applications"
# Each box, by the name of its kind: how it was made, and what it has by its own means.
MADE = {
    "apt": ["--volume", f"{CODE}:/code", "--additional-flags", "--env EDITOR=nano --env GREETING=two=parts"],
    "dnf": ["--home", f"{HOME}/boxes/dnf", "--additional-flags", "--env EDITOR=nano"],
    "dnf5": ["--hostname", "five.lab", "--volume", f"{CODE}:/code:ro", "--init-hooks", "touch /var/tmp/started"],
}
ENVIRONMENT = {"apt": {"EDITOR": "nano", "GREETING": "two=parts"}, "dnf": {"EDITOR": "nano"}, "dnf5": {}}
VOLUMES = {"apt": {(str(CODE), "/code", True)}, "dnf": {(f"{HOME}/boxes/dnf", f"{HOME}/boxes/dnf", True)}, "dnf5": {(str(CODE), "/code", False)}}
BY_HAND = {"htop", "editor"}
SET_UP = {"words"}   # what distrobox installs by itself, of what the lab has, in a box that is made with packages
WITH_THEM = {"hwloc-libs", "editor-data", "editor-spell"}


class Distroboxes(Boxes):
    """Three boxes and a repository that knows nothing of them. Each test goes on from what the one before left."""

    @classmethod
    def setUpClass(cls):
        case = cls()
        boxes.take(*MADE)
        for folder in (MANIFEST.parent, CODE, BIN):
            folder.mkdir(parents=True, exist_ok=True)
        (CODE / "file").write_text("mine")
        MANIFEST.write_text('{"containers": {}}\n')
        case.git("init", "-q", "-b", "main")
        case.git("config", "user.name", "Dev")
        case.git("config", "user.email", "dev@lab.test")
        case.commit("nothing is tracked")
        case.bkt("repo", "use", ROOT)
        cls.brought = {}
        for kind, how in MADE.items():
            case.create(kind, kind, *how)
            cls.brought[kind] = case.chosen(kind, kind)
            case.install(kind, kind, *sorted(BY_HAND))
            case.inside(kind, "distrobox-export", "--app", "editor")
        case.inside("apt", "distrobox-export", "--bin", "/usr/bin/htop", "--export-path", BIN)
        case.remove("dnf", "dnf", "nano")
        cls.as_made = {kind: case.identity(kind) for kind in MADE}

    # Tools -----------------------------------------------------------------------------------------------------------

    def bkt(self, *args, code=0):
        done = self.run_any("bkt", *args, timeout=300)
        self.assertEqual(done.returncode, code, f"bkt {' '.join(map(str, args))}\n{done.stdout}{done.stderr}")
        return done.stdout + done.stderr

    def git(self, *args):
        return self.run_ok("git", "-C", ROOT, *args)

    def commit(self, message):
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)

    def entries(self):
        return json.loads(MANIFEST.read_text())["containers"]

    def edit(self, change):
        entries = self.entries()
        change(entries)
        MANIFEST.write_text(json.dumps({"containers": entries}, indent=2) + "\n")

    def forget(self):
        """What was remembered of boxes: they are read anew."""
        shutil.rmtree(HOME / ".cache/bucket", ignore_errors=True)

    def environment(self, name):
        """Variables of those the tests set, as a program in the box sees them."""
        said = dict(line.split("=", 1) for line in self.inside(name, "env").splitlines() if "=" in line)
        return {key: said[key] for key in ("EDITOR", "GREETING") if key in said}

    def volumes(self, name):
        """The directories of the machine that the tests gave it."""
        return {(mount["Source"], mount["Destination"], mount["RW"]) for mount in self.inspect(name)["Mounts"]
                if mount["Source"].startswith((str(CODE), f"{HOME}/boxes"))}

    def by_hand(self, kind):
        """What was asked for in a box, less what its image and distrobox brought."""
        return self.chosen(kind, kind) - self.brought[kind] - SET_UP

    def assert_as_made(self, kind, packages=frozenset(BY_HAND)):
        self.assertEqual(self.by_hand(kind), packages)
        if packages == BY_HAND:
            self.assertLessEqual(BY_HAND | WITH_THEM, self.packages(kind, kind))
        self.assertEqual(self.environment(kind), ENVIRONMENT[kind])
        self.assertEqual(self.volumes(kind), VOLUMES[kind])
        launcher = LAUNCHERS / f"{kind}-org.lab.Editor.desktop"
        self.assertIn(f"Name=Editor (on {kind})", launcher.read_text())
        if kind == "apt":
            self.assertEqual(self.run_ok(BIN / "htop"), "htop 3.3.0\n")
            self.assertEqual(self.inside(kind, "cat", "/code/file"), "mine")
        if kind == "dnf":
            self.assertEqual(self.inside(kind, "sh", "-c", "echo $HOME").strip(), f"{HOME}/boxes/dnf")
        if kind == "dnf5":
            self.assertEqual(self.inside(kind, "hostname").strip(), "five.lab")
            self.inside(kind, "test", "-e", "/var/tmp/started")

    # In this order ---------------------------------------------------------------------------------------------------

    def test_1_what_was_installed_by_hand_is_captured_and_nothing_else(self):
        self.bkt("distrobox", "capture", "--packages", "-y")
        entries = self.entries()
        self.assertEqual(set(entries), set(MADE))
        for kind, entry in entries.items():
            with self.subTest(kind):
                self.assertEqual(set(entry["packages"]), BY_HAND)
                self.assertEqual(entry["image"], boxes.IMAGES[kind])
                self.assertEqual(entry["exported_apps"], ["org.lab.Editor"])
                self.assertEqual(entry.get("env", {}), ENVIRONMENT[kind])
        self.assertEqual(entries["apt"]["bins"], {"also": ["/usr/bin/htop"]})
        self.commit("as they are")
        self.bkt("drift", "check", "distrobox")

    def test_2_a_box_that_matches_is_left_alone(self):
        self.bkt("apply", "-y")
        self.bkt("distrobox", "apply", "-y")
        self.assertEqual({kind: self.identity(kind) for kind in MADE}, self.as_made)

    def test_3_a_box_that_does_not_run_is_read_as_it_is(self):
        for kind in MADE:
            self.install(kind, kind, "fish")
        self.stop(*MADE)
        started = {kind: self.inspect(kind)["State"]["StartedAt"] for kind in MADE}
        self.forget()
        said = self.bkt("diff", "distrobox")
        self.assertEqual(said.count("fish"), len(MADE), said)
        self.assertIn("nano", said, "what becomes of a package of the image that was removed")
        self.assertEqual({kind: self.state(kind) for kind in MADE}, dict.fromkeys(MADE, "exited"))
        self.assertEqual({kind: self.inspect(kind)["State"]["StartedAt"] for kind in MADE}, started)

    def test_4_deleted_boxes_come_back_as_they_were_captured(self):
        self.run_ok("distrobox", "rm", "--force", "--yes", *MADE, timeout=120)
        for left in (BIN / "htop", *(LAUNCHERS / f"{kind}-org.lab.Editor.desktop" for kind in MADE)):
            left.unlink(missing_ok=True)
        self.assertEqual(self.names(), set())
        self.bkt("drift", "check", "distrobox", code=3)
        self.assertIn("--force", self.bkt("distrobox", "apply", "-y"), "whoever deleted them may have meant it")
        self.assertEqual(self.names(), set())
        self.bkt("distrobox", "apply", *MADE, "-y")
        for kind in MADE:
            with self.subTest(kind):
                self.assert_as_made(kind)
        self.bkt("drift", "check", "distrobox")
        self.assertEqual(self.git("status", "--porcelain"), "")

    def test_5_packages_and_exports_change_in_the_box_that_is_there(self):
        before = {kind: self.identity(kind) for kind in MADE}

        def change(entries):
            for entry in entries.values():
                entry["packages"] = ["editor", "ripgrep"]
            entries["apt"]["bins"] = {"also": ["/usr/bin/ripgrep"]}
            entries["dnf"]["exported_apps"] = []
        self.edit(change)
        self.bkt("distrobox", "apply", "-y")
        self.assertEqual({kind: self.identity(kind) for kind in MADE}, before)
        for kind in MADE:
            with self.subTest(kind):
                self.assertEqual(self.by_hand(kind), {"editor", "ripgrep"})
        self.assertEqual(self.run_ok(BIN / "ripgrep"), "ripgrep 14.1.1\n")
        self.assertFalse((BIN / "htop").exists())
        self.assertFalse((LAUNCHERS / "dnf-org.lab.Editor.desktop").exists())
        self.assertTrue((LAUNCHERS / "apt-org.lab.Editor.desktop").exists())
        self.bkt("undo", "-y")
        self.assertEqual({kind: self.identity(kind) for kind in MADE}, before)
        for kind in MADE:
            with self.subTest(kind):
                self.assert_as_made(kind)
        self.git("checkout", "-q", ".")
        self.bkt("drift", "check", "distrobox")

    def test_6_what_cannot_be_changed_makes_the_box_anew_and_undo_brings_back_what_it_was(self):
        before = {kind: self.identity(kind) for kind in MADE}
        self.inside("apt", "sudo", "touch", "/root/only-here")
        self.edit(lambda entries: entries["apt"]["env"].update(EDITOR="vi"))
        said = self.bkt("distrobox", "apply", "-y", code=4)
        lost = [line.strip() for line in said.splitlines() if " in it: " in line]
        self.assertEqual(lost, ["New in it: /root/only-here"])
        self.assertEqual(self.identity("apt"), before["apt"])
        self.bkt("distrobox", "apply", "--recreate", "-y")
        self.assertNotEqual(self.identity("apt"), before["apt"])
        self.assertEqual({kind: self.identity(kind) for kind in ("dnf", "dnf5")}, {kind: before[kind] for kind in ("dnf", "dnf5")})
        self.assertEqual(self.names(), set(MADE), "the one that was there before is gone")
        self.assertEqual(self.environment("apt"), {**ENVIRONMENT["apt"], "EDITOR": "vi"})
        self.assertEqual(self.by_hand("apt"), BY_HAND)
        self.assertEqual(self.run_ok(BIN / "htop"), "htop 3.3.0\n")
        self.bkt("undo", "-y")
        self.assert_as_made("apt")
        self.git("checkout", "-q", ".")
        self.bkt("drift", "check", "distrobox")

    def test_7_a_box_that_cannot_be_made_anew_stays_as_it_is(self):
        before = {kind: self.identity(kind) for kind in MADE}
        self.edit(lambda entries: entries["apt"].update(image="localhost/no-such-image:1"))
        done = self.run_any("bkt", "distrobox", "apply", "--recreate", "-y", timeout=300)
        self.assertIn(done.returncode, (1, 5), done.stdout + done.stderr)
        self.assertEqual({kind: self.identity(kind) for kind in MADE}, before)
        self.assertEqual(self.names(), set(MADE))
        self.assert_as_made("apt")
        self.git("checkout", "-q", ".")
