//! Key files (GLib's `.ini` dialect), read and edited line by line, so that an edit disturbs nothing else.
//!
//! The format is GLib's: <https://docs.gtk.org/glib/struct.KeyFile.html>. Comments, blank lines, the order of
//! keys, groups that stand there twice, unknown groups and the spelling of values all survive.

use std::fmt;

use thiserror::Error;

/// The key that names a file's encoding, where the first group has it.
const ENCODING: &str = "Encoding";

/// A text that GLib would not take for a key file.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("line {line}: {what}")]
pub struct KeyfileError {
    /// Line, from 1.
    pub line: usize,
    /// What is wrong.
    pub what: &'static str,
}

/// A key file. [`fmt::Display`] gives its text, byte for byte what was parsed where nothing was changed.
#[derive(Clone, Debug, Default)]
pub struct Keyfile {
    lines: Vec<Line>,
    groups: Vec<String>,
}

#[derive(Clone, Debug)]
struct Line {
    /// The line as it stands, with its end.
    text: String,
    kind: Kind,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    /// A blank line or a comment.
    Other,
    /// The head of the group with this number.
    Group(usize),
    /// A key of the group with this number: where the key ends, and where the value starts and ends.
    Pair { group: usize, key: (usize, usize), value: (usize, usize) },
}

impl Keyfile {
    /// Parses a key file.
    pub fn parse(text: &str) -> Result<Self, KeyfileError> {
        let mut file = Self::default();
        let mut group = None;
        for (index, line) in text.split_inclusive('\n').enumerate() {
            let fail = |what| KeyfileError { line: index + 1, what };
            let kind = file.classify(line, group).map_err(fail)?;
            if let Kind::Group(number) = kind {
                group = Some(number);
            }
            file.lines.push(Line { text: line.to_owned(), kind });
        }
        Ok(file)
    }

