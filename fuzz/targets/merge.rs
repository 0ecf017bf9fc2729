//! The merge of manifests: from texts that parse it makes one that parses, gives back what only one side changed to the
//! byte, and loses no element that one side alone has added to a list.
//!
//! An input is three manifests, divided by lines of a single "%".

#![no_main]

use std::collections::BTreeSet;
use std::path::Path;

use bucket::manifest::Sheet;
use bucket::manifest::merge::{Pick, containerfile, identity, merge};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|data: &str| {
    let mut parts = data.split("\n%\n");
    let (Some(base), Some(ours), Some(theirs)) = (parts.next(), parts.next(), parts.next()) else {
        return;
    };
    if let Some(text) = containerfile("Containerfile", Some(base), base, theirs) {
        assert_eq!(text.lines().next().is_some(), !text.is_empty());
    }
    let (Some(b), Some(o), Some(t)) = (parse(base), parse(ours), parse(theirs)) else { return };
    let take = |base, ours, theirs, pick| {
        merge("fuzz.json", base, ours, theirs, &mut |_| pick).expect("all three parse")
    };
    let text = |base, ours, theirs| take(Some(base), Some(ours), Some(theirs), None).text;
    assert_eq!(text(base, ours, ours).as_deref(), Some(ours));
    assert_eq!(text(base, ours, base).as_deref(), Some(ours));
    assert_eq!(text(base, base, theirs).as_deref(), Some(theirs));
    for pick in [None, Some(Pick::Ours), Some(Pick::Theirs)] {
        for base in [Some(base), None] {
            let merged = take(base, Some(ours), Some(theirs), pick);
            assert!(pick.is_none() || merged.conflicts.is_empty());
            let text = merged.text.expect("neither side is gone");
            let said = parse(&text).unwrap_or_else(|| panic!("it does not parse: {text:?}"));
            if !merged.conflicts.is_empty() || pick.is_some() {
                continue;
            }
            let had = base.map_or_else(BTreeSet::new, |_| elements(&b));
            let now = elements(&said);
            for one in elements(&o).union(&elements(&t)).filter(|one| !had.contains(*one)) {
                assert!(now.contains(one), "{one} is lost in {text:?}");
            }
        }
    }
});

fn parse(text: &str) -> Option<Value> {
    Sheet::parse(Path::new("fuzz.json"), text).ok().map(Sheet::into_json)
}

/// The names in the lists at the top, where a list is one of names.
fn elements(value: &Value) -> BTreeSet<String> {
    let lists = value.as_object().into_iter().flatten();
    let lists = lists.filter_map(|(name, list)| Some((name, list.as_array()?)));
    let names = lists.flat_map(|(name, list)| {
        list.iter()
            .filter(|one| one.is_string())
            .filter_map(move |one| Some(format!("{name}/{}", identity(one)?)))
    });
    names.collect()
}
