# Needs: image
"""What is assumed of a base image, and what changed between two: real images, which podman and dnf make."""
import json
import os
import pathlib

from distribution import MANIFESTS, Distribution

BASE = os.environ.get("BKT_LAB_IMAGE", "localhost/lab-base")
OLD, NEW = "localhost/lab-os:1", "localhost/lab-os:2"
FILE = "base-image-assumptions.json"
CONTAINERFILES = {
    OLD: f"FROM {BASE}\nRUN dnf install -y ripgrep\nLABEL org.opencontainers.image.version=1 org.wycats.bootc.base.digest=sha256:old\n",
    NEW: f"FROM {BASE}\nRUN dnf install -y htop && dnf upgrade -y tuned && rm -rf /usr/lib/systemd/system/cups.service\n"
         "LABEL org.opencontainers.image.version=2 org.bkt.base.digest=sha256:new org.wycats.bootc.base.digest=sha256:other\n",
}


class Base(Distribution):
    @classmethod
    def setUpClass(cls):
        case = cls()
        if case.run_any("podman", "image", "exists", BASE).returncode != 0:
            case.run_ok("podman", "import", "/srv/lab/base.tar", BASE, timeout=300)
        for image, text in CONTAINERFILES.items():
            file = pathlib.Path("/tmp") / image.replace("/", "-")
            file.write_text(text)
            case.run_ok("podman", "build", "--network", "none", "--pull=never", "-t", image, "-f", file, "/tmp", timeout=300)

    def rpms(self, image):
        """The packages of an image, as its own rpm says."""
        format = r"%{NAME} %{EPOCHNUM}:%{VERSION}-%{RELEASE}\n"
        lines = self.run_ok("podman", "run", "--rm", "--network", "none", image, "rpm", "-qa", "--qf", format).splitlines()
        return dict(line.split() for line in lines)

    def containers(self):
        return self.run_ok("podman", "ps", "--all", "--quiet").split()

    def test_an_image_is_verified_by_what_is_in_it(self):
        self.bkt("base", "assume", "tuned", "--service", "cups", "--path", "/usr/bin/dnf", "--path", "/etc/chrony.conf")
        self.bkt("base", "assume", "--reason", "the desk prints", "cups")
        done = self.run_any("bkt", "base", "verify", "--image", OLD, "--record", "--json")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        answer = json.loads(done.stdout)
        self.assertEqual({one["verdict"] for one in answer["assumptions"]}, {"holds"})
        written = json.loads((MANIFESTS / FILE).read_text())
        self.assertEqual(written["base_image"], {"source": OLD, "last_verified_at": answer["recorded_at"]})
        self.assertEqual(self.containers(), [], "what was started to look inside is gone")

        self.bkt("base", "assume", "nothing-of-the-kind", "--path", "/usr/nowhere")
        done = self.run_any("bkt", "base", "verify", "--image", NEW, "--record")
        self.assertEqual(done.returncode, 3, done.stdout + done.stderr)
        for line in ("the image has no package nothing-of-the-kind", "the image has no /usr/nowhere", "the image has no unit cups.service", "Nothing was written down"):
            self.assertIn(line, done.stdout)
        self.assertEqual(json.loads((MANIFESTS / FILE).read_text())["base_image"], written["base_image"])

    def test_an_image_that_is_not_here_is_not_fetched_unasked(self):
        done = self.run_any("bkt", "base", "verify", "--image", "localhost/nowhere:1")
        self.assertEqual(done.returncode, 1)
        self.assertIn("is not on this machine", done.stderr)
        self.assertIn("--pull", done.stderr)

    def test_build_info_says_what_rpm_says(self):
        old, new = self.rpms(OLD), self.rpms(NEW)
        info = json.loads(self.bkt("build-info", OLD, NEW, "--json"))
        said = {(one["kind"], one["name"]) for one in info["packages"]}
        expected = {("added", name) for name in new.keys() - old.keys()} | {("removed", name) for name in old.keys() - new.keys()}
        expected |= {("upgraded", name) for name in old.keys() & new.keys() if old[name] != new[name]}
        self.assertEqual(said, expected)
        self.assertEqual(said, {("added", "htop"), ("added", "hwloc-libs"), ("removed", "ripgrep"), ("upgraded", "tuned")})
        self.assertEqual((info["old"]["packages"], info["new"]["packages"]), (len(old), len(new)))
        self.assertEqual((info["old"]["labels"]["base_digest"], info["new"]["labels"]["base_digest"]), ("sha256:old", "sha256:new"))
        self.assertEqual((info["old"]["labels"]["version"], info["same_base"]), ("1", False))
        self.assertRegex(info["new"]["labels"]["digest"], "^sha256:[0-9a-f]{64}$")
        back = json.loads(self.bkt("build-info", NEW, OLD, "--json"))
        self.assertIn(("downgraded", "tuned"), {(one["kind"], one["name"]) for one in back["packages"]})
        text = self.bkt("build-info", OLD, NEW)
        self.assertIn("1 upgraded, 2 added, 1 removed", text)
        self.assertIn("sha256:old → sha256:new", text)

    def test_a_saved_list_stands_for_an_image(self):
        saved = pathlib.Path("/tmp/saved")
        saved.write_text(self.run_ok("podman", "run", "--rm", "--network", "none", OLD, "rpm", "-qa"))
        by_list = json.loads(self.bkt("build-info", saved, NEW, "--json"))
        by_image = json.loads(self.bkt("build-info", OLD, NEW, "--json"))
        self.assertEqual(by_list["packages"], by_image["packages"])
