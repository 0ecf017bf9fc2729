//! One entry of `external-repos.json`, and which values a repository can have.

use anyhow::{Result, bail};
use schemars::JsonSchema;

use crate::core::item::{ItemKey, Record};
use crate::core::names::{ImagePath, PackageName, RepoId};
use crate::words::{fill, gettext};

/// Fields, each with the key that a `.repo` file has for it.
pub(super) const FIELDS: [(&str, &str); 3] =
    [("display_name", "name"), ("baseurl", "baseurl"), ("gpg_key", "gpgkey")];
pub(super) const ENABLED: &str = "enabled";

/// `external-repos.json`
#[derive(JsonSchema)]
#[allow(dead_code, reason = "describes the file")]
pub(super) struct ReposFile {
    /// The repositories.
    repos: Vec<Entry>,
}

/// One package repository.
#[derive(Clone, Debug, serde::Deserialize, JsonSchema)]
pub(super) struct Entry {
    /// Its id, and the name of its file.
    #[schemars(with = "String")]
    pub(super) name: RepoId,
    /// Its name for people.
    display_name: Option<String>,
    /// Where it is; dnf's variables may stand in it.
    baseurl: Option<String>,
    /// Where the key that it signs with is.
    gpg_key: Option<String>,
    /// The packages that the image gets from it.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub(super) packages: Vec<PackageName>,
    /// What its packages put below `/opt`, by the name there: it is moved to where an image can have it.
    pub(super) opt_path: Option<String>,
    /// Repositories of one group are set up in one step of the build.
    pub(super) layer_group: Option<String>,
    /// Whether packages come from it; yes where it is left out.
    enabled: Option<bool>,
    /// In the layer of one machine: whether the shared entry is dropped there.
    #[serde(default)]
    absent: bool,
}

impl Entry {
    /// The item and what is compared of it; an error where it could not be written down as it is meant.
    pub(super) fn read(&self) -> Result<(ItemKey, Record)> {
        let mut record = Record::new();
        for (field, value) in self.texts() {
            match value {
                Some(text) if text.trim() != text || text.chars().any(char::is_control) => {
                    let text = gettext("“{field}” is to be one line");
                    bail!(fill(&text, &[("field", field)]));
                }
                Some(text) => record.set(field, text),
                None => (),
            }
        }
        if self.enabled == Some(false) {
            record.set(ENABLED, false);
        }
        if !self.absent {
            fit(&record)?;
            self.opt()?;
        }
        Ok((ItemKey::new(self.name.as_str()), record))
    }

    fn texts(&self) -> [(&'static str, Option<&str>); 3] {
        let Self { display_name, baseurl, gpg_key, .. } = self;
        [
            (FIELDS[0].0, display_name.as_deref()),
            (FIELDS[1].0, baseurl.as_deref()),
            (FIELDS[2].0, gpg_key.as_deref()),
        ]
    }

    /// Where its packages put what is moved, and where that goes.
    pub(super) fn opt(&self) -> Result<Option<(ImagePath, ImagePath)>> {
        let Some(name) = &self.opt_path else { return Ok(None) };
        let places =
            ["/opt", "/usr/lib/opt"].map(|dir| format!("{dir}/{name}").parse::<ImagePath>());
        match places {
            [Ok(from), Ok(to)] if !name.contains('/') => Ok(Some((from, to))),
            _ => bail!(gettext("“opt_path” is to be the name of one directory below /opt")),
        }
    }
}

/// Whether a repository of these values can be used: it is somewhere, and what comes over a network is signed.
pub(super) fn fit(record: &Record) -> Result<()> {
    let Some(url) = record.text("baseurl").filter(|url| !url.contains(char::is_whitespace)) else {
        bail!(gettext("a repository needs its “baseurl”: one address"));
    };
    let known = ["https://", "http://", "file:///"].iter().any(|scheme| url.starts_with(scheme));
    if !known {
        let text = gettext("“{url}” is no address: it should begin with https:// or file:///");
        bail!(fill(&text, &[("url", url)]));
    }
    let key = record.text("gpg_key");
    if key.is_some_and(|key| key.contains(char::is_whitespace) || key.starts_with('-')) {
        bail!(gettext("“gpg_key” is to be one address"));
    }
    if key.is_none() && !url.starts_with("file:") {
        bail!(gettext("what comes over a network has to be signed: name the key with “gpg_key”"));
    }
    Ok(())
}
