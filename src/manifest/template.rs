//! A new distribution: the files of one, from what is asked for. Where they go is no concern of this.
//!
//! They are the ones at the top level of Bucket's own repository, which is so an example of what it makes; what cannot
//! stand there (this project's readme is another, and its forge is not to build images) is in `template/`.

use serde_json::{Map, Value as Json};

use crate::core::names::{ImageRef, RepoName, RepoOwner};
use crate::core::workflow::ForgeKind;
use crate::host::plant::NewFile;

/// The base image that the files name.
const BASE: &str = "registry.example/desktop:stable";
/// The branch that they name in the workflows of a forge.
const BRANCHES: &str = "branches: [main]";

/// A file of every distribution, by its path in ours: what it says, and whether it is a program.
struct Embedded {
    path: &'static str,
    text: &'static str,
    program: bool,
}

macro_rules! embedded {
    ($($path:literal $($program:ident)?),* $(,)?) => {
        [$(Embedded {
            path: $path,
            text: include_str!(concat!("../../", $path)),
            program: embedded!(@ $($program)?),
        }),*]
    };
    (@ program) => { true };
    (@) => { false };
}

const FILES: [Embedded; 34] = embedded![
    "Containerfile",
    "changelog.json",
    "ci/base-digest" program,
    "ci/build" program,
    "ci/check" program,
    "ci/common.sh",
    "ci/publish" program,
    "ci/release-notes" program,
    "ci/setup" program,
    "ci/sign" program,
    "ci/verify-base" program,
    "manifests/base-image-assumptions.json",
    "manifests/external-repos.json",
    "manifests/flatpak-apps.json",
    "manifests/flatpak-remotes.json",
    "manifests/gnome-extensions.json",
    "manifests/gsettings.json",
    "manifests/host-shims.json",
    "manifests/ignore.json",
    "manifests/image-config.json",
    "manifests/system-config.json",
    "manifests/system-packages.json",
    "manifests/systemd-services.json",
    "manifests/toolbox-packages.json",
    "repo.json",
    "systemd/README.md",
    "template/README.md",
    "template/github/base.yml",
    "template/github/check.yml",
    "template/github/images.yml",
    "template/gitignore",
    "template/gitlab-ci.yml",
    "toolbox/Containerfile",
    "upstream/manifest.json",
];

/// Where one of our own files goes in a distribution that is hosted at `forge`; `None` where it has no use for it.
fn place(forge: ForgeKind, path: &str) -> Option<String> {
    let Some(path) = path.strip_prefix("template/") else { return Some(path.to_owned()) };
    match (path.strip_prefix("github/"), path, forge) {
        (Some(workflow), _, ForgeKind::Github) => Some(format!(".github/workflows/{workflow}")),
        // Forgejo runs what GitHub does.
        (Some(workflow), _, ForgeKind::Forgejo) => Some(format!(".forgejo/workflows/{workflow}")),
        (Some(_), _, ForgeKind::Gitlab) => None,
        (None, "gitlab-ci.yml", ForgeKind::Gitlab) => Some(".gitlab-ci.yml".to_owned()),
        (None, "gitlab-ci.yml", _) => None,
        (None, "gitignore", _) => Some(".gitignore".to_owned()),
        (None, path, _) => Some(path.to_owned()),
    }
}

/// What a distribution is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answers {
    /// Its name, on its forge and as an image.
    pub name: RepoName,
    /// Whose it is there.
    pub owner: Option<RepoOwner>,
    /// The image that its own is built on.
    pub base: ImageRef,
    /// Where it is hosted: whose workflow files it gets.
    pub forge: ForgeKind,
}

