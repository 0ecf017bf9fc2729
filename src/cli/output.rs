//! Where the command line writes: colour, width, the journal's priorities, and nothing that a terminal would obey.

use std::cell::Cell;
use std::io::{ErrorKind, IsTerminal, Write};

use clap::ValueEnum;
use rustix::fd::AsFd;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::app::Global;
use crate::host::Host;

/// When to colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Colour {
    Auto,
    Always,
    Never,
}

/// How a piece of text looks. Colour is never the only sign of anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    Bold,
    Dim,
    Green,
    Red,
    Yellow,
    Cyan,
}

/// A styled piece stands between one of these and [`END`] until it is written: characters of Unicode's last
/// private plane, so that escape sequences in a value or a title never reach the terminal as such.
const STYLES: [(Style, char, &str); 6] = [
    (Style::Bold, '\u{10F000}', "\x1b[1m"),
    (Style::Dim, '\u{10F001}', "\x1b[2m"),
    (Style::Green, '\u{10F002}', "\x1b[32m"),
    (Style::Red, '\u{10F003}', "\x1b[31m"),
    (Style::Yellow, '\u{10F004}', "\x1b[33m"),
    (Style::Cyan, '\u{10F005}', "\x1b[36m"),
];
const END: char = '\u{10F006}';

/// How urgent a line is, in the journal's numbers.
#[derive(Clone, Copy)]
enum Priority {
    Error = 3,
    Warning = 4,
    Info = 6,
}

/// One of the two streams.
struct Stream {
    colour: bool,
    /// It goes to systemd's journal, which reads a priority at the start of each line.
    journal: bool,
}

/// Where a run of `bkt` writes.
pub(super) struct Output {
    out: Stream,
    err: Stream,
    json: bool,
    quiet: bool,
    pub(super) verbose: bool,
    interactive: bool,
    moving: bool,
    width: Option<usize>,
    /// Something could not be written, and not because the reader had enough.
    lost: Cell<bool>,
}

impl Output {
    pub(super) fn new(host: &Host, global: &Global) -> Self {
        let (out, err) = (std::io::stdout(), std::io::stderr());
        let term = host.var("TERM").is_some_and(|term| term != "dumb");
        let colour = |terminal: bool| match global.color {
            _ if global.cli => false,
            Colour::Always => true,
            Colour::Never => false,
            Colour::Auto => terminal && term && host.var("NO_COLOR").is_none(),
        };
        let width = rustix::termios::tcgetwinsize(&out).ok().map(|size| usize::from(size.ws_col));
        Self {
            out: Stream { colour: colour(out.is_terminal()), journal: journal(host, global, &out) },
            err: Stream { colour: colour(err.is_terminal()), journal: journal(host, global, &err) },
            json: global.json,
            quiet: global.quiet,
            verbose: global.verbose,
            interactive: std::io::stdin().is_terminal() && err.is_terminal(),
            moving: err.is_terminal() && term && !global.cli && !global.quiet,
            width: width.filter(|width| *width > 0),
            lost: Cell::new(false),
        }
    }

    /// A line of the answer.
    pub(super) fn line(&self, text: &str) {
        if !self.json {
            self.write(std::io::stdout().lock(), &self.out, Priority::Info, text);
        }
    }

    /// A line that `--quiet` leaves out.
    pub(super) fn say(&self, text: &str) {
        if !self.quiet {
            self.line(text);
        }
    }

    /// Something beside the answer: how far we are, what was run.
    pub(super) fn aside(&self, text: &str) {
        if !self.quiet {
            self.write(std::io::stderr().lock(), &self.err, Priority::Info, text);
        }
    }

    /// Something the person should know, whatever was asked for.
    pub(super) fn warn(&self, text: &str) {
        self.write(std::io::stderr().lock(), &self.err, Priority::Warning, text);
    }

    /// Something that went wrong.
    pub(super) fn error(&self, text: &str) {
        self.write(std::io::stderr().lock(), &self.err, Priority::Error, text);
    }

    /// A question, which waits for its answer on the same line.
    pub(super) fn ask(&self, text: &str) {
        let mut err = std::io::stderr().lock();
        // A question that cannot be shown gets no answer, and none means no.
        let _ = err.write_all(render(text, self.err.colour).as_bytes()).and_then(|()| err.flush());
    }

    /// Whether the answer is JSON.
    pub(super) fn is_json(&self) -> bool {
        self.json
    }

    /// The answer as JSON.
    pub(super) fn json(&self, value: &impl serde::Serialize) -> anyhow::Result<()> {
        let mut text = serde_json::to_string_pretty(value)?;
        text.push('\n');
        self.raw(&text);
        Ok(())
    }

    /// Text that goes out byte by byte: JSON, a completion script.
    pub(super) fn raw(&self, text: &str) {
        let mut out = std::io::stdout().lock();
        self.note(out.write_all(text.as_bytes()).and_then(|()| out.flush()));
    }

