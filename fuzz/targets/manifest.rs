//! Manifests: an edit makes them say what it should, keeps every comment it does not replace, and leaves a file that
//! parses.
//!
//! An input is a value on the first line, and below it a manifest.

#![no_main]

use std::path::Path;

use bucket::manifest::{Doc, Sheet};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

mod comments;
use comments::comments;

fuzz_target!(|data: &str| {
    let (value, text) = data.split_once('\n').unwrap_or(("null", data));
    let Ok(value) = serde_json::from_str::<Value>(value) else { return };
    let path = Path::new("fuzz.json");
    let Ok(doc) = Doc::parse(path, text) else { return };
    assert_eq!(doc.text(), text);
    assert!(!doc.changed());
    let sheet = Sheet::parse(path, text).expect("a document is a sheet");
    let said = comments(text);
    let names = ["items", "apps", "a"];
    let others = |sheet: &Sheet, but: &str| -> Vec<Option<Value>> {
        names.iter().filter(|name| **name != but).map(|name| sheet.get(name).cloned()).collect()
    };
    for name in names {
        let before = sheet.get(name);
        let was_list = before.is_none_or(Value::is_array);
        // A value put at a name.
        let doc = Doc::parse(path, text).expect("it did before");
        doc.set(name, Some(&value));
        let after = check(&doc);
        assert_eq!(after.get(name), Some(&value));
        assert_eq!(others(&after, name), others(&sheet, name));
        if before.is_none() {
            assert!(kept(&said, &doc.text()), "a comment is gone from {:?}", doc.text());
            doc.set(name, None);
            assert_eq!(check(&doc).get(name), None);
            assert!(kept(&said, &doc.text()), "a comment is gone from {:?}", doc.text());
        }
        // An entry put into a list, and taken out again.
        if !was_list || before.and_then(Value::as_array).is_some_and(|list| list.contains(&value)) {
            continue;
        }
        let doc = Doc::parse(path, text).expect("it did before");
        let is = |entry: &Value| *entry == value;
        doc.put(name, &is, &value, &|entry| entry.to_string());
        let after = check(&doc);
        let list = after.get(name).and_then(Value::as_array).expect("it is a list now");
        assert_eq!(list.len(), 1 + before.and_then(Value::as_array).map_or(0, Vec::len));
        assert!(list.contains(&value));
        assert!(kept(&said, &doc.text()), "a comment is gone from {:?}", doc.text());
        assert_eq!(others(&after, name), others(&sheet, name));
        assert!(doc.remove(name, &is));
        let after = check(&doc);
        let left = after.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
        assert_eq!(left, before.and_then(Value::as_array).cloned().unwrap_or_default());
        assert_eq!(others(&after, name), others(&sheet, name));
    }
});

/// What an edited document says.
fn check(doc: &Doc) -> Sheet {
    match Sheet::parse(Path::new("fuzz.json"), &doc.text()) {
        Ok(sheet) => sheet,
        Err(error) => panic!("{error}, in {:?}", doc.text()),
    }
}

/// Whether all comments are there, in their order.
fn kept(said: &[&str], text: &str) -> bool {
    let now = comments(text);
    let mut now = now.iter();
    said.iter().all(|comment| now.any(|other| other == comment))
}
