//! Container images, looked at through podman: what they say of themselves, and what is in them.

use std::collections::BTreeSet;

use serde_json::Value as Json;
use thiserror::Error;
use tokio_util::sync::CancellationToken;

use super::Host;
use super::command::RunError;
use crate::core::build_info::Labels;
use crate::core::names::{ImageRef, InvalidName};
use crate::core::package_list::Package;
use crate::core::plan::Command;
use crate::core::versions::Evr;

/// What is run inside an image: its packages, and which of the paths after it are there. It never changes, and the paths
/// are arguments of it: nothing that is looked for is read as a command.
const LOOK: &str = r#"rpm -qa --qf 'package %{NAME} %{ARCH} %{EPOCHNUM} %{VERSION} %{RELEASE}\n' || exit
for path do
    if [ -e "$path" ] || [ -L "$path" ]; then printf 'path %s\n' "$path"; fi
done"#;

/// An image could not be looked at.
#[derive(Debug, Error)]
pub enum PodmanError {
    /// It is not in podman's storage.
    #[error("the image “{0}” is not on this machine")]
    NotHere(ImageRef),
    /// Podman failed, or a program in the image did.
    #[error(transparent)]
    Run(#[from] RunError),
    /// What it answered was not what was asked for.
    #[error("what podman says of “{image}” is not understood: {what}")]
    Answer {
        /// The image.
        image: ImageRef,
        /// What is wrong.
        what: String,
    },
}

/// What is in an image.
#[derive(Clone, Debug, Default)]
pub struct Inside {
    /// Its packages.
    pub packages: Vec<Package>,
    /// Those of the paths asked for that it has.
    pub paths: BTreeSet<String>,
}

/// Makes sure that the image is on this machine; `pull` says that it may be fetched from where its name leads.
pub fn have(host: &Host, image: &ImageRef, pull: bool) -> Result<(), PodmanError> {
    let exists = Command::new("podman").args(["image", "exists", "--", image.as_str()]);
    match run(host, &exists) {
        Ok(_) => Ok(()),
        // 1 says no; anything else says that podman itself failed.
        Err(RunError::Failed { status, .. }) if status == "exit status: 1" => match pull {
            true => {
                let pull = Command::new("podman").args(["pull", "--quiet", "--", image.as_str()]);
                run(host, &pull)?;
                Ok(())
            }
            false => Err(PodmanError::NotHere(image.clone())),
        },
        Err(error) => Err(error.into()),
    }
}

/// What an image says of itself.
pub fn labels(host: &Host, image: &ImageRef) -> Result<Labels, PodmanError> {
    let args = ["image", "inspect", "--format", "json", "--", image.as_str()];
    let said = run(host, &Command::new("podman").args(args))?;
    let json: Json = serde_json::from_str(&said)
        .map_err(|error| PodmanError::Answer { image: image.clone(), what: error.to_string() })?;
    Ok(of_inspect(&json))
}

/// Reads the answer of `podman image inspect`: a list with one object, of which any part may be missing.
fn of_inspect(json: &Json) -> Labels {
    let one = json.get(0).unwrap_or(json);
    let label = |name: &str| {
        let here = one["Labels"].get(name).or_else(|| one["Config"]["Labels"].get(name));
        here?.as_str()
    };
    let own = |key: &str| one[key].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    let read = Labels::read(label);
    Labels {
        digest: own("Digest"),
        created: read.created.clone().or_else(|| own("Created")),
        ..read
    }
}

/// What is in an image: its packages, and which of `paths` it has, by one start of it, without a network.
///
/// An image's `/etc` may stand in `/usr/etc`, as ostree keeps it.
pub fn inside(host: &Host, image: &ImageRef, paths: &[String]) -> Result<Inside, PodmanError> {
    let moved = |path: &String| super::deployment::in_image(path);
    let asked = paths.iter().cloned().chain(paths.iter().map(moved)).collect::<BTreeSet<_>>();
    let args = ["run", "--rm", "--network", "none", "--pull", "never", "--entrypoint", "/bin/sh"];
    let look = Command::new("podman")
        .args(args)
        .arg(image.as_str())
        .args(["-c", LOOK, "look"])
        .args(asked);
    let said = run(host, &look)?;
    let mut inside =
        parse(&said).map_err(|what| PodmanError::Answer { image: image.clone(), what })?;
    let found = std::mem::take(&mut inside.paths);
    let has = |path: &&String| found.contains(*path) || found.contains(&moved(path));
    inside.paths = paths.iter().filter(has).cloned().collect();
    Ok(inside)
}

fn parse(said: &str) -> Result<Inside, String> {
    let mut inside = Inside::default();
    for line in said.lines() {
        match line.split_once(' ') {
            Some(("path", path)) => drop(inside.paths.insert(path.to_owned())),
            // What rpm keeps as packages beside them: the keys it trusts.
            Some(("package", one)) if one.starts_with("gpg-pubkey ") => (),
            Some(("package", one)) => {
                inside.packages.push(package(one).map_err(|why| format!("{line}: {why}"))?);
            }
            _ => return Err(line.to_owned()),
        }
    }
    Ok(inside)
}

fn package(line: &str) -> Result<Package, String> {
    let [name, arch, epoch, version, release] = line.split(' ').collect::<Vec<_>>()[..] else {
        return Err("not name, architecture, epoch, version and release".to_owned());
    };
    let name = name.parse().map_err(|error: InvalidName| error.to_string())?;
    let epoch = epoch.parse().map_err(|_| format!("“{epoch}” is no epoch"))?;
    let evr = Evr { epoch, version: version.to_owned(), release: Some(release.to_owned()) };
    Ok(Package { name, arch: Some(arch.to_owned()), evr: Some(evr) })
}

fn run(host: &Host, command: &Command) -> Result<String, RunError> {
    host.run(command, &mut |_| (), &CancellationToken::new())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn labels_are_read_from_either_place() {
        let labels = of_inspect(&json!([{
            "Digest": "sha256:own",
            "Created": "2026-11-01T00:00:00Z",
            "Config": { "Labels": { "org.bkt.base.digest": "sha256:base" } },
        }]));
        assert_eq!(labels.digest.as_deref(), Some("sha256:own"));
        assert_eq!(labels.base_digest.as_deref(), Some("sha256:base"));
        assert_eq!(labels.created.as_deref(), Some("2026-11-01T00:00:00Z"));
        assert_eq!(of_inspect(&json!([])), Labels::default());
        let top = json!([{ "Labels": { "org.opencontainers.image.revision": "abc" } }]);
        assert_eq!(of_inspect(&top).revision.as_deref(), Some("abc"));
    }

    #[test]
    fn packages_and_paths_are_told_apart() {
        let said = "package bash x86_64 0 5.2 3.fc42\npackage vim x86_64 2 9.1 1\n\
                    package gpg-pubkey (none) 0 a b\npath /usr/bin/a b\n";
        let inside = parse(said).unwrap();
        let packages: Vec<_> = inside
            .packages
            .iter()
            .map(|one| format!("{} {}", one.name, one.evr.as_ref().unwrap()))
            .collect();
        assert_eq!(packages, ["bash 5.2-3.fc42", "vim 2:9.1-1"]);
        assert!(inside.paths.contains("/usr/bin/a b"));
        for wrong in ["package bash", "something else", "package -x noarch 0 1 1"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
