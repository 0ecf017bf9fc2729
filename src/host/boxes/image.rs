//! Images that boxes are made of: what podman has of one, and having it pull one; and what a box changed in its own.

use serde::Deserialize;
use serde_json::Value as Json;
use tokio_util::sync::CancellationToken;

use super::progress::Pulling;
use super::said;
use crate::core::names::ImageRef;
use crate::core::plan::Command;
use crate::host::command::is_installed;
use crate::host::{Host, RunError};

/// How long a registry, or podman, may take to answer a question.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(20);

/// An image that podman has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Local {
    /// Podman's id of it.
    pub id: String,
    /// Its digest, where podman knows it: `sha256:…`.
    pub digest: Option<String>,
}

/// The image of that name on this machine; none where there is none. Nothing is fetched.
pub fn local(host: &Host, image: &ImageRef) -> Result<Option<Local>, RunError> {
    let exists = Command::new("podman").args(["image", "exists", "--", image.as_str()]);
    match host.run_within(&exists, PATIENCE) {
        Ok(_) => (),
        // 1 says no; anything else says that podman itself failed.
        Err(RunError::Failed { status, .. }) if status == "exit status: 1" => return Ok(None),
        Err(error) => return Err(error),
    }
    let args = ["image", "inspect", "--format", "json", "--", image.as_str()];
    let said = said::read(&host.run_within(&Command::new("podman").args(args), PATIENCE)?);
    let of = |one: &serde_json::Map<String, Json>| {
        let id = said::text(one, &["Id", "ID"])?.to_owned();
        Some(Local { id, digest: said::text(one, &["Digest"]).map(str::to_owned) })
    };
    Ok(said.objects.iter().find_map(of))
}

/// Has podman fetch an image, whether there is one of that name or not. `words` hears how far it is, for people. Returns
/// podman's id of it.
pub fn pull(
    host: &Host,
    image: &ImageRef,
    words: &mut dyn FnMut(&str),
    cancel: &CancellationToken,
) -> Result<String, RunError> {
    let mut pulling = Pulling::new(layers(host, image));
    let pull = Command::new("podman").args(["pull", "--", image.as_str()]);
    let mut line = |line: &str| {
        if let Some(said) = pulling.line(line) {
            words(&said);
        }
    };
    let said = host.run(&pull, &mut line, cancel)?;
    Ok(said.lines().last().unwrap_or_default().trim().to_owned())
}

/// How many layers an image has in its registry: podman does not say it beforehand, skopeo does, where there is one.
fn layers(host: &Host, image: &ImageRef) -> Option<usize> {
    if !is_installed(host, "skopeo") {
        return None;
    }
    let name = format!("docker://{image}");
    let ask = Command::new("skopeo").args(["inspect", "--no-tags", "--", &name]);
    let said = said::read(&host.run_within(&ask, PATIENCE).ok()?);
    said.objects.iter().find_map(|one| Some(one.get("Layers")?.as_array()?.len()))
}

/// How the files of a container differ from its image's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Changes {
    /// Paths that it has, and its image does not.
    pub added: Vec<String>,
    /// Paths that are not as in its image; a directory is for what is in it.
    pub changed: Vec<String>,
    /// Paths that its image has, and it does not.
    pub deleted: Vec<String>,
}

/// How the files of a container, by its id, differ from its image's.
pub fn changes(host: &Host, id: &str) -> anyhow::Result<Changes> {
    let diff = Command::new("podman").args(["diff", "--format", "json", "--", id]);
    let said = said::read(&host.run_within(&diff, PATIENCE)?);
    match said.objects.into_iter().next() {
        Some(one) => Ok(serde_json::from_value(Json::Object(one))?),
        None => anyhow::bail!("{}", crate::words::gettext("podman did not say what changed")),
    }
}
