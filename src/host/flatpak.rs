//! Flatpak installations, read from their files: no process is started.
//!
//! The layout is that of flatpak 1.16 and 1.19: `app/ID/current` links to `ARCH/BRANCH`, below which `active`
//! links to a commit whose `deploy` file says where it came from. Remotes and masks stand in `repo/config`.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Host;
use super::fs::{self, FsError};
use super::keyfile::Keyfile;
use crate::core::names::{AppId, Branch, Commit, RemoteName};
use crate::words::{fill, gettext};

/// Whose installation.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// Every user's: `/var/lib/flatpak`.
    System,
    /// The person's own: `~/.local/share/flatpak`.
    User,
}

impl Scope {
    /// Both scopes.
    pub const ALL: [Self; 2] = [Self::System, Self::User];

    /// `system` or `user`, as in manifests.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::User => "user",
        }
    }

    /// The word people know it by.
    pub fn title(self) -> String {
        match self {
            Self::System => gettext("system"),
            Self::User => gettext("user"),
        }
    }

    /// The option that makes `flatpak` act on it.
    pub fn flag(self) -> &'static str {
        match self {
            Self::System => "--system",
            Self::User => "--user",
        }
    }

    /// The scope that this one is not.
    pub fn other(self) -> Self {
        match self {
            Self::System => Self::User,
            Self::User => Self::System,
        }
    }

    /// The scope that [`Scope::as_str`] names.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == text)
    }
}

/// One installation. It need not exist.
#[derive(Clone, Debug)]
pub struct Installation {
    /// Whose it is.
    pub scope: Scope,
    /// Where it is.
    pub dir: PathBuf,
}

/// One deployed branch of an app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deployed {
    /// Such as `x86_64`.
    pub arch: String,
    /// The branch.
    pub branch: Branch,
    /// The commit that is active.
    pub commit: Commit,
    /// The remote it came from.
    pub origin: RemoteName,
    /// The app's name for people, in the person's language where the app has it.
    pub title: Option<String>,
    /// Why the remote no longer cares for it.
    pub end_of_life: Option<String>,
}

/// An installed app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct App {
    /// The branch that runs, and that exports its desktop file.
    pub current: Deployed,
    /// The other deployed branches, as `ARCH/BRANCH`.
    pub others: Vec<(String, Branch)>,
}

/// One configured remote.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Remote {
    /// Where it is, as it is written.
    pub url: String,
    /// Its name for people.
    pub title: Option<String>,
    /// The file of `allow` and `deny` lines that hides part of it.
    pub filter: Option<String>,
    /// Whether what it offers must be signed.
    pub gpg_verify: bool,
    /// Whether it is switched off.
    pub disabled: bool,
    /// Whether it exists only for one app, installed from a file.
    pub hidden: bool,
}

impl Installation {
    /// The installation of `scope`; `FLATPAK_SYSTEM_DIR` and `FLATPAK_USER_DIR` move them, as they do for flatpak.
    pub fn of(host: &Host, scope: Scope) -> Self {
        let dir = match scope {
            Scope::System => host
                .var("FLATPAK_SYSTEM_DIR")
                .map_or_else(|| host.path("/var/lib/flatpak"), PathBuf::from),
            Scope::User => host
                .var("FLATPAK_USER_DIR")
                .map_or_else(|| host.env().data.join("flatpak"), PathBuf::from),
        };
        Self { scope, dir }
    }

    /// The file of remotes and masks; empty where there is none.
    pub fn config(&self) -> Result<Keyfile, String> {
        let path = self.dir.join("repo/config");
        let text = fs::read(&path).map_err(|error| error.to_string())?;
        Keyfile::parse(text.as_deref().unwrap_or_default())
            .map_err(|error| damaged(&path, &error.to_string()))
    }

    /// The file of one app's overrides, or, named `global`, of every app's.
    pub fn override_path(&self, name: &str) -> PathBuf {
        self.dir.join("overrides").join(name)
    }

    /// The overrides of one app, or, named `global`, of every app; empty where there are none.
    pub fn overrides(&self, name: &str) -> Result<Keyfile, String> {
        let path = self.override_path(name);
        let text = fs::read(&path).map_err(|error| error.to_string())?;
        Keyfile::parse(text.as_deref().unwrap_or_default())
            .map_err(|error| damaged(&path, &error.to_string()))
    }

    /// The names of the override files.
    pub fn override_names(&self) -> Result<Vec<String>, FsError> {
        Ok(fs::list(&self.dir.join("overrides"))?.unwrap_or_default())
    }

    /// The keys a remote's offers are signed with, as flatpak keeps them: an OpenPGP keyring.
    pub fn keyring(&self, remote: &RemoteName) -> Result<Option<Vec<u8>>, String> {
        let path = self.dir.join("repo").join(format!("{remote}.trustedkeys.gpg"));
        read_bytes(&path)
    }

    /// The ids of the directories under `app/`. Not all need be installed.
    pub fn app_ids(&self) -> Result<Vec<AppId>, FsError> {
        let names = fs::list(&self.dir.join("app"))?.unwrap_or_default();
        // A directory that is no app's id is none of flatpak's.
        Ok(names.iter().filter_map(|name| name.parse().ok()).collect())
    }

