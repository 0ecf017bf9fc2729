"""Opens Bucket on the lab's desktop and leaves screenshots in /out: wide and narrow, light and dark, and each page."""
import re

import ui

APP_ID = "org.bkt.Bucket"
INTERFACE = "org.gnome.desktop.interface"
PAGES = ["Flatpaks", "Extensions", "Settings", "History", "Command Log"]


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
    settings(app)


def settings(app):
    """Every installed setting: groups, a group, one setting, a search with and without results."""
    def pictures(what):
        for style in ("dark", "light"):
            ui.dark(style == "dark")
            ui.screenshot(f"/out/settings-{what}-{style}.png", window=True)
        ui.resize(360, 640)
        ui.screenshot(f"/out/settings-{what}-narrow.png", window=True)
        ui.run("gsettings", "set", INTERFACE, "text-scaling-factor", "2.0")
        ui.settle(1)
        ui.screenshot(f"/out/settings-{what}-large.png", window=True)
        ui.run("gsettings", "reset", INTERFACE, "text-scaling-factor")
        ui.resize(980, 640)
        ui.settle(1)
    ui.resize(980, 640)
    if not open_page(app, "Settings"):
        return
    app.press("button", "All Settings")
    app.find("label", "Appearance", timeout=60)
    pictures("all")
    app.find("label", "Appearance").click()
    app.find("label", "Accent color", timeout=60)
    ui.settle()
    pictures("group")
    app.press("button", ui.starts("Details of Accent color"))
    app.find("label", "Schema and Key")
    pictures("one")
    ui.key("Control", "f")
    ui.type("color")
    app.find("list item", ui.starts("Color scheme"), timeout=60)
    pictures("search")
    ui.type(" nothing like it")
    app.find("label", "No Settings Found", timeout=60)
    pictures("nothing")


def name(page):
    return "page-" + page.lower().replace(" ", "-")


main()
