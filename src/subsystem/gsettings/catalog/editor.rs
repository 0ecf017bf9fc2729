//! How a value is edited: what a key's type and range ask for.

use crate::host::schemas::{Key, Range};
use crate::words::mark;

/// Whole numbers beyond this one are not exact in a spin button.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// The way a value is edited.
#[derive(Clone, Debug, PartialEq)]
pub enum Editor {
    /// On or off.
    Switch,
    /// One of these texts.
    Choice(Vec<String>),
    /// Any of these texts.
    Flags(Vec<String>),
    /// A number.
    Number(Bounds),
    /// A line of text.
    Text,
    /// A list of texts.
    List {
        /// The list is compared as a set, so that its order cannot be edited.
        set: bool,
    },
    /// GVariant text; [`RAW`] says why.
    Raw(&'static str),
    /// None: a type that this version does not know.
    Unknown,
}

/// What numbers a key takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds {
    /// The least.
    pub min: f64,
    /// The greatest.
    pub max: f64,
    /// Whether it is a whole number.
    pub whole: bool,
    /// Whether every number between is exact as a floating-point number.
    pub exact: bool,
}

const STRUCTURE: &str = mark("Several values in one, which only its program can tell apart");
const DICTIONARY: &str = mark("A dictionary whose entries only its program knows");
const NUMBERS: &str = mark("A list of numbers");
const MAYBE: &str = mark("A value that may also be nothing");
const ANY: &str = mark("A value of any type");
const BYTES: &str = mark("Data that is not text");

/// The GVariant types that have no editor of their own, each with the reason, which is to be translated. Every type
/// of an installed key is either here or has an editor; a test in the lab walks them all.
pub const RAW: [(&str, &str); 34] = [
    ("(bdddd)", STRUCTURE),
    ("(dd)", STRUCTURE),
    ("(ddd)", STRUCTURE),
    ("(dddd)", STRUCTURE),
    ("(ii)", STRUCTURE),
    ("(iib)", STRUCTURE),
    ("(iii)", STRUCTURE),
    ("(iiii)", STRUCTURE),
    ("(ss)", STRUCTURE),
    ("(ssm(dd))", STRUCTURE),
    ("(uu)", STRUCTURE),
    ("a((auss)u)", STRUCTURE),
    ("a((aussasasu)u)", STRUCTURE),
    ("a(dddd)", STRUCTURE),
    ("a(sa{sv})", DICTIONARY),
    ("a(ss)", STRUCTURE),
    ("a(ssssud)", STRUCTURE),
    ("aas", STRUCTURE),
    ("aa{sv}", DICTIONARY),
    ("ad", NUMBERS),
    ("ai", NUMBERS),
    ("au", NUMBERS),
    ("av", ANY),
    ("ay", BYTES),
    ("a{sas}", DICTIONARY),
    ("a{sb}", DICTIONARY),
    ("a{si}", DICTIONARY),
    ("a{ss}", DICTIONARY),
    ("a{su}", DICTIONARY),
    ("a{sv}", DICTIONARY),
    ("mb", MAYBE),
    ("mi", MAYBE),
    ("ms", MAYBE),
    ("v", ANY),
];

impl Editor {
    /// The editor of a key; `set` says that its list is compared as a set.
    pub fn of(key: &Key, set: bool) -> Self {
        Self::declared(&key.type_string(), key.range(), set)
    }

    fn declared(kind: &str, range: Range, set: bool) -> Self {
        match (kind, range) {
            (_, Range::Choices(choices)) => Self::Choice(choices),
            (_, Range::Flags(flags)) => Self::Flags(flags),
            ("b", _) => Self::Switch,
            ("s", _) => Self::Text,
            ("as", _) => Self::List { set },
            (kind, range) => match (limits(kind), RAW.iter().find(|(raw, _)| *raw == kind)) {
                (Some((min, max)), _) => Self::Number(Bounds::new(kind, min, max, &range)),
                (None, Some((_, why))) => Self::Raw(why),
                (None, None) => Self::Unknown,
            },
        }
    }
}

