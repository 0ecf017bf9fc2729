"""Settings to full fidelity: every kind of change made with gsettings and dconf themselves, captured, and brought to a
fresh user; what ordinary use leaves behind; defaults, baseline, locks, and schemas that are not there."""
import json
import pathlib
import re
import shutil
import subprocess
import sys

import gi

import ui
from case import APP_ID, HOME
from distribution import MANIFESTS, ROOT, Distribution

gi.require_version("Gio", "2.0")
from gi.repository import Gio, GLib  # noqa: E402

INTERFACE = "org.gnome.desktop.interface"
EXTENSION = HOME / ".local/share/gnome-shell/extensions/alpha@lab.test/schemas"
STATE = HOME / ".local/state/bkt"
BASELINE = HOME / ".local/share/bkt/gsettings-baseline.txt"
OWN_SCHEMAS = HOME / ".local/share/glib-2.0/schemas"
# The Shell reads this one at once, and minds what is in it.
PROPER = {"org.gnome.shell app-picker-layout": "[{'org.bkt.Bucket.desktop': <{'position': <0>}>}]"}
KEYS = "org.gnome.settings-daemon.plugins.media-keys"
KEYS_DIR = "/org/gnome/settings-daemon/plugins/media-keys/custom-keybindings"
FOLDERS_DIR = "/org/gnome/desktop/app-folders/folders"
# Changing these would change the test's own ground: the screen, the session, the input.
TOUCHY = re.compile(r"a11y|lockdown|session|peripherals|screen|login|proxy|background|mutter\.wayland|\.deprecated|org\.bkt|"
                    r"debug|inspector|power|wacom|keybindings|media-keys|extensions|enabled|disabled-ext|scal|luminance|"
                    r"break-reminders|development|session-name|weather|folder-children|input-sources current", re.I)
# These make the Shell set its screens up anew.
NEVER = re.compile(r"experimental-features|output-luminance")


def user_only():
    """A dconf profile of the person's database alone: `dconf dump` mixes the administrator's in."""
    file = pathlib.Path("/tmp/user-only.profile")
    file.write_text("user-db:user\n")
    return {"DCONF_PROFILE": str(file)}


def sample(kind, default=None):
    """A value of a GVariant type, in text without annotations, that is not the default."""
    simple = {"s": "'lab “text” é'", "d": "1.5", "i": "7", "u": "7", "x": "7", "t": "7", "n": "7", "q": "7", "y": "7", "b": "true",
              "v": "<uint32 3>", "o": "'/lab'", "g": "'as'"}
    if kind == "b" and default is not None and default.get_boolean():
        return "false"
    if kind in simple:
        return simple[kind]
    first, rest = kind[0], kind[1:]
    if first == "m":
        return f"just {sample(rest)}" if default is None or default.n_children() == 0 else "nothing"
    if first == "a" and rest[0] == "{":
        key, value = parts_of(rest[1:-1])
        return f"{{{sample(key)}: {sample(value)}}}"
    if first == "a":
        return f"[{sample(rest)}]"
    parts = [sample(part) for part in parts_of(rest[:-1])]
    return f"({', '.join(parts)}{',' if len(parts) == 1 else ''})"


def parts_of(kinds):
    """The types that stand one after the other in a text."""
    parts, depth, begin = [], 0, 0
    for at, char in enumerate(kinds):
        depth += (char in "({") - (char in ")}")
        if depth == 0 and char not in "am":
            parts.append(kinds[begin:at + 1])
            begin = at + 1
    return parts


def other_than(key):
    """A value for a key, allowed and not its default, as text for `gsettings set`; None where there is no such."""
    default, kind = key.get_default_value(), key.get_value_type().dup_string()
    about, detail = key.get_range().unpack()
    if about == "enum":
        return next((f"'{c}'" for c in detail if c != default.unpack()), None)
    if about == "flags":
        return str(detail[:2]) if set(detail[:2]) != set(default.unpack()) else str(detail[:1])
    if about == "range":
        low, high = detail
        value = low if default.unpack() != low else high
        return repr(float(value)) if kind == "d" else str(value)
    text = sample(kind, default)
    return text if GLib.Variant.parse(default.get_type(), text, None, None).print_(False) != default.print_(False) else None


