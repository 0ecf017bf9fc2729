"""bkt in a box acts on the machine as bkt on the machine does: a real distrobox, and the session helper that Flatpak brings."""
# Needs: boxes
import json
import signal
import subprocess
import time

import boxes
import ui
from boxes import Boxes
from case import HOME

ROOT = HOME / "my distribution"
PACKAGES = ROOT / "manifests/toolbox-packages.json"
DEV = "bootc-dev"        # the development box, as it is called where repo.json does not say otherwise
OWN = "own-home"         # a box with another home directory
PROGRAM = "/run/host/usr/bin/bkt"   # the machine's, with the libraries of the box


class Delegate(Boxes):
    """Two boxes and a repository with one difference. Each test goes on from what the one before left."""

    @classmethod
    def setUpClass(cls):
        case = cls()
        boxes.take("dnf")
        (ROOT / "manifests").mkdir(parents=True)
        (ROOT / "manifests/flatpak-apps.json").write_text('{"apps": [{"id": "org.lab.Notes", "remote": "lab", "scope": "user"}]}\n')
        (ROOT / "toolbox").mkdir()
        (ROOT / "toolbox/Containerfile").write_text(f"FROM {boxes.IMAGES['dnf']}\n# === TOOLBOX_PACKAGES (managed by bkt) ===\n# === END TOOLBOX_PACKAGES ===\n")
        case.run_ok("git", "-C", ROOT, "init", "-q", "-b", "main")
        case.run_ok("git", "-C", ROOT, "config", "user.name", "Dev")
        case.run_ok("git", "-C", ROOT, "config", "user.email", "dev@lab.test")
        case.commit()
        case.add_remote()
        case.create(DEV, "dnf")
        case.create(OWN, "dnf", "--home", f"{HOME}/boxes/own")
        case.inside(DEV, "sudo", "ln", "-s", PROGRAM, "/usr/bin/bkt")

    # Tools -----------------------------------------------------------------------------------------------------------

    @staticmethod
    def commit():
        subprocess.run(f"cd '{ROOT}' && git add -A && git commit -q -m state", shell=True, check=True)

    def host(self, *args, **kwargs):
        return self.run_any("bkt", *args, timeout=200, **kwargs)

    def box(self, *args, name=DEV, **kwargs):
        return self.run_any("distrobox", "enter", "--no-tty", name, "--", PROGRAM, *args, timeout=200, **kwargs)

    def assert_same(self, *args, code, **kwargs):
        """Both sides answer alike, to the byte and the exit status."""
        said = [(done.returncode, done.stdout, done.stderr) for done in (self.host(*args, **kwargs), self.box(*args, **kwargs))]
        self.assertEqual(said[0], said[1])
        self.assertEqual(said[0][0], code, said[0])
        return said[0][1]

    def operations(self):
        return len(json.loads(self.run_ok("bkt", "history", "--json"))["operations"])

    def on_host(self):
        """What boxes have started on the machine that has not ended."""
        helper = self.run_any("pgrep", "--full", "flatpak-session-helper").stdout.split()
        return set(self.run_any("pgrep", "--parent", ",".join(helper) or "0", "--full", "4242").stdout.split())

    # In this order ---------------------------------------------------------------------------------------------------

    def test_1_a_directory_is_the_one_the_command_was_called_in(self):
        done = self.box("repo", "use", ".", cwd=ROOT)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(json.loads(self.host("status", "--json").stdout)["repository"], str(ROOT))
        type(self).long = subprocess.Popen(["distrobox", "enter", "--no-tty", DEV, "--", PROGRAM, "dev", "enter", "--", "sh", "-c", "sleep 27; echo done"],
                                           stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)

    def test_2_both_sides_answer_alike(self):
        self.assert_same("status", code=0)
        self.assert_same("drift", "check", code=3)
        self.assertIn("org.lab.Notes", self.assert_same("diff", code=0))
        self.assert_same("no such verb", "--and=no option", "", code=2)
        self.assert_same("undo", "4242", "-y", code=1)
        own = self.box("diff", name=OWN)
        self.assertEqual((own.returncode, own.stdout), (0, self.host("diff").stdout), "whatever the box calls its home")

    def test_3_what_changes_the_machine_is_done_once(self):
        before = self.operations()
        done = self.box("apply", "-y")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("org.lab.Notes", self.installed())
        self.assertEqual(self.operations(), before + 1)
        self.assertEqual(self.box("undo", "-y").returncode, 0)
        self.assertNotIn("org.lab.Notes", self.installed())

    def test_4_what_is_typed_reaches_the_machine(self):
        done = self.box("dev", "enter", "--", "cat", input="typed\n")
        self.assertEqual((done.returncode, done.stdout), (0, "typed\n"), done.stderr)
        done = self.box("dev", "enter", "--", "sh", "-c", "echo out; echo err >&2; exit 41")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (41, "out\n", "err\n"))

    def test_5_a_signal_ends_what_was_started_on_the_machine(self):
        asked = subprocess.Popen(["distrobox", "enter", "--no-tty", DEV, "--", PROGRAM, "dev", "enter", "--", "sleep", "4242"], stdin=subprocess.DEVNULL,
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        ui.until(self.on_host, "bkt on the machine", 20)
        time.sleep(1)
        # The machine sees the one in the box too, and that is asked to end.
        in_box = set(self.run_ok("pgrep", "--full", f"^{PROGRAM} dev enter -- sleep 4242").split()) - self.on_host()
        self.run_ok("kill", f"-{signal.SIGTERM.value}", *in_box)
        said, _ = asked.communicate(timeout=30)
        self.assertEqual(asked.returncode, 128 + signal.SIGTERM, said)
        ui.until(lambda: not self.on_host(), "end of bkt on the machine", 20)

    def test_6_packages_of_the_development_box_are_installed_from_either_side(self):
        before = self.chosen(DEV, "dnf")
        for install, package in ((self.host, "htop"), (self.box, "ripgrep")):
            done = install("dev", "dnf", "install", package, "-y")
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(self.chosen(DEV, "dnf") - before, {"htop", "ripgrep"})
        self.assertEqual(json.loads(PACKAGES.read_text())["packages"], ["htop", "ripgrep"])
        containerfile = (ROOT / "toolbox/Containerfile").read_text()
        for package in ("htop", "ripgrep"):
            self.assertIn(package, containerfile)
        self.commit()
        # In the box, that is what is meant.
        done = self.box("dnf", "remove", "htop", "-y")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(self.chosen(DEV, "dnf") - before, {"ripgrep"})
        self.assertEqual(json.loads(PACKAGES.read_text())["packages"], ["ripgrep"])
        self.commit()
        for install in (self.host, self.box):
            done = install("dev", "dnf", "install", "no-such-package", "-y")
            self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertEqual(self.run_ok("git", "-C", ROOT, "status", "--porcelain"), "", "what failed is not in the manifest")

    def test_7_what_a_box_has_not_is_said_with_what_to_use(self):
        said = self.box("dev", "flatpak", "install", "org.lab.Notes")
        self.assertEqual(said.returncode, 2)
        self.assertIn("bkt flatpak install org.lab.Notes", said.stderr)

    def test_8_it_may_take_long(self):
        """Longer than D-Bus waits for an answer."""
        said, _ = self.long.communicate(timeout=60)
        self.assertEqual((self.long.returncode, said), (0, "done\n"))
