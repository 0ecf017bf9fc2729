//! Where a section goes that is not in the file yet.

use std::ops::Range;

use super::Section;
use super::edit::{Containerfile, SECTIONS, begin_of, end, rank, with_line_ends};

/// The text of `file` with `section` put where it belongs.
///
/// Before the next section in the order of [`SECTIONS`] that is there; else after the one before it; else at the
/// beginning of the last stage. Never after `bootc container lint`, which checks what was made before it.
pub(super) fn place(file: &Containerfile<'_>, section: &Section) -> String {
    let text = file.text();
    let crlf = text.split_inclusive('\n').next().is_some_and(|line| line.ends_with("\r\n"));
    let eol = if crlf { "\r\n" } else { "\n" };
    let mut instructions = instructions(text);
    let section_of =
        |at: usize| file.found().iter().find(|one| one.whole.start < at && at < one.whole.end);
    // What a section says is no stage of the person's, and nothing goes into it.
    instructions.retain(|one| section_of(one.start).is_none());
    let lint = lint(text, &instructions);
    let at = rank(section.name());
    let (earlier, later) = SECTIONS.split_at(at);
    let next = later.iter().find_map(|name| file.section(name)).map(|found| found.whole.start);
    let previous = earlier.iter().rev().find_map(|name| file.section(name));
    let previous = previous.map(|found| found.whole.end);
    let stage = instructions.iter().rev().find(|one| is(text, one, "FROM")).map(|one| one.end);
    let spot = next.or(previous).or(stage).unwrap_or(text.len());
    let spot = lint.map_or(spot, |lint| spot.min(lint));
    let spot = section_of(spot).map_or(spot, |one| one.whole.start);

    let (before, after) = text.split_at(spot);
    let mut block = String::new();
    // A byte order mark is no line.
    let first = before.trim_start_matches('\u{feff}').is_empty();
    if !first && !before.ends_with('\n') {
        block.push_str(eol);
    }
    // A line's room on both sides, as people leave it.
    if !first && !is_blank(before.lines().next_back()) {
        block.push_str(eol);
    }
    block.push_str(&format!("{}{eol}", begin_of(section.name())));
    block.push_str(&with_line_ends(section.body(), crlf));
    block.push_str(&format!("{}{eol}", end(section.name())));
    if !after.is_empty() && !is_blank(after.lines().next()) {
        block.push_str(eol);
    }
    format!("{before}{block}{after}")
}

fn is_blank(line: Option<&str>) -> bool {
    line.is_none_or(|line| line.trim().is_empty())
}

/// Where the last stage is checked, with the comment above: what comes later is not.
pub(super) fn lint(text: &str, instructions: &[Range<usize>]) -> Option<usize> {
    let checks = |one: &&Range<usize>| {
        is(text, one, "RUN")
            && text.get((*one).clone()).is_some_and(|said| said.contains("bootc container lint"))
    };
    let stage = instructions.iter().rposition(|one| is(text, one, "FROM")).unwrap_or(0);
    let lint = instructions.get(stage..)?.iter().rev().find(checks)?;
    let mut at = lint.start;
    for line in text.get(..at)?.split_inclusive('\n').rev() {
        // A comment belongs to what follows it; the marker of a section does not.
        if !line.starts_with('#') || line.starts_with("# === ") {
            break;
        }
        at -= line.len();
    }
    Some(at)
}

fn is(text: &str, instruction: &Range<usize>, name: &str) -> bool {
    let said = text.get(instruction.clone()).unwrap_or_default();
    let word =
        said.trim_start_matches('\u{feff}').split_ascii_whitespace().next().unwrap_or_default();
    word.eq_ignore_ascii_case(name)
}

/// The instructions of a Containerfile, each with its continuation lines and heredocs.
pub(super) fn instructions(text: &str) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    // The delimiters of heredocs that are still to end, and whether the instruction goes on.
    let (mut heredocs, mut goes_on): (Vec<Heredoc<'_>>, bool) = (Vec::new(), false);
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let start = at;
        at += line.len();
        let bare = line.trim_end_matches(['\n', '\r']);
        if let Some(heredoc) = heredocs.first() {
            let said = if heredoc.tabs { bare.trim_start_matches('\t') } else { bare };
            if said == heredoc.end {
                heredocs.remove(0);
            }
        } else if bare.trim().is_empty() || bare.trim_start().starts_with('#') {
            // Neither a comment nor an empty line ends an instruction that goes on.
            continue;
        } else {
            if !goes_on {
                found.push(start..at);
            }
            heredocs = heredocs_of(bare);
            goes_on = bare.trim_end().ends_with('\\');
        }
        if let Some(last) = found.last_mut() {
            last.end = at;
        }
    }
    found
}

struct Heredoc<'a> {
    end: &'a str,
    /// Whether tabs before the delimiter do not count.
    tabs: bool,
}

/// The heredocs that a line opens: where a word begins with `<<`, as builders read it, and not where quotes hold it.
fn heredocs_of(line: &str) -> Vec<Heredoc<'_>> {
    let mut found = Vec::new();
    let (mut quote, mut escaped, mut begins) = (None, false, true);
    for (at, c) in line.char_indices() {
        let (was_escaped, first) = (escaped, begins);
        escaped = c == '\\' && !was_escaped && quote != Some('\'');
        // A file descriptor may stand before it.
        begins = quote.is_none() && (c.is_whitespace() || first && c.is_ascii_digit());
        match (c, quote) {
            _ if was_escaped => (),
            (_, Some(open)) if c == open => quote = None,
            ('"' | '\'', None) => quote = Some(c),
            ('<', None) if first && line[at..].starts_with("<<") => {
                found.extend(heredoc(&line[at + 2..]));
            }
            _ => (),
        }
    }
    found
}

/// The heredoc whose delimiter follows.
fn heredoc(rest: &str) -> Option<Heredoc<'_>> {
    let (rest, tabs) = rest.strip_prefix('-').map_or((rest, false), |rest| (rest, true));
    let word =
        rest.split(|c: char| c.is_whitespace() || ";&|)>".contains(c)).next().unwrap_or_default();
    let end = word.trim_matches(['"', '\'']);
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-' || c == '.';
    let fits = !end.is_empty()
        && end.chars().all(is_word)
        && !end.starts_with(|c: char| c.is_ascii_digit());
    fits.then_some(Heredoc { end, tabs })
}
