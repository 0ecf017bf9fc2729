"""Units of a running systemd: what Bucket reads, beside what systemctl says, and switching them as root through polkit.

The lab was not started from an image. What says so to Bucket is one file, which is put there; as the lab keeps no /usr/etc, the
presets are the default, as on a machine that keeps none.
"""
import json
import shutil

from case import Case
from distribution import MANIFESTS, ROOT, Distribution

MARK = "/run/ostree-booted"
RULE = "/etc/polkit-1/rules.d/40-lab-units.rules"
# Who knows the password: nobody sits before the lab.
ALLOW = """polkit.addRule(function(action, subject) {
    if (action.id == "org.freedesktop.policykit.exec" && subject.user == "dev") return polkit.Result.YES;
});
"""
OWN = "/etc/systemd/system/lab-own.service"
UNIT = "[Unit]\nDescription=Lab\n\n[Service]\nType=oneshot\nExecStart=/bin/true\n\n[Install]\nWantedBy=multi-user.target\n"


class Units(Distribution):
    @classmethod
    def setUpClass(cls):
        case = Case()
        case.run_ok("sudo", "touch", MARK)
        case.run_ok("sudo", "tee", RULE, input=ALLOW)

    @classmethod
    def tearDownClass(cls):
        Case().run_ok("sudo", "rm", "-f", MARK, RULE)

    def setUp(self):
        shutil.rmtree(ROOT, ignore_errors=True)
        MANIFESTS.mkdir(parents=True)
        self.git("init", "-q", "-b", "main")
        self.git("config", "user.name", "Dev")
        self.git("config", "user.email", "dev@lab.test")
        self.bkt("repo", "use", ROOT)
        self.commit()

    def units(self):
        return self.report("units")["units"]

    def is_enabled(self, *units):
        return dict(zip(units, self.run_any("systemctl", "is-enabled", *units).stdout.split(), strict=True))

    def systemctl(self, *args):
        self.run_ok("sudo", "systemctl", *args)

    def test_every_unit_is_read_as_systemctl_reads_it(self):
        listed = self.run_ok("systemctl", "list-unit-files", "--no-legend", "--plain").splitlines()
        states = dict(line.split()[:2] for line in listed)
        states = {unit: state for unit, state in states.items() if "@." not in unit and state not in ("alias", "indirect")}
        self.assertGreater(len(states), 100)
        self.write("systemd-services.json", {"services": {unit: "enabled" for unit in states}})
        wrong = {}
        for unit, item in self.units().items():
            said = states.get(unit)
            live = (item.get("live") or {}).get("state")
            note = item.get("note") or ""
            fits = {
                "enabled": item["state"] == "in-sync",
                "disabled": item["state"] != "in-sync" and (live == "disabled" or "disabled" in note),
                "masked": item["state"] != "in-sync" and (live == "masked" or "masked" in note),
                # Started by others, which the image may see to.
                "static": item["state"] in ("not-here", "in-sync"),
            }.get(said, item["state"] != "in-sync")
            if unit in states and not fits:
                wrong[unit] = (said, item["state"], live, note)
        self.assertEqual(wrong, {})

    def test_what_was_switched_is_captured_applied_and_undone(self):
        self.run_ok("sudo", "tee", OWN, input=UNIT)
        self.addCleanup(self.run_ok, "sudo", "systemctl", "daemon-reload")
        self.addCleanup(self.run_ok, "sudo", "rm", "-f", OWN)
        self.systemctl("daemon-reload")
        self.systemctl("enable", "lab-own.service")
        self.addCleanup(self.run_any, "sudo", "systemctl", "disable", "lab-own.service")
        self.assertEqual(self.units()["file/lab-own.service"]["state"], "unmanaged")
        self.bkt("capture", "units", "-y")
        self.assertEqual((ROOT / "systemd/system/lab-own.service").read_text(), UNIT)
        custom = self.manifest("system-config.json")["systemd"]["custom"]
        # The lab has others of its own.
        self.assertIn({"unit": "lab-own.service", "file": "systemd/system/lab-own.service"}, custom)
        drift = {key for key, item in self.units().items() if item["state"] not in ("in-sync", "pending", "not-here")}
        self.assertEqual(drift, set())

        self.run_ok("sudo", "sed", "-i", "s/true/false/", OWN)
        self.assertEqual(self.units()["file/lab-own.service"]["state"], "system-changed")
        self.bkt("apply", "units", "-i", "file/lab-own.service", "-y")
        self.assertEqual(self.run_ok("cat", OWN), UNIT)
        self.assertEqual(self.units()["file/lab-own.service"]["state"], "in-sync")
        self.bkt("undo", "-y")
        self.assertIn("/bin/false", self.run_ok("cat", OWN))
        self.bkt("apply", "units", "-i", "file/lab-own.service", "-y")

    def test_two_states_for_one_unit_are_an_error_with_both_places(self):
        self.write("system-config.json", '{"systemd": {\n"enable": ["cron.service"]}}\n')
        self.write("systemd-services.json", '{"services": {\n\n"cron.service": "masked"}}\n')
        done = self.run_any("bkt", "status", "units", "--json")
        self.assertEqual(done.returncode, 1, done.stdout)
        text = json.dumps(json.loads(done.stdout), ensure_ascii=False)
        self.assertIn("systemd-services.json:3:", text)
        self.assertIn("system-config.json:2:", text)
