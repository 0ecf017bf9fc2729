"""One distribution and two machines: made here, changed on the desktop, asked for, merged, and brought to the second machine.

The second machine is a second user with a session bus and a host name of its own, who starts from nothing. The forge's
address leads to a bare repository, and its merge is git's; everything else is real.
"""
import json
import os
import pathlib
import subprocess
import time

from case import HOME, Case

ADDRESS = "https://github.com/lab/distribution.git"
BARE = pathlib.Path("/srv/lab/git/distribution.git")
INTERFACE = "org.gnome.desktop.interface"
MAY = ("in-sync", "pending", "unknown", "not-here", "locked")


class Machine:
    """A user's view: `argv` is put before every command."""

    def __init__(self, case, home, argv=()):
        self.case, self.home, self.argv = case, pathlib.Path(home), list(argv)
        self.root = self.home / "distribution"

    def any(self, *args):
        return self.case.run_any(*self.argv, *args, cwd="/", timeout=180)

    def run(self, *args, code=0):
        done = self.any(*args)
        self.case.assertEqual(done.returncode, code, f"{' '.join(map(str, args))}\n{done.stdout}{done.stderr}")
        return done.stdout

    def bkt(self, *args, code=0):
        return self.run("bkt", *args, code=code)

    def git(self, *args):
        return self.run("git", "-C", self.root, *args)

    def set(self, key, value):
        self.run("gsettings", "set", INTERFACE, key, value)

    def setting(self, key):
        return self.run("gsettings", "get", INTERFACE, key).strip()

    def items(self):
        """Every item that is not ignored: its state and both its sides, by "subsystem key"."""
        done = self.any("bkt", "status", "--json")
        report = json.loads(done.stdout)
        return {f"{s['id']} {item['key']}": (item["state"], item.get("wanted"), item.get("live"))
                for s in report["subsystems"] for item in s["items"] if not item.get("ignored")}

    def drift(self):
        return {key: state for key, (state, *_) in self.items().items() if state not in MAY}

    def same(self):
        """What both sides agree on."""
        return {key: both for key, (state, *both) in self.items().items() if state == "in-sync"}

    def manifests(self):
        """The text of every manifest."""
        names = self.run("find", self.root / "manifests", "-type", "f").split()
        return {name.removeprefix(str(self.root)): self.run("cat", name) for name in names}


