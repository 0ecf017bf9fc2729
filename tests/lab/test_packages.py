"""System Packages in Bucket's window, on a machine that looks like an atomic desktop: see atomic.py.

What such a machine has on its disk is made with the real rpm. Its rpm-ostree, and pkexec, are the stand-ins in tests/standins.
"""
# Needs: image
import os
import re
import shutil

import atomic
import ui
from distribution import HOME, MANIFESTS, ROOT, Distribution

os.environ["BKT_ROOT"] = str(atomic.FOLDER)
# What Bucket runs are the stand-ins: they work on the machine below BKT_ROOT.
TOOLS = (f"BKT_ROOT={atomic.FOLDER}", "PATH=/standins:/usr/local/bin:/usr/bin")
CONTAINERFILE = ROOT / "Containerfile"
MINE = "FROM registry.example/lab:latest\n\n# A line of the person's own.\n\nRUN bootc container lint\n"


class Packages(Distribution):
    def setUp(self):
        self.machine = atomic.Machine()
        self.machine.make()
        for folder in (ROOT, HOME / ".local/state/bkt"):   # what was agreed on belongs to the machine before
            shutil.rmtree(folder, ignore_errors=True)
        MANIFESTS.mkdir(parents=True)
        self.git("init", "-q", "-b", "main")
        self.git("config", "user.name", "Dev")
        self.git("config", "user.email", "dev@lab.test")
        CONTAINERFILE.write_text(MINE)
        self.want("basesystem", "fish", "gh", excluded=["nano"])
        self.bkt("repo", "use", ROOT)
        self.bkt("containerfile", "sync", "--add-missing")
        self.commit()

    def want(self, *packages, **others):
        self.write("system-packages.json", {"packages": list(packages), **others})

    def open(self, env=(f"BKT_ROOT={atomic.FOLDER}",)):
        """Bucket, at its page of the image."""
        app = self.open_bucket(env=env)
        self.addCleanup(self.assert_no_criticals)
        self.addCleanup(self.close_bucket)
        app.find("list item", re.compile("^System Packages"))
        ui.key("Control", "2")
        app.find("list", "Items of System Packages")
        return app

    def add_tools(self):
        """An rpm-ostree, and the packages that it finds."""
        self.machine.write("usr/bin/rpm-ostree", "")   # looked for there, and run from TOOLS
        self.machine.write("repositories", "fish\ngh\nhtop\nripgrep\n")

    def ran(self):
        """What rpm-ostree was asked for."""
        file = atomic.FOLDER / "ran"
        return file.read_text().splitlines() if file.exists() else []

    def ask_now(self, app, name):
        """The plan to have a package now."""
        app.press("toggle button", f"More for {name}")
        app.press("menu item", "Apply Now…")
        return app.find("dialog")

    def said(self, app, item):
        """What a screen reader says of a row."""
        return app.find("list item", item).description

    def filter(self, app, name):
        app.press("toggle button", ui.starts("Filter: "))
        ui.until(lambda: self.item(app, name), f"menu item {name}").press()
        app.find("toggle button", f"Filter: {name}")

    def item(self, app, name):
        """An item of an open menu, whichever kind it is."""
        found = [app.all(role, name) for role in ("radio menu item", "check menu item", "menu item")]
        return next((items[0] for items in found if items), None)

    # What the page says -------------------------------------------------------------------------------------------

    def test_where_each_package_comes_from(self):
        app = self.open()
        self.assertIn("Only on the system. Manifest: Not in the manifest. System: Layered here.", self.said(app, "ripgrep"))
        self.assertIn("Waits for the next image. Manifest: Listed. System: Not on the system.", self.said(app, "fish"))
        self.assertIn("Staged: it comes at the next restart", self.said(app, "htop"))
        self.assertIn("Only on the system · excluded. Manifest: Not in the manifest. System: Removed here.", self.said(app, "firefox"))
        self.filter(app, "In Sync")
        self.assertIn("In sync. Manifest: Listed. System: In the base image.", self.said(app, "basesystem"))
        self.assertIn("In sync · excluded. Manifest: Listed. System: Not in the image.", self.said(app, "nano"))
        self.filter(app, "Pending")
        app.find("list item", "fish")
        app.wait_gone("list item", "ripgrep")

    def test_what_waits_suggests_nothing_and_is_not_counted(self):
        drift = self.drift()
        self.assertFalse({"packages package/fish", "packages package/gh"} & set(drift), drift)
        app = self.open()
        app.find("list item", f"System Packages, {sum(not key.startswith(('extensions', 'gsettings')) for key in drift)} differences")
        for side in ("Capture", "Apply"):
            self.assertNotIn("sensitive", app.find("button", f"{side} fish").states)

    def test_a_search_finds_a_section(self):
        app = self.open()
        app.find("list item", "ripgrep")
        ui.key("Control", "f")
        ui.type("kernel")
        app.find("list item", "mitigations=off")
        app.wait_gone("list item", "ripgrep")

    def test_a_file_of_etc_is_shown_line_by_line(self):
        app = self.open()
        ui.key("Control", "f")
        ui.type("tuned-main")
        app.find("list item", "/etc/tuned/tuned-main.conf").click()
        ui.key("Return")
        app.find("list item", ui.contains("sleep_interval = 5"))

    def test_a_machine_without_an_image_says_so_once(self):
        app = self.open(env=())
        why = "This machine was not started from an image"
        app.find("label", why)
        app.find("list item", "fish")
        self.assertEqual(len(app.all("label", ui.contains(why))), 1)
        self.assertIn("Not on this machine", self.said(app, "fish"))

    # What it does -------------------------------------------------------------------------------------------------

    def test_a_capture_writes_manifest_and_containerfile_in_one_operation(self):
        files = [MANIFESTS / "system-packages.json", CONTAINERFILE]
        before = [file.read_bytes() for file in files]
        app = self.open()
        app.press("button", "Capture ripgrep")
        ui.until(lambda: b"ripgrep" in CONTAINERFILE.read_bytes(), "the package in the Containerfile")
        self.assertEqual(self.manifest("system-packages.json"), {"packages": ["basesystem", "fish", "gh", "ripgrep"], "excluded": ["nano"]})
        self.assertEqual(self.changed_files(), {"manifests/system-packages.json", "Containerfile"})
        self.bkt("containerfile", "check")
        app.wait_gone("button", "Capture ripgrep")
        app.press("button", "Undo")
        ui.until(lambda: [file.read_bytes() for file in files] == before, "undo of both")
        app.find("button", "Capture ripgrep")

    def test_apply_now_is_carried_out_and_undone(self):
        self.add_tools()
        app = self.open(env=TOOLS)
        dialog = self.ask_now(app, "fish")
        app.press("button", "Apply", within=dialog)
        app.wait_gone("dialog")
        app.find("label", "Applied fish · It takes a restart")
        ui.until(lambda: "after a restart" in self.said(app, "fish"), "fish, staged")
        self.assertEqual(self.ran(), ["rpm-ostree install --idempotent --allow-inactive -y fish"])
        self.assertEqual(self.changed_files(), set(), "the manifest has it already")
        self.assertIn("Staged", self.said(app, "htop"), "what waited before still does")
        app.press("button", "Undo")
        app.press("button", "Undo", within=app.find("dialog"))
        app.wait_gone("dialog")
        ui.until(lambda: "Waits for the next image" in self.said(app, "fish"), "fish as it was")
        self.assertEqual(self.ran()[1:], ["rpm-ostree uninstall fish"])

    def test_what_is_not_allowed_is_said_and_tried_again(self):
        self.add_tools()
        denied = self.machine.write("denied", "")
        app = self.open(env=TOOLS)
        dialog = self.ask_now(app, "fish")
        app.press("button", "Apply", within=dialog)
        app.find("label", ui.contains("Not authorized"), within=dialog)
        self.assertEqual(self.ran(), [])
        denied.unlink()
        app.press("button", "Retry", within=dialog)
        app.wait_gone("dialog")
        ui.until(lambda: "after a restart" in self.said(app, "fish"), "fish, staged")

    def test_apply_now_shows_what_it_takes(self):
        self.add_tools()
        app = self.open(env=TOOLS)
        dialog = self.ask_now(app, "fish")
        for tag in ("Password", "Restart"):
            app.find("label", tag, within=dialog)
        app.find("check box", ui.contains("fish"), within=dialog)
        ui.key("Escape")
        app.wait_gone("dialog")
        self.assertEqual((self.changed_files(), self.ran()), (set(), []))
        self.assertIn("Waits for the next image", self.said(app, "fish"))

    def test_what_cannot_be_had_now_comes_with_the_next_image(self):
        app = self.open()
        dialog = self.ask_now(app, "fish")
        app.find("label", "With the Next Image", within=dialog)
        app.find("label", ui.contains("there is no rpm-ostree on this machine"), within=dialog)
        self.assertEqual(app.all("button", "Apply", within=dialog), [])
        app.press("button", "Close", within=dialog)
        app.wait_gone("dialog")

    def test_all_that_waits_is_had_now_by_the_keyboard(self):
        self.add_tools()
        app = self.open()
        self.filter(app, "Pending")
        app.find("list item", "gh").click()
        ui.key("Escape")   # leaves the detail page or nothing
        app.find("list", "Items of System Packages")
        ui.key("Control", "a")
        app.press("button", "Apply 2 Now…")
        dialog = app.find("dialog")
        app.find("label", "Restart", within=dialog)
        app.press("button", "Cancel", within=dialog)
        app.wait_gone("dialog")

    # The Containerfile --------------------------------------------------------------------------------------------

    def test_the_containerfile_is_compared_written_and_put_back(self):
        self.want("basesystem", "gh", "htop")
        before = CONTAINERFILE.read_bytes()
        app = self.open()
        app.press("button", "Containerfile")
        app.find("list item", re.compile("^SYSTEM_PACKAGES: Differs"))
        app.find("list item", re.compile(r"^Only as the manifests say: +htop"))
        app.find("list item", re.compile(r"^Only in the file: +fish"))
        app.press("button", "Write Sections")
        ui.until(lambda: b"htop" in CONTAINERFILE.read_bytes(), "the section")
        self.assertEqual(self.changed_files(), {"manifests/system-packages.json", "Containerfile"})
        self.bkt("containerfile", "check")
        self.assertIn("\n# A line of the person's own.\n", CONTAINERFILE.read_text())
        app.find("list item", "SYSTEM_PACKAGES: In sync")
        app.press("button", "Undo")
        ui.until(lambda: CONTAINERFILE.read_bytes() == before, "undo")
        app.find("button", "Write Sections")

    def test_missing_sections_are_added(self):
        CONTAINERFILE.write_text(MINE)
        app = self.open()
        app.press("button", "Containerfile")
        app.find("list item", "SYSTEM_PACKAGES: Missing from the file")
        app.press("button", "Add Missing Sections")
        ui.until(lambda: "=== SYSTEM_PACKAGES" in CONTAINERFILE.read_text(), "the section")
        app.wait_gone("button", "Add Missing Sections")

    def test_a_broken_marker_is_said_with_its_line_and_followed(self):
        good = CONTAINERFILE.read_text()
        lines = good.splitlines(keepends=True)
        end = next(i for i, line in enumerate(lines) if "END SYSTEM_PACKAGES" in line)
        begin = next(i for i, line in enumerate(lines) if "=== SYSTEM_PACKAGES" in line)
        CONTAINERFILE.write_text("".join(lines[:end] + lines[end + 1:]))
        app = self.open()
        app.press("button", "Containerfile")
        app.find("label", "The Containerfile Cannot Be Used")
        app.find("label", ui.contains("SYSTEM_PACKAGES"))
        app.find("label", re.compile(rf"Containerfile:\d+|line {begin + 1}"))
        app.find("button", "Retry")
        CONTAINERFILE.write_text(good)
        app.find("list item", "SYSTEM_PACKAGES: In sync")

    # Its looks ----------------------------------------------------------------------------------------------------

    def pictures(self, app, what, buttons=()):
        """Pictures of what is shown, in every kind of window, with these buttons in sight."""
        def in_sight(name, width):
            for button in buttons:
                box = app.find("button", button).place()
                # Places in a sheet are some pixels off.
                self.assertTrue(box.x >= -12 and box.x + box.width <= width, f"{button} is cut off in {name}: {box.x}+{box.width} of {width}")
        super().pictures(what, in_sight)

    def test_the_first_heading_stays_in_every_width(self):
        app = self.open()
        ui.unmaximize()
        for width, height in ((980, 640), (360, 640), (980, 500), (700, 640), (360, 294), (980, 640)):
            ui.resize(width, height)
            ui.until(lambda: self.heading_is_there(app), f"first heading at {width}×{height}")

    def heading_is_there(self, app):
        """Whether the first heading is within the list, and not scrolled away."""
        view = app.find("list", "Items of System Packages").place()
        heading = app.find("label", "Packages", hidden=True).place()
        return heading.height > 0 and heading.y >= view.y

    def test_it_can_be_read_in_every_window(self):
        self.add_tools()
        self.want("basesystem", "gh", "fish", "gnome-shell-extension-with-a-name-that-takes-more-room-than-there-is")
        app = self.open()
        app.find("button", "Capture ripgrep")
        self.pictures(app, "page")
        app.find("list item", "fish").click()
        ui.key("Return")
        app.find("button", "Apply fish now")
        self.pictures(app, "detail", buttons=("Capture fish", "Apply fish now"))
        ui.key("Escape")
        app.press("button", "Containerfile")
        app.find("button", "Write Sections")
        self.pictures(app, "containerfile")
        ui.key("Control", "2")
        self.filter(app, "Pending")
        app.find("list item", "gh")
        ui.key("Control", "a")
        app.press("button", "Apply 3 Now…")
        app.find("label", "Restart", within=app.find("dialog"))
        self.pictures(app, "plan", buttons=("Cancel", "Apply"))
