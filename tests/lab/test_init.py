"""A distribution as `bkt init` makes it, built and checked by its own scripts, as its forge would run them.

podman, dnf and rpm are real, and what they fetch is the lab's own. Two programs have no package here: bootc in the base image,
and cosign beside us; what stands for them says what it was asked.
"""
# Needs: image
import json
import os

from case import HOME, Case

ROOT = HOME / "distribution"
BASE = "localhost/desktop"
STANDINS = HOME / "stand-ins"
REGISTRY = HOME / "registry"
BOOTC = '#!/bin/sh\n# Stands for bootc.\n[ "$*" = "container lint" ] && echo "bootc was asked to $*"\n'
COSIGN = '#!/bin/sh\n# Stands for cosign.\nprintf "%s\\n" "$*" >> ~/signed\n'


class Init(Case):
    """One distribution, from nothing."""

    @classmethod
    def setUpClass(cls):
        case = cls()
        case.run_ok("podman", "import", "-q", "/srv/lab/base.tar", "localhost/lab-base", timeout=300)
        case.run_ok("sudo", "systemd-run", "--quiet", "--unit=rpm-site", "/lab/rpm-site.py")
        STANDINS.mkdir()
        for name, text in (("bootc", BOOTC), ("cosign", COSIGN)):
            (STANDINS / name).write_text(text)
            (STANDINS / name).chmod(0o755)
        (STANDINS / "Containerfile").write_text("FROM localhost/lab-base\nCOPY bootc /usr/bin/bootc\n")
        for tag in ("stable", "latest"):
            case.run_ok("podman", "build", "--tag", f"{BASE}:{tag}", STANDINS, timeout=300)
        case.run_ok("git", "config", "--global", "user.name", "Dev")
        case.run_ok("git", "config", "--global", "user.email", "dev@lab.test")
        case.run_ok("bkt", "init", ROOT, "--base", f"{BASE}:stable", "--owner", "me")

    def ci(self, script, code=0, **env):
        """A script of the distribution's, in what its forge would set."""
        env = {"NAME": "mine", "OWNER": "me", "BUILD_FLAGS": "--network host", "PATH": f"{os.environ['PATH']}:{STANDINS}", **env}
        done = self.run_any(ROOT / "ci" / script, cwd=HOME, env=env, timeout=500)
        said = f"{done.stdout}{done.stderr}"
        self.assertEqual(done.returncode, code, f"ci/{script}\n{said}")
        return done.stdout.strip(), said

    def git(self, *args):
        return self.run_ok("git", "-C", ROOT, *args).strip()

    def inside(self, image, *argv):
        return self.run_ok("podman", "run", "--rm", "--network", "none", f"localhost/{image}:build", *argv).strip()

    def labels(self, image):
        return json.loads(self.run_ok("podman", "image", "inspect", "--format", "{{json .Labels}}", image))

    def test_1_the_repository_is_whole_and_in_use(self):
        self.assertEqual(self.git("status", "--porcelain"), "")
        self.assertEqual(self.run_ok("bkt", "repo", "path").strip(), str(ROOT))
        self.run_ok("bkt", "containerfile", "check")

    def test_1_a_pull_request_is_checked(self):
        self.ci("check")
        self.ci("check", SINCE="HEAD")
        file = ROOT / "Containerfile"
        before = file.read_text()
        file.write_text(before.replace("ripgrep", "ripgrep-of-mine", 1))
        self.assertIn("ripgrep-of-mine", self.ci("check", code=1)[1])
        file.write_text(before)
        manifest = ROOT / "manifests/gsettings.json"
        before = manifest.read_text()
        manifest.write_text(before.replace('"settings"', '"setings"', 1))
        self.assertIn("gsettings.json", self.ci("check", code=1)[1])
        manifest.write_text(before)
        self.run_ok("bkt", "image", "dnf", "install", "fish", "--force", "-y")
        self.git("commit", "--quiet", "--all", "--message", "fish")
        self.ci("check", SINCE="HEAD~1", code=1)
        self.run_ok("bkt", "changelog", "add", "added", "packages", "Everybody gets fish.")
        self.git("commit", "--quiet", "--all", "--message", "said")
        self.ci("check", SINCE="HEAD~2")
        self.git("reset", "--quiet", "--hard", "HEAD~2")

    def test_2_the_images_are_built_on_the_digest_that_the_base_has(self):
        digest, _ = self.ci("base-digest")
        self.assertEqual(digest, self.run_ok("podman", "image", "inspect", "--format", "{{.Digest}}", f"{BASE}:stable").strip())
        _, said = self.ci("build")
        self.assertIn("bootc was asked to container lint", said)
        for image in ("mine", "mine/toolbox"):
            self.assertIn(f"{image}: on {BASE}@{digest}", said)
            labels = self.labels(f"localhost/{image}:build")
            for label in ("org.bkt.base.digest", "org.wycats.bootc.base.digest"):
                self.assertEqual(labels[label], digest)
            self.assertEqual(labels["org.opencontainers.image.revision"], self.git("rev-parse", "HEAD"))
            self.assertRegex(labels["org.opencontainers.image.version"], r"^\d{4}-\d\d-\d\d$")
        self.assertEqual(self.labels("localhost/mine/toolbox:build")["com.github.containers.toolbox"], "true")

    def test_3_they_have_what_the_manifests_say(self):
        packages = set(self.inside("mine", "rpm", "-qa", "--qf", "%{NAME}\\n").split())
        self.assertLessEqual({"htop", "ripgrep"}, packages)
        self.assertLessEqual({"make", "gdb"}, set(self.inside("mine/toolbox", "rpm", "-qa", "--qf", "%{NAME}\\n").split()))
        there = self.inside("mine", "sh", "-c", "cd /usr/share/bkt/distribution && find . -type f | sort").split()
        manifests = sorted(f"./manifests/{path.name}" for path in (ROOT / "manifests").iterdir())
        self.assertEqual(there, sorted(["./Containerfile", "./changelog.json", "./repo.json", *manifests]))
        self.assertEqual(self.inside("mine", "sh", "-c", "find /var/cache /var/log /var/tmp /tmp -mindepth 1"), "")
        self.run_ok("bkt", "base", "verify", "--image", "localhost/mine:build", timeout=120)

    def test_3_a_base_that_lacks_something_is_said(self):
        self.assertIn(f"{BASE}:latest", self.ci("verify-base")[1])
        self.run_ok("bkt", "base", "assume", "no-such-package", "--force", "-y")
        self.assertIn("no-such-package", self.ci("verify-base", code=1)[1])
        self.run_ok("bkt", "undo", "-y")
        self.ci("verify-base", code=1, BASE_TAGS="stable no-such-tag")

    def test_4_release_notes_say_what_changed(self):
        notes, _ = self.ci("release-notes", PREVIOUS_IMAGE=f"{BASE}:stable")
        for name in ("htop", "ripgrep", "hwloc-libs"):
            self.assertIn(name, notes)
        self.assertEqual((ROOT / "out/release-notes.md").read_text().strip(), notes)
        notes, said = self.ci("release-notes", PREVIOUS_IMAGE="localhost/none-yet")
        self.assertEqual(notes, "No image that was published before was to be had, so packages are not compared.")
        self.assertIn("localhost/none-yet is not to be had", said)
        self.assertEqual(self.git("status", "--porcelain"), "", "what scripts leave is no part of the repository")
        self.run_ok("bkt", "changelog", "add", "added", "packages", "Everybody gets htop.")
        self.run_ok("bkt", "changelog", "release")
        notes, _ = self.ci("release-notes", PREVIOUS_IMAGE=f"{BASE}:stable")
        self.assertIn("Everybody gets htop.", notes)
        self.assertIn("hwloc-libs", notes)

    def test_5_what_is_published_is_signed(self):
        (REGISTRY / "me/mine").mkdir(parents=True)
        # For podman a directory is as good as a registry.
        env = {"REGISTRY": f"dir:{REGISTRY}", "COSIGN_PRIVATE_KEY": "key"}
        self.ci("publish", **env)
        self.ci("sign", **env)
        signed = (HOME / "signed").read_text().splitlines()
        digests = [(ROOT / "out" / f"{kind}.digest").read_text().strip() for kind in ("host", "toolbox")]
        names = [f"dir:{REGISTRY}/me/{name}@{digest}" for name, digest in zip(("mine", "mine/toolbox"), digests, strict=True)]
        self.assertEqual(signed, [f"sign --yes --key env://COSIGN_PRIVATE_KEY {name}" for name in names])
        published = {path.name for path in (REGISTRY / "me").iterdir()}
        self.assertIn("mine:stable", published)
        self.assertTrue(any(name.endswith(self.git("rev-parse", "--short", "HEAD")) for name in published), published)