    fn classify(&mut self, line: &str, group: Option<usize>) -> Result<Kind, &'static str> {
        // At the end of the file a carriage return ends no line.
        let body = match line.strip_suffix('\n') {
            Some(body) => body.strip_suffix('\r').unwrap_or(body),
            None => line,
        };
        let start = body.len() - body.trim_start_matches(is_space).len();
        let rest = &body[start..];
        if rest.is_empty() || rest.starts_with('#') {
            return Ok(Kind::Other);
        }
        if let Some(head) = rest.strip_prefix('[') {
            let (name, after) = head.split_once(']').ok_or("a group's name has no “]”")?;
            if !after.trim_matches([' ', '\t']).is_empty() {
                return Err("something follows a group's name");
            }
            if name.is_empty() || name.chars().any(|c| c == '[' || c.is_ascii_control()) {
                return Err("not a group's name");
            }
            return Ok(Kind::Group(self.number(name)));
        }
        let (key, value) = rest.split_once('=').ok_or("neither a group, a key nor a comment")?;
        let key = key.trim_end_matches(is_space);
        if key.is_empty() || !is_key(key) {
            return Err("not a key's name");
        }
        let group = group.ok_or("a key stands before the first group")?;
        let value_start = body.len() - value.trim_start_matches(is_space).len();
        // In the first group GLib takes this key for the encoding of the file.
        if group == 0 && key == ENCODING && !body[value_start..].eq_ignore_ascii_case("UTF-8") {
            return Err("an encoding that is not UTF-8");
        }
        Ok(Kind::Pair { group, key: (start, start + key.len()), value: (value_start, body.len()) })
    }

    fn number(&mut self, name: &str) -> usize {
        match self.groups.iter().position(|group| group == name) {
            Some(number) => number,
            None => {
                self.groups.push(name.to_owned());
                self.groups.len() - 1
            }
        }
    }

    fn find_group(&self, name: &str) -> Option<usize> {
        self.groups.iter().position(|group| group == name)
    }

    /// The groups' names in the order they first appear in.
    pub fn groups(&self) -> impl Iterator<Item = &str> {
        self.groups.iter().enumerate().filter_map(|(number, name)| {
            let there = |line: &Line| matches!(line.kind, Kind::Group(n) if n == number);
            self.lines.iter().any(there).then_some(name.as_str())
        })
    }

    /// A group's keys in the order they first appear in, each once.
    pub fn keys(&self, group: &str) -> Vec<&str> {
        let mut keys = Vec::new();
        for (_, key, _) in self.pairs(group) {
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
        keys
    }

    fn pairs(&self, group: &str) -> impl Iterator<Item = (usize, &str, &str)> {
        let wanted = self.find_group(group);
        self.lines.iter().enumerate().filter_map(move |(index, line)| match line.kind {
            Kind::Pair { group, key, value } if Some(group) == wanted => {
                Some((index, &line.text[key.0..key.1], &line.text[value.0..value.1]))
            }
            _ => None,
        })
    }

    /// A value as it is written, escapes included. Where a key stands twice, the last counts.
    pub fn raw(&self, group: &str, key: &str) -> Option<&str> {
        self.pairs(group).filter(|(_, name, _)| *name == key).last().map(|(_, _, value)| value)
    }

    /// A text value, escapes resolved.
    pub fn text(&self, group: &str, key: &str) -> Option<String> {
        self.raw(group, key).map(decode)
    }

    /// A list value, escapes resolved.
    pub fn list(&self, group: &str, key: &str) -> Option<Vec<String>> {
        self.raw(group, key).map(decode_list)
    }

    /// A yes-or-no value; `None` also where it is neither.
    pub fn flag(&self, group: &str, key: &str) -> Option<bool> {
        match self.raw(group, key)?.trim_end_matches(is_space) {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        }
    }

    /// Sets a value, written as given. The line break and the spaces around “=” stay as they were.
    pub fn set_raw(&mut self, group: &str, key: &str, raw: &str) {
        let last = self.pairs(group).filter(|(_, name, _)| *name == key).last();
        if let Some((index, _, old)) = last {
            if old != raw {
                let line = &mut self.lines[index];
                if let Kind::Pair { value, .. } = &mut line.kind {
                    line.text.replace_range(value.0..value.1, raw);
                    value.1 = value.0 + raw.len();
                }
            }
            return;
        }
        let end = self.line_end();
        let number = self.number(group);
        let index = self.end_of_group(number).unwrap_or_else(|| {
            self.finish_last_line();
            let blank = |line: &Line| line.text.trim().is_empty();
            if self.lines.last().is_some_and(|line| !blank(line)) {
                self.lines.push(Line { text: end.to_owned(), kind: Kind::Other });
            }
            let text = format!("[{group}]{end}");
            self.lines.push(Line { text, kind: Kind::Group(number) });
            self.lines.len()
        });
        if index == self.lines.len() {
            self.finish_last_line();
        }
        let kind = Kind::Pair {
            group: number,
            key: (0, key.len()),
            value: (key.len() + 1, key.len() + 1 + raw.len()),
        };
        self.lines.insert(index, Line { text: format!("{key}={raw}{end}"), kind });
    }

    /// Sets a text value.
    pub fn set_text(&mut self, group: &str, key: &str, text: &str) {
        self.set_raw(group, key, &encode(text));
    }

    /// Sets a list value.
    pub fn set_list<'a>(
        &mut self,
        group: &str,
        key: &str,
        list: impl IntoIterator<Item = &'a str>,
    ) {
        self.set_raw(group, key, &encode_list(list));
    }

    /// Takes a key out, wherever it stands. A group that is left with nothing at all goes too, and so does the
    /// blank line before it. Says whether the key was there.
    pub fn remove(&mut self, group: &str, key: &str) -> bool {
        let gone: Vec<usize> = self
            .pairs(group)
            .filter(|(_, name, _)| *name == key)
            .map(|(index, ..)| index)
            .collect();
        for index in gone.iter().rev() {
            self.lines.remove(*index);
        }
        if !gone.is_empty() && self.pairs(group).next().is_none() {
            self.remove_empty(group);
        }
        !gone.is_empty()
    }

    /// Takes out the heads of a group without keys, unless a comment stands below.
    fn remove_empty(&mut self, group: &str) {
        let Some(number) = self.find_group(group) else { return };
        let mut index = 0;
        while index < self.lines.len() {
            let is_head = matches!(self.lines[index].kind, Kind::Group(n) if n == number);
            let below = self.lines[index + 1..]
                .iter()
                .take_while(|line| !matches!(line.kind, Kind::Group(_)))
                .any(|line| !line.text.trim().is_empty());
            if !is_head || below {
                index += 1;
                continue;
            }
            self.lines.remove(index);
            // Its own blank lines: those below it, or, at the end of the file, those above.
            while self.lines.get(index).is_some_and(|line| line.text.trim().is_empty()) {
                self.lines.remove(index);
            }
            while index == self.lines.len()
                && self.lines.last().is_some_and(|line| line.text.trim().is_empty())
            {
                self.lines.pop();
                index = self.lines.len();
            }
        }
    }

    /// Whether nothing but blank lines is left.
    pub fn is_blank(&self) -> bool {
        self.lines.iter().all(|line| line.text.trim().is_empty())
    }

    /// The index behind the last key of a group, or else behind its last head.
    fn end_of_group(&self, number: usize) -> Option<usize> {
        let last = |wanted: fn(Kind, usize) -> bool| {
            self.lines.iter().rposition(|line| wanted(line.kind, number)).map(|index| index + 1)
        };
        last(|kind, number| matches!(kind, Kind::Pair { group, .. } if group == number))
            .or_else(|| last(|kind, number| matches!(kind, Kind::Group(n) if n == number)))
    }

    fn line_end(&self) -> &'static str {
        match self.lines.first() {
            Some(line) if line.text.ends_with("\r\n") => "\r\n",
            _ => "\n",
        }
    }

    fn finish_last_line(&mut self) {
        let end = self.line_end();
        if let Some(line) = self.lines.last_mut()
            && !line.text.ends_with('\n')
        {
            // A carriage return there belongs to the value, and GLib takes one away from “\r\n”.
            line.text.push_str(if line.text.ends_with('\r') { "\r\n" } else { end });
        }
    }
}

