//! An image that somebody names: one of this machine's deployments, one that podman has, or a list that was saved.

use std::path::PathBuf;

use anyhow::Context;
use thiserror::Error;

use super::deployment::{Deployment, Deployments};
use super::{Host, commit, deployment, fs, podman, rpmdb};
use crate::core::build_info::Image;
use crate::core::names::{ImageRef, InvalidName};
use crate::core::package_list::{self, Package};
use crate::core::versions::Evr;
use crate::words::gettext;

/// Where an image is looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The deployment that runs.
    Booted,
    /// The one that the next start brings.
    Staged,
    /// The one before.
    Rollback,
    /// An image of podman's.
    Image(ImageRef),
    /// A file with a list of packages.
    List(PathBuf),
}

/// A deployment that is asked for and not there.
#[derive(Debug, Error)]
pub enum NoDeployment {
    /// The machine has none.
    #[error("this machine was not started from an image")]
    NoImage,
    /// Nothing waits for the next start.
    #[error("no deployment is staged")]
    Staged,
    /// There is none to go back to.
    #[error("there is no deployment to roll back to")]
    Rollback,
}

impl Source {
    /// What a person means: `booted`, `staged` or `rollback`, the path of a file, or an image's name.
    pub fn parse(host: &Host, text: &str) -> Result<Self, InvalidName> {
        let path = match text.strip_prefix("~/") {
            Some(below) => host.env().home.join(below),
            None => host.env().cwd.join(text),
        };
        Ok(match text {
            "booted" => Self::Booted,
            "staged" => Self::Staged,
            "rollback" => Self::Rollback,
            _ if text.starts_with(['/', '.', '~']) || path.is_file() => Self::List(path),
            _ => Self::Image(text.parse()?),
        })
    }

    /// What to call it.
    fn name(&self, host: &Host) -> String {
        match self {
            Self::Booted => "booted".to_owned(),
            Self::Staged => "staged".to_owned(),
            Self::Rollback => "rollback".to_owned(),
            Self::Image(image) => image.to_string(),
            Self::List(path) => host.display(path),
        }
    }
}

/// This machine's deployments, which it has to have.
pub fn deployments(host: &Host) -> anyhow::Result<Deployments> {
    Ok(deployment::read(host)?.ok_or(NoDeployment::NoImage)?)
}

/// Which of the deployments a source names; `None` for one that is no deployment.
fn chosen<'a>(
    all: &'a Deployments,
    source: &Source,
) -> Result<Option<&'a Deployment>, NoDeployment> {
    Ok(match source {
        Source::Booted => Some(&all.booted),
        Source::Staged => Some(all.staged.as_ref().ok_or(NoDeployment::Staged)?),
        Source::Rollback => Some(all.rollback().ok_or(NoDeployment::Rollback)?),
        Source::Image(_) | Source::List(_) => None,
    })
}

/// The packages of an image and what it says of itself. `pull` says that podman may fetch it.
pub fn read(host: &Host, source: &Source, pull: bool) -> anyhow::Result<Image> {
    let name = source.name(host);
    match source {
        Source::Image(image) => {
            podman::have(host, image, pull)?;
            let packages = podman::inside(host, image, &[])?.packages;
            Ok(Image { name, packages, labels: Ok(podman::labels(host, image)?) })
        }
        Source::List(path) => {
            let labels = Err(gettext("a list of packages does not say it"));
            Ok(Image { name, packages: list(host, path)?, labels })
        }
        Source::Booted | Source::Staged | Source::Rollback => {
            let all = deployments(host)?;
            let one = chosen(&all, source)?.ok_or(NoDeployment::NoImage)?;
            let packages = rpmdb::Rpmdb::of(&one.dir)?.packages()?;
            let packages = packages.iter().map(package).collect::<Result<_, _>>()?;
            Ok(Image { name, packages, labels: commit::labels(host, one) })
        }
    }
}

/// Reads a file with a list of packages.
pub fn list(host: &Host, path: &std::path::Path) -> anyhow::Result<Vec<Package>> {
    let shown = host.display(path);
    let text = fs::read(path)?.with_context(|| format!("there is no file “{shown}”"))?;
    package_list::parse(&text).with_context(|| shown)
}

fn package(one: &rpmdb::Package) -> Result<Package, InvalidName> {
    Ok(Package {
        name: one.name.parse()?,
        arch: Some(one.arch.clone()).filter(|arch| !arch.is_empty()),
        evr: Some(Evr {
            epoch: one.epoch.unwrap_or(0).into(),
            version: one.version.clone(),
            release: Some(one.release.clone()),
        }),
    })
}
