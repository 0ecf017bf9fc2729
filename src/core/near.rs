//! What somebody who mistyped a name may have meant.

/// How many names are suggested.
const CLOSE: usize = 5;
/// How alike a name has to be, from 0 to 1.
const ALIKE: f64 = 0.6;

/// The names most like `typed`, the likeliest first: at most five. Each candidate is a name and the other spellings
/// it goes by.
pub fn nearest<'a>(
    typed: &str,
    candidates: impl IntoIterator<Item = (&'a str, Vec<&'a str>)>,
) -> Vec<String> {
    let typed = typed.to_lowercase();
    let likeness = |text: &str| {
        let text = text.to_lowercase();
        let part = if !typed.is_empty() && text.contains(&typed) { 0.5 } else { 0.0 };
        f64::from(similar::TextDiff::from_chars(&typed, &text).ratio()) + part
    };
    let mut scored: Vec<(f64, &str)> = candidates
        .into_iter()
        .map(|(name, others)| {
            let best = others.into_iter().map(likeness).fold(likeness(name), f64::max);
            (best, name)
        })
        .filter(|(score, _)| *score > ALIKE)
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
    scored.dedup_by(|a, b| a.1 == b.1);
    scored.into_iter().take(CLOSE).map(|(_, name)| name.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_likeliest_comes_first_and_the_unlike_not_at_all() {
        let names = ["org.gnome.Boxes", "org.gnome.Books", "net.lutris.Lutris"];
        let near = |typed| nearest(typed, names.map(|name| (name, Vec::new())));
        assert_eq!(near("org.gnome.Boxs"), ["org.gnome.Boxes", "org.gnome.Books"]);
        assert_eq!(near("lutris"), ["net.lutris.Lutris"]);
        assert!(near("zzzz").is_empty());
        assert_eq!(nearest("bx", [("org.gnome.Boxes", vec!["bx"])]), ["org.gnome.Boxes"]);
    }
}
