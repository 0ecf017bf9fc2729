//! The image this machine was started from, the one that comes next, and what was asked for on top of them.
//!
//! All of it is read from files, without a daemon: the kernel's command line names a link below `/ostree/boot.N`, which
//! leads to a deployment's directory, and beside that lies its `.origin`, a key file that rpm-ostree and ostree write.
//! The formats are theirs: <https://ostreedev.github.io/ostree/deployment/>,
//! <https://coreos.github.io/rpm-ostree/administrator-handbook/>.

use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use glib::{Variant, VariantDict};
use thiserror::Error;

use super::Host;
use super::fs::{self, FsError};
use super::keyfile::{Keyfile, KeyfileError};
use crate::core::item::{Barred, Live, Records, WantedItems};
use crate::core::names::ImageRef;
use crate::words::gettext;

/// Written by ostree when it starts the machine.
const BOOTED: &str = "/run/ostree-booted";
/// There while a deployment waits for the shutdown to become the next one.
const STAGED: &str = "/run/ostree/staged-deployment";
/// The deployments, and the links that boot entries name.
const OSTREE: &str = "/ostree";

/// Whether this machine was started from an image: by ostree, or by bootc with composefs alone.
///
/// The first is told by `/run/ostree-booted`, the second by a kernel argument.
pub fn is_image(host: &Host) -> bool {
    host.path(BOOTED).exists()
        || fs::read(&host.path("/proc/cmdline")).ok().flatten().is_some_and(|line| {
            line.split_ascii_whitespace().any(|arg| arg.starts_with("composefs="))
        })
}

/// What is to be said of `wanted` on a machine that was not started from an image: it is meant for others.
pub fn not_here(wanted: &WantedItems) -> Records {
    let mut records = Records::default();
    for key in wanted.keys() {
        let reason = gettext("This machine was not started from an image");
        records.insert(key.clone(), Live::absent().barred(Some(Barred::NotHere(reason))));
    }
    records
}

/// The deployments could not be told.
#[derive(Debug, Error)]
pub enum DeploymentError {
    /// A file of ostree's could not be read.
    #[error(transparent)]
    File(#[from] FsError),
    /// A deployment's origin is not the key file it should be.
    #[error("{}: {source}", path.display())]
    Origin {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        #[source]
        source: KeyfileError,
    },
    /// The deployment that was started cannot be told.
    #[error("which deployment this machine was started from could not be told: {0}")]
    NotFound(String),
}

/// What was asked of rpm-ostree for a deployment, and where its base comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The container image, with how its signature is checked: `ostree-image-signed:docker://example.org/os`.
    pub image: Option<String>,
    /// Where there is no image: the ostree branch, `remote:branch`.
    pub refspec: Option<String>,
    /// Packages that were requested from repositories: names, or other things that a package provides.
    pub requested: Vec<String>,
    /// Packages that were requested as files, each as name-version-release.arch.
    pub requested_local: Vec<String>,
    /// Names of packages of the base that were removed.
    pub removed: Vec<String>,
    /// Packages that stand in the place of the base's: those from files as name-version-release.arch, those from a
    /// repository as `repo=name,package`.
    pub replaced: Vec<String>,
    /// Whether the initramfs is made on this machine, or files of it are.
    pub initramfs: bool,
    /// Whether cleaning up leaves the deployment alone.
    pub pinned: bool,
    /// Whether bootc leaves updates of this deployment to rpm-ostree: something was asked for on top of the base.
    pub holds_back_bootc: bool,
}

impl Origin {
    /// Reads an origin.
    pub fn parse(text: &str) -> Result<Self, KeyfileError> {
        let file = Keyfile::parse(text)?;
        let list = |group: &str, key: &str| file.list(group, key).unwrap_or_default();
        let text = |key: &str| file.text("origin", key).filter(|text| !text.is_empty());
        // `SHA256:name-version-release.arch`
        let nevra = |entry: String| match entry.split_once(':') {
            Some((sum, nevra)) if is_checksum(sum) => nevra.to_owned(),
            _ => entry,
        };
        let mut requested_local = list("packages", "requested-local");
        requested_local.extend(list("packages", "requested-local-fileoverride"));
        let replaced = list("overrides", "replace-local").into_iter().map(nevra);
        let layers = ["packages", "overrides", "modules", "rpmostree"];
        Ok(Self {
            image: text("container-image-reference"),
            refspec: text("refspec").or_else(|| text("baserefspec")),
            requested: list("packages", "requested"),
            requested_local: requested_local.into_iter().map(nevra).collect(),
            removed: list("overrides", "remove"),
            replaced: replaced.chain(list("overrides", "replace")).collect(),
            initramfs: file.flag("rpmostree", "regenerate-initramfs") == Some(true)
                || !list("rpmostree", "initramfs-etc").is_empty(),
            pinned: file.flag("libostree-transient", "pinned") == Some(true),
            holds_back_bootc: file.groups().any(|group| layers.contains(&group)),
        })
    }

