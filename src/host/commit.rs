//! Commits of the ostree repository that the machine's deployments are made from, read as files.
//!
//! A commit is a GVariant, `(a{sv}aya(say)sstayay)`: what is said of it, the commit before it, related objects,
//! subject, text, time, and the checksums of its tree. A tree is `(a(say)a(sayay))`: files, and directories with the
//! checksums of theirs. <https://ostreedev.github.io/ostree/repo/>. An image's own labels are what its import kept of
//! it: <https://github.com/bootc-dev/bootc>, `ostree-ext/src/container/store.rs`.

use glib::{Variant, VariantDict, VariantTy};
use serde_json::Value as Json;

use super::Host;
use super::deployment::Deployment;
use super::fs;
use crate::core::build_info::Labels;
use crate::words::gettext;

/// The objects of the machine's repository.
const OBJECTS: &str = "/ostree/repo/objects";
/// The image's configuration as JSON, in what is said of a commit that was made from one.
const CONFIG: &str = "ostree.container.image-config";
/// The digest of the image's manifest.
const DIGEST: &str = "ostree.manifest-digest";
/// Said of a commit that rpm-ostree made on this machine: the one before it is the base's.
const LAYERED: &str = "rpmostree.clientlayer";

/// What a path is read through before it leads nowhere.
const LINKS: usize = 8;

/// What the image of a deployment says of itself; the error says why that is not known.
pub fn labels(host: &Host, deployment: &Deployment) -> Result<Labels, String> {
    let commit = Base::of(host, deployment)?;
    let told = commit.metadata();
    let Some(config) = told.lookup::<String>(CONFIG).ok().flatten() else {
        return Err(gettext("the deployment was not made from a container image"));
    };
    let config: Json = serde_json::from_str(&config)
        .map_err(|_| gettext("what the deployment says of its image is no JSON"))?;
    let labels = &config["config"]["Labels"];
    let read = Labels::read(|name| labels.get(name)?.as_str());
    Ok(Labels {
        digest: told.lookup::<String>(DIGEST).ok().flatten(),
        created: read.created.clone().or_else(|| Some(config["created"].as_str()?.to_owned())),
        ..read
    })
}

/// The commit of a deployment's image, without what was layered over it on this machine.
pub struct Base<'a> {
    host: &'a Host,
    commit: Variant,
}

impl<'a> Base<'a> {
    /// Finds it; the error says why it cannot be.
    pub fn of(host: &'a Host, deployment: &Deployment) -> Result<Self, String> {
        let commit = commit(host, &deployment.checksum)?;
        let base = Self { host, commit };
        match base.metadata().lookup::<bool>(LAYERED) {
            Ok(Some(true)) => {
                let before = checksum(&base.commit.child_value(1)).ok_or_else(unfit)?;
                Ok(Self { host, commit: self::commit(host, &before)? })
            }
            _ => Ok(base),
        }
    }

    fn metadata(&self) -> VariantDict {
        VariantDict::new(Some(&self.commit.child_value(0)))
    }

    /// Whether the image has something at an absolute path. Links on the way are followed, the last is not.
    pub fn has(&self, path: &str) -> Result<bool, String> {
        let top = checksum(&self.commit.child_value(6)).ok_or_else(unfit)?;
        let mut left: Vec<String> = parts(path);
        left.reverse();
        let mut trees = vec![top.clone()];
        let mut links = 0;
        while let Some(name) = left.pop() {
            if name == ".." {
                if trees.len() > 1 {
                    trees.pop();
                }
                continue;
            }
            let Some(here) = trees.last() else { return Err(unfit()) };
            let tree = object(self.host, here, "dirtree", "(a(say)a(sayay))")?;
            if let Some(below) = child(&tree.child_value(1), &name) {
                trees.push(below);
                continue;
            }
            let Some(file) = child(&tree.child_value(0), &name) else { return Ok(false) };
            if left.is_empty() {
                return Ok(true);
            }
            // Only a link leads on from what is no directory.
            links += 1;
            let Some(target) = link(self.host, &file).filter(|_| links <= LINKS) else {
                return Ok(false);
            };
            if target.starts_with('/') {
                trees.truncate(1);
            }
            left.extend(parts(&target).into_iter().rev());
        }
        Ok(true)
    }
}

fn parts(path: &str) -> Vec<String> {
    let real = |part: &&str| !part.is_empty() && *part != ".";
    path.split('/').filter(real).map(str::to_owned).collect()
}

