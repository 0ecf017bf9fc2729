"""System Packages in Bucket's window, on a machine that looks like an atomic desktop: see atomic.py.

What such a machine has on its disk is real, rpm's databases too; its tools are not there, so nothing is layered here.
"""
# Needs: image
import json
import os
import re

import atomic
import ui
from distribution import MANIFESTS, ROOT, Distribution

os.environ["BKT_ROOT"] = str(atomic.FOLDER)
CONTAINERFILE = ROOT / "Containerfile"
BEFORE = "FROM ghcr.io/example/lab:latest\n\n# The person's own line.\n"
EMPTY = "# === SYSTEM_PACKAGES (managed by bkt) ===\n# === END SYSTEM_PACKAGES ===\n"
AFTER = "\nRUN bootc container lint\n"
LOOKS = (("wide-light", (980, 640), "1.0", False), ("wide-dark", (980, 640), "1.0", True), ("narrow", (360, 640), "1.0", False),
         ("narrow-dark", (360, 640), "1.0", True), ("narrow-large", (360, 640), "2.0", False))


class Packages(Distribution):
    def setUp(self):
        atomic.Machine().make()
        super().setUp()
        CONTAINERFILE.write_text(BEFORE + EMPTY + AFTER)
        self.write("system-packages.json", {"packages": ["basesystem", "fish", "gh"]})
        self.bkt("containerfile", "sync", "--add-missing")
        self.commit()

    def open(self, env=()):
        app = self.open_bucket(env=[f"BKT_ROOT={atomic.FOLDER}", *env])
        self.addCleanup(self.assert_no_criticals)
        self.addCleanup(self.close_bucket)
        app.click("list item", ui.starts("System Packages"))
        app.find("button", "Capture ripgrep")
        return app
