#!/usr/bin/python3
"""A machine that looks like an atomic desktop, made below a folder: atomic.py [FOLDER] (/srv/atomic), for BKT_ROOT to name.

Takes a lab that images can be built in (`build-aux/dev lab --image`), for its RPM packages and the real rpm. What ostree and
rpm-ostree leave on a disk is made by hand, after their documentation: the deployments with their origins and links, /usr/etc
beside /etc, the kernel's command line. The databases are rpm's own work.

Every state has an example: layered from a repository (ripgrep), from a file (valgrind), replaced (tuned), removed (firefox),
staged (htop); kernel arguments of the image and of this machine; units enabled (cups), disabled (chronyd), masked
(power-profiles-daemon) and added (backup) here; files in /etc edited, added, deleted, and the noise that every machine has.
"""
import hashlib
import pathlib
import shutil
import subprocess
import sys

FOLDER = pathlib.Path("/srv/atomic")
RPMS = pathlib.Path("/srv/lab/rpm")
STATEROOT = "fedora"
IMAGE = "ostree-unverified-registry:registry.example/lab:latest"
KERNEL_ARGUMENTS = ["rw", "rhgb", "quiet"]
LOCAL_ARGUMENTS = ["mitigations=off"]
DATABASE = "usr/share/rpm"
BASE_DATABASE = "usr/lib/sysimage/rpm-ostree-base-db"
NOISE = {   # what a first boot and living on leave in /etc
    "machine-id": "0123456789abcdef0123456789abcdef\n", "hostname": "lab\n", ".updated": "# updated\n", "fstab": "\n", "passwd-": "root:x:0:0::/root:/bin/bash\n",
    "resolv.conf": "nameserver 192.0.2.1\n", "adjtime": "0.0 0 0.0\n", "ssh/ssh_host_ed25519_key.pub": "ssh-ed25519 AAAA lab\n",
    "NetworkManager/system-connections/home.nmconnection": "[connection]\nid=home\n", "locale.conf": "LANG=C.UTF-8\n",
}
BACKUP = "[Unit]\nDescription=Backs up\n[Service]\nType=oneshot\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n"


def sha(text):
    return hashlib.sha256(text.encode()).hexdigest()


def rpm_files(repository, *names):
    """The files of a repository's packages: all, or those of these names; of two versions the newer."""
    files = {}
    for file in sorted((RPMS / repository).glob("*.rpm")):
        files[file.name.rsplit("-", 2)[0]] = file
    return [files[name] for name in names] if names else list(files.values())


