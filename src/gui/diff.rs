//! Two texts beside each other, line by line. No widgets here.

use std::time::Duration;

use similar::{ChangeTag, TextDiff};

/// How long the shortest difference is looked for. Long texts that have little in common would take seconds, and a page
/// waits for it: after that, a longer one does.
const PATIENCE: Duration = Duration::from_millis(50);

/// One line of a difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DiffLine {
    /// Both texts have it.
    Same(String),
    /// Only the first text has it.
    Removed(String),
    /// Only the second text has it.
    Added(String),
    /// So many lines that both have are left out.
    LeftOut(usize),
}

/// Every line of both texts.
pub fn whole(before: &str, after: &str) -> Vec<DiffLine> {
    let diff = TextDiff::configure().timeout(PATIENCE).diff_lines(before, after);
    let lines = diff.iter_all_changes().map(|change| {
        let text = change.value().trim_end_matches(['\n', '\r']).to_owned();
        match change.tag() {
            ChangeTag::Equal => DiffLine::Same(text),
            ChangeTag::Delete => DiffLine::Removed(text),
            ChangeTag::Insert => DiffLine::Added(text),
        }
    });
    lines.collect()
}

/// The lines that differ, with `around` lines before and after each; what lies between is counted.
pub fn brief(before: &str, after: &str, around: usize) -> Vec<DiffLine> {
    let all = whole(before, after);
    let near: Vec<usize> =
        all.iter().enumerate().filter(|(_, line)| line.differs()).map(|(at, _)| at).collect();
    let mut lines = Vec::new();
    let (mut next, mut skipped) = (near.iter().peekable(), 0);
    for (at, line) in all.into_iter().enumerate() {
        while next.next_if(|place| **place + around < at).is_some() {}
        if next.peek().is_some_and(|place| place.abs_diff(at) <= around) {
            if skipped > 0 {
                lines.push(DiffLine::LeftOut(std::mem::take(&mut skipped)));
            }
            lines.push(line);
        } else {
            skipped += 1;
        }
    }
    if skipped > 0 {
        lines.push(DiffLine::LeftOut(skipped));
    }
    lines
}

/// How many lines only the second text has, and how many only the first.
pub fn count(before: &str, after: &str) -> (usize, usize) {
    let all = whole(before, after);
    let of = |wanted: fn(&DiffLine) -> bool| all.iter().filter(|line| wanted(line)).count();
    (of(|line| matches!(line, DiffLine::Added(_))), of(|line| matches!(line, DiffLine::Removed(_))))
}

impl DiffLine {
    /// Whether one text alone has it.
    pub fn differs(&self) -> bool {
        matches!(self, Self::Removed(_) | Self::Added(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn short(lines: &[DiffLine]) -> String {
        let line = |line: &DiffLine| match line {
            DiffLine::Same(text) => format!(" {text}"),
            DiffLine::Removed(text) => format!("-{text}"),
            DiffLine::Added(text) => format!("+{text}"),
            DiffLine::LeftOut(n) => format!("({n})"),
        };
        lines.iter().map(line).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn the_whole_difference_has_every_line() {
        assert_eq!(short(&whole("a\nb\nc\n", "a\nB\nc\n")), " a -b +B  c");
        assert_eq!(short(&whole("", "")), "");
    }

    #[test]
    fn a_brief_one_leaves_out_what_is_far_from_a_change() {
        let old = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";
        let new = "1\n2\nx\n4\n5\n6\n7\n8\n9\nend\n";
        assert_eq!(short(&brief(old, new, 1)), "(1)  2 -3 +x  4 (4)  9 +end");
        assert_eq!(short(&brief(old, old, 3)), "(9)");
        assert_eq!(short(&brief(old, new, 9)), short(&whole(old, new)));
        assert_eq!(count(old, new), (2, 1));
    }

    #[test]
    #[allow(clippy::disallowed_methods, reason = "a test's own tool")]
    fn texts_that_have_nothing_in_common_do_not_take_long() {
        // No two lines in the same order.
        let text = |step: usize| -> String {
            (0..20_011).map(|n| format!("{}\n", n * step % 20_011)).collect()
        };
        let (old, new) = (text(3), text(7_919));
        let begun = std::time::Instant::now();
        let (added, removed) = count(&old, &new);
        assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
        assert!(added == removed && added > 10_000, "{added} {removed}");
    }
}