class RoundTrip(Case):
    @classmethod
    def setUpClass(cls):
        case = cls()
        case.run_ok("sudo", "useradd", "--create-home", "--shell", "/bin/bash", "second")
        case.run_ok("sudo", "loginctl", "enable-linger", "second")
        uid = case.run_ok("id", "-u", "second").strip()
        bus = pathlib.Path(f"/run/user/{uid}/bus")
        for _ in range(100):
            if subprocess.run(["sudo", "test", "-S", str(bus)], check=False).returncode == 0:
                break
            time.sleep(0.1)
        variables = [f"{name}={os.environ[name]}" for name in ("PATH", "LANG") if name in os.environ]
        as_second = ["sudo", "unshare", "--uts", "sh", "-c", 'hostname second; exec "$@"', "sh", "runuser", "-u", "second", "--",
                     "env", "-i", "HOME=/home/second", "USER=second", f"XDG_RUNTIME_DIR=/run/user/{uid}",
                     f"DBUS_SESSION_BUS_ADDRESS=unix:path={bus}", *variables]
        cls.first, cls.second = Machine(case, HOME), Machine(case, "/home/second", as_second)
        case.run_ok("sudo", "install", "-d", "-m", "0777", BARE.parent)
        case.run_ok("git", "init", "--quiet", "--bare", "--shared=0666", "--initial-branch=main", BARE)
        case.run_ok("sudo", "git", "config", "--system", f"url.{BARE}.insteadOf", ADDRESS)
        case.run_ok("sudo", "git", "config", "--system", "safe.directory", "*")
        for machine, name in (cls.first, "First"), (cls.second, "Second"):
            machine.run("git", "config", "--global", "user.name", name)
            machine.run("git", "config", "--global", "user.email", f"{name.lower()}@lab.test")
        case.add_remote()
        # Every desktop of the lab has these, and the shop they come from is not here.
        files = ".local/share/gnome-shell/extensions"
        case.run_ok("sudo", "install", "-d", "-o", "second", "-g", "second", *(
            f"/home/second/{part}" for part in (".local", ".local/share", ".local/share/gnome-shell")))
        case.run_ok("sudo", "cp", "-a", HOME / files, f"/home/second/{files}")
        case.run_ok("sudo", "chown", "-R", "second:second", "/home/second/.local")

    def test_1_a_distribution_comes_to_a_second_machine(self):
        first, second = self.first, self.second
        first.bkt("init", first.root, "--name", "distribution", "--owner", "lab", "--base", "registry.example/desktop:stable",
                  "--forge", "github", "--no-capture", "-y")
        remotes = first.git("remote")
        first.git("remote", "set-url" if "origin" in remotes else "add", "origin", ADDRESS)
        # The example's applications come from a shop that is not here.
        first.bkt("flatpak", "remove", "--manifest-only", "org.gnome.Boxes", "org.gnome.Calculator", "org.gnome.Loupe")
        first.bkt("apply", "-y")
        first.bkt("capture", "-y", "--no-pr")
        self.assertEqual(first.drift(), {})
        first.bkt("repo", "commit", "-y", "--push")
        self.assertEqual(first.git("status", "--porcelain"), "")

        self.assertEqual(second.setting("accent-color"), "'blue'")
        second.bkt("repo", "clone", ADDRESS, second.root, "-y")
        second.bkt("apply", "-y")
        self.assertEqual(second.drift(), {})
        self.assertEqual(second.run("hostname").strip(), "second")

    def test_2_a_change_goes_round_by_a_pull_request(self):
        first, second = self.first, self.second
        first.set("accent-color", "green")
        self.install("org.lab.Notes")
        self.assertEqual(set(first.drift()), {f"gsettings {INTERFACE} accent-color", "flatpak-apps user/org.lab.Notes"})
        first.bkt("capture", "-y", "--no-pr")
        before = first.git("status", "--porcelain")
        said = first.bkt("repo", "pr", "-y")
        self.assertIn("https://github.com/lab/distribution/compare/main...", said)
        self.assertEqual(first.git("status", "--porcelain"), before, "the checkout keeps the edit")

        # What a person presses on the forge.
        forge = HOME / "forge"
        self.run_ok("git", "clone", "--quiet", BARE, forge)
        branches = self.run_ok("git", "-C", forge, "branch", "--remotes", "--list", "origin/bkt/*").split()
        self.assertEqual(len(branches), 1)
        changed = self.run_ok("git", "-C", forge, "diff", "--name-only", "origin/main", branches[0]).split()
        self.assertEqual(changed, ["changelog.json", "manifests/flatpak-apps.json", "manifests/gsettings.json"])
        self.run_ok("git", "-C", forge, "merge", "--quiet", "--no-ff", "--no-edit", branches[0])
        self.run_ok("git", "-C", forge, "push", "--quiet", "origin", "main")

        first.bkt("repo", "pull", "-y")
        self.assertEqual(first.git("status", "--porcelain"), "", "upstream has the same now")
        self.assertEqual(first.drift(), {})
        second.bkt("repo", "pull", "-y")
        second.bkt("apply", "-y")
        self.assertEqual(second.drift(), {})
        self.assertEqual(second.setting("accent-color"), "'green'")
        self.assertIn("org.lab.Notes", second.run("flatpak", "list", "--user", "--app", "--columns=application"))
        self.assertEqual(first.same(), second.same())

    def test_3_both_change_the_same_and_nothing_is_lost(self):
        first, second = self.first, self.second
        first.set("accent-color", "red")
        first.set("clock-show-seconds", "true")
        first.bkt("capture", "-y", "--no-pr")
        first.bkt("repo", "commit", "-y", "--push")
        second.set("accent-color", "purple")
        second.set("text-scaling-factor", "1.25")
        second.bkt("capture", "-y", "--no-pr")
        second.bkt("repo", "commit", "-y")
        # And one more that nobody committed.
        second.set("clock-show-weekday", "false")
        second.bkt("capture", "-y", "--no-pr")
        before = second.git("rev-parse", "HEAD"), second.git("status", "--porcelain"), second.manifests()
        done = second.any("bkt", "--cli", "repo", "pull")
        self.assertEqual(done.returncode, 4, done.stdout + done.stderr)
        self.assertIn("accent-color", done.stdout + done.stderr)
        after = second.git("rev-parse", "HEAD"), second.git("status", "--porcelain"), second.manifests()
        self.assertEqual(after, before)

        second.bkt("repo", "pull", "-y", "--mine")
        for name, text in second.manifests().items():
            self.assertNotIn("<<<<", text, name)
            json.loads(text)
        second.bkt("apply", "-y")
        self.assertEqual(second.drift(), {})
        second.bkt("repo", "commit", "-y", "--push")
        first.bkt("repo", "pull", "-y")
        first.bkt("apply", "-y")
        for machine in first, second:
            self.assertEqual(machine.drift(), {})
            values = [machine.setting(key) for key in
                      ("accent-color", "clock-show-seconds", "text-scaling-factor", "clock-show-weekday")]
            self.assertEqual(values, ["'purple'", "true", "1.25", "false"])
        self.assertEqual(first.same(), second.same())
