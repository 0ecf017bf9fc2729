"""Opens Bucket on the lab's desktop and leaves screenshots in /out: wide and narrow, light and dark, and each page."""
import re

import ui

APP_ID = "org.bkt.Bucket"
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


def name(page):
    return "page-" + page.lower().replace(" ", "-")


main()
