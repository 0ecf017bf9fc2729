//! Files of distrobox assemble: whatever is read of one is written so that the same is read again. And hooks of any kind can
//! be looked at.

#![no_main]

use bucket::subsystem::distrobox::{ini, lint};
use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value};

fuzz_target!(|data: &str| {
    lint::lint(data);
    let Ok(read) = ini::read(data) else { return };
    let boxes: Vec<_> = read.boxes.iter().map(|(name, entry)| (name, entry)).collect();
    let written = ini::write(boxes.iter().copied());
    let again = ini::read(&written.text).expect("what was written is read");
    assert_eq!(again.boxes.len(), read.boxes.len());
    for ((name, entry), (other, second)) in boxes.into_iter().zip(&again.boxes) {
        assert_eq!(name, other);
        // What has no place in a file was named; all else is as it was.
        let left: Vec<&str> = written
            .left
            .iter()
            .filter(|left| left.name == name.as_str())
            .map(|left| left.key.split('.').next().unwrap_or_default())
            .collect();
        let kept = |entry: &Map<String, Value>| -> Map<String, Value> {
            let fits = entry.iter().filter(|(key, _)| !left.contains(&key.as_str()));
            fits.map(|(key, value)| (key.clone(), spaced(key, value))).collect()
        };
        assert_eq!(kept(entry), kept(second), "{}", written.text);
    }
});

/// Hooks with one space for several, as they reach their box.
fn spaced(key: &str, value: &Value) -> Value {
    match value {
        Value::Array(list) if key.ends_with("init_hooks") => {
            let one = |text: &Value| -> Value {
                let words: Vec<&str> =
                    text.as_str().unwrap_or_default().split_ascii_whitespace().collect();
                words.join(" ").into()
            };
            list.iter().map(one).collect()
        }
        // Options may be told apart in other lines.
        Value::Array(list) if key == "additional_flags" => {
            let texts: Vec<&str> = list.iter().filter_map(Value::as_str).collect();
            texts.join(" ").into()
        }
        // Volumes that only an option can name come last; what is not shared is a set.
        Value::Array(list) if key == "volume" || key == "unshare" => {
            let mut texts: Vec<&str> = list.iter().filter_map(Value::as_str).collect();
            texts.sort_unstable();
            texts.into()
        }
        value => value.clone(),
    }
}
