//! What distrobox does to a value on its way, one evaluation a function, and what takes each back.

use crate::core::sh::{self, NotPlain};
use crate::words::gettext;

/// A line as `distrobox assemble` sees it: without comments, and without spaces at its end.
pub(super) fn stripped(line: &str) -> String {
    let line = line.replace('\t', " ");
    if line.starts_with('#') {
        return String::new();
    }
    let line = match line.split_once(']') {
        Some((before, after)) if after.contains('#') && line.trim_start().starts_with('[') => {
            format!("{before}]")
        }
        Some((before, after)) if after.contains('#') => before.to_owned(),
        _ => line,
    };
    let line = line.split_once(" #").map_or(line.as_str(), |(before, _)| before);
    line.trim_end().to_owned()
}

/// A value as `sh` reads it from a file of assignments.
pub(super) fn sourced(value: &str) -> Result<String, NotPlain> {
    sh::assigned(&sanitized(value))
}

/// What was read so, as `eval` makes an argument of it.
pub(super) fn evaluated(value: &str) -> Result<String, NotPlain> {
    sh::word(&sanitized(value))
}

/// What has a space and no quote at its beginning gets quotes: single ones, if double ones are inside.
fn sanitized(value: &str) -> String {
    match value.contains(' ') && !value.starts_with(['\'', '"']) {
        true if value.contains('"') => format!("'{value}'"),
        true => format!("\"{value}\""),
        false => value.to_owned(),
    }
}

/// A text that reaches an argument of `distrobox-create` as `text`: the inverse of both. Where it starts with `~/`, that is
/// the home directory.
pub(super) fn twice(text: &str) -> String {
    let (home, rest) = match text.strip_prefix('~') {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => ("~", rest),
        _ => ("", text),
    };
    let spaced =
        !rest.is_empty() && rest.split(' ').all(|part| part.is_empty() || sh::is_plain(part));
    match home {
        _ if matches!(text, "true" | "false") => format!("\"{text}\""),
        "" if sh::is_plain(rest) => rest.to_owned(),
        "~" if rest.is_empty() || sh::is_plain(rest) => text.to_owned(),
        "" if spaced => format!("\"{rest}\""),
        _ if spaced => format!("\"$HOME{rest}\""),
        "" => outer(&sh::quoted(rest)),
        _ => outer(&format!("\"$HOME\"{}", sh::quoted(rest))),
    }
}

/// The same for what is evaluated once.
pub(super) fn once(text: &str) -> String {
    match text.strip_prefix('~') {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => {
            match sh::is_plain(text.trim_start_matches('~')) {
                true => text.to_owned(),
                false => format!("\"$HOME\"{}", sh::quoted(rest)),
            }
        }
        _ if matches!(text, "true" | "false") => format!("\"{text}\""),
        _ if sh::is_plain(text) => text.to_owned(),
        _ => outer(text),
    }
}

/// `text` in quotes, with nothing in it that looks like a comment.
fn outer(text: &str) -> String {
    sh::quoted(text).replace(" #", " ''#")
}

/// One word of a flag, which a shell evaluates where podman is run.
pub(super) fn flag(text: &str) -> String {
    match text.strip_prefix("~/") {
        Some(rest) => format!("\"$HOME\"{}", sh::quoted(&format!("/{rest}"))),
        None => sh::quote(text),
    }
}

/// A hook without the quotes around all of it.
pub(super) fn unwrapped(value: &str) -> &str {
    ['"', '\'']
        .into_iter()
        .find_map(|quote| {
            value.strip_prefix(quote).map(|rest| rest.strip_suffix(quote).unwrap_or(rest))
        })
        .unwrap_or(value)
}

/// A hook as it reaches its box.
pub(super) struct Hook {
    pub(super) text: String,
    /// Where that is not what distrobox makes of it.
    pub(super) note: Option<String>,
}

/// What hooks are in their box. `texts` are all of one key: quotes in one decide how all of them are passed on.
pub(super) fn hooks_read(texts: &[&str], before_setup: bool) -> Vec<Hook> {
    let single = texts.iter().any(|text| text.contains('"'));
    let read = |text: &&str| {
        let inner = match single {
            true => unsingle(text).map(|text| (text, false)),
            false => undouble(text),
        };
        let whole = inner.and_then(|(inner, replaced)| {
            let (text, more) = match before_setup {
                true => undouble(&inner)?,
                false => (unsingle(&inner)?, false),
            };
            Some((text, replaced || more))
        });
        match whole {
            Some((text, false)) => Hook { text, note: None },
            Some((text, true)) => {
                let note = gettext(
                    "distrobox puts values for what begins with “$” or “`” when it makes the box; kept as it is written",
                );
                Hook { text, note: Some(note) }
            }
            None => {
                let note = gettext(
                    "distrobox loses quotes of this hook on its way; kept as it is written",
                );
                Hook { text: (*text).to_owned(), note: Some(note) }
            }
        }
    };
    texts.iter().map(read).collect()
}

/// Texts of hooks that reach their box as `hooks`, each with the quotes around it.
pub(super) fn hooks_written(hooks: &[&str], before_setup: bool) -> Vec<String> {
    // A comment begins with a space and “#”, wherever they stand.
    let inner = |hook: &&str| match before_setup {
        true => double(hook).replace(" #", " \"\"#"),
        false => single(hook).replace(" #", " ''#"),
    };
    let inner: Vec<String> = hooks.iter().map(inner).collect();
    let quotes = inner.iter().any(|text| text.contains('"'));
    let outer = |text: &String| if quotes { single(text) } else { double(text) };
    inner.iter().map(|text| format!("\"{}\"", outer(text))).collect()
}

/// `text` for between single quotes.
fn single(text: &str) -> String {
    text.replace('\'', r"'\''")
}

/// What stands between single quotes, where it is one word.
fn unsingle(text: &str) -> Option<String> {
    let mut whole = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\'') {
        let (before, after) = rest.split_at(at);
        whole.push_str(before);
        let quote = ["'\\''", "'\"'\"'"].into_iter().find_map(|quote| after.strip_prefix(quote));
        rest = match (quote, after.strip_prefix("''")) {
            (Some(after), _) => {
                whole.push('\'');
                after
            }
            (None, Some(after)) => after,
            (None, None) => return None,
        };
    }
    whole.push_str(rest);
    Some(whole)
}

/// Whether a backslash between double quotes escapes `c`.
fn escapes(c: char) -> bool {
    matches!(c, '$' | '`' | '"' | '\\')
}

/// `text` for between double quotes, with no more backslashes than it takes.
fn double(text: &str) -> String {
    let mut whole = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let escaped = match c {
            '\\' => chars.peek().is_none_or(|next| escapes(*next)),
            c => escapes(c),
        };
        if escaped {
            whole.push('\\');
        }
        whole.push(c);
    }
    whole
}

/// What stands between double quotes, where it is one word, and whether a shell would put values in.
fn undouble(text: &str) -> Option<(String, bool)> {
    let mut whole = String::with_capacity(text.len());
    let mut replaced = false;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next_if(|next| escapes(*next)) {
                Some(next) => whole.push(next),
                None => whole.push(c),
            },
            '"' => {
                chars.next_if_eq(&'"')?;
            }
            c => {
                let name =
                    |next: &char| next.is_ascii_alphanumeric() || "_{(@*#?-$!".contains(*next);
                replaced |= c == '`' || c == '$' && chars.peek().is_some_and(name);
                whole.push(c);
            }
        }
    }
    Some((whole, replaced))
}
