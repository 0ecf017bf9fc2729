"""A repository of manifests for lab tests, and what `bkt` says of it."""
import json
import pathlib
import shutil

from case import HOME, Case

ROOT = HOME / "distribution"
MANIFESTS = ROOT / "manifests"
OVERRIDES = HOME / ".local/share/flatpak/overrides"


class Distribution(Case):
    """Starts with a repository in use that says what the machine has, committed; every test puts that back."""

    def setUp(self):
        shutil.rmtree(ROOT, ignore_errors=True)
        MANIFESTS.mkdir(parents=True)
        self.git("init", "-q", "-b", "main")
        self.git("config", "user.name", "Dev")
        self.git("config", "user.email", "dev@lab.test")
        self.bkt("repo", "use", ROOT)
        self.bkt("capture", "-y")
        self.commit()
        self.assertEqual(self.drift(), {}, "a machine that was just captured has no drift")

    def git(self, *args):
        return self.run_ok("git", "-C", ROOT, *args)

    def commit(self):
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", "as it is")

    def bkt(self, *args, code=0):
        """What bkt printed; it must exit with `code`."""
        done = self.run_any("bkt", *args, timeout=120)
        self.assertEqual(done.returncode, code, f"bkt {' '.join(map(str, args))}\n{done.stdout}{done.stderr}")
        return done.stdout + done.stderr

    def report(self, *args):
        """The items of `bkt status --json`, by subsystem and key."""
        done = self.run_any("bkt", "status", "--json", *args)
        report = json.loads(done.stdout)
        self.assertEqual(report["version"], 1)
        return {s["id"]: {item["key"]: item for item in s["items"]} for s in report["subsystems"]}

    def drift(self):
        """What asks for attention: "subsystem key" to state."""
        return {f"{subsystem} {key}": item["state"]
                for subsystem, items in self.report().items() for key, item in items.items()
                if item["state"] not in ("in-sync", "pending", "unknown", "not-here", "locked") and not item.get("ignored")}

    def manifest(self, name):
        return json.loads((MANIFESTS / name).read_text())

    def entries(self, name, key):
        """A manifest's list by its entries' id, or schema and key."""
        entries = self.manifest(name)[key]
        return {e if isinstance(e, str) else e.get("id") or e.get("name") or f"{e['schema']} {e['key']}": e for e in entries}

    def write(self, name, text):
        (MANIFESTS / name).write_text(text if isinstance(text, str) else json.dumps(text, indent=2) + "\n")

    def changed_files(self):
        return {line[3:] for line in self.git("status", "--porcelain").splitlines()}

    def changed_entries(self, name, key):
        """The ids of the entries of a manifest that are not as committed, and that nothing else in it changed."""
        old = json.loads(self.git("show", f"HEAD:manifests/{name}"))
        new = self.manifest(name)
        self.assertEqual({k: v for k, v in old.items() if k != key}, {k: v for k, v in new.items() if k != key})

        def by_id(entries):
            return {e if isinstance(e, str) else e.get("id") or f"{e['schema']} {e['key']}": e for e in entries}
        old, new = by_id(old.get(key, [])), by_id(new[key])
        return {i for i in old.keys() | new.keys() if old.get(i) != new.get(i)}


def override(app):
    """The text of a user's override, as it is on disk; empty where there is none."""
    file = pathlib.Path(OVERRIDES, app)
    return file.read_text() if file.exists() else ""