    /// The runtimes and extensions that are deployed, as `ID/ARCH/BRANCH`.
    pub fn runtimes(&self) -> Result<Vec<String>, FsError> {
        let list = |dir: &Path| match fs::list(dir) {
            Err(error) if error.source.kind() == ErrorKind::NotADirectory => Ok(Vec::new()),
            names => Ok(names?.unwrap_or_default()),
        };
        let mut found = Vec::new();
        let top = self.dir.join("runtime");
        for id in list(&top)? {
            for arch in list(&top.join(&id))? {
                for branch in list(&top.join(&id).join(&arch))? {
                    let name = format!("{id}/{arch}/{branch}");
                    if top.join(&name).join("active").is_symlink() {
                        found.push(name);
                    }
                }
            }
        }
        Ok(found)
    }

    /// One app; `None` where it is not installed.
    pub fn app(&self, id: &AppId, languages: &[String]) -> Result<Option<App>, String> {
        let dir = self.dir.join("app").join(id.as_str());
        let current =
            match read_link(&dir.join("current"))? {
                Some(link) => Some(split_ref(&link).ok_or_else(|| {
                    damaged(&dir.join("current"), &gettext("it is not ARCH/BRANCH"))
                })?),
                None => None,
            };
        let mut deployed = Vec::new();
        for arch in fs::list(&dir).map_err(|error| error.to_string())?.unwrap_or_default() {
            if arch == "current" {
                continue;
            }
            let branches = match fs::list(&dir.join(&arch)) {
                Ok(branches) => branches.unwrap_or_default(),
                Err(error) if error.source.kind() == ErrorKind::NotADirectory => continue,
                Err(error) => return Err(error.to_string()),
            };
            for branch in branches {
                let active = dir.join(&arch).join(&branch).join("active");
                if let (Ok(branch), true) = (branch.parse(), active.is_symlink()) {
                    deployed.push((arch.clone(), branch));
                }
            }
        }
        let at = match &current {
            Some(current) => deployed.iter().position(|branch| branch == current),
            None if deployed.len() > 1 => {
                return Err(gettext("several branches are installed, and none is the current one"));
            }
            None => (!deployed.is_empty()).then_some(0),
        };
        let Some(at) = at else { return Ok(None) };
        let (arch, branch) = deployed.remove(at);
        let current = self.deployed(&dir, arch, branch, languages)?;
        Ok(current.map(|current| App { current, others: deployed }))
    }

    /// Where one deployed branch of an app came from; `None` where that branch is not installed.
    pub fn origin(&self, id: &AppId, arch: &str, branch: &Branch) -> Option<RemoteName> {
        let dir = self.dir.join("app").join(id.as_str());
        let deployed = self.deployed(&dir, arch.to_owned(), branch.clone(), &[]);
        deployed.ok().flatten().map(|deployed| deployed.origin)
    }

    /// What the branch of an app that runs says of itself; `None` where the app is not installed.
    pub fn metadata(&self, id: &AppId) -> Result<Option<Keyfile>, String> {
        let Some(app) = self.app(id, &[])? else { return Ok(None) };
        let Deployed { arch, branch, .. } = app.current;
        let dir = self.dir.join("app").join(id.as_str()).join(arch).join(branch.as_str());
        let path = dir.join("active/metadata");
        let text = fs::read(&path).map_err(|error| error.to_string())?;
        let text = text.ok_or_else(|| damaged(&path, &gettext("there is no such file")))?;
        Keyfile::parse(&text).map(Some).map_err(|error| damaged(&path, &error.to_string()))
    }

    fn deployed(
        &self,
        dir: &Path,
        arch: String,
        branch: Branch,
        languages: &[String],
    ) -> Result<Option<Deployed>, String> {
        let dir = dir.join(&arch).join(branch.as_str());
        let Some(link) = read_link(&dir.join("active"))? else { return Ok(None) };
        let commit: Commit =
            link.parse().map_err(|error| damaged(&dir.join("active"), &format!("{error}")))?;
        let path = dir.join(commit.as_str()).join("deploy");
        let bytes =
            read_bytes(&path)?.ok_or_else(|| damaged(&path, &gettext("there is no such file")))?;
        let data = parse_deploy(&bytes, languages).map_err(|error| damaged(&path, &error))?;
        Ok(Some(Deployed {
            arch,
            branch,
            commit,
            origin: data.origin,
            title: data.title,
            end_of_life: data.end_of_life,
        }))
    }
}

/// Whether there is anything of flatpak on this machine: a program, or an installation.
pub fn is_there(host: &Host) -> bool {
    let program = host.var("PATH").is_some_and(|path| {
        path.split(':').any(|dir| dir.starts_with('/') && host.path(dir).join("flatpak").exists())
    });
    program || Scope::ALL.iter().any(|scope| Installation::of(host, *scope).dir.exists())
}

