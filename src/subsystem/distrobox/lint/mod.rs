//! The two axioms of hooks, looked for in their text: that a hook may run again and again, and that afterwards a box is as
//! one would be that was made today.
//!
//! What a hook really does only running it shows. A finding says where a hook looks as if it broke an axiom, why, and what
//! to write instead; a hook without findings may still break one.

use serde::Serialize;

use super::hooks;
use crate::core::sh::{self, Token};
use crate::words::{fill, gettext};
use commands::{Simple, together};

mod commands;
mod rules;
#[cfg(test)]
mod tests;
mod versions;

/// How deep shell text in shell text is followed: `sh -c '…'`.
const DEPTH: usize = 8;

/// What every hook is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Axiom {
    /// Running it twice does what running it once does.
    Idempotent,
    /// After it, a box is as one would be that was made today.
    BootstrapEquivalent,
}

impl Axiom {
    /// What it asks for, for people.
    pub fn title(self) -> String {
        match self {
            Self::Idempotent => gettext("Running it again is to change nothing."),
            Self::BootstrapEquivalent => gettext("It is to leave the box as a new one would be."),
        }
    }
}

/// A place where a hook looks as if it broke an axiom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The axiom.
    pub axiom: Axiom,
    /// The part of the hook that this is about, as it is written.
    pub words: String,
    /// Why: one sentence.
    pub why: String,
    /// What to write instead: one sentence.
    pub instead: String,
}

/// Looks at a hook.
pub fn lint(hook: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(broken_by_joining(hook));
    look(hook, false, 0, &mut findings);
    findings
}

/// Whether a hook is something else as the one line that it is run as.
pub(super) fn is_other_in_one_line(hook: &str) -> bool {
    broken_by_joining(hook).is_some()
}

/// A hook is run as one line, with one space for each run of white space: where that is something else, it is told.
fn broken_by_joining(hook: &str) -> Option<Finding> {
    let (one, other) = (sh::tokens(hook.trim()).ok()?, hooks::joined([hook]));
    let mut meant: Vec<&str> = Vec::new();
    for token in &one {
        let text = match token {
            Token::Word(word) => word.text.as_str(),
            // The end of a line ends a command, unless something has to follow.
            Token::Op("\n") => match meant.last() {
                Some(
                    &(";" | "&&" | "||" | "|" | "&" | ";;" | "(" | "{" | "then" | "do" | "else"),
                )
                | None => continue,
                Some(_) => ";",
            },
            Token::Op(op) => op,
        };
        meant.push(text);
    }
    let is = sh::tokens(&other);
    let same = is.is_ok_and(|is| {
        let text = |token: &Token<'_>| match token {
            Token::Word(word) => word.text.clone(),
            Token::Op(op) => (*op).to_owned(),
        };
        is.iter().map(text).eq(meant.iter().map(|text| (*text).to_owned()))
    });
    (!same).then(|| Finding {
        axiom: Axiom::BootstrapEquivalent,
        words: hook.trim().to_owned(),
        why: gettext("distrobox makes one line of a hook, with one space for several, and that is something else."),
        instead: gettext("End each command with “;”, leave comments out, or call a script of the image."),
    })
}

/// Looks at shell text. `guarded` says that it runs only where a test said so.
fn look(text: &str, guarded: bool, depth: usize, findings: &mut Vec<Finding>) {
    let tokens = match sh::tokens(text) {
        Ok(tokens) => tokens,
        Err(open) => {
            let why =
                gettext("A shell cannot read it, and what comes after it is not done: {why}.");
            return findings.push(Finding {
                axiom: Axiom::BootstrapEquivalent,
                words: text.trim().to_owned(),
                why: fill(&why, &[("why", &open.to_string())]),
                instead: gettext("Close what is open."),
            });
        }
    };
    let commands = together(tokens, guarded);
    for (at, command) in commands.iter().enumerate() {
        let writers: Vec<&Simple<'_>> = match command.piped {
            true => {
                let before = commands[..at].iter().rev();
                let mut more = true;
                before.take_while(|one| std::mem::replace(&mut more, one.piped)).collect()
            }
            false => Vec::new(),
        };
        let found = rules::of(command, &writers, &commands[at + 1..]);
        for finding in
            found.into_iter().filter(|one| !(command.guarded && one.axiom == Axiom::Idempotent))
        {
            if !findings.contains(&finding) {
                findings.push(finding);
            }
        }
        if depth < DEPTH {
            let all = command.words.iter().chain(command.redirections.iter().map(|(_, to)| to));
            for inner in all.flat_map(|word| &word.commands) {
                look(inner, command.guarded, depth + 1, findings);
            }
            if let Some(script) = rules::script(command.proper()) {
                look(script, command.guarded, depth + 1, findings);
            }
        }
    }
}
