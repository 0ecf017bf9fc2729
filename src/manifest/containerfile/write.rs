//! What the body of a managed section is put together from: instructions, each quoted in one place.
//!
//! Every function gives whole lines. Files are written line by line with `printf`, and not from a heredoc: so it makes
//! no difference which line ends the Containerfile has, which builder reads it, and what a line of the file looks like.

use super::{Unwritable, resembles_marker};
use crate::core::names::{ImagePath, RepoRelPath};

/// One `RUN` instruction: commands of which the first that fails ends the build.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Run {
    /// Each command with the lines it is broken into.
    commands: Vec<Vec<String>>,
}

impl Run {
    /// An instruction without commands, which is no instruction.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a command in shell syntax, on one line. What is not written by us goes through [`word`], or as a whole
    /// through [`script`].
    pub fn command(mut self, command: impl Into<String>) -> Result<Self, Unwritable> {
        self.commands.push(vec![one_line(command.into())?]);
        Ok(self)
    }

    /// Adds a command with one argument a line: `dnf install -y`, then the packages. The arguments are quoted.
    pub fn list<S: AsRef<str>>(
        mut self,
        command: impl Into<String>,
        args: impl IntoIterator<Item = S>,
    ) -> Result<Self, Unwritable> {
        let mut lines = vec![one_line(command.into())?];
        for arg in args {
            lines.push(format!("  {}", word(arg.as_ref())?));
        }
        self.commands.push(lines);
        Ok(self)
    }

    /// Writes a file with exactly this text, and makes its directory.
    pub fn file(mut self, path: &ImagePath, mode: u32, text: &str) -> Result<Self, Unwritable> {
        let place = word(path.as_str())?;
        self = self.directory_of(path)?;
        let (whole, rest) = match text.rfind('\n') {
            Some(at) => (&text[..at], &text[at + 1..]),
            None => ("", text),
        };
        let mut lines = Vec::new();
        if whole.is_empty() && !text.starts_with('\n') {
            // Nothing but a last line without its end, or nothing at all.
            lines.push(format!("printf '%s' {} > {place}", word(rest)?));
        } else {
            lines.push("printf '%s\\n'".to_owned());
            for line in whole.split('\n') {
                lines.push(format!("  {}", quoted(line)?));
            }
            lines.push(format!("  > {place}"));
        }
        self.commands.push(lines);
        if !whole.is_empty() && !rest.is_empty() || text.starts_with('\n') && !rest.is_empty() {
            self = self.command(format!("printf '%s' {} >> {place}", word(rest)?))?;
        }
        self.command(format!("chmod {} {place}", octal(mode)))
    }

    /// Makes a symbolic link at `path`, and its directory. What was there is replaced.
    pub fn link(self, path: &ImagePath, target: &str) -> Result<Self, Unwritable> {
        let command = format!("ln -sfn -- {} {}", word(target)?, word(path.as_str())?);
        self.directory_of(path)?.command(command)
    }

    fn directory_of(self, path: &ImagePath) -> Result<Self, Unwritable> {
        let parent = path.as_str().rsplit_once('/').map_or("", |(parent, _)| parent);
        if parent.is_empty() {
            return Ok(self);
        }
        let command = format!("mkdir -p {}", word(parent)?);
        // Many files of one directory take one command.
        match self.commands.contains(&vec![command.clone()]) {
            true => Ok(self),
            false => self.command(command),
        }
    }

    /// The instruction's lines; none where there are no commands.
    pub fn text(&self) -> String {
        if self.commands.is_empty() {
            return String::new();
        }
        let commands: Vec<String> =
            self.commands.iter().map(|lines| format!("    {}", lines.join(" \\\n    "))).collect();
        format!("RUN set -eu; \\\n{}\n", commands.join("; \\\n"))
    }
}

/// A `RUN` instruction of commands in shell syntax, each on one line; see [`Run::command`].
pub fn run<S: Into<String>>(commands: impl IntoIterator<Item = S>) -> Result<String, Unwritable> {
    let mut run = Run::new();
    for command in commands {
        run = run.command(command)?;
    }
    Ok(run.text())
}

/// A `RUN` instruction that writes a file with exactly this text; see [`Run::file`].
pub fn file(path: &ImagePath, mode: u32, text: &str) -> Result<String, Unwritable> {
    Ok(Run::new().file(path, mode, text)?.text())
}

/// A `RUN` instruction of shell that the person wrote, verbatim in a quoted heredoc. The first command that fails ends
/// the build, unless the text names its own interpreter.
pub fn script(text: &str) -> Result<String, Unwritable> {
    no_nul(text)?;
    let taken = |end: &str| text.lines().any(|line| line.trim() == end);
    let mut end = "EOF".to_owned();
    let mut number = 1;
    while taken(&end) {
        number += 1;
        end = format!("EOF{number}");
    }
    let first = if text.starts_with("#!") { "" } else { "set -eu\n" };
    let last = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
    Ok(format!("RUN <<'{end}'\n{first}{text}{last}{end}\n"))
}

/// A `COPY` instruction for one file of the repository.
pub fn copy(src: &RepoRelPath, dest: &ImagePath, mode: u32) -> String {
    // The source is a pattern, and the destination is not.
    let mut source = String::new();
    for c in src.as_str().chars() {
        match c {
            '*' | '?' | '[' => source.extend(['[', c, ']']),
            c => source.push(c),
        }
    }
    let json = serde_json::json!([source, dest.as_str()]);
    format!("COPY --chmod={} {json}\n", octal(mode))
}

/// Comment lines. What would be taken for a marker is told apart by a second `#`.
pub fn comment(text: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let line: String = line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let line = format!("# {line}");
        let line = if resembles_marker(&line) { format!("#{line}") } else { line };
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

/// One argument of a shell command: as it is where nothing in it means anything to a shell, else in single quotes.
pub fn word(text: &str) -> Result<String, Unwritable> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"_@%+=:,./-".contains(&b);
    match !text.is_empty() && text.bytes().all(plain) {
        true => Ok(text.to_owned()),
        false => quoted(text),
    }
}

fn quoted(text: &str) -> Result<String, Unwritable> {
    no_break(text)?;
    Ok(format!("'{}'", text.replace('\'', r"'\''")))
}

fn one_line(command: String) -> Result<String, Unwritable> {
    no_break(&command)?;
    let bare = command.trim();
    match bare.starts_with('#') || bare.ends_with('\\') || bare.is_empty() {
        true => Err(Unwritable::Command { text: command }),
        false => Ok(bare.to_owned()),
    }
}

fn no_break(text: &str) -> Result<(), Unwritable> {
    no_nul(text)?;
    match text.find('\n') {
        Some(at) => Err(Unwritable::LineBreak { text: text[..at].to_owned() }),
        None => Ok(()),
    }
}

pub(super) fn no_nul(text: &str) -> Result<(), Unwritable> {
    match text.find('\0') {
        Some(at) => Err(Unwritable::Nul { text: text[..at].to_owned() }),
        None => Ok(()),
    }
}

fn octal(mode: u32) -> String {
    format!("{:04o}", mode & 0o7777)
}

#[cfg(test)]
#[path = "write_tests.rs"]
mod tests;
