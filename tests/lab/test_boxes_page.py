"""Distroboxes in Bucket's window, with real podman and distrobox: what others do to a box is seen, and what the person does is done."""
# Needs: boxes
import json
import re

import boxes
import ui
from boxes import Boxes
from distribution import MANIFESTS, Distribution

WAIT = 120   # the machine may be busy
MANIFEST = "distrobox.json"


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
        print(json.dumps(entry))

    def test_3_a_page_with_nothing_says_so(self):
        app = self.open()
        app.find("label", "No Boxes")
        self.pictures("boxes-none")