    /// The image's name in a registry, without how it is fetched and checked; `None` where it comes from elsewhere.
    ///
    /// ostree-ext's notation: `ostree-unverified-registry:NAME`, `ostree-image-signed:docker://NAME`, and
    /// `ostree-remote-image:REMOTE:docker://NAME`, each also with `registry:` for `docker://`.
    pub fn published(&self) -> Option<ImageRef> {
        let image = self.image.as_deref()?;
        let (how, rest) = image.split_once(':')?;
        let rest = match how {
            "ostree-unverified-registry" => return rest.parse().ok(),
            "ostree-remote-registry" => return rest.split_once(':')?.1.parse().ok(),
            "ostree-remote-image" => rest.split_once(':')?.1,
            "ostree-image-signed" | "ostree-unverified-image" => rest,
            _ => return None,
        };
        let name = rest.strip_prefix("docker://").or_else(|| rest.strip_prefix("registry:"))?;
        name.parse().ok()
    }
}

/// One deployment: a whole system that can be started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deployment {
    /// The system it belongs to, which shares one `/var`. Empty where ostree is not used.
    pub stateroot: String,
    /// Its commit, which is of its content: SHA-256 in hex; where ostree is not used, the digest composefs names.
    pub checksum: String,
    /// Tells deployments of the same commit apart.
    pub serial: u32,
    /// Its root directory, as the image made it: what was written into a transient overlay is not there.
    pub dir: PathBuf,
    /// What it was made from.
    pub origin: Origin,
}

/// The deployments of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deployments {
    /// The one that runs.
    pub booted: Deployment,
    /// The one that is made ready for the next start.
    pub staged: Option<Deployment>,
    /// The others: the previous one, pinned ones.
    pub others: Vec<Deployment>,
}

impl Deployments {
    /// The deployment that the next start brings. Somebody who chose a rollback has to start into it first.
    pub fn next(&self) -> &Deployment {
        self.staged.as_ref().unwrap_or(&self.booted)
    }

    /// The deployment that ran before: of those that nobody pinned, of the same system, the one made last.
    pub fn rollback(&self) -> Option<&Deployment> {
        let same = |one: &&Deployment| one.stateroot == self.booted.stateroot;
        self.others.iter().filter(same).max_by_key(|one| {
            let made = std::fs::metadata(origin_path(&one.dir));
            (!one.origin.pinned, made.map(|file| (file.mtime(), file.mtime_nsec())).ok())
        })
    }
}

/// Where a deployment has a path of its image: ostree keeps the image's `/etc` as `/usr/etc`.
pub fn in_image(path: &str) -> String {
    match path.strip_prefix("/etc") {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => format!("/usr/etc{rest}"),
        _ => path.to_owned(),
    }
}

/// Where a boot entry's link leads to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    stateroot: String,
    checksum: String,
    serial: u32,
}

impl Place {
    fn new(stateroot: &str, name: &str) -> Option<Self> {
        let (checksum, serial) = name.split_once('.')?;
        Some(Self {
            stateroot: stateroot.to_owned(),
            checksum: is_checksum(checksum).then(|| checksum.to_owned())?,
            serial: serial.parse().ok()?,
        })
    }

    /// Reads a link's text: `../../../deploy/STATEROOT/deploy/CHECKSUM.SERIAL`.
    fn of_link(text: &str) -> Option<Self> {
        let mut parts = text.trim_end_matches('/').rsplit('/');
        let (name, deploy, stateroot) = (parts.next()?, parts.next()?, parts.next()?);
        if deploy != "deploy" { None } else { Self::new(stateroot, name) }
    }

    fn dir(&self, host: &Host) -> PathBuf {
        let Self { stateroot, checksum, serial } = self;
        host.path(&format!("{OSTREE}/deploy/{stateroot}/deploy/{checksum}.{serial}"))
    }

    fn read(&self, host: &Host) -> Result<Deployment, DeploymentError> {
        let dir = self.dir(host);
        let path = origin_path(&dir);
        let text = fs::read(&path)?.unwrap_or_default();
        let origin = Origin::parse(&text)
            .map_err(|source| DeploymentError::Origin { path: path.clone(), source })?;
        let Self { stateroot, checksum, serial } = self.clone();
        Ok(Deployment { stateroot, checksum, serial, dir, origin })
    }
}

fn origin_path(dir: &Path) -> PathBuf {
    let name = dir.file_name().unwrap_or_default().to_string_lossy();
    dir.with_file_name(format!("{name}.origin"))
}

fn is_checksum(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// The value of a kernel argument; of one that stands there twice, the last.
fn argument<'a>(cmdline: &'a str, name: &str) -> Option<&'a str> {
    let value = |arg: &'a str| arg.strip_prefix(name)?.strip_prefix('=');
    cmdline.split_ascii_whitespace().filter_map(value).next_back()
}