/// Where a link leads to: in the repository of a machine it is a link, too.
fn link(host: &Host, checksum: &str) -> Option<String> {
    let target = std::fs::read_link(path(host, checksum, "file")?).ok()?;
    Some(target.to_str()?.to_owned())
}

/// The checksum of what `name` is in a list of a tree.
fn child(list: &Variant, name: &str) -> Option<String> {
    let is = |entry: &Variant| entry.child_value(0).str() == Some(name);
    checksum(&list.iter().find(is)?.child_value(1))
}

fn commit(host: &Host, checksum: &str) -> Result<Variant, String> {
    object(host, checksum, "commit", "(a{sv}aya(say)sstayay)")
}

fn object(host: &Host, checksum: &str, kind: &str, shape: &str) -> Result<Variant, String> {
    let path = path(host, checksum, kind).ok_or_else(unfit)?;
    let missing = || gettext("the ostree repository has no such commit");
    let bytes = fs::read_bytes(&path).map_err(|error| error.to_string())?.ok_or_else(missing)?;
    let shape = VariantTy::new(shape).map_err(|error| error.to_string())?;
    let variant = Variant::from_bytes_with_type(&glib::Bytes::from_owned(bytes), shape);
    if variant.is_normal_form() { Ok(variant) } else { Err(unfit()) }
}

fn path(host: &Host, checksum: &str, kind: &str) -> Option<std::path::PathBuf> {
    let hex = checksum.len() == 64 && checksum.bytes().all(|b| b.is_ascii_hexdigit());
    hex.then(|| host.path(&format!("{OBJECTS}/{}/{}.{kind}", &checksum[..2], &checksum[2..])))
}

/// 32 bytes as hex.
fn checksum(bytes: &Variant) -> Option<String> {
    let bytes = bytes.fixed_array::<u8>().ok()?;
    (bytes.len() == 32).then(|| crate::core::digest::hex(bytes))
}

fn unfit() -> String {
    gettext("the ostree repository has no commit of the shape that is known")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::deployment::Origin;
    use crate::host::testing::Machine;

    /// Made by ostree itself: `tests/ostree/make`.
    const MADE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/ostree");

    fn deployment(machine: &Machine, checksum: &str) -> Deployment {
        Deployment {
            stateroot: "os".into(),
            checksum: checksum.into(),
            serial: 0,
            dir: machine.dir.path().to_owned(),
            origin: Origin::default(),
        }
    }

    #[test]
    fn what_ostree_itself_wrote_is_read() {
        let machine = Machine::new();
        std::fs::create_dir_all(machine.dir.path().join("ostree")).unwrap();
        std::os::unix::fs::symlink(MADE, machine.dir.path().join("ostree/repo")).unwrap();
        let commits = std::fs::read_to_string(format!("{MADE}/commits")).unwrap();
        let [image, layered] = commits.lines().collect::<Vec<_>>()[..] else { panic!("{commits}") };
        let host = machine.host();
        for checksum in [image, layered] {
            let labels = labels(&host, &deployment(&machine, checksum)).unwrap();
            assert_eq!(labels.digest.as_deref(), Some("sha256:itself"));
            assert_eq!(labels.base_digest.as_deref(), Some("sha256:base"));
            assert_eq!(labels.version.as_deref(), Some("42.1"));
            assert_eq!(labels.created.as_deref(), Some("2026-11-01T10:00:00Z"));
            let own = deployment(&machine, checksum);
            let base = Base::of(&host, &own).unwrap();
            for there in
                ["/usr/bin/own", "/bin/own", "/usr/sbin/own", "/bin", "/usr", "/usr/etc/own.conf"]
            {
                assert_eq!(base.has(there), Ok(true), "{there}");
            }
            for not in ["/usr/bin/layered", "/bin/layered", "/usr/bin/own/x", "/opt"] {
                assert_eq!(base.has(not), Ok(false), "{not}");
            }
        }
    }

    #[test]
    fn what_is_not_there_or_no_commit_is_said() {
        let machine = Machine::new();
        let known = |checksum: &str| labels(&machine.host(), &deployment(&machine, checksum));
        let sum = "ab".repeat(32);
        assert!(known(&sum).unwrap_err().contains("has no such commit"));
        assert!(known("../../etc").unwrap_err().contains("of the shape"));
        machine.file(&format!("ostree/repo/objects/ab/{}.commit", "ab".repeat(31)), "no commit");
        assert!(known(&sum).unwrap_err().contains("of the shape"));
    }
}