def one_key_of_each_type():
    """(what, schema, key, value): a real key for every type that an installed schema with a place of its own has."""
    source, found = Gio.SettingsSchemaSource.get_default(), {}
    for id_ in sorted(source.list_schemas(True)[0]):
        schema = source.lookup(id_, True)
        for name in sorted(schema.list_keys()):
            key = schema.get_key(name)
            about, kind = key.get_range().unpack()[0], key.get_value_type().dup_string()
            what = about if about in ("enum", "flags") else f"{kind} in a range" if about == "range" else kind
            touchy = TOUCHY.search(f"{id_} {name}")
            if what in found and (touchy or not found[what][0]):
                continue
            value = PROPER.get(f"{id_} {name}") or other_than(key)
            if NEVER.search(name):
                continue
            if value is not None:
                found[what] = (bool(touchy), id_, name, value)
    return {what: rest for what, (_, *rest) in found.items()}


class Settings(Distribution):
    def setUp(self):
        super().setUp()
        if not (MANIFESTS / "gsettings.json").exists():
            self.write("gsettings.json", {"settings": []})
            self.commit()
        self.begin = self.dump()
        self.addCleanup(self.wipe_to, self.begin)

    # The machine -------------------------------------------------------------------------------------------------

    def dump(self):
        """What the person has set, as dconf says: path to value."""
        values, at = {}, ""
        for line in self.run_ok("dconf", "dump", "/", env=user_only()).splitlines():
            if line.startswith("["):
                at = line[1:-1].strip("/")
            elif "=" in line:
                key, value = line.split("=", 1)
                values["/".join(filter(None, ["", at, key])) if at else f"/{key}"] = value
        return {k if k.startswith("/") else f"/{k}": v for k, v in values.items()}

    def wipe_to(self, kept):
        """Resets what is not in `kept`, key by key: all of dconf at once would make the Shell set the screen up anew."""
        for path, value in self.dump().items():
            if path not in kept:
                self.run_ok("dconf", "reset", path)
            elif kept[path] != value:
                self.run_ok("dconf", "write", path, kept[path])
        for path, value in kept.items():
            if path not in self.dump():
                self.run_ok("dconf", "write", path, value)

    def fresh_user(self):
        """A user who has set nothing, on a machine that knows no repository."""
        self.wipe_to({})
        shutil.rmtree(STATE, ignore_errors=True)
        BASELINE.unlink(missing_ok=True)
        self.bkt("repo", "use", ROOT)

    def gset(self, schema, key, value):
        self.run_ok("gsettings", *(["--schemadir", EXTENSION] if "extensions.alpha" in schema else []), "set", schema, key, value)

    def gget(self, schema, key):
        return self.run_ok("gsettings", "get", schema, key).strip()

    def settings(self):
        return self.report("gsettings")["gsettings"]

    def diff(self):
        return json.loads(self.bkt("gsetting", "diff", "--json"))

    def untracked(self):
        return {one["item"]: (one["default"], one["value"]) for one in self.diff()["untracked"]}

    def as_root(self, script):
        self.run_ok("sudo", "sh", "-euc", script)

    # A fresh user gets all of it ---------------------------------------------------------------------------------

    def test_every_kind_of_change_reaches_a_fresh_user(self):
        self.fresh_user()
        self.write("gsettings.json", {"settings": []})
        kinds = one_key_of_each_type()
        for what in ("b", "i", "u", "d", "s", "enum", "flags", "as", "a(ss)", "a{sv}", "(ii)", "i in a range"):
            self.assertIn(what, kinds, "the lab's schemas have this type")
        set_here = []
        for what, (schema, key, value) in sorted(kinds.items()):
            with self.subTest(what, schema=schema, key=key, value=value):
                self.gset(schema, key, value)
                set_here.append(f"{schema} {key}")
        custom = f"{KEYS}.custom-keybinding:{KEYS_DIR}/lab0/"
        folder = f"org.gnome.desktop.app-folders.folder:{FOLDERS_DIR}/Games/"
        alpha = "org.gnome.shell.extensions.alpha"
        for schema, key, value in [
                (KEYS, "custom-keybindings", f"['{KEYS_DIR}/lab0/']"), (custom, "name", "'A terminal'"),
                (custom, "command", "'kgx'"), (custom, "binding", "'<Super>t'"),
                ("org.gnome.desktop.app-folders", "folder-children", "['Utilities', 'Games']"), (folder, "name", "'Games'"),
                (folder, "apps", "['org.lab.Chess.desktop']"), (alpha, "greeting", "'good morning'"), (alpha, "count", "7")]:
            self.gset(schema, key, value)
            set_here.append(f"{schema} {key}")
        # One of them goes back to its default before it is captured, one after.
        self.gset(INTERFACE, "clock-show-seconds", "true")
        self.run_ok("gsettings", "reset", INTERFACE, "clock-show-seconds")
        self.gset(INTERFACE, "clock-show-weekday", "true")

        items = self.settings()
        for key in set_here:
            self.assertEqual(items.get(key, {}).get("state"), "unmanaged", key)
        # Some types stand only in keys that are noise: pointing at one captures it all the same.
        self.bkt("capture", "-y", "gsettings")
        noise = [key for key in set_here if items[key].get("ignored")]
        self.bkt("capture", "-y", "gsettings", *[arg for key in noise for arg in ("-i", key)])
        self.run_ok("gsettings", "reset", INTERFACE, "clock-show-weekday")
        self.bkt("capture", "-y", "--prune", "gsettings")
        self.assertEqual(self.drift(), {})
        tracked = {key for key, item in self.settings().items() if item["wanted"] is not None}
        self.assertLessEqual(set(set_here), tracked)
        self.assertNotIn(f"{INTERFACE} clock-show-weekday", tracked)
        here = self.dump()

        self.fresh_user()
        self.assertFalse([p for p in here if "lab0" in p or "alpha" in p] and [p for p in self.dump() if "lab0" in p or "alpha" in p])
        self.bkt("apply", "-y", "gsettings")
        self.assertEqual(self.drift(), {})
        there = self.dump()
        paths = {self.path_of(key) for key in tracked}
        self.assertLessEqual(paths, set(here))
        noisy = {self.path_of(key) for key, item in self.settings().items() if item.get("ignored")} - paths
        self.assertEqual({k: v for k, v in here.items() if k in paths}, {k: v for k, v in there.items() if k in paths})
        extra = set(there) - set(here) - noisy
        self.assertEqual(extra, set(), "nothing is set that was not")
        lost = {path for path in set(here) - set(there) if path not in noisy}
        self.assertEqual({p for p in lost if not self.is_noise(p, items)}, set(), "and all that was set is")

    def path_of(self, item):
        place, key = item.rsplit(" ", 1)
        schema, _, path = place.partition(":")
        if not path:
            source = Gio.SettingsSchemaSource.get_default()
            found = source.lookup(schema, True) or Gio.SettingsSchemaSource.new_from_directory(str(EXTENSION), source, False).lookup(schema, True)
            path = found.get_path()
        return path + key

    def is_noise(self, path, items):
        """What bkt called noise when it was there, or what the Shell writes of itself."""
        noise = {self.path_of(key) for key, item in items.items() if item.get("ignored")}
        return path in noise or path == "/org/gnome/desktop/app-folders/folder-children" or path.endswith("-extensions")

    def test_lists_merge_per_element(self):
        self.gset("org.gnome.shell", "favorite-apps", "['a.desktop', 'b.desktop']")
        self.bkt("capture", "-y", "gsettings")
        self.drift()
        self.gset("org.gnome.shell", "favorite-apps", "['a.desktop', 'b.desktop', 'here.desktop']")
        manifest = self.manifest("gsettings.json")
        entry = next(e for e in manifest["settings"] if e["key"] == "favorite-apps")
        entry["value"] = "['b.desktop', 'there.desktop']"
        self.write("gsettings.json", manifest)
        self.assertEqual(self.drift(), {"gsettings org.gnome.shell favorite-apps": "both"})
        self.bkt("resolve", "--suggested", "-y", "gsettings")
        self.assertEqual(self.drift(), {})
        self.assertEqual(set(GLib.Variant.parse(None, self.gget("org.gnome.shell", "favorite-apps"), None, None).unpack()),
                         {"b.desktop", "here.desktop", "there.desktop"})

    def test_an_apply_is_one_write(self):
        manifest = {"settings": [{"schema": INTERFACE, "key": key, "value": value} for key, value in
                                 (("clock-show-seconds", "true"), ("clock-show-weekday", "true"), ("accent-color", "'green'"))]}
        self.write("gsettings.json", manifest)
        watcher = subprocess.Popen(["dconf", "watch", "/"], stdout=subprocess.PIPE, text=True)
        monitor = subprocess.Popen(["gdbus", "monitor", "--session", "--dest", "ca.desrt.dconf"], stdout=subprocess.PIPE, text=True)
        self.addCleanup(watcher.stdout.close)
        self.addCleanup(monitor.stdout.close)
        for one in (watcher, monitor):
            self.addCleanup(one.wait)
            self.addCleanup(one.kill)
        ui.until(lambda: "ca.desrt.dconf" in monitor.stdout.readline(), "monitor")
        plan = json.loads(self.bkt("apply", "-n", "--json", "gsettings"))
        self.assertEqual([len(step["action"]["dconf"]) for step in plan["steps"]], [3])
        self.bkt("apply", "-y", "gsettings")
        ui.until(lambda: "accent-color" in (line := monitor.stdout.readline()) and "clock-show-seconds" in line
                 and "clock-show-weekday" in line, "one signal that names all three")

    # Ordinary use ------------------------------------------------------------------------------------------------

    def test_ordinary_use_proposes_what_was_set_on_purpose(self):
        self.fresh_user()
        self.write("gsettings.json", {"settings": []})
        before = set(self.dump())
        self.use_the_desktop()
        left = set(self.dump()) - before
        self.assertGreaterEqual(len(left), 3, f"ordinary use leaves something behind: {left}")
        on_purpose = {
            (INTERFACE, "accent-color"): "'green'",
            (INTERFACE, "clock-show-seconds"): "true",
            ("org.gnome.desktop.input-sources", "sources"): "[('xkb', 'us'), ('xkb', 'de')]",
            ("org.gnome.shell", "favorite-apps"): "['org.bkt.Bucket.desktop']",
            (f"{KEYS}.custom-keybinding:{KEYS_DIR}/lab0/", "name"): "'Files'",
            ("org.gtk.gtk4.Settings.FileChooser", "show-hidden"): "true",
            ("org.gnome.shell.extensions.alpha", "greeting"): "'hi'",
        }
        for (schema, key), value in on_purpose.items():
            self.gset(schema, key, value)
        # A program that stores what is the default anyway has not changed anything.
        self.gset(INTERFACE, "clock-format", "'24h'")
        expected = {f"{schema} {key}" for schema, key in on_purpose}
        plan = json.loads(self.bkt("gsetting", "capture", "--all-changed", "-n", "--json"))
        self.assertEqual({change["item"] for change in plan["changes"]}, expected)
        self.assertEqual(plan["held"], [])
        self.assertEqual(set(self.untracked()), expected, "diff lists the same")
        everything = json.loads(self.bkt("gsetting", "capture", "-n", "--json"))
        self.assertLess(expected | {f"{INTERFACE} clock-format"}, {change["item"] for change in everything["changes"]},
                        "plain capture takes what is stored at its default too: GTK's file dialog does that")
        # The repository's own list extends ours.
        self.write("ignore.json", {"ignore": [{"subsystem": "gsettings", "item": f"{INTERFACE} clock-*"}]})
        self.bkt("gsetting", "capture", "--all-changed", "-y")
        tracked = {f"{e['schema']}:{e['path']} {e['key']}" if "path" in e else f"{e['schema']} {e['key']}"
                   for e in self.manifest("gsettings.json")["settings"]}
        self.assertEqual(tracked, expected - {f"{INTERFACE} clock-show-seconds"})

    def use_the_desktop(self):
        """What a person does in an afternoon, none of it a choice worth keeping."""
        app = self.open_bucket()
        self.addCleanup(self.close_bucket)
        ui.resize(800, 620)
        self.close_bucket()
        # The Shell's run dialog remembers what was typed, its notifications who sent them.
        ui.shell("Main.openRunDialog()")
        ui.until(lambda: ui.shell("Main.runDialog?.state === 1 || Main.modalCount > 0"), "run dialog", 60)
        ui.type("true")
        ui.key("Return")
        ui.until(lambda: "/org/gnome/shell/command-history" in self.dump(), "command in the history", 60)
        self.run_ok("notify-send", "--app-name=Bucket", f"--hint=string:desktop-entry:{APP_ID}", "Title", "Body")
        ui.until(lambda: any("/notifications/application/" in path for path in self.dump()), "note of the sender", 60)
        ui.shell("Main.overview.showApps()")
        ui.until(lambda: ui.shell("Main.overview.visible"), "overview", 60)
        ui.shell("Main.overview.hide()")
        ui.until(lambda: not ui.shell("Main.overview.visible"), "end of the overview", 60)
        # A file dialog and a colour dialog are left somewhere, with some size.
        self.run_ok(sys.executable, "-c", CHOOSERS, timeout=120)
        ui.until(lambda: any("/org/gtk/gtk4/settings/file-chooser/" in path for path in self.dump()), "note of the file dialog", 60)

    # Defaults and baseline ---------------------------------------------------------------------------------------

    def test_a_vendor_override_is_the_default(self):
        # The lab's override switches animations off.
        self.assertEqual(self.gget(INTERFACE, "enable-animations"), "false")
        self.gset(INTERFACE, "enable-animations", "false")
        self.assertNotIn(f"{INTERFACE} enable-animations", self.untracked())
        self.gset(INTERFACE, "enable-animations", "true")
        self.assertEqual(self.untracked()[f"{INTERFACE} enable-animations"], ("false", "true"))

    def test_diff_against_the_baseline(self):
        item = f"{INTERFACE} clock-show-weekday"
        BASELINE.unlink(missing_ok=True)
        self.gset(INTERFACE, "clock-show-weekday", "true")
        self.bkt("status", "-n")
        self.assertFalse(BASELINE.exists(), "a dry run makes none")
        self.assertIsNone(json.loads(self.bkt("gsetting", "diff", "-n", "--json"))["since_baseline"])
        # Where it cannot be written, nothing else fails for that.
        BASELINE.parent.mkdir(exist_ok=True)
        BASELINE.parent.chmod(0o555)
        self.addCleanup(BASELINE.parent.chmod, 0o755)
        self.bkt("status")
        self.assertFalse(BASELINE.exists())
        BASELINE.parent.chmod(0o755)
        self.bkt("status")
        self.assertIn(f"{item} true", BASELINE.read_text().splitlines())
        self.assertIn(f"{item} true", self.bkt("gsetting", "baseline", "show"))
        self.assertEqual(self.diff()["since_baseline"], [])
        self.gset(INTERFACE, "clock-show-seconds", "true")
        self.run_ok("gsettings", "reset", INTERFACE, "clock-show-weekday")
        since = {one["item"]: (one["before"], one["value"]) for one in self.diff()["since_baseline"]}
        self.assertEqual(since, {f"{INTERFACE} clock-show-seconds": (None, "true"), item: ("true", None)})
        self.bkt("gsetting", "baseline", "reset", "-n")
        self.assertEqual(len(self.diff()["since_baseline"]), 2)
        self.bkt("gsetting", "baseline", "reset")
        self.assertEqual(self.diff()["since_baseline"], [])
        # A damaged one is not taken for an empty one, and not written over.
        BASELINE.write_text(f"{item} true\n{item}\n")
        self.assertIn("line 2", self.bkt("gsetting", "diff", code=1))
        self.bkt("status")
        self.assertEqual(BASELINE.read_text(), f"{item} true\n{item}\n")
        self.bkt("gsetting", "baseline", "reset")

    # The administrator -------------------------------------------------------------------------------------------

    def test_what_the_administrator_says(self):
        self.addCleanup(self.as_root, "rm -rf /etc/dconf/profile/user /etc/dconf/db/local /etc/dconf/db/local.d; dconf update")
        self.gset(INTERFACE, "clock-format", "'12h'")
        self.bkt("capture", "-y", "gsettings")
        self.as_root("""mkdir -p /etc/dconf/profile /etc/dconf/db/local.d/locks
            printf 'user-db:user\\nsystem-db:local\\n' > /etc/dconf/profile/user
            printf "[org/gnome/desktop/interface]\\nclock-format='24h'\\nclock-show-seconds=true\\n" > /etc/dconf/db/local.d/00-lab
            echo /org/gnome/desktop/interface/clock-format > /etc/dconf/db/local.d/locks/lab
            dconf update""")
        self.assertEqual(self.gget(INTERFACE, "clock-format"), "'24h'")
        item = self.settings()[f"{INTERFACE} clock-format"]
        self.assertEqual((item["state"], item["live"]["value"], item["barred"]["by"]), ("locked", "'24h'", "locked"))
        self.assertIn("Locked", self.bkt("status", "gsettings"))
        self.assertEqual(self.drift(), {})
        for verb in ("apply", "capture"):
            plan = json.loads(self.bkt(verb, "-n", "--json", "--prune", "--force", "gsettings"))
            self.assertEqual(plan["changes"] + plan["held"], [], verb)
        self.assertIn("has locked this setting", self.bkt("gsetting", "set", INTERFACE, "clock-format", "12h", code=1))
        self.assertEqual(self.entry("clock-format")["value"], "'12h'", "what cannot be done here is not written down either")
        self.assertIn({"key": "/org/gnome/desktop/interface/clock-format", "value": "'12h'", "state": "locked",
                       "item": f"{INTERFACE} clock-format"}, self.diff()["odd"])
        # What is not locked is a default: as the administrator has it, nothing is changed.
        self.assertEqual(self.gget(INTERFACE, "clock-show-seconds"), "true")
        self.gset(INTERFACE, "clock-show-seconds", "true")
        self.assertNotIn(f"{INTERFACE} clock-show-seconds", self.untracked())
        self.gset(INTERFACE, "clock-show-seconds", "false")
        self.assertEqual(self.untracked()[f"{INTERFACE} clock-show-seconds"], ("true", "false"))
        # The manifest alone may say something else, for other machines.
        self.bkt("gsetting", "set", INTERFACE, "clock-format", "12h", "--manifest-only")
        # The lock goes, and what the manifest says is in force again, or can be.
        self.as_root("rm /etc/dconf/db/local.d/locks/lab; dconf update")
        self.assertEqual(self.settings()[f"{INTERFACE} clock-format"]["state"], "in-sync")

    def entry(self, key):
        return next(e for e in self.manifest("gsettings.json")["settings"] if e["key"] == key)

    # Verbs -------------------------------------------------------------------------------------------------------

    def test_mistakes_are_named_with_what_was_meant(self):
        before = self.dump()
        for args, says in [
                (["set", "org.gnome.desktop.interfaces", "clock-format", "24h"], [INTERFACE, "is not installed"]),
                (["set", INTERFACE, "clock-fromat", "24h"], ["has no key", f"{INTERFACE} clock-format"]),
                (["set", INTERFACE, "clock-format", "23h"], ["'24h', '12h'", "Did you mean"]),
                (["set", INTERFACE, "text-scaling-factor", "9.0"], ["0.5", "3"]),
                (["set", INTERFACE, "clock-show-weekday", "yes"], ["true or false"]),
                (["set", f"{INTERFACE}:/elsewhere/", "clock-format", "24h"], ["kept at /org/gnome/desktop/interface/"]),
                (["set", f"{KEYS}.custom-keybinding", "name", "x"], ["say which"]),
                (["set", "org.gnome.shell", "enabled-extensions", "[]"], ["bkt extension enable"]),
                (["unset", "org.gnome.shell", "disabled-extensions"], ["bkt extension"]),
                (["unset", INTERFACE, "clock-fromat"], ["clock-format"]),
                (["set", "org.lab.Absent", "k", "'x'", "--manifest-only"], ["is not installed", "--force"])]:
            with self.subTest(args=args):
                said = self.bkt("gsetting", *args, code=1)
                for words in says:
                    self.assertIn(words, said)
        self.assertEqual((self.dump(), self.changed_files()), (before, set()))

    def test_set_unset_and_undo(self):
        item = f"{INTERFACE} clock-format"
        self.bkt("gsetting", "set", f"{INTERFACE}:/org/gnome/desktop/interface/", "clock-format", "12h")
        self.assertEqual(self.gget(INTERFACE, "clock-format"), "'12h'")
        self.assertEqual(self.entry("clock-format"), {"schema": INTERFACE, "key": "clock-format", "value": "'12h'"})
        self.assertEqual(self.drift(), {})
        self.bkt("undo", "-y")
        self.assertEqual((self.gget(INTERFACE, "clock-format"), self.changed_files()), ("'24h'", set()))
        self.bkt("gsetting", "set", INTERFACE, "clock-format", "12h", "--local")
        self.assertEqual(self.changed_files(), set())
        self.assertIn(item, self.bkt("local", "list"))
        self.bkt("gsetting", "unset", INTERFACE, "clock-format", "--local")
        self.bkt("local", "clear")
        self.bkt("gsetting", "set", INTERFACE, "clock-format", "12h", "--manifest-only")
        self.assertEqual((self.gget(INTERFACE, "clock-format"), self.entry("clock-format")["value"]), ("'24h'", "'12h'"))
        self.bkt("gsetting", "apply", "-y")
        self.assertEqual(self.gget(INTERFACE, "clock-format"), "'12h'")
        self.bkt("gsetting", "unset", INTERFACE, "clock-format")
        self.assertEqual((self.gget(INTERFACE, "clock-format"), self.changed_files()), ("'24h'", set()))

    # What is not there -------------------------------------------------------------------------------------------

    def test_a_schema_that_is_not_here_neither_fails_nor_is_lost(self):
        self.addCleanup(self.as_root, f"rm -rf {OWN_SCHEMAS}")
        self.bkt("gsetting", "set", "org.lab.Absent", "k", "'x'", "--manifest-only", "--force")
        item = self.settings()["org.lab.Absent k"]
        self.assertEqual((item["state"], item["barred"]["by"]), ("not-here", "not-here"))
        self.assertIn("org.lab.Absent is not installed", self.bkt("status", "gsettings"))
        self.bkt("status", "--exit-code", "gsettings")
        self.bkt("drift", "check")
        self.bkt("apply", "-y", "gsettings")
        self.bkt("capture", "-y", "--prune", "--force", "gsettings")
        self.assertEqual(self.entry("k"), {"schema": "org.lab.Absent", "key": "k", "value": "'x'"})
        # Both sides at once cannot be had, and so neither is.
        self.assertIn("not installed", self.bkt("gsetting", "set", "org.lab.Absent", "k", "'y'", "--force", code=1))
        self.assertEqual(self.entry("k")["value"], "'x'")
        OWN_SCHEMAS.mkdir(parents=True)
        (OWN_SCHEMAS / "org.lab.Absent.gschema.xml").write_text(
            '<schemalist><schema id="org.lab.Absent" path="/org/lab/Absent/"><key name="k" type="s"><choices><choice value="x"/>'
            '<choice value=""/></choices><default>""</default></key></schema></schemalist>')
        self.run_ok("glib-compile-schemas", "--strict", OWN_SCHEMAS)
        self.assertEqual(self.drift(), {"gsettings org.lab.Absent k": "missing"})
        self.bkt("apply", "-y", "gsettings")
        self.assertEqual(self.gget("org.lab.Absent", "k"), "'x'")
        # A value that this version of the schema does not know is meant for other machines too.
        manifest = self.manifest("gsettings.json")
        next(e for e in manifest["settings"] if e["key"] == "k")["value"] = "'new'"
        self.write("gsettings.json", manifest)
        self.assertEqual(self.settings()["org.lab.Absent k"]["state"], "not-here")
        self.bkt("gsetting", "set", "org.lab.Absent", "k", "x")
        # So is what somebody wrote past the schema: it is not in force.
        self.run_ok("dconf", "write", "/org/lab/Absent/k", "5")
        self.assertEqual(self.gget("org.lab.Absent", "k"), "''")
        self.assertIn({"key": "/org/lab/Absent/k", "value": "5", "state": "not-allowed", "item": "org.lab.Absent k",
                       "reason": "5 is not text in quotes, such as '5'"}, self.diff()["odd"])
        self.bkt("apply", "-y", "-i", "org.lab.Absent k", "gsettings")
        self.assertEqual(self.gget("org.lab.Absent", "k"), "'x'")
        self.bkt("gsetting", "unset", "org.lab.Absent", "k")
        self.assertEqual(self.changed_files(), set())

    def test_what_may_be_several_schemas_is_said_and_not_guessed(self):
        self.run_ok("dconf", "write", "/org/lab/somewhere/name", "'x'")
        odd = next(o for o in self.diff()["odd"] if o["key"] == "/org/lab/somewhere/name")
        self.assertEqual(odd["state"], "unsure")
        self.assertIn("org.gnome.desktop.app-folders.folder", odd["schemas"])
        self.assertEqual(self.drift(), {})
        self.assertIn("/org/lab/somewhere/name", self.bkt("gsetting", "diff"))
        schema = f"org.gnome.desktop.app-folders.folder:/org/lab/somewhere/"
        self.bkt("gsetting", "set", schema, "name", "x")
        self.assertEqual(self.settings()[f"{schema} name"]["state"], "in-sync")
        self.assertEqual([o for o in self.diff()["odd"] if o["key"] == odd["key"]], [])


CHOOSERS = """
import gi
gi.require_version("Gtk", "4.0")
from gi.repository import GLib, Gtk

def leave(dialog):
    dialog.set_default_size(700, 500)
    dialog.close()
    return False

def run(app):
    app.hold()
    file = Gtk.FileChooserDialog(title="Open", action=Gtk.FileChooserAction.OPEN)
    colour = Gtk.ColorChooserDialog(title="Colour", show_editor=False)
    for at, dialog in enumerate((file, colour)):
        dialog.set_application(app)
        dialog.present()
        GLib.timeout_add(3000 + 500 * at, leave, dialog)
    GLib.timeout_add(6000, app.quit)

app = Gtk.Application(application_id="org.lab.Choosers")
app.connect("activate", run)
app.run([])
"""