/// The device and inode of the started deployment's directory, from the content of `/run/ostree-booted`. Older ostree
/// leaves that file empty.
fn started_as(content: &[u8]) -> Option<(u64, u64)> {
    if content.is_empty() {
        return None;
    }
    let told = Variant::from_bytes_with_type(&glib::Bytes::from(content), glib::VariantTy::VARDICT);
    VariantDict::new(Some(&told)).lookup::<(u64, u64)>("backing-root-device-inode").ok().flatten()
}

/// Reads the deployments; `None` on a machine that was not started from an image.
///
/// The one that runs is told by what ostree wrote when it started it, since after a soft reboot the kernel's command
/// line still names the one before; where ostree wrote nothing, the command line is all there is.
pub fn read(host: &Host) -> Result<Option<Deployments>, DeploymentError> {
    if !is_image(host) {
        return Ok(None);
    }
    let cmdline = fs::read(&host.path("/proc/cmdline"))?.unwrap_or_default();
    let booted = fs::read_bytes(&host.path(BOOTED))?;
    if let (None, Some(digest)) = (&booted, argument(&cmdline, "composefs")) {
        return Ok(Some(without_ostree(host, digest)));
    }
    let places = places(host)?;
    let started = started_as(&booted.unwrap_or_default());
    let running = places.iter().find(|place| {
        let identity = std::fs::metadata(place.dir(host)).ok();
        started.is_some() && identity.map(|file| (file.dev(), file.ino())) == started
    });
    let running = match running {
        Some(place) => place.clone(),
        None => linked(host, &cmdline)?,
    };
    let mut staged = None;
    if host.path(STAGED).exists() {
        let entries = boot_entries(host)?;
        let ready = places.iter().filter(|&place| *place != running && !entries.contains(place));
        // Cleaning up may have left others behind: the last one made is the one.
        staged = ready.max_by_key(|place| {
            let made = std::fs::metadata(origin_path(&place.dir(host)));
            made.map(|file| (file.mtime(), file.mtime_nsec())).ok()
        });
    }
    let others = places.iter().filter(|&place| *place != running && Some(place) != staged);
    Ok(Some(Deployments {
        booted: running.read(host)?,
        staged: staged.map(|place| place.read(host)).transpose()?,
        others: others.map(|place| place.read(host)).collect::<Result<_, _>>()?,
    }))
}

/// A machine that bootc started with composefs alone: nothing can be asked for on top of its image.
fn without_ostree(host: &Host, digest: &str) -> Deployments {
    let booted = Deployment {
        stateroot: String::new(),
        checksum: digest.trim_start_matches('?').to_owned(),
        serial: 0,
        dir: host.path("/"),
        origin: Origin::default(),
    };
    Deployments { booted, staged: None, others: Vec::new() }
}

/// All deployments there are, started or not.
fn places(host: &Host) -> Result<Vec<Place>, DeploymentError> {
    let mut places = Vec::new();
    let top = host.path(OSTREE).join("deploy");
    for stateroot in fs::list(&top)?.unwrap_or_default() {
        let names = fs::list(&top.join(&stateroot).join("deploy"))?.unwrap_or_default();
        let here = names.iter().filter_map(|name| Place::new(&stateroot, name));
        places.extend(here.filter(|place| place.dir(host).is_dir()));
    }
    Ok(places)
}

/// The deployment whose link the kernel's command line names.
fn linked(host: &Host, cmdline: &str) -> Result<Place, DeploymentError> {
    let Some(link) = argument(cmdline, "ostree") else {
        let why = gettext("the kernel's command line has no “ostree=”");
        return Err(DeploymentError::NotFound(why));
    };
    let path = host.path(link);
    let target = std::fs::read_link(&path).map_err(fs::error("read", &path))?;
    Place::of_link(&target.to_string_lossy())
        .ok_or_else(|| DeploymentError::NotFound(format!("{link} → {}", target.display())))
}

/// The deployments that a boot entry can start: the links `boot.N/STATEROOT/BOOTCSUM/SERIAL`. Which N holds is for the
/// boot loader to know, so all of them count.
fn boot_entries(host: &Host) -> Result<BTreeSet<Place>, DeploymentError> {
    let mut entries = BTreeSet::new();
    let top = host.path(OSTREE);
    for boot in fs::list(&top)?.unwrap_or_default() {
        if !boot.starts_with("boot.") {
            continue;
        }
        for stateroot in fs::list(&top.join(&boot))?.unwrap_or_default() {
            let below = top.join(&boot).join(&stateroot);
            for kernel in fs::list(&below)?.unwrap_or_default() {
                let links = below.join(&kernel);
                for serial in fs::list(&links)?.unwrap_or_default() {
                    let target = std::fs::read_link(links.join(serial)).ok();
                    entries.extend(target.and_then(|to| Place::of_link(&to.to_string_lossy())));
                }
            }
        }
    }
    Ok(entries)
}

#[cfg(test)]
#[path = "deployment_tests.rs"]
mod tests;
