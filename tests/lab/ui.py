#!/usr/bin/python3 -Wignore
"""Drives programs on the lab's desktop, from inside the session, as a person with a screen reader would.

Widgets are found by application, role and accessible name in the accessibility tree; pointer and keyboard are real
Wayland input devices. Programs need no hooks for it.

    import ui
    app = ui.App("bucket")                       # the name a program gives the accessibility bus
    app.window("Bucket")                         # waits for the frame, and returns it
    app.click("label", "Flatpaks")               # waits for it, and clicks in its middle with the pointer
    app.press("button", "Capture")               # waits for it, and does its first action (no pointer needed)
    row = app.find("list item", "Notes")         # a Node; every call below takes the same arguments, or is a Node's
    app.find("button", "Apply", within=row)      # inside another node
    app.find("button", ui.starts("Apply"))       # a name may be a text, a function, a compiled pattern, or None for any
    app.all("list item")                         # those there are right now, maybe none
    app.wait_gone("dialog", "Plan")
    app.set_text("text", "Search", "notes")      # replaces the text; type() presses keys instead
    node.name, node.role, node.states, node.description, node.text, node.value, node.parent, node.children
    ui.type("fire"), ui.key("Control", "f")      # to whatever has the focus
    ui.until(lambda: condition, "what for")      # waits for anything
    ui.screenshot("/out/a.png"), ui.screenshot("/out/a.png", window=True)
    ui.resize(360, 640), ui.unmaximize(), ui.dark(True), ui.focus("org.bkt.Bucket")
    ui.authenticate()                            # types the password into polkit's dialog
    ui.run("flatpak", "list"), ui.settle()       # what a command prints; time for the screen to be drawn
    ui.shell("global.display.focus_window.title")  # JavaScript in GNOME Shell; the result comes back as a value

What is looked for must be on screen ("showing"); `hidden=True` also finds what is not. Nothing found in time raises
ui.NotFound, whose message holds the application's tree. Roles are those of `lab-ui tree`: "button", "check box" (also of a
switch), "label", "text", "list item", "frame", "dialog".

On the command line, with the same words: lab-ui tree [APP] | find|gone|click|hover|press|states APP ROLE NAME |
text APP ROLE NAME VALUE | type TEXT | key NAME… | screenshot FILE | window FILE | resize W H | dark|light | eval JS | ready
"""
import json
import re
import subprocess
import sys
import time

import gi

gi.require_version("Atspi", "2.0")
from gi.repository import Atspi, Gio, GLib  # noqa: E402

TIMEOUT = 30   # a wait ends when it can; this is for a machine that is busy with other things
POLL = 0.05
BUS = Gio.bus_get_sync(Gio.BusType.SESSION)


class Error(Exception):
    """Something could not be done; the message says what."""


class NotFound(Error):
    """A widget did not appear in time."""


# GNOME Shell ---------------------------------------------------------------------------------------------------

def call(name, path, interface, method, signature=None, *args, timeout=10):
    """One D-Bus call on the session bus; the reply as Python values."""
    parameters = GLib.Variant(signature, args) if signature else None
    return BUS.call_sync(name, path, interface, method, parameters, None, 0, timeout * 1000, None).unpack()


def shell(script):
    """The value of a JavaScript expression in GNOME Shell (which runs with --unsafe-mode)."""
    ok, result = call("org.gnome.Shell", "/org/gnome/Shell", "org.gnome.Shell", "Eval", "(s)", script)
    if not ok:
        raise Error(f"GNOME Shell: {result}, in: {script}")
    return json.loads(result) if result else None


def until(condition, what, timeout=TIMEOUT):
    """Waits until condition() is true, and returns what it returned."""
    end = time.monotonic() + timeout
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > end:
            raise Error(f"after {timeout} s there is still no {what}")
        time.sleep(POLL)


