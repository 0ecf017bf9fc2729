//! Packages that the Containerfile installs outside of its managed sections.
//!
//! Each instruction has one shape, in which it is found again; what is written in another is the person's own, and is
//! named and not changed:
//!
//! ```text
//! RUN dnf install -y \
//!     htop \
//!     && dnf clean all
//! ```

use std::ops::Range;
use std::path::Path;

use thiserror::Error;

use super::edit::{Containerfile, SECTIONS, rank};
use super::place::{instructions, lint};
use crate::manifest::DocError;

const FIRST: &str = "RUN dnf install -y \\";
const LAST: &str = "&& dnf clean all";
/// The section after which such an instruction goes, where it is there: package repositories come before it.
const AFTER: &str = "SYSTEM_PACKAGES";

/// A package cannot be taken out of the Containerfile.
#[derive(Debug, Error)]
pub enum OwnError {
    /// The file's markers are wrong.
    #[error(transparent)]
    Doc(#[from] DocError),
    /// It stands between markers: the manifest says so.
    #[error("“{name}” stands in the managed section {section}: the manifest says so")]
    Managed {
        /// The package.
        name: String,
        /// The section.
        section: String,
    },
    /// It stands in an instruction that somebody wrote otherwise.
    #[error("“{name}” stands in an instruction on line {line} that is not Bucket's own")]
    Foreign {
        /// The package.
        name: String,
        /// Where the instruction begins, from 1.
        line: usize,
    },
    /// It stands nowhere.
    #[error("“{name}” is not in the Containerfile")]
    Nowhere {
        /// The package.
        name: String,
    },
}

/// `text` with an instruction more that installs those of `names` (packages, and groups with their `@`) that none of
/// this shape installs yet; the same text where all are there. `path` is named in errors.
pub fn install(path: &Path, text: &str, names: &[String]) -> Result<String, OwnError> {
    let file = Containerfile::parse(path, text)?;
    let there: Vec<&str> = blocks(&file).into_iter().flat_map(|block| block.names).collect();
    let mut new: Vec<&str> = Vec::new();
    for name in names.iter().map(String::as_str) {
        if !there.contains(&name) && !new.contains(&name) {
            new.push(name);
        }
    }
    if new.is_empty() {
        return Ok(text.to_owned());
    }
    let eol = if text.split_inclusive('\n').next().is_some_and(|l| l.ends_with("\r\n")) {
        "\r\n"
    } else {
        "\n"
    };
    let (before, after) = text.split_at(spot(&file));
    let blank = |line: Option<&str>| line.is_none_or(|line| line.trim().is_empty());
    let mut block = String::new();
    if !before.is_empty() && !before.ends_with('\n') {
        block.push_str(eol);
    }
    if !before.is_empty() && !blank(before.lines().next_back()) {
        block.push_str(eol);
    }
    block.push_str(&written(&new, eol));
    if !after.is_empty() && !blank(after.lines().next()) {
        block.push_str(eol);
    }
    Ok(format!("{before}{block}{after}"))
}

/// `text` without `names` in the instructions of this shape. An instruction that installs nothing any more goes.
pub fn remove(path: &Path, text: &str, names: &[String]) -> Result<String, OwnError> {
    let file = Containerfile::parse(path, text)?;
    let mut blocks = blocks(&file);
    for name in names {
        if !blocks.iter().any(|block| block.names.contains(&name.as_str())) {
            return Err(elsewhere(&file, name));
        }
    }
    let mut out = text.to_owned();
    blocks.reverse();
    for Block { range, names: has } in blocks {
        let stay: Vec<&str> =
            has.iter().copied().filter(|name| !names.iter().any(|gone| gone == name)).collect();
        if stay.len() == has.len() {
            continue;
        }
        let eol = if text[range.clone()].contains("\r\n") { "\r\n" } else { "\n" };
        let mut range = range;
        if stay.is_empty() {
            // The empty line that came with it goes with it.
            let ends_blank =
                text[..range.start].ends_with("\n\n") || text[..range.start].ends_with("\r\n\r\n");
            let next = text[range.end..].split_inclusive('\n').next();
            if let Some(line) = next.filter(|line| ends_blank && line.trim().is_empty()) {
                range.end += line.len();
            }
            out.replace_range(range, "");
        } else {
            out.replace_range(range, &written(&stay, eol));
        }
    }
    Ok(out)
}

/// An instruction of this shape.
struct Block<'a> {
    range: Range<usize>,
    names: Vec<&'a str>,
}

fn written(names: &[&str], eol: &str) -> String {
    let names: String = names.iter().map(|name| format!("    {name} \\{eol}")).collect();
    format!("{FIRST}{eol}{names}    {LAST}{eol}")
}

/// The instructions of this shape, outside of the managed sections.
fn blocks<'a>(file: &Containerfile<'a>) -> Vec<Block<'a>> {
    let text = file.text();
    let mut found = Vec::new();
    for range in instructions(text) {
        if section_at(file, &range).is_some() {
            continue;
        }
        let lines: Vec<&str> = text[range.clone()].lines().map(str::trim).collect();
        let [FIRST, names @ .., LAST] = lines.as_slice() else { continue };
        let names: Option<Vec<&str>> = names.iter().map(|line| name_of(line)).collect();
        if let Some(names) = names.filter(|names| !names.is_empty()) {
            found.push(Block { range, names });
        }
    }
    found
}