/// The files of a distribution, by their paths. `branch` is the one that images are built from, `url` where it is cloned
/// from.
pub fn files(answers: &Answers, branch: &str, url: Option<&str>) -> Vec<NewFile> {
    let mut files: Vec<NewFile> = FILES
        .iter()
        .filter_map(|file| {
            let path = place(answers.forge, file.path)?;
            let text = match file.path {
                "repo.json" => config(answers, branch, url),
                _ => fitted(file.text, answers, branch),
            };
            Some(NewFile { path, text, program: file.program })
        })
        .collect();
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

/// The text of one of our files with what was asked for in the places of what it names.
fn fitted(text: &str, answers: &Answers, branch: &str) -> String {
    let name = answers.name.as_str();
    // A branch of any name git takes fits between these quotes.
    let branches = format!("branches: [{}]", Json::from(branch));
    let branches = if branch == "main" { BRANCHES } else { &branches };
    text.replace(BASE, answers.base.as_str())
        .replace(BRANCHES, branches)
        .replace("{name}", name)
        .replace("{image}", &name.to_lowercase())
}

/// `repo.json`.
fn config(answers: &Answers, branch: &str, url: Option<&str>) -> String {
    let mut json = Map::new();
    let mut put = |key: &str, value: Option<&str>| {
        value.map(|value| json.insert(key.to_owned(), value.into()));
    };
    put("owner", answers.owner.as_ref().map(RepoOwner::as_str));
    put("name", Some(answers.name.as_str()));
    put("url", url);
    put("default_branch", Some(branch));
    put("forge", Some(answers.forge.id()));
    format!("{:#}\n", Json::Object(json))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers(forge: ForgeKind) -> Answers {
        Answers {
            name: "My-Desktop".parse().unwrap(),
            owner: Some("group/me".parse().unwrap()),
            base: "registry.example/os:42".parse().unwrap(),
            forge,
        }
    }

    /// Every file of these places is one of a distribution's, and has the mode that it has here.
    #[test]
    fn what_is_embedded_is_what_stands_in_the_repository() {
        use std::os::unix::fs::PermissionsExt;
        let top = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut found = Vec::new();
        let places =
            "Containerfile changelog.json ci manifests repo.json systemd template toolbox upstream";
        let mut ways: Vec<_> = places.split(' ').map(|place| top.join(place)).collect();
        while let Some(way) = ways.pop() {
            if way.is_dir() {
                ways.extend(std::fs::read_dir(&way).unwrap().map(|entry| entry.unwrap().path()));
                continue;
            }
            let program = way.metadata().unwrap().permissions().mode() & 0o111 != 0;
            let path = way.strip_prefix(top).unwrap().to_str().unwrap().to_owned();
            found.push((path, std::fs::read_to_string(&way).unwrap(), program));
        }
        found.sort();
        let embedded: Vec<_> = FILES
            .iter()
            .map(|file| (file.path.to_owned(), file.text.to_owned(), file.program))
            .collect();
        assert_eq!(found, embedded, "FILES names them all, in this order");
    }

    #[test]
    fn answers_stand_where_examples_stood() {
        for forge in ForgeKind::ALL {
            let files = files(&answers(forge), "trunk", Some("https://forge.example/x.git"));
            let text = |path: &str| {
                let file = files.iter().find(|file| file.path == path);
                file.unwrap_or_else(|| panic!("{forge}: {path}")).text.as_str()
            };
            for file in &files {
                let left = ["registry.example/desktop", "{name}", "{image}", "[main]"];
                let left = left.iter().find(|what| file.text.contains(**what));
                assert_eq!(left, None, "{}", file.path);
                // Or its first commit would be refused.
                assert!(!crate::core::secret::in_text(&file.text), "{}", file.path);
            }
            assert!(text("Containerfile").contains("ARG BASE_IMAGE=registry.example/os:42\n"));
            assert!(text("README.md").starts_with("# My-Desktop\n"));
            assert!(text("README.md").contains("localhost/my-desktop:build"));
            let config: Json = serde_json::from_str(text("repo.json")).unwrap();
            assert_eq!(config["owner"], "group/me");
            assert_eq!(config["forge"], forge.id());
            assert_eq!(config["default_branch"], "trunk");
            let workflows = |dir: &str| files.iter().any(|file| file.path.starts_with(dir));
            assert_eq!(workflows(".github/"), forge == ForgeKind::Github);
            assert_eq!(workflows(".forgejo/"), forge == ForgeKind::Forgejo);
            assert_eq!(workflows(".gitlab-ci"), forge == ForgeKind::Gitlab);
            assert!(!workflows("template"));
            match forge {
                ForgeKind::Github => {
                    assert!(text(".github/workflows/images.yml").contains("branches: [\"trunk\"]"));
                }
                _ => assert!(text(".gitignore").contains("/out/")),
            }
        }
    }
}