class Machine:
    def __init__(self, root=FOLDER):
        self.root = pathlib.Path(root)

    # Its parts ---------------------------------------------------------------------------------------------------

    def write(self, path, text=""):
        """A file below the root, written with the folders it takes."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        if file.is_symlink():
            file.unlink()
        file.write_text(text)
        return file

    def link(self, path, target):
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.unlink(missing_ok=True)
        file.symlink_to(target)

    def deployment(self, checksum, serial=0):
        return self.root / f"ostree/deploy/{STATEROOT}/deploy/{checksum}.{serial}"

    def rpm(self, database, *args):
        """The real rpm on one of the machine's databases."""
        return subprocess.run(["rpm", "--dbpath", database, *map(str, args)], check=True, capture_output=True, text=True).stdout

    def database(self, folder, install, erase=()):
        """A database with these packages, made by rpm."""
        folder.mkdir(parents=True)
        self.rpm(folder, "--install", "--justdb", "--nodeps", "--nosignature", "--noscripts", *install)
        if erase:
            self.rpm(folder, "--erase", "--justdb", "--nodeps", "--noscripts", *erase)

    def unpack(self, *files):
        """The contents of packages, below the root."""
        for file in files:
            with open(file, "rb") as package:
                archive = subprocess.run(["rpm2archive", "-n", "-"], stdin=package, check=True, capture_output=True).stdout
            subprocess.run(["tar", "-x", "-C", self.root], input=archive, check=True)

    def boot_entry(self, number, kernel, checksum):
        self.link(f"ostree/boot.{number}", f"boot.{number}.1")
        self.link(f"ostree/boot.{number}.1/{STATEROOT}/{kernel}/0", f"../../../deploy/{STATEROOT}/deploy/{checksum}.0")

    # All of it ---------------------------------------------------------------------------------------------------

    def make(self):
        self.root.mkdir(parents=True, exist_ok=True)
        for old in self.root.iterdir():   # not the folder: it may lie where only root makes one
            old.unlink() if old.is_symlink() or old.is_file() else shutil.rmtree(old)
        base = rpm_files("base")
        self.make_image(base)
        self.make_deployments(base)
        self.live()

    def make_image(self, base):
        """/usr and /usr/etc, as the image has them."""
        self.unpack(*[file for file in base if not file.name.startswith("firefox")], *rpm_files("fedora", "ripgrep", "valgrind", "tuned"))
        shutil.move(self.root / "etc", self.root / "usr/etc")
        self.write("usr/etc/fstab", "\n")
        self.write("usr/etc/locale.conf", "LANG=en_US.UTF-8\n")
        self.write("usr/etc/passwd", "root:x:0:0::/root:/bin/bash\n")
        self.write("usr/etc/lab/kept.conf", "kept = yes\n")
        self.write("usr/etc/lab/gone.conf", "gone = no\n")
        self.write("usr/lib/bootc/kargs.d/10-lab.toml", 'kargs = ["quiet", "rhgb"]\nmatch-architectures = ["x86_64", "aarch64"]\n')
        # As Fedora has them: what nobody names is off until somebody enables it.
        self.write("usr/lib/systemd/system-preset/90-default.preset", "enable chronyd.service\nenable power-profiles-daemon.service\n")
        self.write("usr/lib/systemd/system-preset/99-default-disable.preset", "disable *\n")
        self.write("usr/bin/bootc", "#!/bin/sh\n")
        self.write("usr/share/ublue-os/image-info.json", '{"image-name": "lab", "image-ref": "ostree-image-signed:docker://registry.example/lab", "image-tag": "latest"}\n')
        shutil.copytree(self.root / "usr/etc", self.root / "etc", symlinks=True)

    def make_deployments(self, base):
        booted, staged, before = sha("booted"), sha("staged"), sha("before")
        kernel = sha("kernel")
        layered = rpm_files("fedora", "ripgrep", "valgrind", "tuned")
        kept = [file for file in base if not file.name.startswith(("firefox", "tuned"))]

        folder = self.deployment(booted)
        folder.mkdir(parents=True)
        for name in ("usr", "etc"):   # on a real machine, mounts of these
            (folder / name).symlink_to(f"../../../../../{name}")
        self.database(self.root / BASE_DATABASE, base)
        self.database(self.root / DATABASE, kept + layered)
        self.link("usr/lib/sysimage/rpm", "../../share/rpm")
        requests = ("[packages]\nrequested=ripgrep;\nrequested-local={sum}:valgrind-3.25-1.lab.noarch;\n"
                    "[overrides]\nremove=firefox;firefox-langpacks;\nreplace-local={sum}:tuned-2.25.1-1.lab.noarch;\n")
        origin = f"[origin]\ncontainer-image-reference={IMAGE}\n"
        requests = requests.format(sum=sha("package"))
        self.write(folder.relative_to(self.root).with_name(f"{booted}.0.origin"), origin + requests)

        folder = self.deployment(before)
        self.database(folder / DATABASE, [file for file in base if not file.name.startswith("cups")])
        self.write(folder.relative_to(self.root).with_name(f"{before}.0.origin"), origin)

        folder = self.deployment(staged)
        self.database(folder / BASE_DATABASE, base)
        self.database(folder / DATABASE, kept + layered + rpm_files("fedora", "htop", "hwloc-libs"))
        self.write(folder.relative_to(self.root).with_name(f"{staged}.0.origin"), origin + requests.replace("ripgrep;", "ripgrep;htop;"))

        self.boot_entry(1, kernel, booted)
        self.boot_entry(0, sha("kernel before"), before)
        arguments = [f"BOOT_IMAGE=(hd0,gpt2)/ostree/{STATEROOT}-{kernel}/vmlinuz", "root=UUID=00000000-0000-4000-8000-000000000001",
                     *KERNEL_ARGUMENTS, f"ostree=/ostree/boot.1/{STATEROOT}/{kernel}/0", *LOCAL_ARGUMENTS]
        self.write("proc/cmdline", " ".join(arguments) + "\n")
        self.write("run/ostree-booted")
        self.write("run/ostree/staged-deployment")

    def live(self):
        """What a person did since, and what a machine does by itself."""
        for path, text in NOISE.items():
            self.write(f"etc/{path}", text)
        self.write("etc/tuned/tuned-main.conf", "daemon = 1\nsleep_interval = 5\n")
        self.write("etc/lab/local.conf", "local = yes\n")
        (self.root / "etc/lab/gone.conf").unlink()
        units = "etc/systemd/system"
        wants = f"{units}/multi-user.target.wants"
        (self.root / wants / "chronyd.service").unlink()
        self.link(f"{wants}/cups.service", "/usr/lib/systemd/system/cups.service")
        self.link(f"{units}/power-profiles-daemon.service", "/dev/null")
        self.write(f"{units}/backup.service", BACKUP)
        self.link(f"{wants}/backup.service", f"/{units}/backup.service")
        for name, enabled in (("atim/starship", 1), ("example/off", 0)):
            identity = f"copr:copr.fedorainfracloud.org:{name.replace('/', ':')}"
            self.write(f"etc/yum.repos.d/_{identity}.repo",
                       f"[{identity}]\nname=Copr repo for {name}\nbaseurl=https://download.copr.fedorainfracloud.org/results/{name}/fedora-$releasever-$basearch/\n"
                       f"type=rpm-md\nskip_if_unavailable=True\ngpgcheck=1\ngpgkey=https://download.copr.fedorainfracloud.org/results/{name}/pubkey.gpg\n"
                       f"repo_gpgcheck=0\nenabled={enabled}\nenabled_metadata=1\n")


if __name__ == "__main__":
    Machine(*sys.argv[1:2]).make()