impl fmt::Display for Keyfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lines.iter().try_for_each(|line| f.write_str(&line.text))
    }
}

/// What GLib takes for a space: ASCII only, without the vertical tab.
fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\x0c' | '\r')
}

/// A key, perhaps with a locale: `Name`, `Name[de]`.
fn is_key(key: &str) -> bool {
    match key.split_once('[') {
        None => !key.contains(']'),
        Some((name, locale)) => {
            let valid = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '@');
            !name.is_empty()
                && !name.contains(']')
                && !name.ends_with(' ')
                && locale.strip_suffix(']').is_some_and(|locale| locale.chars().all(valid))
        }
    }
}

/// Resolves the escapes of one value. One that GLib does not know stays as it is written.
pub fn decode(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut chars = raw.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('s') => out.push(' '),
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('r') => out.push('\r'),
            Some('\\') => out.push('\\'),
            Some(other) => out.extend(['\\', other]),
            None => out.push('\\'),
        }
    }
    out
}

/// Takes a list value apart at its semicolons and resolves the escapes.
pub fn decode_list(raw: &str) -> Vec<String> {
    let mut list = Vec::new();
    let (mut element, mut escaped) = (String::new(), false);
    for c in raw.chars() {
        match (escaped, c) {
            (false, ';') => list.push(std::mem::take(&mut element)),
            (true, ';') => {
                // Only here does an escape stand for the separator.
                element.pop();
                element.push(';');
            }
            _ => element.push(c),
        }
        escaped = !escaped && c == '\\';
    }
    if !element.is_empty() {
        list.push(element);
    }
    list.iter().map(|element| decode(element)).collect()
}

/// Writes one text so that [`decode`] gives it back, as GLib writes it.
pub fn encode(text: &str) -> String {
    encode_part(text, false)
}

/// Writes a list so that [`decode_list`] gives it back, as GLib writes it.
pub fn encode_list<'a>(list: impl IntoIterator<Item = &'a str>) -> String {
    list.into_iter().fold(String::new(), |mut out, element| {
        out.push_str(&encode_part(element, true));
        out.push(';');
        out
    })
}

fn encode_part(text: &str, in_list: bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut leading = true;
    for c in text.chars() {
        match c {
            ' ' if leading => out.push_str("\\s"),
            '\t' if leading => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\\' => out.push_str("\\\\"),
            ';' if in_list => out.push_str("\\;"),
            c => out.push(c),
        }
        leading &= matches!(c, ' ' | '\t');
    }
    out
}

#[cfg(test)]
#[path = "keyfile_tests.rs"]
mod tests;
