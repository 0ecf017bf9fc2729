//! A Containerfile taken apart at its markers, and put together again with other sections between them.
//!
//! A marker is a marker wherever it stands, also in a heredoc of the person's own: what is between two markers is
//! ours, and a heredoc that needs such a line can have it with another space in it only if it does not say "managed by
//! bkt". A section whose name we do not know is left as it is.

use std::ops::Range;
use std::path::Path;

use super::place::place;
use super::{END, FILE, MANAGED, Section, TOOLBOX, resembles_marker};
use crate::manifest::DocError;

/// The sections that the manifests fill, in the order they stand in; those of [`TOOLBOX`] last.
pub const SECTIONS: [&str; 10] = [
    "COPR_REPOS",
    "EXTERNAL_REPOS",
    "SYSTEM_PACKAGES",
    "KERNEL_ARGUMENTS",
    "SYSTEMD_UNITS",
    "IMAGE_CONFIG",
    "HOST_SHIMS",
    "UPSTREAM",
    "TOOLBOX_PACKAGES",
    "TOOLCHAINS",
];

/// The file that a section of this name belongs to.
pub(super) fn file_of(section: &str) -> &'static str {
    match section {
        "TOOLBOX_PACKAGES" | "TOOLCHAINS" => TOOLBOX,
        _ => FILE,
    }
}

/// A Containerfile as it is, with its sections found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Containerfile<'a> {
    text: &'a str,
    found: Vec<Found>,
}

/// A section that is in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its name, which may be one that we do not know.
    pub name: String,
    /// The line of its first marker, from 1.
    pub line: usize,
    /// The line of its last marker.
    pub last_line: usize,
    /// From its first marker to the end of the line of its last one, in bytes.
    pub(super) whole: Range<usize>,
    /// What is between the markers.
    body: Range<usize>,
}

enum Marker<'a> {
    Begin(&'a str),
    End(&'a str),
    /// Meant to be one, and not written as one.
    Near,
}

impl<'a> Containerfile<'a> {
    /// Finds the sections of `text`. Markers that are unclosed, nested, crossed, without a beginning, there twice or
    /// misspelt are an error that names `path` and the line.
    pub fn parse(path: &Path, text: &'a str) -> Result<Self, DocError> {
        let wrong = |line: usize, what: String| {
            Err(DocError { path: path.to_owned(), line, column: 1, what })
        };
        let mut found: Vec<Found> = Vec::new();
        // The section we are in: its name, its line, its first byte, and that of its body.
        let mut open: Option<(&str, usize, usize, usize)> = None;
        let mut at = 0;
        for (index, whole) in text.split_inclusive('\n').enumerate() {
            let (line, begin) = (index + 1, at);
            at += whole.len();
            let bare =
                if index == 0 { whole.strip_prefix('\u{feff}').unwrap_or(whole) } else { whole };
            let begin = begin + whole.len() - bare.len();
            match (marker(bare), open) {
                (None, _) => (),
                (Some(Marker::Begin(name)), Some((outer, from, ..))) => {
                    return wrong(
                        line,
                        format!(
                            "the section {name} begins here, but {outer} of line {from} has not ended: it takes “{}” first",
                            end(outer)
                        ),
                    );
                }
                (Some(Marker::Begin(name)), None) => {
                    if let Some(first) = found.iter().find(|one| one.name == name) {
                        return wrong(
                            line,
                            format!(
                                "the section {name} stands here a second time: it is on line {} already",
                                first.line
                            ),
                        );
                    }
                    open = Some((name, line, begin, at));
                }
                (Some(Marker::End(name)), Some((outer, from, first, body))) if name == outer => {
                    found.push(Found {
                        name: name.to_owned(),
                        line: from,
                        last_line: line,
                        whole: first..at,
                        body: body..begin,
                    });
                    open = None;
                }
                (Some(Marker::End(name)), Some((outer, from, ..))) => {
                    return wrong(
                        line,
                        format!(
                            "{name} ends here, but the section that began last is {outer}, on line {from}: it takes “{}”",
                            end(outer)
                        ),
                    );
                }
                (Some(Marker::End(name)), None)
                    if is_ours(name) || found.iter().any(|one| one.name == name) =>
                {
                    return wrong(
                        line,
                        format!(
                            "the section {name} ends here, but has not begun: it takes “{}” before",
                            begin_of(name)
                        ),
                    );
                }
                // A heading that somebody wrote for themselves.
                (Some(Marker::End(_)), None) => (),
                (Some(Marker::Near), _) => {
                    return wrong(
                        line,
                        format!(
                            "this looks like a marker, and is none: a section stands between “{}” and “{}”",
                            begin_of("NAME"),
                            end("NAME")
                        ),
                    );
                }
            }
        }
        match open {
            Some((name, line, ..)) => wrong(
                line,
                format!("the section {name} begins here and never ends: it takes “{}”", end(name)),
            ),
            None => Ok(Self { text, found }),
        }
    }

    /// The file's text.
    pub fn text(&self) -> &'a str {
        self.text
    }

    /// Its sections, in the order they stand in.
    pub fn found(&self) -> &[Found] {
        &self.found
    }

    /// One of its sections.
    pub fn section(&self, name: &str) -> Option<&Found> {
        self.found.iter().find(|one| one.name == name)
    }

    /// What stands between the markers of one of its sections.
    pub fn body(&self, found: &Found) -> &'a str {
        self.text.get(found.body.clone()).unwrap_or_default()
    }

    /// What would stand there by `section`: with the line ends that the section's first marker has.
    pub fn made(&self, found: &Found, section: &Section) -> String {
        let marker = self.text.get(found.whole.start..found.body.start).unwrap_or_default();
        with_line_ends(section.body(), marker.ends_with("\r\n"))
    }

    /// The text with all these sections as given. One that is not in the file is left out.
    pub fn with(&self, sections: &[Section]) -> String {
        let mut text = String::with_capacity(self.text.len());
        let mut copied = 0;
        for found in &self.found {
            let Some(section) = sections.iter().find(|one| one.name() == found.name) else {
                continue;
            };
            text.push_str(self.text.get(copied..found.body.start).unwrap_or_default());
            text.push_str(&self.made(found, section));
            copied = found.body.end;
        }
        text.push_str(self.text.get(copied..).unwrap_or_default());
        text
    }

    /// The text with what `other` has between the markers of each section that the manifests fill in `file`, which both
    /// are a state of.
    pub fn with_bodies_of(&self, other: &Containerfile<'_>, file: &str) -> String {
        let mut text = String::with_capacity(self.text.len());
        let mut copied = 0;
        let filled =
            |one: &&Found| SECTIONS.contains(&one.name.as_str()) && file_of(&one.name) == file;
        for found in self.found.iter().filter(filled) {
            let Some(theirs) = other.section(&found.name) else { continue };
            text.push_str(self.text.get(copied..found.body.start).unwrap_or_default());
            text.push_str(other.body(theirs));
            copied = found.body.end;
        }
        text.push_str(self.text.get(copied..).unwrap_or_default());
        text
    }

    /// The text with all these sections, those that are not in the file put where they belong: in the order of [`SECTIONS`], in the last
    /// stage, and before it is checked by `bootc container lint`.
    pub fn with_all(&self, path: &Path, sections: &[Section]) -> Result<String, DocError> {
        let mut text = self.with(sections);
        let mut missing: Vec<&Section> =
            sections.iter().filter(|one| self.section(one.name()).is_none()).collect();
        missing.sort_by_key(|one| rank(one.name()));
        for section in missing {
            let file = Containerfile::parse(path, &text)?;
            text = place(&file, section);
        }
        Ok(text)
    }
}