/// The one name of a line that goes on.
fn name_of(line: &str) -> Option<&str> {
    let name = line.strip_suffix('\\')?.trim_end();
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"._+-@".contains(&b);
    (!name.is_empty() && !name.starts_with('-') && name.bytes().all(plain)).then_some(name)
}

/// The managed section that an instruction stands in.
fn section_at<'f>(file: &'f Containerfile<'_>, range: &Range<usize>) -> Option<&'f str> {
    let around =
        |one: &&super::Found| one.whole.start <= range.start && range.start < one.whole.end;
    file.found().iter().find(around).map(|one| one.name.as_str())
}

/// Where a name stands that no instruction of this shape has.
fn elsewhere(file: &Containerfile<'_>, name: &str) -> OwnError {
    let text = file.text();
    let names = |range: &Range<usize>| {
        let words =
            text[range.clone()].split(|c: char| c.is_whitespace() || ";&|\\'\"".contains(c));
        words.into_iter().any(|word| word == name)
    };
    let name = name.to_owned();
    let Some(range) = instructions(text).into_iter().find(names) else {
        return OwnError::Nowhere { name };
    };
    match section_at(file, &range) {
        Some(section) => OwnError::Managed { name, section: section.to_owned() },
        None => OwnError::Foreign { name, line: text[..range.start].matches('\n').count() + 1 },
    }
}

/// After the managed packages, or after the sections before them; else at the end of the last stage, before it is checked.
fn spot(file: &Containerfile<'_>) -> usize {
    let text = file.text();
    let lint = lint(text, &instructions(text));
    let sections = SECTIONS.iter().take(rank(AFTER) + 1).rev();
    let after = sections.filter_map(|name| file.section(name)).map(|found| found.whole.end).next();
    let spot = after.unwrap_or(text.len());
    lint.map_or(spot, |lint| spot.min(lint))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "FROM example.org/os:42\n\n# === SYSTEM_PACKAGES (managed by bkt) ===\nRUN dnf install -y git\n# === END SYSTEM_PACKAGES ===\n\nRUN dnf -y install hand-made\n\n# Checked last.\nRUN bootc container lint\n";

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn added(text: &str, new: &[&str]) -> String {
        install(Path::new("Containerfile"), text, &names(new)).unwrap()
    }

    fn removed(text: &str, gone: &[&str]) -> Result<String, OwnError> {
        remove(Path::new("Containerfile"), text, &names(gone))
    }

    #[test]
    fn an_instruction_goes_after_the_managed_packages_and_comes_out_again() {
        let text = added(FILE, &["htop", "@development-tools", "htop"]);
        let block = "\nRUN dnf install -y \\\n    htop \\\n    @development-tools \\\n    && dnf clean all\n";
        let marker = "# === END SYSTEM_PACKAGES ===\n";
        assert_eq!(text, FILE.replace(marker, &format!("{marker}{block}")));
        assert_eq!(added(&text, &["htop"]), text, "what is there is not added again");
        let less = removed(&text, &["htop"]).unwrap();
        assert_eq!(less, text.replace("    htop \\\n", ""));
        assert_eq!(removed(&less, &["@development-tools"]).unwrap(), FILE);
        assert_eq!(removed(&text, &["@development-tools", "htop"]).unwrap(), FILE);
    }

    #[test]
    fn without_sections_it_goes_before_the_check_or_to_the_end() {
        let text = added("FROM x\n# Checked.\nRUN bootc container lint\n", &["htop"]);
        assert_eq!(
            text,
            "FROM x\n\nRUN dnf install -y \\\n    htop \\\n    && dnf clean all\n\n# Checked.\nRUN bootc container lint\n"
        );
        let text = added("FROM x\r\nRUN true", &["htop"]);
        assert_eq!(
            text,
            "FROM x\r\nRUN true\r\n\r\nRUN dnf install -y \\\r\n    htop \\\r\n    && dnf clean all\r\n"
        );
        assert_eq!(removed(&text, &["htop"]).unwrap(), "FROM x\r\nRUN true\r\n\r\n");
    }

    #[test]
    fn what_somebody_else_wrote_is_named_and_left() {
        assert!(
            matches!(removed(FILE, &["git"]), Err(OwnError::Managed { section, .. }) if section == "SYSTEM_PACKAGES")
        );
        assert!(matches!(removed(FILE, &["hand-made"]), Err(OwnError::Foreign { line: 7, .. })));
        assert!(matches!(removed(FILE, &["htop"]), Err(OwnError::Nowhere { .. })));
        assert!(matches!(removed("# === END UPSTREAM ===\n", &["htop"]), Err(OwnError::Doc(_))));
        // Names in a heredoc or a comment of an instruction of this shape make it another.
        let near =
            "FROM x\nRUN dnf install -y \\\n    htop --nogpgcheck \\\n    && dnf clean all\n";
        assert!(matches!(removed(near, &["htop"]), Err(OwnError::Foreign { line: 2, .. })));
    }
}