def run(*argv, timeout=60):
    """What a command prints; an Error with all it said if it fails."""
    done = subprocess.run(argv, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=timeout, check=False)
    if done.returncode:
        raise Error(f"{' '.join(argv)}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def settle(seconds=0.5):
    """Gives the screen time to be drawn: for pictures. What a test waits for has find() and until()."""
    time.sleep(seconds)


def ready():
    """Waits for GNOME Shell to finish starting, leaves the overview, and makes the input devices.

    The start-up animation opens the overview again, so it must be over. The devices come before any program, because one
    that sees the pointer appear loses its first click.
    """
    def desktop():
        return shell("Main.layoutManager._startingUp ? 1 : (Main.overview.hide(), Main.overview.visible ? 2 : 0)") == 0
    until(desktop, "desktop without the overview", 30)
    _input("0")


# Pointer and keyboard ------------------------------------------------------------------------------------------

# Virtual devices inside the Shell give real Wayland events at absolute places, and no sharing badge.
DEVICES = """let C = imports.gi.Clutter, seat = C.get_default_backend().get_default_seat();
global._lab ??= {pointer: seat.create_virtual_device(C.InputDeviceType.POINTER_DEVICE),
                 keyboard: seat.create_virtual_device(C.InputDeviceType.KEYBOARD_DEVICE)};
let {pointer, keyboard} = global._lab, now = () => imports.gi.GLib.get_monotonic_time();"""

KEYS = dict(Return=0xFF0D, Enter=0xFF0D, Tab=0xFF09, Escape=0xFF1B, BackSpace=0xFF08, Delete=0xFFFF, space=0x20,
            Home=0xFF50, End=0xFF57, Left=0xFF51, Up=0xFF52, Right=0xFF53, Down=0xFF54, Page_Up=0xFF55, Page_Down=0xFF56,
            Shift=0xFFE1, Control=0xFFE3, Alt=0xFFE9, Super=0xFFEB, Menu=0xFF67, comma=0x2C, question=0x3F,
            **{f"F{n}": 0xFFBD + n for n in range(1, 13)})


def _input(script):
    shell(DEVICES + script)


def move(x, y):
    """Puts the pointer at a place of the screen."""
    _input(f"pointer.notify_absolute_motion(now(), {x}, {y}); 0")
    time.sleep(0.05)


def click_at(x, y):
    """Clicks at a place of the screen."""
    move(x, y)
    _input("pointer.notify_button(now(), 1, 1); pointer.notify_button(now(), 1, 0); 0")
    time.sleep(0.1)


def key(*names):
    """Presses keys together: key("Control", "f")."""
    values = [KEYS[n] if n in KEYS else ord(n) for n in names]
    events = [(v, 1) for v in values] + [(v, 0) for v in reversed(values)]
    _input("".join(f"keyboard.notify_keyval(now(), {v}, {s});" for v, s in events) + "0")
    time.sleep(0.03)


def type(text):  # noqa: A001 - reads best as ui.type
    """Types text into whatever has the focus."""
    for character in text:
        key(character)


# The screen ----------------------------------------------------------------------------------------------------

def screenshot(file, window=False):
    """A PNG of the screen, or of the focused window alone."""
    method, signature, args = ("ScreenshotWindow", "(bbbs)", (True, False, False)) if window else ("Screenshot", "(bbs)", (False, False))
    ok, path = call("org.gnome.Shell.Screenshot", "/org/gnome/Shell/Screenshot", "org.gnome.Shell.Screenshot", method, signature, *args, str(file))
    if not ok:
        raise Error(f"no screenshot could be written to {file}")
    return path


def focus(app_id):
    """Brings a program's window to the front."""
    def activate():
        return shell(f"""(() => {{ let w = global.get_window_actors().map(a => a.meta_window)
            .find(w => w.get_gtk_application_id() === '{app_id}' || w.get_wm_class() === '{app_id}');
            if (!w) return false; Main.overview.hide(); w.activate(0); return global.display.focus_window === w; }})()""")
    until(activate, f"focused window of {app_id}")


def unmaximize():
    """Makes the focused window floating."""
    shell("global.display.focus_window.unmaximize(3); 0")
    time.sleep(0.2)


def resize(width, height):
    """Resizes the focused window and waits for it; returns the size it took, which its minimum may have raised."""
    frame = "(r => [r.x, r.y, r.width, r.height])(global.display.focus_window.get_frame_rect())"
    shell(f"global.display.focus_window.move_resize_frame(true, (1280 - {width}) / 2, 32 + (768 - {height}) / 2, {width}, {height}); 0")
    last = None
    for attempt in range(40):
        now = shell(frame)
        if now[2:] == [width, height] or attempt > 10 and now == last:
            break
        last = now
        time.sleep(POLL)
    time.sleep(0.2)
    return tuple(shell(frame)[2:])


def dark(on):
    """Switches the desktop's style."""
    Gio.Settings.new("org.gnome.desktop.interface").set_string("color-scheme", "prefer-dark" if on else "default")
    Gio.Settings.sync()
    time.sleep(0.5)


# Widgets -------------------------------------------------------------------------------------------------------

def starts(text):
    """A name that starts with text."""
    return lambda name: name.startswith(text)


def contains(text):
    """A name that contains text."""
    return lambda name: text in name


def _matches(wanted, value):
    if wanted is None:
        return True
    if isinstance(wanted, str):
        return wanted == value
    if isinstance(wanted, re.Pattern):
        return wanted.search(value) is not None
    return wanted(value)


def _words(wanted):
    return "any" if wanted is None else repr(getattr(wanted, "pattern", wanted))


class Node:
    """One accessible object. Its properties are read anew each time: the tree changes under our feet."""

    def __init__(self, accessible, app):
        self.accessible, self.app = accessible, app

    def __repr__(self):
        return f"<{self.role} {self.name!r}>"

    name = property(lambda self: self.accessible.get_name() or "")
    role = property(lambda self: self.accessible.get_role_name() or "")
    description = property(lambda self: self.accessible.get_description() or "")
    parent = property(lambda self: Node(self.accessible.get_parent(), self.app))
    states = property(lambda self: {s.value_nick for s in self.accessible.get_state_set().get_states()})
    value = property(lambda self: self.accessible.get_value_iface() and self.accessible.get_current_value())

    @property
    def text(self):
        """What a text widget holds, or a label shows."""
        if not self.accessible.get_text_iface():
            return ""
        return Atspi.Text.get_text(self.accessible, 0, Atspi.Text.get_character_count(self.accessible))

    @property
    def children(self):
        """What is directly below it, as far as it is still there."""
        found = []
        for i in range(self.accessible.get_child_count()):
            child = self.accessible.get_child_at_index(i)
            if child:
                found.append(Node(child, self.app))
        return found

    @property
    def actions(self):
        if not self.accessible.get_action_iface():
            return []
        return [self.accessible.get_action_name(i) for i in range(self.accessible.get_n_actions())]

    def walk(self, depth=0):
        """This node and all below it, each with its depth. A branch that goes away meanwhile is left out."""
        yield self, depth
        try:
            children = self.children
        except GLib.Error:
            return
        for child in children:
            yield from child.walk(depth + 1)

    def place(self):
        """Where it is in its window, once it has stopped moving: pages slide in, and rows come and go above it."""
        last, end = None, time.monotonic() + TIMEOUT
        while True:
            box = self.accessible.get_extents(Atspi.CoordType.WINDOW)
            now = (box.x, box.y, box.width, box.height)
            if now == last and box.width > 0:
                return box
            if time.monotonic() > end:
                raise Error(f"{self} does not stand still: {last}, {now}")
            last = now
            time.sleep(2 * POLL)

    def middle(self):
        """Its middle, on the screen."""
        box = self.place()
        x, y = box.x + box.width // 2, box.y + box.height // 2
        if self.app.name == "gnome-shell":
            return x, y
        # GTK counts from the window's visible edge; only the Shell knows where on the screen that is.
        frame = shell("(w => w ? (r => [r.x, r.y])(w.get_frame_rect()) : null)(global.display.focus_window)")
        if frame is None:
            raise Error(f"no window has the focus, so {self} cannot be pointed at")
        return x + frame[0], y + frame[1]

    def click(self):
        """Clicks it with the pointer. It must not be hidden behind something or scrolled away."""
        click_at(*self.middle())

    def hover(self):
        """Puts the pointer on it."""
        move(*self.middle())

    def press(self):
        """Does its first action, as a screen reader would."""
        if not self.actions:
            raise Error(f"{self} has no action: click() it")
        if not self.accessible.do_action(0):
            raise Error(f"{self} refused its action")
        time.sleep(POLL)

    def set_text(self, value):
        if not Atspi.EditableText.set_text_contents(self.accessible, value):
            raise Error(f"{self} did not take the text")

    def tree(self):
        """It and what is below it on screen, one line each, indented."""
        lines = []
        for node, depth in self.walk():
            try:
                states = node.states
                if "showing" in states or depth < 2:
                    marks = sorted(states & {"checked", "selected", "focused", "expanded", "insensitive"})
                    if "sensitive" not in states and depth > 1:
                        marks.append("insensitive")
                    text = node.text
                    shown = f" text={text!r}" if text and text != node.name else ""
                    lines.append("  " * depth + " ".join([node.role, repr(node.name) + shown, *marks, *(f"[{a}]" for a in node.actions[:2])]))
            except GLib.Error:
                lines.append("  " * depth + "(gone)")
        return "\n".join(lines)


class App:
    """One program on the accessibility bus, by the name it gives itself."""

    def __init__(self, name, timeout=TIMEOUT):
        self.name, self.timeout = name, timeout

    def roots(self):
        """The program's top objects; none while it does not run."""
        desktop = Atspi.get_desktop(0)
        found = (desktop.get_child_at_index(i) for i in range(desktop.get_child_count()))
        return [Node(a, self) for a in found if a and a.get_name() == self.name]

    def all(self, role, name=None, within=None, hidden=False):
        """Those there are right now. The ones that can act come first: a switch row and its switch share role and name."""
        try:
            top = [within] if within else self.roots()
            found = [n for t in top for n, _ in t.walk()
                     if n.role == role and _matches(name, n.name) and (hidden or "showing" in n.states)]
            return sorted(found, key=lambda n: not n.actions)
        except GLib.Error:  # the tree changed while we looked
            return []

    def find(self, role, name=None, within=None, hidden=False, timeout=None):
        """The first of those, waited for."""
        timeout = self.timeout if timeout is None else timeout
        end = time.monotonic() + timeout
        while True:
            found = self.all(role, name, within, hidden)
            if found:
                return found[0]
            if time.monotonic() > end:
                raise NotFound(f"{self.name}: no {role!r} named {_words(name)} within {timeout} s; there is:\n{self.tree()}")
            time.sleep(POLL)

    def wait_gone(self, role, name=None, within=None, timeout=None):
        """Waits until there is none."""
        timeout = self.timeout if timeout is None else timeout
        end = time.monotonic() + timeout
        while self.all(role, name, within):
            if time.monotonic() > end:
                raise Error(f"{self.name}: {role!r} named {_words(name)} is still there after {timeout} s:\n{self.tree()}")
            time.sleep(POLL)

    def window(self, name=None, timeout=20):
        """The program's frame, waited for."""
        return self.find("frame", name, timeout=timeout)

    def click(self, role, name=None, **where):
        self.find(role, name, **where).click()

    def hover(self, role, name=None, **where):
        self.find(role, name, **where).hover()

    def press(self, role, name=None, **where):
        self.find(role, name, **where).press()

    def set_text(self, role, name, value, **where):
        self.find(role, name, **where).set_text(value)

    def tree(self):
        """The whole tree as text, or a line that says the program is not there."""
        try:
            return "\n".join(root.tree() for root in self.roots()) or f"({self.name} is not on the accessibility bus; there are: {', '.join(apps())})"
        except GLib.Error as error:
            return f"(the tree could not be read: {error.message})"


def apps():
    """The names of all programs on the accessibility bus."""
    desktop = Atspi.get_desktop(0)
    return [a.get_name() for a in (desktop.get_child_at_index(i) for i in range(desktop.get_child_count())) if a]


def authenticate(password="lab"):
    """Waits for the desktop's password dialog, and answers it."""
    App("gnome-shell").find("password text")
    time.sleep(0.2)   # it appears before it takes keys
    type(password)
    key("Return")


def main(command, *args):
    """The command line; see the top of this file."""
    if command == "tree":
        for name in args or apps():
            print(App(name).tree())
    elif command in ("find", "states", "click", "hover", "press"):
        node = App(args[0]).find(*args[1:])
        print(*sorted(node.states)) if command == "states" else print(node) if command == "find" else getattr(node, command)()
    elif command == "gone":
        App(args[0]).wait_gone(*args[1:])
    elif command == "text":
        App(args[0]).set_text(*args[1:])
    elif command in ("dark", "light"):
        dark(command == "dark")
    else:
        simple = {"type": type, "key": key, "screenshot": screenshot, "window": lambda f: screenshot(f, window=True),
                  "resize": lambda w, h: resize(int(w), int(h)), "eval": shell, "ready": ready, "focus": focus}
        if command not in simple:
            sys.exit(__doc__)
        result = simple[command](*args)
        if result is not None:
            print(result)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:] or ["help"])
    except (Error, GLib.Error) as error:
        sys.exit(f"lab-ui: {error}")
