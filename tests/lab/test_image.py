"""The image that the Containerfile builds, compared with the manifests: podman, dnf, rpm and systemctl are real, the network is the lab's own.

Everything is looked up inside the built image. bootc has no package here; what its lint would refuse or warn of is looked
up as well.
"""
# Needs: image
import io
import json
import re
import subprocess
import tarfile
import tomllib

from case import HOME, Case

ROOT = HOME / "distribution"
MANIFESTS = ROOT / "manifests"
BASE = "localhost/lab-base"
SKEL = "etc/skel/.local"
# What is looked at, in one go. The two files are made in memory, where they are no part of what is shown.
LOOK = """
cd /dev/shm
rpm -qa --qf '%{NAME} %{NEVRA}\\n' > packages
for unit; do systemctl --root=/ is-enabled "$unit"; done > units
cd /
tar -c $(ls -d etc opt run tmp boot var usr/etc usr/bin usr/share/greeting usr/share/lab usr/lib/bootc usr/lib/opt usr/lib/systemd/system \
    usr/lib/tmpfiles.d 2>/dev/null) -C /dev/shm packages units
"""

# What the lab's packages need, are made of, and push out; tests/lab/image/rpms.sh says so too.
BRINGS = {"htop": {"hwloc-libs"}, "development-tools": {"make", "gdb"}}
TAKES = {"firefox": {"firefox-langpacks"}, "libfresh": {"libstale"}}

CONTAINERFILE = f"""# Written by hand, and it stays.
FROM {BASE}
ARG ENABLE_LAB=1
COPY by-hand.conf /etc/
RUN <<'EOF'
# === a line that is no marker
test -s /etc/by-hand.conf
EOF
# The last word is bootc's.
RUN true # bootc container lint
"""
UNIT = "[Unit]\nDescription=Backs up what is “here”, 100%\n[Service]\nType=oneshot\nExecStart=/bin/sh -c 'echo \"$HOME\" %%n \\\\ ; true'\n[Install]\nWantedBy=multi-user.target\n"
CAPTURED = "a = \"b\"\n\\x\ttab, 'quotes' and $HOME `id` %s\n# === END LAB ===\n\nno end to the last line"
STATES = ["cups.service", "backup.service", "chronyd.service", "tuned.service", "cockpit.service"]
KARGS = ["mitigations=auto,nosmt", "lab.level=3"]

REPOSITORY = {
    "manifests/system-packages.json": {
        "packages": ["htop", "ripgrep", "libfresh", "starship", "cockpit"], "groups": ["development-tools"], "excluded": ["firefox", "power-profiles-daemon"],
        "copr_repos": [{"name": "atim/starship", "enabled": True, "gpg_check": True}, {"name": "example/off", "enabled": False, "gpg_check": True}]},
    "manifests/external-repos.json": {"repos": [{
        "name": "vault", "display_name": "Vault Stable Channel", "baseurl": "https://packages.example.com/stable/$basearch",
        "gpg_key": "https://packages.example.com/key.asc", "packages": ["vault"], "opt_path": "Vault"}]},
    "manifests/system-config.json": {
        "kargs": {"append": KARGS, "remove": ["quiet"]},
        "systemd": {"enable": ["backup.service", "cockpit.service"], "disable": ["chronyd.service"], "mask": [],
                    "custom": [{"unit": "backup.service", "file": "units/backup.service"}]},
        "other": {"kept": True}},
    "manifests/systemd-services.json": {"services": {"cups.service": "enabled", "tuned.service": "masked"}},
    "manifests/host-shims.json": {"shims": [{"name": "docker", "host": "podman"}, {"name": "flatpak"}]},
    "manifests/image-config.json": {"modules": [
        {"name": "etc", "type": "files", "files": [{"src": "system/etc/lab/some.conf", "dest": "/etc/lab/some.conf", "mode": "0640"},
                                                   {"src": "system/etc/motd", "dest": "/etc/motd"}]},
        {"name": "greeting", "type": "run", "commands": ["printf '%s\\n' \"it's $((6 * 7))\" > /usr/share/greeting", "test -s /usr/share/greeting"]},
        {"name": "dbus", "type": "systemd-enable", "scope": "system", "unit": "dbus.service", "target": "graphical.target"},
        {"name": "feature", "type": "optional-feature", "arg": "ENABLE_FEATURE", "src": "system/feature.conf", "staging": "/usr/share/lab/feature.conf",
         "dest": "/etc/feature.conf"},
        {"name": "editor", "type": "wrapper", "target": "/usr/bin/htop", "slice": "app-editor.slice", "output": "/usr/bin/editor", "description": "An editor"}]},
    "Containerfile": CONTAINERFILE,
    "by-hand.conf": "by hand\n",
    "units/backup.service": UNIT,
    "system/etc/lab/some.conf": CAPTURED,
    "system/etc/motd": "Grüße\n",
    "system/feature.conf": "feature = 1\n",
}


