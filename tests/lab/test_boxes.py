"""The lab's boxes: are they what distrobox makes elsewhere, and do their package managers tell what was asked for from what came with it?"""
# Needs: boxes
import boxes
from boxes import Boxes
from case import HOME

KINDS = tuple(boxes.IMAGES)


class Ground(Boxes):
    """One box of each kind."""

    @classmethod
    def setUpClass(cls):
        boxes.take(*KINDS)
        case = cls()
        for kind in KINDS:
            case.create(kind, kind)

    def test_1_boxes_are_the_users_own(self):
        for kind in KINDS:
            with self.subTest(kind):
                self.assertEqual(self.inside(kind, "id", "-un").strip(), "dev")
                self.assertEqual(self.inside(kind, "sudo", "id", "-u").strip(), "0")
                self.assertEqual(self.inspect(kind)["Config"]["Labels"]["manager"], "distrobox")
                (HOME / kind).write_text("seen")
                self.assertEqual(self.inside(kind, "cat", HOME / kind), "seen")

    def test_2_what_was_asked_for_is_told_from_what_came_with_it(self):
        for kind in KINDS:
            with self.subTest(kind):
                chosen, packages = self.chosen(kind, kind), self.packages(kind, kind)
                self.assertIn("nano", chosen)
                self.install(kind, kind, "htop", "editor")
                self.assertEqual(self.chosen(kind, kind) - chosen, {"htop", "editor"})
                self.assertEqual(self.packages(kind, kind) - packages, {"htop", "hwloc-libs", "editor", "editor-data", "editor-spell"})
                self.assertEqual(self.inside(kind, "htop"), "htop 3.3.0\n")
                self.remove(kind, kind, "nano")
                self.assertNotIn("nano", self.packages(kind, kind))

    def test_3_a_binary_and_an_app_are_exported(self):
        for kind in KINDS:
            with self.subTest(kind):
                self.inside(kind, "distrobox-export", "--bin", "/usr/bin/htop", "--export-path", HOME / ".local/bin")
                self.assertEqual(self.run_ok(HOME / ".local/bin/htop"), "htop 3.3.0\n")
                self.inside(kind, "distrobox-export", "--app", "editor")
                desktop = HOME / f".local/share/applications/{kind}-org.lab.Editor.desktop"
                self.assertIn(f"Name=Editor (on {kind})", desktop.read_text())

    def test_4_a_box_that_was_stopped_is_as_it_was(self):
        for kind in KINDS:
            with self.subTest(kind):
                before = self.identity(kind)
                self.stop(kind)
                self.assertEqual(self.state(kind), "exited")
                self.assertEqual(self.inside(kind, "htop"), "htop 3.3.0\n")
                self.assertEqual((self.identity(kind), self.state(kind)), (before, "running"))
