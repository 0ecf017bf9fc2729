//! The development box, and the home directory that its toolchains are in.

use std::path::PathBuf;

use anyhow::Result;

use crate::core::names::ContainerName;
use crate::core::plan::Command;
use crate::host::boxes::{self, As, Maker};
use crate::host::{Host, fs};
use crate::subsystem::toolbox::{self, Dev, NoBox};
use crate::subsystem::{RestsOn, distrobox};

/// The development box, as it is there or is going to be.
#[derive(Clone, Debug)]
pub(super) struct DevBox {
    name: ContainerName,
    maker: Maker,
    /// Its home directory.
    pub(super) home: PathBuf,
    /// What makes it first, where it is not there yet.
    pub(super) rests_on: Option<RestsOn>,
}

impl DevBox {
    /// Finds it; the error says, for people, why nothing can be run in it and what to do.
    pub(super) fn find(host: &Host) -> Result<Self, String> {
        let (name, maker, home, rests_on) = match Dev::read(host) {
            Ok(Dev { boxed }) => {
                (boxed.name, boxed.maker, boxed.made.home.map(PathBuf::from), None)
            }
            Err(NoBox::Missing { name, described: true }) => {
                let home = meant(host, &name).map_err(|error| format!("{error:#}"))?;
                let first = toolbox::first(&name);
                (name, Maker::Distrobox, home, Some(first))
            }
            Err(no) => return Err(no.reason()),
        };
        let home = home.unwrap_or_else(|| host.env().home.clone());
        Ok(Self { name, maker, home, rests_on })
    }

    /// One that is there, for tests.
    #[cfg(test)]
    #[allow(clippy::panic, reason = "a test fails by panicking")]
    pub(super) fn made_up(host: &Host) -> Self {
        let name = host.dev_box().cloned().unwrap_or_else(|why| panic!("{why}"));
        let home = host.env().home.clone();
        Self { name, maker: Maker::Distrobox, home, rests_on: None }
    }

    /// A command of the person's in it, that finds what toolchains have put into the home directory.
    pub(super) fn run(&self, host: &Host, command: Command) -> Command {
        let mut command = command.env("PATH", path(host, &self.home));
        for name in ["RUSTUP_HOME", "CARGO_HOME", "PROTO_HOME"] {
            if let Some(value) = host.var(name) {
                command = command.env(name, value);
            }
        }
        boxes::inside(self.maker, &self.name, As::Person, command)
    }
}

/// Where programs are looked up in the box: what toolchains have in the home directory, then what the box has.
fn path(host: &Host, home: &std::path::Path) -> String {
    let cargo = own(host, "CARGO_HOME", home, ".cargo");
    let proto = super::proto::dir(host, home);
    let own = [cargo.join("bin"), proto.join("shims"), proto.join("bin")];
    let own = own.iter().map(|dir| dir.display().to_string());
    let of_box = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];
    own.chain(of_box.map(str::to_owned)).collect::<Vec<_>>().join(":")
}

/// A directory that a variable names, else the usual one in the home directory.
pub(super) fn own(host: &Host, variable: &str, home: &std::path::Path, usual: &str) -> PathBuf {
    let named = host.var(variable).map(PathBuf::from).filter(|dir| dir.is_absolute());
    named.unwrap_or_else(|| home.join(usual))
}

/// The home directory of the box, which is the person's where it has none of its own, and where it cannot be told.
pub(super) fn home(host: &Host) -> PathBuf {
    told(host).unwrap_or_else(|_| host.env().home.clone())
}

/// The home directory that toolchains are in. Without a box, the person's home has what outlived the last one.
pub(super) fn told(host: &Host) -> Result<PathBuf> {
    let own = match Dev::read(host) {
        Ok(Dev { boxed }) => boxed.made.home.map(PathBuf::from),
        Err(NoBox::Missing { name, described: true }) => meant(host, &name)?,
        Err(NoBox::NoPodman | NoBox::Missing { .. }) => None,
        Err(NoBox::Failed(error)) => return Err(error),
    };
    Ok(own.unwrap_or_else(|| host.env().home.clone()))
}

/// The home directory that the manifests give a box of its own.
fn meant(host: &Host, name: &ContainerName) -> Result<Option<PathBuf>> {
    let entry = toolbox::entry(host, name)?;
    Ok(entry.as_ref().and_then(|entry| distrobox::home_of(host, entry)))
}

/// A file that could not be parsed, for people: its path, the line, and what is wrong.
pub(super) fn broken(host: &Host, path: &std::path::Path, line: usize, what: &str) -> String {
    let what = what.lines().next().unwrap_or_default();
    format!("{}:{line}: {what}", host.display(path))
}

/// A TOML file; `None` where there is none. The error names the file and the line.
pub(super) fn toml<T: serde::de::DeserializeOwned>(
    host: &Host,
    path: &std::path::Path,
) -> Result<Option<T>, String> {
    let Some(text) = fs::read(path).map_err(|error| error.to_string())? else { return Ok(None) };
    toml::from_str(&text).map(Some).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        let line = text.get(..at).unwrap_or_default().matches('\n').count() + 1;
        broken(host, path, line, error.message())
    })
}
