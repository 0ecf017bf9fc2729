//! What an image has of what is assumed of it: this machine's, another, or a list that was saved.

use std::collections::BTreeSet;

use super::entry::Assumption;
use crate::core::package_list::{self, Package};
use crate::host::Host;
use crate::host::commit::Base as Commit;
use crate::host::deployment::{Deployment, in_image};
use crate::host::podman::Inside;
use crate::host::rpmdb::cache::{self, NameList};
use crate::words::{fill, gettext};

/// What is known of an assumption.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// It holds.
    Holds,
    /// It does not.
    Fails,
    /// What was looked at says nothing of it.
    NotChecked,
    /// It could not be read, and why.
    Unknown(String),
}

/// What an image has.
pub struct Contents<'a> {
    packages: Result<NameList, String>,
    paths: Paths<'a>,
}

/// How a path is looked up.
enum Paths<'a> {
    /// In the deployment's directory; where packages were added to its image or taken out of it, in the image's commit.
    Deployment { host: &'a Host, deployment: &'a Deployment, added: bool, removed: bool },
    /// They were looked up before, and these are there.
    Known(BTreeSet<String>),
    /// A list of packages says nothing of them.
    NotListed,
}

impl<'a> Contents<'a> {
    /// What the image of a deployment has: what was layered over it on this machine is not of the image.
    pub fn of_deployment(host: &'a Host, deployment: &'a Deployment) -> Self {
        let names = cache::names(host, deployment);
        let (added, removed) = match &names {
            Ok(names) => (!names.added.is_empty(), !names.removed.is_empty()),
            Err(_) => (deployment.origin.holds_back_bootc, deployment.origin.holds_back_bootc),
        };
        Self {
            packages: names.map(|names| names.base).map_err(|error| error.to_string()),
            paths: Paths::Deployment { host, deployment, added, removed },
        }
    }

    /// What a container image has.
    pub fn of_image(inside: &Inside) -> Self {
        Self {
            packages: Ok(names(&inside.packages)),
            paths: Paths::Known(inside.paths.iter().cloned().collect()),
        }
    }

    /// What a list of packages says.
    pub fn of_list(packages: &[Package]) -> Self {
        Self { packages: Ok(names(packages)), paths: Paths::NotListed }
    }

    /// The names of its packages, where they are known.
    pub fn packages(&self) -> Option<&NameList> {
        self.packages.as_ref().ok()
    }

    /// Whether an assumption holds.
    pub fn find(&self, assumption: &Assumption) -> Finding {
        if let Assumption::Package(name) = assumption {
            let name = name.as_str();
            return match &self.packages {
                // A package may be named with its architecture, which the index of names does not have.
                Ok(names) if names.contains(name) => Finding::Holds,
                Ok(names) => match package_list::split_arch(name) {
                    (stem, Some(arch)) if names.contains(stem) => self.build(names, stem, arch),
                    _ => Finding::Fails,
                },
                Err(why) => Finding::Unknown(why.clone()),
            };
        }
        let mut unknown = None;
        for place in assumption.places() {
            match self.has(&place) {
                Some(Ok(true)) => return Finding::Holds,
                Some(Ok(false)) => (),
                Some(Err(why)) => unknown = Some(why),
                None => return Finding::NotChecked,
            }
        }
        unknown.map_or(Finding::Fails, Finding::Unknown)
    }

    /// A package of one architecture, of which there is one of some architecture.
    fn build(&self, names: &NameList, stem: &str, arch: &str) -> Finding {
        if let Paths::Deployment { deployment, .. } = &self.paths {
            return match cache::build(deployment, stem, arch) {
                Ok(build) if build.base => Finding::Holds,
                Ok(_) => Finding::Fails,
                Err(error) => Finding::Unknown(error.to_string()),
            };
        }
        // A list may leave architectures out.
        let is_build =
            |name: &str| matches!(package_list::split_arch(name), (one, Some(_)) if one == stem);
        if names.iter().any(is_build) { Finding::Fails } else { Finding::NotChecked }
    }

    fn has(&self, path: &str) -> Option<Result<bool, String>> {
        match &self.paths {
            Paths::NotListed => None,
            Paths::Known(paths) => Some(Ok(paths.contains(path))),
            Paths::Deployment { host, deployment, added, removed } => {
                let path = in_image(path);
                let here = exists(&deployment.dir.join(path.trim_start_matches('/')));
                // What is there may have been added, and what is not may have been removed.
                let sure = match here {
                    Ok(true) => !added,
                    Ok(false) => !removed,
                    Err(_) => true,
                };
                if sure {
                    return Some(here);
                }
                let of_image = Commit::of(host, deployment).and_then(|commit| commit.has(&path));
                let text = gettext(
                    "whether the image has it cannot be told, since packages of it were changed here: {why}",
                );
                Some(of_image.map_err(|why| fill(&text, &[("why", &why)])))
            }
        }
    }
}

/// The names, and the names with their architectures.
fn names(packages: &[Package]) -> NameList {
    let both = |package: &Package| {
        let long = package.arch.as_ref().map(|arch| format!("{}.{arch}", package.name));
        std::iter::once(package.name.to_string()).chain(long)
    };
    let all: Vec<String> = packages.iter().flat_map(both).collect();
    all.iter().map(String::as_str).collect()
}

fn exists(path: &std::path::Path) -> Result<bool, String> {
    use std::io::ErrorKind::{NotADirectory, NotFound};
    match std::fs::symlink_metadata(path) {
        Ok(_) => Ok(true),
        Err(error) if matches!(error.kind(), NotFound | NotADirectory) => Ok(false),
        Err(error) => Err(format!("{}: {error}", path.display())),
    }
}
