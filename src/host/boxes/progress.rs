//! What `podman pull` says while its output is no terminal, put into words.
//!
//! It names each layer once, when it comes to it, up to six of them at the same time; how many there are it does not say, nor
//! when one of them is done. Then it names the image's configuration, and at last that it writes the image.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::installing::Installing;
use super::said;
use crate::core::plan::Command;
use crate::host::command::is_installed;
use crate::host::{Host, RunError};
use crate::words::{fill, gettext, ngettext};

/// How long a registry may take to say how many layers an image has.
const PATIENCE: Duration = Duration::from_secs(15);

/// Runs a program, as [`Host::run`] does. Where it is a pull, or installs packages in a box, `line` hears how far that is,
/// for people.
pub fn run(
    host: &Host,
    command: &Command,
    line: &mut dyn FnMut(&str),
    cancel: &CancellationToken,
) -> Result<String, RunError> {
    let Some(image) = pulled(command) else {
        let mut installing = Installing::default();
        let in_box = matches!(command.program.as_str(), "distrobox" | "toolbox");
        let mut hear = |said: &str| match installing.line(said).filter(|_| in_box) {
            Some(words) => line(&words),
            None => line(said),
        };
        return host.run(command, &mut hear, cancel);
    };
    let mut pulling = Pulling::new(layers(host, image));
    let mut hear = |said: &str| match pulling.line(said) {
        Some(words) => line(&words),
        None => line(said),
    };
    host.run(command, &mut hear, cancel)
}

/// The image that a command pulls, and says so: `podman pull … IMAGE`.
fn pulled(command: &Command) -> Option<&str> {
    let pulls = command.program == "podman" && command.args.first()? == "pull";
    let quiet = command.args.iter().any(|word| matches!(word.as_str(), "-q" | "--quiet"));
    command.args.last().map(String::as_str).filter(|_| pulls && !quiet)
}

/// How many layers an image has in its registry: podman does not say it beforehand. Skopeo does, which comes with bootc and
/// rpm-ostree; where there is none, or the registry does not answer, it is not known.
fn layers(host: &Host, image: &str) -> Option<usize> {
    if !is_installed(host, "skopeo") {
        return None;
    }
    let ask = Command::new("skopeo").args(["inspect", "--no-tags", "--"]);
    let said = host.run_within(&ask.arg(format!("docker://{image}")), PATIENCE).ok()?;
    // A layer that is there twice is fetched once.
    let count = |layers: Vec<&str>| layers.into_iter().collect::<BTreeSet<_>>().len();
    said::read(&said).objects.iter().find_map(|one| said::texts(one.get("Layers")?).map(count))
}

/// A pull that goes on.
#[derive(Clone, Debug, Default)]
pub struct Pulling {
    /// How many layers there are, where that is known.
    total: Option<usize>,
    layers: BTreeSet<String>,
}

impl Pulling {
    /// One that begins; `total` is how many layers the image has, where that is known.
    pub fn new(total: Option<usize>) -> Self {
        Self { total, layers: BTreeSet::new() }
    }

    /// What a line says of it, for people: "pulling 3/7 layers". None for a line that says nothing new.
    pub fn line(&mut self, line: &str) -> Option<String> {
        let line = line.trim();
        if line == "Writing manifest to image destination" {
            return Some(gettext("writing the image"));
        }
        // Some versions say more after the name: "skipped: already exists".
        let blob = line.strip_prefix("Copying blob ")?.split_whitespace().next()?;
        if !self.layers.insert(blob.to_owned()) {
            return None;
        }
        let count = self.layers.len();
        let number = count.to_string();
        Some(match self.total {
            Some(total) => fill(
                &ngettext(
                    "pulling {number}/{total} layer",
                    "pulling {number}/{total} layers",
                    total,
                ),
                &[("number", &number), ("total", &total.max(count).to_string())],
            ),
            None => fill(
                &ngettext("pulling {number} layer", "pulling {number} layers", count),
                &[("number", &number)],
            ),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What podman 5.4.2 wrote to standard error, and in the end to standard output.
    const SAID: &str = "Trying to pull registry.example/many:1...
Getting image source signatures
Copying blob sha256:390b2daaf4d28cfdbb112367d7da2d71ef17bc96ad62ed5c38b4ee7fdd15ae69
Copying blob sha256:2bab75921d0c95d1debb5f0cb88669d42e407fe8119c2c653e29edb1f5af964f
Copying blob sha256:47605566c055fa17b9ae3d5b4b7a0bd50fb77e56913b7ad32f3bbc198b5a8d11
Copying config sha256:7e74665b4270eed4877999164989a29a39d766b1032a54e0b49b61f48104b4be
Writing manifest to image destination
7e74665b4270eed4877999164989a29a39d766b1032a54e0b49b61f48104b4be
";

    fn words(total: Option<usize>, said: &str) -> Vec<String> {
        let mut pulling = Pulling::new(total);
        said.lines().filter_map(|line| pulling.line(line)).collect()
    }

    #[test]
    fn a_pull_is_told_from_other_commands() {
        let image = |words: &[&str]| {
            let command = Command::new(words[0]).args(words[1..].iter().copied());
            pulled(&command).map(str::to_owned)
        };
        assert_eq!(image(&["podman", "pull", "--", "a:1"]).as_deref(), Some("a:1"));
        for words in [
            &["podman", "pull", "--quiet", "--", "a"][..],
            &["podman"],
            &["podman", "rm", "pull"],
            &["git", "pull"],
        ] {
            assert_eq!(image(words), None, "{words:?}");
        }
    }

    #[test]
    fn a_pull_is_told_by_its_layers() {
        let written = "writing the image";
        assert_eq!(
            words(Some(3), SAID),
            ["pulling 1/3 layers", "pulling 2/3 layers", "pulling 3/3 layers", written]
        );
        assert_eq!(
            words(None, SAID),
            ["pulling 1 layer", "pulling 2 layers", "pulling 3 layers", written]
        );
        // As older versions have it, and a layer that is named twice.
        let older = "Copying blob a [--------------------------------------] 0.0b / 0.0b\n\
                     Copying blob b skipped: already exists\nCopying blob a done\nStoring signatures";
        assert_eq!(words(Some(1), older), ["pulling 1/1 layer", "pulling 2/2 layer"]);
        assert_eq!(words(None, "Copying blob \nError: initializing source"), [""; 0]);
    }
}