    fn write(&self, mut to: impl Write, stream: &Stream, priority: Priority, text: &str) {
        let mut lines = String::new();
        for line in text.split('\n') {
            if stream.journal {
                lines.push_str(&format!("<{}>", priority as u8));
            }
            lines.push_str(render(line, stream.colour).trim_end());
            lines.push('\n');
        }
        self.note(to.write_all(lines.as_bytes()).and_then(|()| to.flush()));
    }

    fn note(&self, result: std::io::Result<()>) {
        // Whoever closes the pipe has read what they wanted.
        if result.is_err_and(|error| error.kind() != ErrorKind::BrokenPipe) {
            self.lost.set(true);
        }
    }

    /// Whether part of the answer could not be written.
    pub(super) fn lost(&self) -> bool {
        self.lost.get()
    }

    /// Whether somebody is there to answer.
    pub(super) fn interactive(&self) -> bool {
        self.interactive
    }

    /// Whether something may move on standard error.
    pub(super) fn moving(&self) -> bool {
        self.moving
    }

    /// The terminal's width, where there is one.
    pub(super) fn width(&self) -> Option<usize> {
        self.width
    }
}

/// Whether `stream` is the connection to the journal that systemd made: `JOURNAL_STREAM` has its device and inode.
fn journal(host: &Host, global: &Global, stream: &impl AsFd) -> bool {
    let named = host.var("JOURNAL_STREAM").filter(|_| global.cli);
    let here = rustix::fs::fstat(stream).map(|stat| format!("{}:{}", stat.st_dev, stat.st_ino));
    matches!((named, here), (Some(named), Ok(here)) if named == here)
}

/// The same text in a style.
pub(super) fn paint(style: Style, text: &str) -> String {
    let begin = STYLES.iter().find(|(s, ..)| *s == style).map_or(END, |(_, begin, _)| *begin);
    format!("{begin}{text}{END}")
}

/// What is written for `text`: styles as escape sequences or not at all, and control characters shown, not sent.
fn render(text: &str, colour: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match STYLES.iter().find(|(_, begin, _)| *begin == c) {
            Some((_, _, sequence)) if colour => out.push_str(sequence),
            Some(_) => (),
            None if c == END => out.push_str(if colour { "\x1b[0m" } else { "" }),
            None if c == '\n' || c == '\t' => out.push(c),
            None if c.is_control() || is_direction(c) => out.extend(c.escape_unicode()),
            None => out.push(c),
        }
    }
    out
}

/// Characters that make what follows appear in another order than it stands in.
fn is_direction(c: char) -> bool {
    matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

fn is_style(c: char) -> bool {
    ('\u{10F000}'..=END).contains(&c)
}

/// How many columns `text` takes, styles aside.
pub(super) fn columns(text: &str) -> usize {
    text.width() - text.chars().filter(|c| is_style(*c)).filter_map(|c| c.width()).sum::<usize>()
}

/// `text` with spaces up to `width` columns.
pub(super) fn pad(text: &str, width: usize) -> String {
    let missing = width.saturating_sub(columns(text));
    format!("{text}{}", " ".repeat(missing))
}

/// `text`, unstyled, in at most `width` columns, with an ellipsis where something is missing.
pub(super) fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut out = String::new();
    for c in text.chars() {
        if out.width() + c.width().unwrap_or(0) + 1 > width {
            break;
        }
        out.push(c);
    }
    out.push('…');
    out
}

/// `text` broken into lines of at most `width` columns, at spaces and commas where there are any.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in text.split('\n') {
        let mut line = String::new();
        for word in paragraph.split_inclusive([' ', ',', '/', ';']) {
            if !line.is_empty() && line.width() + word.trim_end().width() > width {
                lines.push(std::mem::take(&mut line).trim_end().to_owned());
            }
            for c in word.chars() {
                if line.width() + c.width().unwrap_or(0) > width && c != ' ' {
                    lines.push(std::mem::take(&mut line));
                }
                line.push(c);
            }
        }
        lines.push(line.trim_end().to_owned());
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_escape_sequence_of_a_value_reaches_the_terminal() {
        let text = format!("{} \x1b[2J\u{202e}", paint(Style::Red, "x\x07"));
        assert_eq!(render(&text, true), "\x1b[31mx\\u{7}\x1b[0m \\u{1b}[2J\\u{202e}");
        assert_eq!(render(&text, false), "x\\u{7} \\u{1b}[2J\\u{202e}");
    }

    #[test]
    fn columns_are_counted_as_terminals_draw_them() {
        assert_eq!(columns(&paint(Style::Bold, "日本")), 4);
        assert_eq!(pad(&paint(Style::Bold, "ab"), 4), format!("{}  ", paint(Style::Bold, "ab")));
        assert_eq!(cut("日本語", 5), "日本…");
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("aaaaaaaaaa", 4), ["aaaa", "aaaa", "aa"]);
    }
}
