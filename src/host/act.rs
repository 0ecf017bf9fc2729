//! Performing an action on the machine.

use std::path::Path;

use anyhow::{Result, bail};
use tokio_util::sync::CancellationToken;

use super::{Host, fs};
use crate::core::plan::{Action, Copy, Download, FileEdit, Placed};
use crate::words::{fill, gettext};

/// Performs one action. Lines of a program's output go to `line`.
pub fn perform(
    host: &Host,
    action: &Action,
    line: &mut dyn FnMut(&str),
    cancel: &CancellationToken,
) -> Result<()> {
    match action {
        Action::Run(command) => {
            super::boxes::there(host, command)?;
            super::boxes::progress::run(host, command, line, cancel)?;
            Ok(())
        }
        Action::Write(edits) => write(edits),
        Action::Dconf(edits) => super::dconf::write(host, edits),
        Action::Download(Download { url, path, sha256, bundle }) => {
            let check = |path: &Path| match bundle {
                Some(bundle) => super::bundle::check(path, bundle),
                None => Ok(()),
            };
            let (path, sha256) = (Path::new(path), sha256.as_deref());
            Ok(super::http::download(host, url, path, sha256, &check, line, cancel)?)
        }
        Action::Copy(Copy { from, to, moving }) => {
            Ok(super::tree::copy(Path::new(from), Path::new(to), *moving)?)
        }
        Action::Place(placed) => place(placed),
        Action::Away(away) => {
            host.run(&away.command, line, cancel)?;
            Ok(())
        }
    }
}

/// The same for files with their permissions, and links.
fn place(placed: &[Placed]) -> Result<()> {
    for one in placed {
        let now = super::place::read(Path::new(&one.path))?;
        if now != one.before && now != one.after {
            bail!(fill(&gettext("“{path}” has changed meanwhile"), &[("path", &one.path)]));
        }
    }
    for one in placed {
        super::place::put(Path::new(&one.path), one.after.as_ref())?;
    }
    Ok(())
}

/// Writes files, after looking at all of them: none is touched if one has moved.
fn write(edits: &[FileEdit]) -> Result<()> {
    for edit in edits {
        let now = fs::read(Path::new(&edit.path))?;
        if now != edit.before && now != edit.after {
            bail!(fill(&gettext("“{path}” has changed meanwhile"), &[("path", &edit.path)]));
        }
    }
    for edit in edits {
        fs::write_as(Path::new(&edit.path), edit.after.as_deref(), edit.mode)?;
    }
    Ok(())
}
