"""Opens Bucket on the lab's desktop and leaves screenshots in /out: wide and narrow, light and dark, and each page."""
import re

import atomic
import ui

APP_ID = "org.bkt.Bucket"
INTERFACE = "org.gnome.desktop.interface"
PAGES = ["System Packages", "Flatpaks", "Extensions", "Settings", "History", "Command Log"]


def open_page(app, page):
    """Clicks a sidebar row. Its accessible name may end in a count: "Flatpaks, 3 differences"."""
    rows = app.all("list item", re.compile(rf"^{page}\b")) or app.all("label", page)
    if rows:
        rows[0].click()
        ui.settle()
    return bool(rows)


def main():
    ui.run("gapplication", "launch", APP_ID)
    app = ui.App("bucket")
    app.window()
    ui.focus(APP_ID)
    ui.unmaximize()
    ui.resize(1100, 700)
    ui.settle(1)
    ui.screenshot("/out/desktop.png")
    for style in ("light", "dark"):
        ui.dark(style == "dark")
        ui.settle()
        ui.screenshot(f"/out/wide-{style}.png", window=True)
    ui.dark(False)
    for page in PAGES:
        if open_page(app, page):
            ui.screenshot(f"/out/{name(page)}.png", window=True)
    # Narrow, a page opens over the sidebar; a screenshot is also of the sidebar itself.
    for page in PAGES:
        if open_page(app, page):
            ui.resize(360, 640)
            for style in ("dark", "light"):
                ui.dark(style == "dark")
                ui.settle()
                ui.screenshot(f"/out/{name(page)}-narrow-{style}.png", window=True)
            ui.resize(1100, 700)
            ui.settle()
    containerfile(app)
    settings(app)
    permissions(app)
    image(app)


def image(app):
    """System Packages on a machine that looks like an atomic desktop: see atomic.py. Its rpm-ostree is a stand-in."""
    ui.key("Control", "q")
    ui.until(lambda: not app.roots(), "end of Bucket")
    machine = atomic.Machine()
    machine.make()
    machine.write("usr/bin/rpm-ostree", "")
    machine.write("repositories", "fish\npodman\n")
    ui.run("systemd-run", "--user", "--quiet", "--collect", f"--setenv=BKT_ROOT={atomic.FOLDER}", "--setenv=PATH=/standins:/usr/local/bin:/usr/bin", "bucket")
    app.window()
    ui.focus(APP_ID)
    ui.unmaximize()
    ui.resize(980, 640)
    app.find("list item", re.compile("^System Packages"))
    ui.key("Control", "2")
    app.find("list item", "fish", timeout=60)
    pictures("image")
    app.press("toggle button", "More for fish")
    app.press("menu item", "Apply Now…")
    dialog = app.find("dialog")
    pictures("image-apply-now")
    app.press("button", "Apply", within=dialog)
    app.wait_gone("dialog")
    ui.until(lambda: "restart" in app.find("list item", "fish").description, "fish, staged")
    ui.screenshot("/out/image-staged.png", window=True)


def containerfile(app):
    """What the image is built from, beside what the manifests say."""
    ui.resize(980, 640)
    if not open_page(app, "System Packages"):
        return
    app.press("button", "Containerfile")
    app.find("button", "Write Sections", timeout=60)
    pictures("containerfile")


def pictures(what):
    """The page that is shown: dark, light, narrow, and narrow with text twice its size."""
    for style in ("dark", "light"):
        ui.dark(style == "dark")
        ui.screenshot(f"/out/{what}-{style}.png", window=True)
    ui.resize(360, 640)
    ui.screenshot(f"/out/{what}-narrow.png", window=True)
    ui.run("gsettings", "set", INTERFACE, "text-scaling-factor", "2.0")
    ui.settle(1)
    ui.screenshot(f"/out/{what}-large.png", window=True)
    ui.run("gsettings", "reset", INTERFACE, "text-scaling-factor")
    ui.resize(980, 640)
    ui.settle(1)


def permissions(app):
    """The override editor: apps, changed permissions, one app, a path that is refused, what takes root, and the file."""
    ui.resize(980, 640)
    if not open_page(app, "Flatpaks"):
        return
    app.press("button", "Permissions of All Apps")
    app.find("list item", ui.starts("Notes,"), timeout=60)
    pictures("permissions-apps")
    app.press("radio button", "By Permission")
    app.find("list item", ui.starts("Network,"), timeout=60)
    pictures("permissions-changed")
    app.press("radio button", "By App")
    app.click("list item", ui.starts("Notes,"), timeout=60)
    app.find("radio button", "Network: Deny", timeout=60)
    ui.settle(1)
    pictures("permissions-app")
    ui.key("Control", "f")
    ui.type("add a path")
    entry = app.find("text", ui.starts("Add a Path"), timeout=60)
    entry.click()
    ui.type("../x")
    ui.key("Return")
    ui.settle(1)
    pictures("permissions-refused")
    ui.key("Control", "f")
    ui.key("Control", "a")
    ui.type("nothing like it")
    app.find("label", "No Permissions Found", timeout=60)
    pictures("permissions-nothing")
    ui.key("Escape")
    app.click("list item", "Override File", timeout=60)
    app.find("list item", ui.starts("Only on the system"), timeout=60)
    ui.settle(1)
    pictures("permissions-file")
    open_page(app, "Flatpaks")
    app.press("button", "Permissions of All Apps")
    app.click("list item", ui.starts("Maps"), timeout=60)
    app.press("radio button", "For Every User")
    app.find("button", "Network: Copy Command", timeout=60)
    ui.settle(1)
    pictures("permissions-every-user")


def settings(app):
    """Every installed setting: groups, a group, one setting, a search with and without results."""
    ui.resize(980, 640)
    if not open_page(app, "Settings"):
        return
    app.press("button", "All Settings")
    app.find("label", "Appearance", timeout=60)
    pictures("settings-all")
    app.find("label", "Appearance").click()
    app.find("label", "Accent color", timeout=60)
    ui.settle()
    pictures("settings-group")
    app.press("button", ui.starts("Details of Accent color"))
    app.find("label", "Schema and Key")
    pictures("settings-one")
    ui.key("Control", "f")
    ui.type("color")
    app.find("list item", ui.starts("Color scheme"), timeout=60)
    pictures("settings-search")
    ui.type(" nothing like it")
    app.find("label", "No Settings Found", timeout=60)
    pictures("settings-nothing")


def name(page):
    return "page-" + page.lower().replace(" ", "-")


main()
