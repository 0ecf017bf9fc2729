"""Development boxes in a lab test: their images, and real distrobox, podman and package managers, used as a person would.

Takes a lab with boxes (`# Needs: boxes`). The images are made by tests/lab/box; each has the lab's packages to install from, and
`nano` installed from them.
"""
import json
import subprocess

from case import Case

IMAGES = {"apt": "localhost/lab-apt:1", "dnf": "localhost/lab-dnf:1", "dnf5": "localhost/lab-dnf5:1"}
INSTALL = {"apt": ["apt-get", "install", "-qq", "-y"], "dnf": ["dnf", "install", "-q", "-y"], "dnf5": ["dnf5", "install", "-q", "-y"]}
REMOVE = {"apt": ["apt-get", "remove", "-qq", "-y"], "dnf": ["dnf", "remove", "-q", "-y"], "dnf5": ["dnf5", "remove", "-q", "-y"]}
CHOSEN = {"apt": ["apt-mark", "showmanual"], "dnf": ["dnf", "repoquery", "--userinstalled", "--qf", "%{name}"],
          "dnf5": ["dnf5", "repoquery", "--userinstalled", "--qf", "%{name}\n"]}
ALL = {"apt": ["dpkg-query", "-W", "-f", "${Package}\\n"], "dnf": ["rpm", "-qa", "--qf", "%{NAME}\\n"], "dnf5": ["rpm", "-qa", "--qf", "%{NAME}\\n"]}


def take(*kinds):
    """The images of some kinds, imported into the user's podman at the same time."""
    running = [subprocess.Popen(["podman", "import", "-q", f"/srv/lab/box-{kind}.tar", IMAGES[kind]], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
               for kind in kinds]
    for one in running:
        said, _ = one.communicate(timeout=120)
        if one.returncode:
            raise AssertionError(said)


class Boxes(Case):
    """What a person does with boxes, by hand."""

    def create(self, name, kind, *args):
        """A box made by distrobox itself, and entered once, so that it is set up. Its kind is what installs in it."""
        self.run_ok("distrobox", "create", "--yes", "--no-entry", "--name", name, "--image", IMAGES[kind], *args, timeout=120)
        self.inside(name, "true")

    def inside(self, name, *argv, **kwargs):
        """What a command printed that was run in a box by the person."""
        kwargs.setdefault("timeout", 120)
        return self.run_ok("distrobox", "enter", "--no-tty", name, "--", *argv, **kwargs)

    def install(self, name, kind, *packages):
        self.inside(name, "sudo", *INSTALL[kind], *packages)

    def remove(self, name, kind, *packages):
        self.inside(name, "sudo", *REMOVE[kind], *packages)

    def chosen(self, name, kind):
        """Names of what the box's own package manager says was asked for."""
        return set(self.inside(name, *CHOSEN[kind]).split())

    def packages(self, name, kind):
        """Names of all that is installed."""
        return set(self.inside(name, *ALL[kind]).split())

    def inspect(self, name):
        return json.loads(self.run_ok("podman", "container", "inspect", name))[0]

    def identity(self, name):
        return self.inspect(name)["Id"]

    def identities(self):
        """Of all containers there are, by name: in one answer, also while they come and go."""
        return dict(line.split() for line in self.run_ok("podman", "ps", "--all", "--no-trunc", "--format", "{{.Names}} {{.ID}}").splitlines())

    def state(self, name):
        return self.inspect(name)["State"]["Status"]

    def names(self):
        """Of all containers there are."""
        return set(self.run_ok("podman", "ps", "--all", "--format", "{{.Names}}").split())

    def stop(self, *names):
        self.run_ok("podman", "stop", "--time", "0", *names)

    def delete(self, *names):
        self.run_ok("podman", "rm", "--force", "--time", "0", *names)
