"""bkt on the stand-in of an atomic desktop that atomic.py makes: every state there is, and what rpm itself says of the databases."""
# Needs: image
import json
import shutil

from atomic import BASE_DATABASE, DATABASE, FOLDER, Machine
from case import HOME, Case

ROOT = HOME / "distribution"
MANIFESTS = ROOT / "manifests"
WANTED = {
    "system-packages.json": {"packages": ["cups", "fish", "htop"], "excluded": ["chrony"]},
    "system-config.json": {"kargs": {"append": ["quiet"], "remove": []}, "systemd": {"enable": [], "disable": [], "mask": []}},
}


class Atomic(Case):
    def setUp(self):
        self.machine = Machine()
        self.machine.make()
        shutil.rmtree(ROOT, ignore_errors=True)
        MANIFESTS.mkdir(parents=True)
        for name, content in WANTED.items():
            (MANIFESTS / name).write_text(json.dumps(content, indent=2) + "\n")
        self.run_ok("git", "init", "-q", "-b", "main", ROOT)
        self.bkt("repo", "use", ROOT)

    def bkt(self, *args, code=0):
        done = self.run_any("bkt", *args, cwd=ROOT, env={"BKT_ROOT": str(FOLDER)})
        self.assertEqual(done.returncode, code, f"bkt {' '.join(map(str, args))}\n{done.stdout}{done.stderr}")
        return done.stdout + done.stderr

    def states(self, subsystem):
        """The items that are not noise: key to state, and what is pending."""
        report = json.loads(self.bkt("status", "--json", subsystem))
        items = next(s["items"] for s in report["subsystems"] if s["id"] == subsystem)
        return {item["key"]: (item["state"], item.get("pending")) for item in items if not item.get("ignored")}

    def test_packages_are_told_apart_by_where_they_come_from(self):
        self.assertEqual(self.states("packages"), {
            "package/cups": ("in-sync", None), "package/fish": ("pending", "image-build"), "package/htop": ("pending", "reboot"),
            "package/ripgrep": ("unmanaged", None), "excluded/chrony": ("pending", "image-build"),
            "excluded/firefox": ("unmanaged", None), "excluded/firefox-langpacks": ("unmanaged", None)})
        text = self.bkt("status", "-v", "packages")
        for said in ("valgrind-3.25-1.lab.noarch", "tuned-2.25.1-1.lab.noarch", "bootc upgrade"):
            self.assertIn(said, text)

    def test_units_are_what_somebody_switched_here(self):
        self.assertEqual(self.states("units"), {unit: ("unmanaged", None) for unit in (
            "cups.service", "chronyd.service", "power-profiles-daemon.service", "backup.service", "file/backup.service")})

    def test_kernel_arguments_are_the_persons_own(self):
        self.assertEqual(self.states("kargs"), {"append/quiet": ("in-sync", None), "append/mitigations=off": ("unmanaged", None)})

    def test_files_in_etc_are_those_that_somebody_edited(self):
        self.assertEqual(self.states("etc-files"), {path: ("unmanaged", None) for path in ("/etc/lab/local.conf", "/etc/tuned/tuned-main.conf")})
        self.assertIn("/etc/lab/gone.conf", self.bkt("status", "-v", "etc-files"))
        self.bkt("capture", "-y", "etc-files")
        self.assertEqual({state for state, _ in self.states("etc-files").values()}, {"in-sync"})
        modules = json.loads((MANIFESTS / "image-config.json").read_text())["modules"]
        captured = {file["dest"]: (ROOT / file["src"]).read_text() for module in modules for file in module["files"]}
        self.assertEqual(captured, {path: (FOLDER / path.lstrip("/")).read_text() for path in captured})
        self.assertEqual(len(captured), 2)

    def test_the_databases_are_read_as_rpm_reads_them(self):
        lists = {}
        for name, database in (("booted", FOLDER / DATABASE), ("base", FOLDER / BASE_DATABASE)):
            lists[name] = HOME / f"{name}.list"
            lists[name].write_text(self.machine.rpm(database, "-qa"))
            self.assertTrue(lists[name].read_text())
        info = json.loads(self.bkt("build-info", lists["booted"], "booted", "--json"))
        self.assertEqual((info["packages"], info["new"]["packages"]), ([], len(lists["booted"].read_text().splitlines())))
        with_layers = json.loads(self.bkt("build-info", lists["base"], "booted", "--json"))
        self.assertEqual({(one["kind"], one["name"]) for one in with_layers["packages"]},
                         {("added", "ripgrep"), ("added", "valgrind"), ("removed", "firefox"), ("removed", "firefox-langpacks"), ("upgraded", "tuned")})

    def test_looking_changes_nothing(self):
        def state():
            return {path: (path.lstat().st_mtime_ns, path.lstat().st_size) for path in FOLDER.rglob("*")}
        before = state()
        self.bkt("status")
        self.bkt("build-info")
        self.assertEqual(state(), before)