class Built:
    """An image, as podman shows it: its packages, its files, and what systemctl says."""

    def __init__(self, case, name):
        self.case, self.name = case, name
        archive = case.podman("run", "--rm", "--network", "none", name, "sh", "-c", LOOK, "sh", *STATES, text=False)
        self.files = {}   # by path: what tar says of it, and the bytes of a file
        with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            for member in tar:
                data = tar.extractfile(member).read() if member.isfile() else None
                self.files[member.name.rstrip("/")] = (member, data)
        lines = self.files.pop("packages")[1].decode().splitlines()
        self.packages = dict(line.split(" ", 1) for line in lines if not line.startswith("gpg-pubkey "))
        self.units = dict(zip(STATES, self.files.pop("units")[1].decode().split(), strict=True))

    def run(self, *argv):
        return self.case.podman("run", "--rm", "--network", "none", self.name, *argv)

    def text(self, path):
        return self.files[path][1].decode()

    def mode(self, path):
        return self.files[path][0].mode & 0o7777

    def below(self, folder):
        return {path for path in self.files if path.startswith(folder + "/")}


class Image(Case):
    """One repository. Its image is built once and compared; then verbs change what it is made of, and it is built again."""

    @classmethod
    def setUpClass(cls):
        case = cls()
        case.podman("import", "-q", "/srv/lab/base.tar", BASE)
        case.run_ok("sudo", "systemd-run", "--quiet", "--unit=rpm-site", "/lab/rpm-site.py")
        for path, content in REPOSITORY.items():
            file = ROOT / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content if isinstance(content, str) else json.dumps(content, indent=2, ensure_ascii=False) + "\n")
        case.git("init", "-q", "-b", "main")
        case.git("config", "user.name", "Dev")
        case.git("config", "user.email", "dev@lab.test")
        case.bkt("repo", "use", ROOT)
        case.bkt("containerfile", "check", code=3)
        case.bkt("containerfile", "sync", "--add-missing")
        case.bkt("containerfile", "check")
        case.git("add", "-A")
        case.git("commit", "-q", "-m", "as it is")
        cls.base = Built(case, BASE)
        cls.built = case.build("first")

    # Tools -----------------------------------------------------------------------------------------------------------

    def bkt(self, *args, code=0):
        done = self.run_any("bkt", *args, cwd=ROOT, timeout=120)
        self.assertEqual(done.returncode, code, f"bkt {' '.join(map(str, args))}\n{done.stdout}{done.stderr}")
        return done.stdout + done.stderr

    def git(self, *args):
        return self.run_ok("git", "-C", ROOT, *args)

    def podman(self, *args, text=True):
        done = subprocess.run(["podman", *args], cwd=ROOT.parent if not ROOT.exists() else ROOT, capture_output=True, stdin=subprocess.DEVNULL,
                              timeout=300, text=text, check=False)
        self.assertEqual(done.returncode, 0, f"podman {' '.join(args)}\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def build(self, name, *args):
        """The image of the Containerfile. The lab has no network but its own; the sites it has are on 127.0.0.1."""
        self.podman("build", "--network", "host", "--tag", name, *args, ".")
        return Built(self, f"localhost/{name}")

    def manifest(self, name):
        return json.loads((MANIFESTS / name).read_text())

    # An image against the manifests, as they are then -----------------------------------------------------------------

    def assert_packages(self, built):
        """What was asked for, with what it needs, is added to the base; what is excluded, and what needs that, is gone."""
        manifest = self.manifest("system-packages.json")
        wanted = set(manifest["packages"]) | {p for repo in self.manifest("external-repos.json")["repos"] for p in repo["packages"]}
        gone = set(manifest["excluded"])
        for name, others in BRINGS.items():
            if name in wanted or name in manifest["groups"]:
                wanted |= others
        for name, others in TAKES.items():
            if name in wanted or name in gone:
                gone |= others
        self.assertEqual(set(built.packages), (set(self.base.packages) | wanted) - gone)
        kept = set(self.base.packages) & set(built.packages)
        self.assertEqual({n: built.packages[n] for n in kept}, {n: self.base.packages[n] for n in kept}, "nothing else was upgraded")

    def assert_kargs(self, built):
        """/usr/lib/bootc/kargs.d holds what bootc reads, strictly, and that is the manifest's list."""
        found = []
        for path in sorted(built.below("usr/lib/bootc/kargs.d")):
            self.assertTrue(path.endswith(".toml"), path)
            table = tomllib.loads(built.text(path))
            self.assertIn("kargs", table, path)
            self.assertLessEqual(set(table), {"kargs", "match-architectures"}, f"{path}: bootc refuses what it does not know")
            found += table["kargs"]
        self.assertEqual(found, self.manifest("system-config.json")["kargs"]["append"])

    def assert_units(self, built):
        """systemctl says of every unit what the two files say."""
        systemd = self.manifest("system-config.json")["systemd"]
        wanted = dict(self.manifest("systemd-services.json")["services"])
        for key, state in (("enable", "enabled"), ("disable", "disabled"), ("mask", "masked")):
            wanted.update(dict.fromkeys(systemd[key], state))
        self.assertEqual({unit: built.units[unit] for unit in wanted}, wanted)
        for custom in systemd["custom"]:
            there = [f"{folder}/{custom['unit']}" for folder in ("usr/lib/systemd/system", "etc/systemd/system") if f"{folder}/{custom['unit']}" in built.files]
            self.assertEqual(len(there), 1, there)
            self.assertEqual(built.files[there[0]][1], (ROOT / custom["file"]).read_bytes())

    def assert_shims(self, built):
        """Each is a script that runs the host's command, with a link in ~/.local/bin, for every new account."""
        shims = {shim["name"]: shim.get("host", shim["name"]) for shim in self.manifest("host-shims.json")["shims"]}
        self.assertEqual(built.below(f"{SKEL}/toolbox/shims"), {f"{SKEL}/toolbox/shims/{name}" for name in shims})
        for name, host in shims.items():
            path = f"{SKEL}/toolbox/shims/{name}"
            self.assertEqual(built.mode(path), 0o755)
            link = built.files[f"{SKEL}/bin/{name}"][0]
            self.assertEqual((link.issym(), link.linkname), (True, f"../toolbox/shims/{name}"))
        # A stand-in for flatpak-spawn says what it is asked for.
        said = built.run("sh", "-c", "printf '#!/bin/sh\\necho \"$@\"\\n' > /usr/bin/flatpak-spawn; chmod +x /usr/bin/flatpak-spawn\n"
                         "for name; do /etc/skel/.local/bin/$name -a 'two words'; done", "sh", *shims)
        self.assertEqual(said.splitlines(), [f"--host {host} -a two words" for host in shims.values()])

    def assert_files(self, built):
        """The files of image-config.json, byte for byte, with their modes."""
        for module in self.manifest("image-config.json")["modules"]:
            for file in module.get("files", []):
                path = file["dest"].lstrip("/")
                with self.subTest(path):
                    self.assertEqual(built.files[path][1], (ROOT / file["src"]).read_bytes())
                    self.assertEqual(built.mode(path), int(file.get("mode", "0644"), 8))

    def assert_bootable(self, built):
        """What `bootc container lint` looks at, as far as an image without a kernel has it."""
        self.assertFalse(built.below("usr/etc"), "/usr/etc beside /etc")
        for path in built.files:
            path.encode("utf-8")   # of what is none, tarfile makes surrogates
        for folder in ("run", "tmp", "boot", "var"):
            left = built.below(folder) - self.base.below(folder)
            self.assertEqual(left, set(), f"left in /{folder}")
        changed = {path for path in built.below("var") & self.base.below("var") if built.files[path][1] != self.base.files[path][1]}
        self.assertEqual(changed, set(), "changed in /var, which only a first start would bring")

    def assert_all(self, built):
        for compare in (self.assert_packages, self.assert_kargs, self.assert_units, self.assert_shims, self.assert_files, self.assert_bootable):
            with self.subTest(compare.__name__):
                compare(built)

    # The image that was built first ------------------------------------------------------------------------------------

    def test_1_packages_are_those_of_the_manifests(self):
        self.assert_packages(self.built)

    def test_1_kernel_arguments_are_what_bootc_reads(self):
        self.assert_kargs(self.built)

    def test_1_units_are_switched(self):
        self.assertEqual(self.base.units["chronyd.service"], "enabled", "so that there is something to switch off")
        self.assert_units(self.built)

    def test_1_shims_run_the_hosts_commands(self):
        self.assert_shims(self.built)

    def test_1_files_are_captured_byte_for_byte(self):
        self.assert_files(self.built)

    def test_1_nothing_is_left_that_bootc_would_refuse(self):
        self.assert_bootable(self.built)

    def test_1_repositories_are_as_the_manifests_say(self):
        for project, enabled in (("atim:starship", "1"), ("example:off", "0")):
            text = self.built.text(f"etc/yum.repos.d/_copr:copr.fedorainfracloud.org:{project}.repo")
            self.assertRegex(text, f"(?m)^enabled ?= ?{enabled}$")
            self.assertRegex(text, "(?m)^gpgcheck ?= ?1$")
        vault = self.built.text("etc/yum.repos.d/vault.repo")
        for line in (r"\[vault\]", r"name ?= ?Vault Stable Channel", r"baseurl ?= ?https://packages\.example\.com/stable/\$basearch",
                     r"gpgkey ?= ?https://packages\.example\.com/key\.asc", "gpgcheck ?= ?1"):
            self.assertRegex(vault, f"(?m)^{line}$")
        self.assertLessEqual({"starship", "vault"}, set(self.built.packages), "installed from there, signatures checked")

    def test_1_what_a_package_has_in_opt_moves_to_usr(self):
        self.assertEqual(self.built.text("usr/lib/opt/Vault/vault"), "#!/bin/sh\necho vault itself\n")
        self.assertEqual(self.built.text("usr/lib/opt/Vault/resources/icon.txt"), "a picture\n")
        lines = {line for path in self.built.below("usr/lib/tmpfiles.d") - self.base.below("usr/lib/tmpfiles.d")
                 for line in self.built.text(path).splitlines() if line and not line.startswith("#")}
        self.assertEqual(lines, {"L+ /var/opt/Vault - - - - /usr/lib/opt/Vault"})
        said = self.built.run("sh", "-c", "mkdir -p /var/opt; systemd-tmpfiles --create --prefix=/var/opt; vault-desktop")
        self.assertEqual(said, "vault itself\n", "as it is after the first start")

    def test_1_modules_of_every_kind_are_carried_out(self):
        self.assertEqual(self.built.text("usr/share/greeting"), "it's 42\n")
        self.assertTrue(self.built.files["usr/lib/systemd/system/graphical.target.wants/dbus.service"][0].issym())
        self.assertEqual(self.built.text("usr/share/lab/feature.conf"), "feature = 1\n")
        self.assertNotIn("etc/feature.conf", self.built.below("etc"), "nobody asked for the feature")
        self.assertEqual(self.built.mode("usr/bin/editor"), 0o755)
        self.assertRegex(self.built.text("usr/bin/editor"), r"systemd-run .*app-editor\.slice.*/usr/bin/htop")
        self.assertEqual(self.built.text("etc/by-hand.conf"), "by hand\n", "what was written by hand is built too")

    def test_1_a_feature_is_there_once_it_is_asked_for(self):
        self.podman("build", "--network", "host", "--tag", "feature", "--build-arg", "ENABLE_FEATURE=1", ".")
        self.assertEqual(self.podman("run", "--rm", "--network", "none", "localhost/feature", "cat", "/etc/feature.conf"), "feature = 1\n")

    def test_1_what_was_written_by_hand_stays(self):
        text = (ROOT / "Containerfile").read_text()
        by_hand = re.sub(r"(?ms)^# === (\w+) \(managed by bkt\) ===$.*?^# === END \1 ===\n", "", text)
        self.assertEqual([line for line in by_hand.split("\n") if line], [line for line in CONTAINERFILE.split("\n") if line])
        self.assertLess(text.rindex("# === END"), text.index("# The last word"), "before bootc checks the image")

    # What changes ------------------------------------------------------------------------------------------------------

    def test_2_an_edit_by_hand_is_drift_until_it_is_synced(self):
        file = ROOT / "Containerfile"
        before = file.read_text()
        file.write_text(before.replace("ripgrep", "ripgrep-of-mine", 1))
        self.assertIn("ripgrep-of-mine", self.bkt("containerfile", "check", code=3))
        self.bkt("containerfile", "sync")
        self.bkt("containerfile", "check")
        self.assertEqual(file.read_text(), before)

    def test_3_verbs_change_the_next_image_and_undo_changes_it_back(self):
        first = (ROOT / "Containerfile").read_bytes()
        operations = [
            ("image", "dnf", "install", "fish", "gh"),
            ("image", "dnf", "remove", "ripgrep"),
            ("image", "kargs", "append", "lab.more=1"),
            ("image", "kargs", "remove", "lab.level=3"),
            ("image", "systemd", "disable", "cups.service"),
            ("image", "systemd", "enable", "tuned.service"),
            ("shim", "add", "--manifest-only", "busctl"),
            ("shim", "remove", "--manifest-only", "flatpak"),
        ]
        for operation in operations:
            with self.subTest(" ".join(operation)):
                before = (ROOT / "Containerfile").read_bytes()
                self.bkt(*operation, "-y")
                self.assertNotEqual((ROOT / "Containerfile").read_bytes(), before)
                self.bkt("containerfile", "check")
        self.assertEqual(self.manifest("system-config.json")["other"], {"kept": True})
        second = self.build("second")
        self.assert_all(second)
        self.assertLessEqual({"fish", "gh"}, set(second.packages))
        self.assertNotIn("ripgrep", second.packages)
        self.assertEqual((second.units["cups.service"], second.units["tuned.service"]), ("disabled", "enabled"))
        self.assertIn(f"{SKEL}/toolbox/shims/busctl", second.below(f"{SKEL}/toolbox/shims"))
        for _ in operations:
            self.bkt("undo", "-y")
        self.assertEqual((ROOT / "Containerfile").read_bytes(), first)
        self.assertEqual(self.git("status", "--porcelain"), "")
        self.podman("build", "--network", "host", "--no-cache", "--tag", "third", ".")
        third = Built(self, "localhost/third")
        self.assertEqual(third.packages, self.built.packages)
        self.assert_all(third)

    def test_4_packages_are_looked_up_with_dnf(self):
        self.assertIn("The lab's htop", self.bkt("dnf", "search", "htop"))
        self.assertIn("ripgrap", self.bkt("image", "dnf", "install", "ripgrap", "-y", code=1))
        self.assertEqual(self.git("status", "--porcelain"), "")

    def test_4_a_package_that_is_not_there_ends_the_build(self):
        self.bkt("image", "dnf", "install", "no-such-package", "--force", "-y")
        done = self.run_any("podman", "build", "--network", "host", "--tag", "never", ".", cwd=ROOT, timeout=300)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("no-such-package", done.stdout + done.stderr)
        self.bkt("undo", "-y")