/// The remotes of a `repo/config`, by name; a name that flatpak would not take is kept as it is.
pub fn remotes(config: &Keyfile) -> Vec<(String, Remote)> {
    let groups: Vec<&str> = config.groups().collect();
    groups
        .into_iter()
        .filter_map(|group| {
            let name = group.strip_prefix("remote \"")?.strip_suffix('"')?;
            let text = |key| config.text(group, key).filter(|text| !text.is_empty());
            let remote = Remote {
                url: text("url")?,
                title: text("xa.title"),
                filter: text("xa.filter"),
                // OSTree verifies unless told otherwise.
                gpg_verify: config.flag(group, "gpg-verify").unwrap_or(true),
                disabled: config.flag(group, "xa.disable").unwrap_or(false),
                hidden: config.flag(group, "xa.noenumerate").unwrap_or(false),
            };
            Some((name.to_owned(), remote))
        })
        .collect()
}

/// The patterns of what is not to be updated: `[app/|runtime/]ID[/ARCH[/BRANCH]]`, with `*`.
pub fn masks(config: &Keyfile) -> Vec<String> {
    config.list("core", "xa.masked").unwrap_or_default()
}

/// Whether `pattern` covers an app's branch, as `flatpak_filter_glob_to_regexp` reads patterns.
pub fn mask_covers(pattern: &str, id: &AppId, arch: &str, branch: &Branch) -> bool {
    let pattern = match (pattern.strip_prefix("app/"), pattern.starts_with("runtime/")) {
        (Some(rest), _) => rest,
        (None, true) => return false,
        (None, false) => pattern,
    };
    let mut parts = pattern.split('/');
    [id.as_str(), arch, branch.as_str()].into_iter().all(|text| match parts.next() {
        None | Some("") => true,
        Some(part) => wildcard(part.as_bytes(), text.as_bytes()),
    }) && parts.next().is_none()
}

/// Whether `text` matches `pattern`, in which `*` stands for anything.
fn wildcard(pattern: &[u8], text: &[u8]) -> bool {
    match pattern.split_first() {
        None => text.is_empty(),
        Some((b'*', rest)) => (0..=text.len()).any(|at| wildcard(rest, &text[at..])),
        Some((byte, rest)) => {
            text.split_first().is_some_and(|(first, text)| first == byte && wildcard(rest, text))
        }
    }
}

/// The person's languages as locales name them, most wanted first: `de_DE`, `de`.
pub fn languages(host: &Host) -> Vec<String> {
    let locale = ["LC_ALL", "LC_MESSAGES", "LANG"].iter().find_map(|name| host.var(name));
    let locale = locale.and_then(|locale| locale.split(['.', '@']).next()).unwrap_or("C");
    let mut languages = vec![locale.to_owned()];
    languages.extend(locale.split_once('_').map(|(language, _)| language.to_owned()));
    languages
}

struct Deploy {
    origin: RemoteName,
    title: Option<String>,
    end_of_life: Option<String>,
}

/// Reads a `deploy` file: a GVariant of origin, commit, subpaths, size and a dictionary.
fn parse_deploy(bytes: &[u8], languages: &[String]) -> Result<Deploy, String> {
    let shape = || gettext("it is not what flatpak writes");
    let kind = glib::VariantTy::new("(ssasta{sv})").map_err(|_| shape())?;
    let data = glib::Variant::from_bytes_with_type(&glib::Bytes::from(bytes), kind);
    if !data.is_normal_form() {
        return Err(shape());
    }
    let origin = data.child_value(0);
    let origin = origin.str().ok_or_else(shape)?;
    let more = glib::VariantDict::new(Some(&data.child_value(4)));
    let names = more.lookup_value("appdata-name", glib::VariantTy::new("a{ss}").ok());
    let name = |language: &str| {
        let names = names.as_ref()?;
        names.iter().find_map(|entry| {
            let (key, value) = (entry.child_value(0), entry.child_value(1));
            (key.str() == Some(language)).then(|| value.str().map(str::to_owned))?
        })
    };
    let title = languages.iter().find_map(|language| name(language)).or_else(|| name("C"));
    let text = |key| more.lookup::<String>(key).ok().flatten();
    Ok(Deploy {
        origin: origin.parse().map_err(|error| format!("{error}"))?,
        title: title.filter(|title| !title.is_empty()),
        end_of_life: text("eol").or_else(|| text("eolr")),
    })
}

/// `ARCH/BRANCH`, taken apart.
fn split_ref(link: &str) -> Option<(String, Branch)> {
    let (arch, branch) = link.split_once('/')?;
    Some((arch.to_owned(), branch.parse().ok()?))
}

fn read_link(path: &Path) -> Result<Option<String>, String> {
    match std::fs::read_link(path) {
        Ok(target) => Ok(Some(target.to_string_lossy().into_owned())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(FsError { doing: "read", path: path.to_owned(), source }.to_string()),
    }
}

fn read_bytes(path: &Path) -> Result<Option<Vec<u8>>, String> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(FsError { doing: "read", path: path.to_owned(), source }.to_string()),
    }
}

fn damaged(path: &Path, why: &str) -> String {
    let path = path.display().to_string();
    fill(&gettext("“{path}” is damaged: {why}"), &[("path", &path), ("why", why)])
}
