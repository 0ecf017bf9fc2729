//! `EXTERNAL_REPOS`: each repository set up, with what the image gets from it.

use std::collections::BTreeMap;

use anyhow::Result;

use super::LIST;
use super::entry::Entry;
use super::file;
use crate::core::item::Record;
use crate::core::names::PackageName;
use crate::manifest::Sheet;
use crate::manifest::containerfile::Run;
use crate::manifest::containerfile::write::word;
use crate::subsystem::packages::section::tidied;

/// Makes the section's content of the entries that are meant for every machine.
pub(super) fn body(sheet: &Sheet) -> Result<String> {
    let mut groups: BTreeMap<(&str, &str), Vec<(&Entry, Record)>> = BTreeMap::new();
    let entries = sheet.entries::<Entry>(LIST)?;
    for entry in entries.iter().filter(|entry| !entry.absent) {
        let one = &entry.value;
        let (_, record) =
            one.read().map_err(|error| sheet.error_at(LIST, entry, format!("{error:#}")))?;
        // One without a group is a group of its own.
        let own = if one.layer_group.is_some() { "" } else { one.name.as_str() };
        let group = one.layer_group.as_deref().unwrap_or_default();
        groups.entry((group, own)).or_default().push((one, record));
    }
    let mut text = String::new();
    for mut group in groups.into_values() {
        group.sort_by(|a, b| a.0.name.cmp(&b.0.name));
        let mut run = Run::new();
        for (entry, record) in group {
            run = set_up(run, entry, &record)?;
        }
        text += &tidied(run)?.text();
    }
    Ok(text)
}

/// The commands that set one repository up, and install what comes from it.
fn set_up(run: Run, entry: &Entry, record: &Record) -> Result<Run> {
    let name = &entry.name;
    let mut run = run.file(&file::path(name).parse()?, 0o644, &file::text(name, record))?;
    if let Some(key) = record.text("gpg_key") {
        run = run.command(format!("rpm --import {}", word(key)?))?;
    }
    let opt = entry.opt()?;
    if opt.is_some() {
        // Where `/opt` is a link into `/var`, what it leads to need not be there while the image is built.
        run = run.command("mkdir -p /usr/lib/opt \"$(readlink -m /opt)\"")?;
    }
    let mut packages: Vec<&str> = entry.packages.iter().map(PackageName::as_str).collect();
    packages.sort_unstable();
    packages.dedup();
    if !packages.is_empty() {
        run = run.list("dnf install -y", packages)?;
    }
    if let (Some((from, to)), Some(opt)) = (opt, &entry.opt_path) {
        let (from_word, to_word) = (word(from.as_str())?, word(to.as_str())?);
        run = run.command(format!("mv -T -- {from_word} {to_word}"))?;
        // Where it is a directory, it belongs to the image.
        run = run.command(format!("[ -L /opt ] || ln -s -- {to_word} {from_word}"))?;
        let quoted = |path: String| match path.contains(' ') {
            true => format!("\"{path}\""),
            false => path,
        };
        let place = quoted(format!("/var/opt/{opt}"));
        let line = format!("L+ {place} - - - - {to}\n");
        let file = format!("/usr/lib/tmpfiles.d/bkt-opt-{name}.conf").parse()?;
        run = run.file(&file, 0o644, &line)?;
    }
    Ok(run)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value as Json, json};
    use std::path::Path;

    fn section(json: &Json) -> Result<String> {
        body(&Sheet::parse(Path::new("x.json"), &json.to_string()).unwrap())
    }

    #[test]
    fn the_section_sets_up_installs_and_moves() {
        let body = section(&json!({ "repos": [{
            "name": "1password", "display_name": "1Password Stable Channel", "baseurl": "https://example.org/rpm/$basearch",
            "gpg_key": "https://example.org/key.asc", "packages": ["1password"], "opt_path": "1Password", "later": 1
        }] }));
        let expected = "RUN set -eu; \\
    mkdir -p /etc/yum.repos.d; \\
    printf '%s\\n' \\
      '[1password]' \\
      'name=1Password Stable Channel' \\
      'baseurl=https://example.org/rpm/$basearch' \\
      'enabled=1' \\
      'gpgcheck=1' \\
      'gpgkey=https://example.org/key.asc' \\
      > /etc/yum.repos.d/1password.repo; \\
    chmod 0644 /etc/yum.repos.d/1password.repo; \\
    rpm --import https://example.org/key.asc; \\
    mkdir -p /usr/lib/opt \"$(readlink -m /opt)\"; \\
    dnf install -y \\
      1password; \\
    mv -T -- /opt/1Password /usr/lib/opt/1Password; \\
    [ -L /opt ] || ln -s -- /usr/lib/opt/1Password /opt/1Password; \\
    mkdir -p /usr/lib/tmpfiles.d; \\
    printf '%s\\n' \\
      'L+ /var/opt/1Password - - - - /usr/lib/opt/1Password' \\
      > /usr/lib/tmpfiles.d/bkt-opt-1password.conf; \\
    chmod 0644 /usr/lib/tmpfiles.d/bkt-opt-1password.conf; \\
    dnf clean all; \\
    rm -rf /var/cache/dnf /var/cache/libdnf5 /var/lib/dnf /var/log/dnf* /var/log/hawkey.log
";
        assert_eq!(body.unwrap(), expected);
        assert_eq!(section(&json!({})).unwrap(), "");
    }

    #[test]
    fn groups_are_set_up_together_whatever_their_order() {
        let repo = |name: &str, group: Option<&str>| {
            let mut repo = json!({ "name": name, "baseurl": "file:///r", "packages": [] });
            if let Some(group) = group {
                repo["layer_group"] = group.into();
            }
            repo
        };
        let [a, b, c] = [repo("a", Some("g")), repo("b", None), repo("c", Some("g"))];
        let one = section(&json!({ "repos": [a.clone(), b.clone(), c.clone()] })).unwrap();
        assert_eq!(one, section(&json!({ "repos": [c, b, a] })).unwrap());
        assert_eq!(one.matches("RUN ").count(), 2);
        assert!(one.contains("gpgcheck=0"));
    }

    #[test]
    fn what_cannot_be_written_or_trusted_is_refused() {
        for (entry, says) in [
            (json!({ "name": "a" }), "needs its “baseurl”"),
            (json!({ "name": "a", "baseurl": "https://a" }), "has to be signed"),
            (json!({ "name": "a", "baseurl": "ftp://a", "gpg_key": "k" }), "is no address"),
            (json!({ "name": "a", "baseurl": "https://a\nenabled=0", "gpg_key": "k" }), "one line"),
            (json!({ "name": "a", "baseurl": "file:///a", "gpg_key": "-k" }), "one address"),
            (
                json!({ "name": "a", "baseurl": "file:///a", "opt_path": "../x" }),
                "directory below /opt",
            ),
            (json!({ "name": "../a", "baseurl": "file:///a" }), "is not a package repository"),
            (
                json!({ "name": "a", "baseurl": "file:///a", "packages": ["-x"] }),
                "is not a package name",
            ),
        ] {
            let error = section(&json!({ "repos": [entry] })).unwrap_err().to_string();
            assert!(error.starts_with("x.json:1:") && error.contains(says), "{error}");
        }
    }
}
