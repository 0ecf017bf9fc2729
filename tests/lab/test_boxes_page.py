"""Distroboxes in Bucket's window, with real podman and distrobox: what others do to a box is seen, and what the person does is done."""
# Needs: boxes
import boxes
import ui
from boxes import Boxes
from distribution import MANIFESTS, Distribution

WAIT = 120   # the machine may be busy
MANIFEST = "distrobox.json"
QUESTION = "Recreate “play”?"
TOOLCHAINS = {"rustup": {"default": "stable", "components": ["rust-src"]}, "npm": [{"name": "prettier"}], "proto": [{"name": "node", "version": "22"}]}


class Page(Distribution, Boxes):
    @classmethod
    def setUpClass(cls):
        boxes.take("apt")

    def setUp(self):
        self.empty()
        self.addCleanup(self.empty)
        super().setUp()

    def empty(self):
        """No box is left of another test."""
        names = self.names()
        if names:
            self.delete(*names)

    def want(self, **entries):
        """What the manifest says of boxes, by name."""
        self.write(MANIFEST, {"containers": entries})

    def open(self):
        """Bucket at its page of boxes."""
        app = self.open_bucket()
        app.timeout = WAIT
        self.addCleanup(self.assert_no_criticals)
        self.addCleanup(self.close_bucket)
        app.click("list item", ui.starts("Distroboxes"))
        return app

    def row(self, app, name):
        return app.find("list item", name)

    def wait(self, condition, what):
        return ui.until(condition, what, WAIT)

    def test_1_what_others_do_to_a_box_is_seen_without_a_refresh(self):
        self.create("play", "apt")
        self.stop("play")
        app = self.open()
        row = self.row(app, "play")
        self.wait(lambda: "Stopped" in row.description, "stopped box")
        self.run_ok("podman", "start", "play")
        self.wait(lambda: "Running" in self.row(app, "play").description, "running box")
        self.stop("play")
        self.wait(lambda: "Stopped" in self.row(app, "play").description, "stopped box")
        self.run_ok("podman", "rename", "play", "toy")
        self.row(app, "toy")
        app.wait_gone("list item", "play")
        self.delete("toy")
        app.find("label", "No Boxes")
        # The program that tells of it ends with the window.
        self.assertEqual(self.listeners(), 1)
        self.close_bucket()
        self.wait(lambda: self.listeners() == 0, "end of podman events")

    def listeners(self):
        return len(self.run_any("pgrep", "-f", "^podman events").stdout.split())

    def test_2_a_box_is_captured_by_the_keyboard(self):
        self.create("play", "apt", "--hostname", "toybox", "--volume", "/srv/lab:/mnt/lab:ro")
        app = self.open()
        self.row(app, "play")
        self.pictures("boxes-list")
        row = self.row(app, "play")
        row.click()
        ui.key("Return")
        app.find("label", "/srv/lab:/mnt/lab:ro")
        self.pictures("boxes-detail")
        capture = app.find("button", "Capture play")
        capture.press()
        self.wait(lambda: (MANIFESTS / MANIFEST).exists() and "play" in self.manifest(MANIFEST)["containers"], "captured box")
        entry = self.manifest(MANIFEST)["containers"]["play"]
        self.assertEqual((entry["hostname"], entry["volume"]), ("toybox", ["/srv/lab:/mnt/lab:ro"]))
        self.assertTrue(entry["image"].startswith("localhost/lab-apt"), entry)

    def test_3_a_page_with_nothing_says_so(self):
        app = self.open()
        app.find("label", "No Boxes")
        self.pictures("boxes-none")

    def test_4_a_box_is_made_anew_only_after_what_is_lost_was_shown(self):
        self.create("play", "apt", "--hostname", "toybox")
        self.inside("play", "sudo", "touch", "/opt/mine")
        self.bkt("capture", "distrobox", "-y")
        agreed = self.manifest(MANIFEST)["containers"]["play"]
        made = self.identity("play")
        app = self.open()
        self.want(play={**agreed, "volume": ["/srv/lab:/mnt/lab:ro"]})
        self.ask(app)
        self.pictures("boxes-recreate")
        ui.key("Escape")
        app.wait_gone("label", QUESTION)
        # The plan is still there.
        app.press("button", "Cancel", within=app.find("dialog"))
        app.wait_gone("dialog")
        self.assertEqual(self.identity("play"), made)
        self.ask(app)
        app.press("button", "Capture", within=app.find("alert", QUESTION))
        self.wait(lambda: not self.manifest(MANIFEST)["containers"]["play"].get("volume"), "captured box")
        self.assertEqual(self.identity("play"), made)
        self.want(play={**agreed, "volume": ["/srv/lab:/mnt/lab:ro"]})
        self.ask(app)
        app.press("button", "Recreate")
        self.wait(lambda: set(now := self.identities()) == {"play"} and now["play"] != made, "new box")
        self.wait(lambda: not any(key.startswith("distrobox") for key in self.drift()), "box that matches")
        self.assertIn("/mnt/lab", [mount["Destination"] for mount in self.inspect("play")["Mounts"]])

    def ask(self, app):
        """Applies the box, up to the question what may be lost."""
        self.wait(lambda: "sensitive" in app.find("button", "Apply play").states, "a box that differs")
        app.press("button", "Apply play")
        button = app.find("button", "Apply", within=app.find("dialog"))
        self.wait(lambda: "sensitive" in button.states, "a plan that can be carried out")
        button.press()
        app.find("label", QUESTION)
        app.find("label", ui.contains("/opt/mine"))

    def test_5_a_long_step_tells_how_far_it_is_and_is_stopped(self):
        app = self.open()
        self.want(play={"image": boxes.IMAGES["apt"], "init_hooks": ["sleep 600"]})
        app.press("button", "Apply play")
        button = app.find("button", "Apply", within=app.find("dialog"))
        self.wait(lambda: "sensitive" in button.states, "a plan that can be carried out")
        button.press()
        app.find("button", "Stop")
        self.wait(lambda: "play" in self.names(), "box")
        app.press("button", "Output") if app.all("button", "Output") else app.click("list item", "Output")
        self.wait(lambda: "play" in app.find("text", "Output").text, "output")
        self.pictures("boxes-running")
        app.press("button", "Stop")
        app.find("label", "Stopped")
        self.pictures("boxes-stopped")
        app.press("button", "Close", within=app.find("dialog"))
        app.wait_gone("dialog")

    def test_0_boxes_the_development_box_and_its_toolchains_are_sections(self):
        self.want(play={"image": boxes.IMAGES["apt"], "packages": [f"a-package-with-a-long-name-{n:03}" for n in range(300)]})
        self.write("toolbox-packages.json", {"packages": ["gcc", "make"], "groups": ["c-development"], "toolchains": TOOLCHAINS})
        app = self.open()
        for name in ("play", "gcc"):
            self.row(app, name)
        for section in ("Distroboxes", "Development Box", "Toolchains"):
            self.assertTrue(app.all("label", section), section)
        self.pictures("boxes-sections")
        self.row(app, "play").click()
        ui.key("Return")
        app.find("list item", "packages")
        self.pictures("boxes-packages")
