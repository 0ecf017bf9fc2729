//! The whole table of the three-way comparison: base × wanted × live over absent, A, B, C, each also ignored,
//! unreadable and barred, against `tests/golden/merge.txt`. `BLESS=1` writes that file anew, for a reader to check.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::fmt::Write;

use bucket::core::ignore::Ignored;
use bucket::core::item::{Barred, FieldSpec, ItemKey, Layer, LeftOut, Live, Record, Wanted};
use bucket::core::report::ItemReport;

const SPECS: &[FieldSpec] = &[FieldSpec { name: "value", left_out: LeftOut::Default }];
const SIDES: [Option<&str>; 4] = [None, Some("A"), Some("B"), Some("C")];

fn record(value: Option<&str>) -> Option<Record> {
    value.map(|value| Record::new().with("value", value))
}

fn table() -> String {
    let mut table = String::from("base wanted live ignored found -> state suggestion counts\n");
    for base in SIDES {
        for wanted in SIDES {
            for live in SIDES {
                for ignored in [false, true] {
                    for found in ["readable", "unreadable", "not-here", "locked"] {
                        row(&mut table, [base, wanted, live], ignored, found);
                    }
                }
            }
        }
    }
    table
}

fn row(table: &mut String, [base, wanted, live]: [Option<&str>; 3], ignored: bool, found: &str) {
    let known = || record(live).map_or_else(Live::absent, Live::known);
    let read = match found {
        "readable" => record(live).map(Live::known),
        "unreadable" => Some(Live::unknown("permission denied")),
        "not-here" => Some(known().barred(Some(Barred::NotHere("not installed".into())))),
        _ => Some(known().barred(Some(Barred::Locked("by the administrator".into())))),
    };
    let item = ItemReport::judge(
        SPECS,
        ItemKey::new("item"),
        record(base).as_ref(),
        record(wanted).map(|record| Wanted { record, layer: Layer::Shared }).as_ref(),
        read.as_ref(),
        ignored.then_some(Ignored::Rule(None)),
        &|_| false,
    );
    let side = |value: Option<&'static str>| value.unwrap_or("-");
    let value =
        [base, wanted, live].map(|value| SIDES.into_iter().find(|known| *known == value).flatten());
    writeln!(
        table,
        "{} {} {} {} {} -> {:?} {:?} {}",
        side(value[0]),
        side(value[1]),
        side(value[2]),
        if ignored { "ignored" } else { "shown" },
        found,
        item.state,
        item.state.suggestion(),
        if item.counts() { "counts" } else { "-" },
    )
    .unwrap();
}

#[test]
fn every_case_is_as_agreed() {
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/merge.txt");
    let table = table();
    assert_eq!(table.lines().count(), 1 + 512);
    if option_env!("BLESS").is_some() {
        std::fs::write(golden, &table).unwrap();
    }
    let expected = std::fs::read_to_string(golden).unwrap();
    for (line, (found, agreed)) in table.lines().zip(expected.lines()).enumerate() {
        assert_eq!(found, agreed, "line {}", line + 1);
    }
    assert_eq!(table.lines().count(), expected.lines().count());
}

/// A field that is ignored does not make a conflict of an item that one side lost.
#[test]
fn an_ignored_field_does_not_tell_who_moved() {
    use bucket::core::merge::{Drift, merge_item};
    let (base, full) = (Record::new(), Record::new().with("value", "A"));
    let state = |wanted, live| merge_item(SPECS, Some(&base), wanted, live, &|_| true).state;
    assert_eq!(state(None, Some(&full)), Drift::ManifestChanged);
    assert_eq!(state(Some(&full), None), Drift::SystemChanged);
}
