//! Words for people: translation and filling in.
//!
//! Every text a person sees goes through `gettext` or `ngettext`, or, where it is a constant, through [`mark`]
//! when it is written and `gettext` when it is shown. `build-aux/update-po` collects them with xgettext.

pub use gettextrs::{gettext, pgettext};

use crate::core::changelog::Kind;
use crate::core::item::Pending;
use crate::core::merge::Drift;
use crate::core::plan::Held;
use crate::core::report::ItemReport;

/// Where translations are looked for, below the prefix: `share/locale`.
const DOMAIN: &str = "bucket";

/// Sets the process's locale up. Called once, first thing in `main`: no other thread may run yet.
pub fn init(locale_dir: &std::path::Path) {
    #[allow(unsafe_code, reason = "the C library's locale is process-wide state")]
    // SAFETY: called first thing in `main`, while there is one thread.
    unsafe {
        gettextrs::setlocale(gettextrs::LocaleCategory::LcAll, "");
    }
    // Without translations the texts stay as they are written, which is no reason to stop.
    let _ = gettextrs::bindtextdomain(DOMAIN, locale_dir);
    let _ = gettextrs::bind_textdomain_codeset(DOMAIN, "UTF-8");
    let _ = gettextrs::textdomain(DOMAIN);
}

/// The translation for `n` things; where the text names the number, it is filled in afterwards.
pub fn ngettext(one: &str, many: &str, n: usize) -> String {
    gettextrs::ngettext(one, many, u32::try_from(n).unwrap_or(u32::MAX))
}

/// Marks a constant for translation; it is translated where it is shown.
pub const fn mark(text: &'static str) -> &'static str {
    text
}

/// Puts values where a translated text has `{name}`.
pub fn fill(text: &str, values: &[(&str, &str)]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        out.push_str(&rest[..open]);
        rest = &rest[open..];
        let found = rest.find('}').and_then(|close| {
            let name = &rest[1..close];
            values.iter().find(|(known, _)| *known == name).map(|(_, value)| (close, *value))
        });
        match found {
            Some((close, value)) => {
                out.push_str(value);
                rest = &rest[close + 1..];
            }
            None => {
                out.push('{');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

/// The texts whose number is not 0, each with its number in it: "3 differences", "1 pending".
pub fn counted(parts: impl IntoIterator<Item = (usize, String)>) -> Vec<String> {
    let some = parts.into_iter().filter(|(n, _)| *n > 0);
    some.map(|(n, text)| fill(&text, &[("n", &n.to_string())])).collect()
}

/// How an item, a field or an element stands, in a few words.
pub fn drift(state: Drift) -> String {
    match state {
        Drift::InSync => gettext("In sync"),
        Drift::SystemChanged => gettext("Changed on the system"),
        Drift::ManifestChanged => gettext("Changed in the manifest"),
        Drift::Both => gettext("Changed on both sides"),
        Drift::Conflict => gettext("Conflict"),
        Drift::Unmanaged => gettext("Only on the system"),
        Drift::Missing => gettext("Only in the manifest"),
        Drift::Unknown => gettext("Unknown"),
        Drift::Pending => gettext("Pending"),
        Drift::NotHere => gettext("Not on this machine"),
        Drift::Locked => gettext("Locked"),
    }
}

/// How an item stands, in a few words: what one side alone has, and which side lost it, is the news.
pub fn item(item: &ItemReport) -> String {
    match (item.state, item.wanted.is_some(), item.live.is_some()) {
        (Drift::SystemChanged, true, false) => gettext("Removed from the system"),
        (Drift::ManifestChanged, false, true) => gettext("Removed from the manifest"),
        (Drift::SystemChanged, false, true) => gettext("Only on the system"),
        (Drift::ManifestChanged, true, false) => gettext("Only in the manifest"),
        (state, ..) => drift(state),
    }
}

/// When a pending value comes into force.
pub fn pending(pending: Pending) -> String {
    match pending {
        Pending::LogOut => gettext("after the next log-in"),
        Pending::Reboot => gettext("after a restart"),
        Pending::ImageBuild => gettext("with the next image"),
    }
}

/// The title of the entries of a kind in a changelog.
pub fn entry_kind(kind: Kind) -> String {
    match kind {
        Kind::Added => gettext("Added"),
        Kind::Changed => gettext("Changed"),
        Kind::Deprecated => gettext("Deprecated"),
        Kind::Removed => gettext("Removed"),
        Kind::Fixed => gettext("Fixed"),
        Kind::Security => gettext("Security"),
    }
}

/// Why a change waits for a yes.
pub fn held(held: Held) -> String {
    match held {
        Held::Removal => gettext("removes it"),
        Held::AgainstSuggestion => gettext("undoes what the other side changed"),
        Held::Conflict => gettext("both sides changed"),
        Held::Secret => gettext("looks like a secret"),
        Held::Loss => gettext("loses what nothing brings back"),
    }
}

#[cfg(test)]
mod tests {
    use super::fill;

    #[test]
    fn fill_replaces_only_what_it_knows() {
        assert_eq!(fill("{a} and {b} {", &[("a", "{b}"), ("c", "x")]), "{b} and {b} {");
        assert_eq!(fill("Install {n}", &[("n", "3")]), "Install 3");
    }
}
