//! Containerfiles: what images are built from, with sections that the manifests fill.
//!
//! A section stands between two comment lines, `# === NAME (managed by bkt) ===` and `# === END NAME ===`. What is
//! between them is ours and made anew; everything else is the person's, byte for byte. [`write`] has what a section's
//! body is put together from.

use thiserror::Error;

mod edit;
pub mod own;
mod place;
pub mod write;

pub use edit::{Containerfile, Found, SECTIONS};

use edit::file_of;
pub use write::Run;

/// The file that the machine's image is built from, below the top directory of a repository.
pub const FILE: &str = "Containerfile";
/// The file that the development box's image is built from.
pub const TOOLBOX: &str = "toolbox/Containerfile";
/// The files that have sections. Each section belongs to one of them: [`file_of`].
pub const FILES: [&str; 2] = [FILE, TOOLBOX];
/// The rest of a line that begins a section, after its name.
const MANAGED: &str = " (managed by bkt) ===";
/// What stands before the name in a line that ends one.
const END: &str = "END ";

/// One managed section, as the manifests make it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    name: &'static str,
    body: String,
    notes: Vec<String>,
}

/// Text that cannot stand in a managed section.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum Unwritable {
    /// A byte that no shell and no Containerfile takes.
    #[error("“{text}” has a NUL character, which no shell takes")]
    Nul {
        /// The text, up to there.
        text: String,
    },
    /// A line break where one word or one command was to be.
    #[error("“{text}” has a line break, which ends an instruction")]
    LineBreak {
        /// The text, up to there.
        text: String,
    },
    /// A command that the line joins with the next, or that is taken for a comment.
    #[error(
        "the command “{text}” starts with “#” or ends with “\\”, so that it would not stay one command"
    )]
    Command {
        /// The command.
        text: String,
    },
    /// A line that ends or begins a section.
    #[error("line {line} of the section {section} would be taken for a marker: “{text}”")]
    Marker {
        /// The section.
        section: &'static str,
        /// The line in its body, from 1.
        line: usize,
        /// What it says.
        text: String,
    },
}

impl Section {
    /// A section of that name (`SYSTEM_PACKAGES`) with that body: whole lines, as [`write`] makes them; empty where the
    /// manifests want nothing. No line of it may look like a marker.
    pub fn new(name: &'static str, body: impl Into<String>) -> Result<Self, Unwritable> {
        let mut body = body.into();
        write::no_nul(&body)?;
        if let Some((at, text)) = body.lines().enumerate().find(|(_, line)| resembles_marker(line))
        {
            return Err(Unwritable::Marker { section: name, line: at + 1, text: text.to_owned() });
        }
        if !body.is_empty() && !body.ends_with('\n') {
            body.push('\n');
        }
        Ok(Self { name, body, notes: Vec::new() })
    }

    /// The same section with something that it does not do, and why, for people: a comment at its end.
    #[must_use]
    pub fn noting(mut self, note: String) -> Self {
        self.body += &write::comment(&note);
        self.notes.push(note);
        self
    }

    /// What it does not do, and why, for people.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Its name: `SYSTEM_PACKAGES`.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The file it belongs to, one of [`FILES`].
    pub fn file(&self) -> &'static str {
        file_of(self.name)
    }

    /// What stands between its markers: whole lines, each with its end.
    pub fn body(&self) -> &str {
        &self.body
    }
}

/// Whether a line is a marker, or was meant to be one. Spaces do not count.
fn resembles_marker(line: &str) -> bool {
    let text = line.trim().strip_prefix('#').map(str::trim_start);
    let Some(text) = text.and_then(|text| text.strip_prefix("===")?.strip_suffix("===")) else {
        return false;
    };
    let text = text.trim();
    let ends = text.strip_prefix("END").is_some_and(|name| is_name(name.trim()));
    text.contains("managed by bkt") || ends
}

fn is_name(text: &str) -> bool {
    let fits = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_';
    !text.is_empty() && text.bytes().all(fits)
}
