"""Flatpak to the last permission: bkt and flatpak must agree, and what flatpak's own tools made must come back elsewhere."""
import json
import pathlib
import random
import shutil

from distribution import HOME, OVERRIDES, ROOT, Distribution, override

SYSTEM_OVERRIDES = pathlib.Path("/var/lib/flatpak/overrides")
STATE = HOME / ".local/state/bkt"
REPO = pathlib.Path("/srv/lab/repo")
# Of each kind of override one or more; those that contradict one another too.
FLAGS = [
    "--share=network", "--unshare=network", "--share=ipc", "--unshare=ipc",
    *[f"--{verb}socket={socket}" for verb in ("", "no") for socket in (
        "x11", "wayland", "fallback-x11", "pulseaudio", "session-bus", "system-bus", "ssh-auth", "pcsc", "cups", "gpg-agent",
        "inherit-wayland-socket")],
    *[f"--{verb}device={device}" for verb in ("", "no") for device in ("dri", "input", "usb", "kvm", "shm", "all")],
    *[f"--{verb}allow={feature}" for verb in ("", "dis") for feature in (
        "devel", "multiarch", "bluetooth", "canbus", "per-app-dev-shm")],
    *[f"--filesystem={place}{mode}" for place in ("home", "host", "host-etc", "xdg-music", "xdg-config/kdeglobals", "~/Games", "/srv/data")
      for mode in ("", ":ro", ":create")],
    *[f"--nofilesystem={place}" for place in ("home", "host", "xdg-music", "xdg-config/kdeglobals", "~/Games", "host:reset")],
    "--persist=.notes", "--persist=.config/x", "--env=LAB_MODE=a;b", "--env=EMPTY=", "--env=SPACE=a b=c", "--unset-env=LAB_MODE",
    "--unset-env=SPACE", "--talk-name=org.lab.Bus", "--own-name=org.lab.Bus.*", "--no-talk-name=org.lab.Bus",
    "--no-talk-name=org.freedesktop.Notifications", "--system-talk-name=org.lab.System", "--system-own-name=org.lab.Own",
    "--system-no-talk-name=org.freedesktop.UPower", "--add-policy=lab.policy=on", "--add-policy=lab.policy=off",
    "--remove-policy=lab.policy=on", "--usb=all", "--usb=vnd:1234+dev:5678", "--nousb=cls:03:*",
]
# What no flag of 1.16 writes, and people and newer versions do.
BY_HAND = """# by hand
[Context]
# why
sockets=cups;!x11;x11;if:x11:!has-wayland;
later=some;thing;
filesystems=!home;~/Games:ro;

[X Future]
some key=some value

[Session Bus Policy]
org.lab.Seen=see
org.lab.Bus=talk
"""


def parts(text):
    """A list's elements."""
    return {part.replace("\\;", ";") for part in text.replace("\\;", "\0").replace(";", "\n").replace("\0", "\\;").split("\n") if part}


def keyfile(text):
    """Groups of keys: lists as sets where flatpak has lists, else texts."""
    groups, group = {}, None
    for line in text.splitlines():
        if line.startswith("["):
            group = line.strip("[]")
        elif "=" in line and not line.startswith("#"):
            key, _, value = line.partition("=")
            is_list = group in ("Context", "USB Devices") or group.startswith("Policy ")
            value = parts(value) if is_list else value
            if value or not is_list:
                groups.setdefault(group, {})[key] = value
    return groups


def effective(answer):
    """What `override show --json` says, as flatpak would write it."""
    groups = {}
    for entry in answer["entries"]:
        permission, effect = entry["permission"], entry["effect"]
        group, key, element = permission["group"], permission["key"], permission["element"]
        mode = effect["text"] if isinstance(effect, dict) and "text" in effect else None
        if group == "Environment":
            groups.setdefault(group, {})[key] = mode or ""
            if effect == "off":
                groups.setdefault("Context", {}).setdefault("unset-environment", set()).add(key)
        elif not entry["known"] or effect == "off":
            continue
        elif element is None:
            groups.setdefault(group, {})[key] = mode
        else:
            # 1.16 grants always what newer versions grant under a condition.
            groups.setdefault(group, {}).setdefault(key, set()).add(f"{element}:{mode}" if mode else element)
    return groups