/// Where a section stands among [`SECTIONS`]; one that is not among them comes last.
pub(super) fn rank(name: &str) -> usize {
    SECTIONS.iter().position(|one| *one == name).unwrap_or(SECTIONS.len())
}

/// `body` with the line ends of the file it goes to. A heredoc keeps its own: they are part of what it says.
pub(super) fn with_line_ends(body: &str, crlf: bool) -> String {
    if !crlf {
        return body.to_owned();
    }
    let mut heredoc: Option<&str> = None;
    let mut text = String::with_capacity(body.len() + body.len() / 16);
    for line in body.lines() {
        text.push_str(line);
        let inside = heredoc.is_some_and(|end| end != line);
        text.push_str(if inside { "\n" } else { "\r\n" });
        if !inside {
            heredoc = line.strip_prefix("RUN <<'").and_then(|rest| rest.strip_suffix('\''));
        }
    }
    text
}

/// The marker that begins a section.
pub(super) fn begin_of(name: &str) -> String {
    format!("# === {name}{MANAGED}")
}

/// The marker that ends one.
pub(super) fn end(name: &str) -> String {
    format!("# === {END}{name} ===")
}

fn is_ours(name: &str) -> bool {
    SECTIONS.contains(&name)
}

fn marker(line: &str) -> Option<Marker<'_>> {
    let line = line.trim_end();
    // Nearly every line ends the search here.
    if !line.trim_start().starts_with('#') {
        return None;
    }
    if let Some(text) = line.strip_prefix("# === ") {
        let name = text.strip_suffix(MANAGED).filter(|name| super::is_name(name));
        if let Some(name) = name {
            return Some(Marker::Begin(name));
        }
        let name = text.strip_prefix(END).and_then(|text| text.strip_suffix(" ==="));
        if let Some(name) = name.filter(|name| super::is_name(name)) {
            return Some(Marker::End(name));
        }
    }
    let ends_ours = || SECTIONS.iter().any(|name| line.contains(name));
    (resembles_marker(line) && (line.contains("managed by bkt") || ends_ours()))
        .then_some(Marker::Near)
}

#[cfg(test)]
#[path = "edit_tests.rs"]
mod tests;
