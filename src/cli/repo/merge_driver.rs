//! `bkt repo merge-driver`: for git's own merges, which `gitattributes(5)` lets a program do.

use std::path::{Path, PathBuf};

use crate::cli::app::{App, Exit};
use crate::host::fs;
use crate::manifest::merge;
use crate::words::{fill, gettext};

#[derive(clap::Args)]
#[command(about = gettext("Merge one file for git: %O %A %B %P"), hide = true)]
pub(super) struct Args {
    #[arg(value_name = "BASE")]
    base: PathBuf,
    #[arg(value_name = "OURS")]
    ours: PathBuf,
    #[arg(value_name = "THEIRS")]
    theirs: PathBuf,
    #[arg(value_name = "PATH")]
    path: String,
}

/// Writes the result over ours. What is undecided stays as ours has it, and git hears that there is a conflict.
pub(super) fn run(app: &App, args: &Args) -> anyhow::Result<Exit> {
    let cwd = &app.host.env().cwd;
    // git gives an empty file for none, so that one that is not there is a mistake.
    let read = |path: &Path| {
        let path = cwd.join(path);
        let source = || std::io::ErrorKind::NotFound.into();
        fs::read(&path)?.ok_or_else(|| fs::FsError { doing: "read", path, source: source() })
    };
    let base = Some(read(&args.base)?).filter(|text| !text.is_empty());
    let (ours, theirs) = (read(&args.ours)?, read(&args.theirs)?);
    let (b, o, t) = (base.as_deref(), Some(&*ours), Some(&*theirs));
    let (text, open) = match args.path.ends_with(".json") {
        true => {
            let merged = merge::merge(&args.path, b, o, t, &mut |_| None)?;
            (merged.text, merged.conflicts)
        }
        false => {
            let (b, o, t) = (b.unwrap_or_default(), o.unwrap_or_default(), t.unwrap_or_default());
            let Some(text) = merge::lines(b, o, t) else { return Ok(Exit::Error) };
            (Some(text), Vec::new())
        }
    };
    fs::write(&cwd.join(&args.ours), text.as_deref())?;
    for conflict in &open {
        let merge::Place { file, item, field } = &conflict.place;
        let text = gettext("{file}: {item} {field}: both sides changed it; yours stays");
        let values = [("file", file.as_str()), ("item", item.as_str()), ("field", field.as_str())];
        app.out.error(&fill(&text, &values));
    }
    Ok(if open.is_empty() { Exit::Done } else { Exit::Error })
}