/// The least and the greatest number of a type.
fn limits(kind: &str) -> Option<(f64, f64)> {
    Some(match kind {
        "y" => (0.0, f64::from(u8::MAX)),
        "n" => (f64::from(i16::MIN), f64::from(i16::MAX)),
        "q" => (0.0, f64::from(u16::MAX)),
        "i" => (f64::from(i32::MIN), f64::from(i32::MAX)),
        "u" => (0.0, f64::from(u32::MAX)),
        "x" => (i64::MIN as f64, i64::MAX as f64),
        "t" => (0.0, u64::MAX as f64),
        "d" => (f64::MIN, f64::MAX),
        _ => return None,
    })
}

impl Bounds {
    fn new(kind: &str, mut min: f64, mut max: f64, range: &Range) -> Self {
        if let Range::Between(low, high) = range {
            // A range is of the key's type, so both parse.
            min = low.parse().unwrap_or(min);
            max = high.parse().unwrap_or(max);
        }
        let exact = min.abs() <= EXACT && max.abs() <= EXACT;
        Self { min, max, whole: kind != "d", exact }
    }

    /// How far one press of a button goes: one, or for fractions about a twentieth of the way, as a round number.
    pub fn step(&self) -> f64 {
        let span = self.max - self.min;
        if self.whole || !span.is_finite() || span > 20.0 {
            return 1.0;
        }
        let rough = (span / 20.0).max(0.001);
        let unit = 10_f64.powf(rough.log10().floor());
        let times = [1.0, 2.0, 5.0].into_iter().rev().find(|times| times * unit <= rough * 1.0001);
        times.unwrap_or(1.0) * unit
    }

    /// How many decimals are shown so that neither `value` nor a step loses any.
    pub fn digits(&self, value: f64) -> u32 {
        if self.whole {
            return 0;
        }
        let decimals = |number: f64| {
            let text = number.to_string();
            text.split_once('.').map_or(0, |(_, decimals)| decimals.len())
        };
        decimals(value).max(decimals(self.step())).clamp(1, 17) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn between(min: &str, max: &str) -> Range {
        Range::Between(min.to_owned(), max.to_owned())
    }

    fn number(kind: &str, range: Range) -> Bounds {
        match Editor::declared(kind, range, false) {
            Editor::Number(bounds) => bounds,
            other => panic!("{kind}: {other:?}"),
        }
    }

    #[test]
    fn types_and_ranges_decide() {
        let choices = vec!["a".to_owned(), "b".to_owned()];
        let of = |kind, range| Editor::declared(kind, range, false);
        assert_eq!(of("b", Range::Any), Editor::Switch);
        assert_eq!(of("s", Range::Any), Editor::Text);
        assert_eq!(of("as", Range::Any), Editor::List { set: false });
        assert_eq!(of("s", Range::Choices(choices.clone())), Editor::Choice(choices.clone()));
        assert_eq!(of("as", Range::Flags(choices.clone())), Editor::Flags(choices));
        assert_eq!(of("a{sv}", Range::Any), Editor::Raw(DICTIONARY));
        assert_eq!(of("a{s(iiii)}", Range::Any), Editor::Unknown);
        for kind in ["y", "n", "q", "i", "u", "x", "t", "d"] {
            number(kind, Range::Any);
        }
    }

    #[test]
    fn the_table_is_sorted_and_names_valid_types_without_an_editor() {
        assert!(RAW.is_sorted_by(|(a, _), (b, _)| a < b));
        for (kind, _) in RAW {
            assert!(glib::VariantTy::new(kind).is_ok(), "{kind}");
            assert!(matches!(Editor::declared(kind, Range::Any, false), Editor::Raw(_)), "{kind}");
        }
    }

    #[test]
    fn numbers_move_in_round_steps_within_their_range() {
        let scale = number("d", between("0.5", "3.0"));
        assert_eq!((scale.min, scale.max, scale.step()), (0.5, 3.0, 0.1));
        assert_eq!((scale.digits(1.0), scale.digits(1.125)), (1, 3));
        assert_eq!(number("d", between("0.0", "1.0")).step(), 0.05);
        assert_eq!(number("d", between("0.0", "1.0")).digits(0.5), 2);
        assert_eq!(number("d", Range::Any).step(), 1.0);
        assert_eq!(number("i", between("0", "9")).step(), 1.0);
        let whole = number("i", Range::Any);
        assert!(whole.exact && whole.digits(3.0) == 0 && whole.min == f64::from(i32::MIN));
        assert!(!number("t", Range::Any).exact && !number("x", Range::Any).exact);
        assert!(number("t", between("0", "100")).exact);
    }
}