def said(answer, source):
    """What one layer says, as its file would have it."""
    groups = {}
    for entry in answer["entries"]:
        says = dict(map(tuple, entry["said"])).get(source)
        permission = entry["permission"]
        group, key, element = permission["group"], permission["key"], permission["element"]
        if says == "unset":
            groups.setdefault("Context", {}).setdefault("unset-environment", set()).add(key)
            groups.setdefault("Environment", {})[key] = ""
        if not isinstance(says, dict):
            continue
        value = says["value"]
        if element is None:
            groups.setdefault(group, {})[key] = parts(value) if group in ("Context", "USB Devices") else value
            continue
        words = {"allow": element, "deny": f"!{element}", "reset": f"!{element}", "ro": f"{element}:ro", "create": f"{element}:create"}
        groups.setdefault(group, {}).setdefault(key, set()).update(
            words.get(word) or f"if:{element}:{word[3:]}" for word in value.split(" "))
    return groups


class Flatpak(Distribution):
    @classmethod
    def setUpClass(cls):
        case = cls()
        for scope in ("user", "system"):
            case.add_remote(scope)
        cls.apps = sorted(set(case.run_ok("flatpak", "remote-ls", "--user", "--app", "--columns=application", "lab").split()))
        assert len(cls.apps) > 8, cls.apps

    def setUp(self):
        self.wipe(remotes=False)
        super().setUp()

    # The machine -----------------------------------------------------------------------------------------------------------

    def flatpak(self, scope, verb, *args):
        """flatpak itself; as root for what is every user's."""
        sudo = ["sudo"] if scope == "system" else []
        return self.run_ok(*sudo, "flatpak", verb, f"--{scope}", *args)

    def put(self, scope, *refs):
        self.flatpak(scope, "install", "-y", "--noninteractive", "lab", *[ref if "//" in ref else f"{ref}//stable" for ref in refs])

    def wipe(self, remotes=True):
        """A fresh user on a fresh machine that knows no repository."""
        for scope in ("user", "system"):
            installed = sorted(self.installed(scope))
            if installed:
                self.flatpak(scope, "uninstall", "-y", "--noninteractive", *installed)
            for pattern in self.flatpak(scope, "mask").split():
                if pattern.startswith("org."):
                    self.flatpak(scope, "mask", "--remove", pattern)
            for name in self.flatpak(scope, "remotes", "--columns=name").split():
                if remotes or name != "lab":
                    self.flatpak(scope, "remote-delete", "--force", name)
            if not remotes:
                self.add_remote(scope)
        shutil.rmtree(OVERRIDES, ignore_errors=True)
        self.run_ok("sudo", "rm", "-rf", SYSTEM_OVERRIDES)
        shutil.rmtree(STATE, ignore_errors=True)

    def truth(self):
        """Everything, as flatpak itself says."""
        seen = {}
        for scope in ("user", "system"):
            seen[scope] = {
                "apps": sorted(self.run_ok("flatpak", "list", f"--{scope}", "--app", "--columns=ref,origin,active").splitlines()),
                "remotes": sorted(self.run_ok("flatpak", "remotes", f"--{scope}", "--show-disabled",
                                              "--columns=name,title,url,filter,options").splitlines()),
                "masks": sorted(self.run_ok("flatpak", "mask", f"--{scope}").split()),
                "global": keyfile(self.run_ok("flatpak", "override", f"--{scope}", "--show")),
                **{app: keyfile(self.run_ok("flatpak", "override", f"--{scope}", "--show", app)) for app in self.apps},
            }
        return seen

    def show(self, app, scope):
        return json.loads(self.bkt("flatpak", "override", "show", f"--{scope}", "--json", app))

    def compare(self, app, scope, seed):
        """One app, once as bkt and once as flatpak sees it."""
        answer = self.show(app, scope)
        theirs = keyfile(self.run_ok("flatpak", "info", f"--{scope}", "--show-permissions", app))
        self.assertEqual(effective(answer), theirs, f"{app} {scope}, seed {seed}")
        self.compared = getattr(self, "compared", 0) + sum(len(keys) for keys in theirs.values())
        layers = {"user-global": ["--user", "--show"], "user-app": ["--user", "--show", app]}
        if scope == "system":
            layers |= {"system-global": ["--system", "--show"], "system-app": ["--system", "--show", app]}
        self.assertEqual(set(answer["sources"]), {"app", *layers})
        for source, args in layers.items():
            self.assertEqual(said(answer, source), keyfile(self.run_ok("flatpak", "override", *args)), f"{source} of {app}, seed {seed}")

    # Permissions -----------------------------------------------------------------------------------------------------------

    def test_bkt_and_flatpak_agree_on_every_app_whatever_is_overridden(self):
        for scope in ("user", "system"):
            self.put(scope, *self.apps)
        for app in self.apps:
            for scope in ("user", "system"):
                self.compare(app, scope, "none")
        for seed in range(8):
            rng = random.Random(seed)
            for scope in ("user", "system"):
                for app in [None, *self.apps]:
                    target = [app] if app else []
                    if rng.random() < 0.7:
                        self.flatpak(scope, "override", "--reset", *target)
                        self.flatpak(scope, "override", *rng.sample(FLAGS, rng.randint(1, 12)), *target)
            by_hand = rng.sample(self.apps, 2)
            for app in by_hand:
                (OVERRIDES / app).write_text(BY_HAND)
            for app in self.apps:
                for scope in ("user", "system"):
                    self.compare(app, scope, seed)
            for app in by_hand:
                (OVERRIDES / app).unlink()
        print(f"{self.compared} keys compared")
        self.assertGreater(self.compared, 1000)

    def test_every_layer_is_told_apart(self):
        self.put("system", "org.lab.Notes")
        self.flatpak("system", "override", "--nosocket=x11")
        self.flatpak("system", "override", "--socket=x11", "org.lab.Notes")
        self.flatpak("user", "override", "--nosocket=x11")
        self.flatpak("user", "override", "--env=LAB_MODE=mine", "org.lab.Notes")
        text = self.bkt("flatpak", "override", "show", "notes")
        self.assertRegex(text, r"x11 +off +all apps, for you\n")
        self.assertIn("the app itself: allow · all apps, for every user: deny · this app, for every user: allow · all apps, for you: deny", text)
        self.assertRegex(text, r"LAB_MODE +mine +this app, for you\n")
        changed = self.bkt("flatpak", "override", "show")
        self.assertIn("All apps\n  sockets: x11: deny\norg.lab.Notes\n  LAB_MODE: mine\n", changed)
        self.assertIn("org.lab.Notes, for every user\n  sockets: x11: allow\n", changed)
        by_permission = self.bkt("flatpak", "override", "show", "--by-permission")
        self.assertIn("sockets: x11\n  All apps: deny\n  All apps, for every user: deny\n  org.lab.Notes, for every user: allow\n", by_permission)

    # Everything there and back ---------------------------------------------------------------------------------------------

    def signed(self):
        """A copy of the remote that signs what it has; returns its address and its key's file."""
        repo, home, key = HOME / "signed", HOME / "keys", HOME / "signed.gpg"
        for path in (repo, home):
            shutil.rmtree(path, ignore_errors=True)
        shutil.copytree(REPO, repo, ignore=shutil.ignore_patterns(".lock"))
        home.mkdir(mode=0o700)
        gpg = ["gpg", "--homedir", home, "--batch", "--passphrase", ""]
        self.run_ok(*gpg, "--quick-generate-key", "lab@lab.test", "rsa2048", "sign", "never")
        self.run_ok(*gpg, "--output", key, "--yes", "--export", "lab@lab.test")
        sign = ["--gpg-sign=lab@lab.test", f"--gpg-homedir={home}"]
        self.run_ok("flatpak", "build-sign", *sign, repo, timeout=120)
        self.run_ok("flatpak", "build-update-repo", *sign, repo, timeout=120)
        return f"file://{repo}", key

    def test_what_flatpaks_own_tools_made_is_made_again_for_a_fresh_user(self):
        url, key = self.signed()
        filters = HOME / "lab.filter"
        filters.write_text("deny *\nallow app/org.lab.*\nallow runtime/*\n")
        self.flatpak("user", "remote-add", "--title=Signed Apps", f"--gpg-import={key}", "signed", url)
        self.flatpak("user", "remote-add", "--no-gpg-verify", f"--filter={filters}", "filtered", f"file://{REPO}")
        self.flatpak("user", "remote-add", "--no-gpg-verify", "--disable", "off", f"file://{REPO}")
        self.flatpak("system", "remote-add", "--no-gpg-verify", "--title=Others", "others", f"file://{REPO}")
        self.put("user", "org.lab.Notes", "org.lab.Chess", "org.lab.Calendar", "org.lab.Sketch//beta")
        self.flatpak("user", "install", "-y", "--noninteractive", "signed", "org.lab.Player")
        self.put("system", "org.lab.Maps", "org.lab.Photos")
        self.bkt("capture", "-y", "--prune", "--force", "flatpak")
        # What is there goes, changes, and more comes.
        self.flatpak("user", "uninstall", "-y", "--noninteractive", "org.lab.Calendar")
        self.put("user", "org.lab.Weather")
        commits = [line.split()[1] for line in self.run_ok("flatpak", "remote-info", "--user", "--log", "lab", "org.lab.Notes//stable").splitlines()
                   if line.strip().startswith("Commit:")]
        self.flatpak("user", "update", "-y", "--noninteractive", f"--commit={commits[-1]}", "org.lab.Notes")
        self.flatpak("user", "mask", "org.lab.Notes")
        rng = random.Random(1)
        for scope, apps in {"user": ["org.lab.Notes", "org.lab.Chess", "org.lab.Maps"], "system": ["org.lab.Maps", "org.lab.Photos"]}.items():
            for flag in FLAGS:
                # Each flag somewhere in the layer.
                target = rng.choice([[], *[[app] for app in apps]])
                self.flatpak(scope, "override", flag, *target)
        (OVERRIDES / "org.lab.Weather").write_text(BY_HAND)
        before = self.truth()
        self.bkt("capture", "-y", "--prune", "--force", "flatpak")
        self.assertEqual(self.drift(), {})
        entries = self.entries("flatpak-apps.json", "apps")
        self.assertNotIn("org.lab.Calendar", entries, "an app that is gone is captured as gone")
        self.assertEqual(entries["org.lab.Notes"]["commit"], commits[-1])
        self.assertNotIn("commit", entries["org.lab.Chess"])
        # Every user's overrides are root's to write.
        report = self.report()
        system = [arg for subsystem in ("flatpak-remotes", "flatpak-apps") for key in report[subsystem]
                  if key.startswith("system/") or key == "global/system" for arg in ("-i", f"{key}")]
        self.wipe()
        self.run_ok("sudo", "git", "config", "--global", "safe.directory", "*")
        self.run_ok("sudo", "bkt", "repo", "use", ROOT)
        done = self.run_any("sudo", "bkt", "apply", "-y", "--repo", ROOT, *system, timeout=120)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.bkt("repo", "use", ROOT)
        self.bkt("apply", "-y", "flatpak")
        self.assertEqual(self.truth(), before)
        self.assertEqual(self.drift(), {})
        self.assertEqual(override("org.lab.Weather").count("if:x11:!has-wayland"), 1)

    def test_uninstalling_is_captured_and_its_data_stays(self):
        self.put("user", "org.lab.Notes")
        self.bkt("capture", "-y", "flatpak")
        data = HOME / ".var/app/org.lab.Notes/data/mine"
        data.parent.mkdir(parents=True, exist_ok=True)
        data.write_text("mine")
        self.flatpak("user", "uninstall", "-y", "--noninteractive", "org.lab.Notes")
        self.bkt("capture", "-y", "-i", "org.lab.Notes")
        self.assertNotIn("org.lab.Notes", self.entries("flatpak-apps.json", "apps"))
        self.bkt("flatpak", "add", "org.lab.Notes", "--user")
        text = self.bkt("flatpak", "remove", "org.lab.Notes")
        self.assertIn("~/.var/app/org.lab.Notes", text, "it is said that the data stays")
        self.assertEqual(data.read_text(), "mine")
        self.assertEqual(self.run_any("bkt", "flatpak", "remove", "--delete-data", "org.lab.Notes").returncode, 2)
        shutil.rmtree(HOME / ".var/app/org.lab.Notes")

    # Overrides are edited, not rewritten -----------------------------------------------------------------------------------

    def test_an_edit_leaves_everything_else_of_a_file_as_it_is(self):
        self.put("user", "org.lab.Notes")
        OVERRIDES.mkdir(parents=True, exist_ok=True)
        (OVERRIDES / "org.lab.Notes").write_text(BY_HAND)
        self.bkt("capture", "-y", "flatpak")
        expected = BY_HAND
        for command, old, new in [
            (["set", "org.lab.Notes", "--nosocket=cups"], "sockets=cups;", "sockets=!cups;"),
            (["set", "org.lab.Notes", "--filesystem=~/Games:create"], "~/Games:ro", "~/Games:create"),
            (["set", "org.lab.Notes", "--own-name=org.lab.Bus"], "org.lab.Bus=talk", "org.lab.Bus=own"),
            (["set", "org.lab.Notes", "--device=all"], "filesystems=!home;~/Games:create;\n", "filesystems=!home;~/Games:create;\ndevices=all;\n"),
            (["reset", "org.lab.Notes", "all", "home"], "filesystems=!home;~/Games:create;\ndevices=all;\n", "filesystems=~/Games:create;\n"),
            (["reset", "org.lab.Notes", "org.lab.Bus"], "org.lab.Bus=own\n", ""),
        ]:
            self.bkt("flatpak", "override", *command)
            self.assertIn(old, expected)
            expected = expected.replace(old, new)
            self.assertEqual(override("org.lab.Notes"), expected, command)
            self.assertEqual(self.drift(), {})
        for _ in range(6):
            self.bkt("undo", "-y")
        self.assertEqual(override("org.lab.Notes").replace("devices=all;\n", ""), BY_HAND)
        self.bkt("flatpak", "override", "reset", "org.lab.Notes")
        self.assertEqual(override("org.lab.Notes").strip().replace("# by hand\n", "").replace("[Context]\n# why", "").strip(), "")
        self.assertNotIn("overrides", self.entries("flatpak-apps.json", "apps")["org.lab.Notes"])

    def test_overrides_for_all_apps_come_and_go(self):
        self.bkt("flatpak", "override", "set", "--global", "--env=LAB=1", "--nosocket=x11")
        self.assertEqual(keyfile(self.run_ok("flatpak", "override", "--user", "--show")), {"Context": {"sockets": {"!x11"}}, "Environment": {"LAB": "1"}})
        self.assertEqual(self.manifest("flatpak-apps.json")["global_overrides"]["user"]["Environment"], {"LAB": "1"})
        self.bkt("flatpak", "override", "reset", "--global", "LAB")
        self.bkt("flatpak", "override", "reset", "--global")
        self.assertEqual(self.run_ok("flatpak", "override", "--user", "--show").strip(), "")
        self.assertNotIn("global_overrides", self.manifest("flatpak-apps.json"))
        self.assertEqual(self.drift(), {})

    def test_what_only_root_may_change_is_said_and_not_half_done(self):
        self.put("system", "org.lab.Notes")
        self.bkt("capture", "-y", "flatpak")
        self.commit()
        done = self.run_any("bkt", "flatpak", "override", "set", "--system", "org.lab.Notes", "--nosocket=x11")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("sudo flatpak override --system --nosocket=x11 org.lab.Notes", done.stdout + done.stderr)
        self.assertEqual(self.changed_files(), set())

    # Verbs -----------------------------------------------------------------------------------------------------------------

    def test_a_misspelt_app_names_the_right_one_and_changes_nothing(self):
        before = self.truth()
        for typed, near in {"org.lab.Wether": "org.lab.Weather", "weather": "org.lab.Weather"}.items():
            self.assertIn(near, self.bkt("flatpak", "add", typed, code=1))
        self.assertIn("there are lab", self.bkt("flatpak", "add", "org.lab.Weather", "--remote=lap", code=1))
        self.assertIn("stable", self.bkt("flatpak", "add", "org.lab.Weather", "--branch=beta", code=1))
        self.assertEqual((self.truth(), self.changed_files()), (before, set()))
        # Nothing can be found out of a remote that does not answer.
        self.flatpak("user", "remote-modify", "--url=http://127.0.0.1:9/", "lab")
        self.assertIn("--force", self.bkt("flatpak", "add", "--user", "org.lab.Nothing", code=1))
        self.flatpak("user", "remote-modify", f"--url=file://{REPO}", "lab")

    def test_add_and_remove_act_on_both_sides_or_on_the_one_that_is_named(self):
        self.bkt("flatpak", "add", "org.lab.Weather", "org.lab.Chess")
        self.assertLessEqual({"org.lab.Weather", "org.lab.Chess"}, self.installed())
        self.assertEqual(set(self.entries("flatpak-apps.json", "apps")), {"org.lab.Weather", "org.lab.Chess"})
        self.assertEqual(self.drift(), {})
        self.commit()
        self.bkt("flatpak", "add", "org.lab.Maps", "--local")
        self.assertIn("org.lab.Maps", self.bkt("local", "list"))
        self.assertEqual(self.changed_files(), set(), "--local leaves the manifests alone")
        self.bkt("flatpak", "add", "org.lab.Photos", "--manifest-only")
        self.assertNotIn("org.lab.Photos", self.installed())
        self.assertIn("org.lab.Photos", self.entries("flatpak-apps.json", "apps"))
        self.bkt("flatpak", "remove", "chess")
        self.assertNotIn("org.lab.Chess", self.installed() | set(self.entries("flatpak-apps.json", "apps")))
        self.bkt("undo", "-y")
        self.assertIn("org.lab.Chess", self.installed())
        self.assertIn("org.lab.Chess", self.entries("flatpak-apps.json", "apps"))

    def test_an_install_that_fails_leaves_the_manifest_alone(self):
        self.commit()
        done = self.run_any("bkt", "flatpak", "add", "--user", "--remote=lab", "--force", "--branch=none", "org.lab.Weather", timeout=120)
        self.assertNotEqual(done.returncode, 0)
        self.assertEqual(self.changed_files(), set())
        self.assertNotIn("org.lab.Weather", self.installed())

    def test_an_app_is_pinned_and_let_go(self):
        commits = [line.split()[1] for line in self.run_ok("flatpak", "remote-info", "--user", "--log", "lab", "org.lab.Notes//stable").splitlines()
                   if line.strip().startswith("Commit:")]
        self.assertGreater(len(commits), 1)
        active = lambda: self.run_ok("flatpak", "info", "--user", "-c", "org.lab.Notes").strip()  # noqa: E731
        self.bkt("flatpak", "add", "--user", "org.lab.Notes", f"--commit={commits[-1]}")
        self.assertEqual(active(), commits[-1])
        self.assertEqual(self.entries("flatpak-apps.json", "apps")["org.lab.Notes"]["commit"], commits[-1])
        self.flatpak("user", "update", "-y", "--noninteractive")
        self.assertEqual(active(), commits[-1], "updates pass a pinned app over")
        self.bkt("flatpak", "unmask", "notes")
        self.assertNotIn("commit", self.entries("flatpak-apps.json", "apps")["org.lab.Notes"])
        self.flatpak("user", "update", "-y", "--noninteractive")
        self.assertEqual(active(), commits[0])
        self.bkt("flatpak", "mask", "notes")
        self.assertEqual(self.entries("flatpak-apps.json", "apps")["org.lab.Notes"]["commit"], commits[0])
        self.assertIn("org.lab.Notes", self.flatpak("user", "mask"))
        self.assertEqual(self.drift(), {})

    def test_remotes_are_added_and_removed(self):
        url, key = self.signed()
        filters = HOME / "lab.filter"
        filters.write_text("allow *\n")
        self.bkt("flatpak", "remote", "add", "signed", url, f"--gpg-import={key}", f"--filter={filters}", "--title=Signed Apps")
        row = self.run_ok("flatpak", "remotes", "--user", "--columns=name,title,filter,options")
        self.assertRegex(row, rf"signed\tSigned Apps\t{filters}\t")
        self.assertNotIn("no-gpg-verify", next(line for line in row.splitlines() if line.startswith("signed")))
        self.bkt("flatpak", "add", "org.lab.Chess", "--remote=signed")
        self.assertIn("org.lab.Chess", self.installed())
        self.assertEqual(self.drift(), {})
        entry = {r["name"]: r for r in self.manifest("flatpak-remotes.json")["remotes"]}["signed"]
        self.assertEqual((entry["url"], entry["filter"]), (url, str(filters)))
        self.assertIn("signed", self.bkt("flatpak", "remote", "list"))
        self.bkt("flatpak", "remove", "org.lab.Chess")
        self.assertIn("signed", self.bkt("flatpak", "remote", "remove", "singed", code=2))
        self.bkt("flatpak", "remote", "remove", "signed")
        self.assertNotIn("signed", self.run_ok("flatpak", "remotes", "--user", "--columns=name"))
        self.assertIn("--gpg-import", self.bkt("flatpak", "remote", "add", "web", "https://hub.example/", code=1))
        self.assertIn("is no address", self.bkt("flatpak", "remote", "add", "web", "hub.example", code=1))
