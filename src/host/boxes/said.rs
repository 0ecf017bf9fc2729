//! JSON as podman prints it: one text among lines that warn, an object or a list, whatever type a value has this time.

use serde::Deserialize;
use serde_json::{Map, Value as Json};

/// Objects that a program said, and what of its JSON could not be read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Said {
    /// The objects, in their order; those of a list one by one.
    pub objects: Vec<Map<String, Json>>,
    /// What is no object or no JSON, each with its reason.
    pub unread: Vec<String>,
    /// Whether there was any JSON at all.
    pub any: bool,
}

/// Reads what a program said. Lines that begin no JSON are warnings, and left out.
pub fn read(text: &str) -> Said {
    let mut said = Said::default();
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let line = rest.find('\n').map_or(rest.len(), |end| end + 1);
        let begins = rest[..line].trim_start();
        if !begins.starts_with('{') && !is_list(begins) {
            at += line;
            continue;
        }
        let mut values = serde_json::Deserializer::from_str(rest);
        match Json::deserialize(&mut values) {
            Ok(value) => {
                said.any = true;
                said.take(value);
                at += values.into_iter::<Json>().byte_offset();
            }
            Err(error) => {
                // What is whole inside of it may follow.
                let shown: String = begins.trim_end().chars().take(60).collect();
                said.unread.push(format!("{shown}: {error}"));
                at += line;
            }
        }
    }
    said
}

/// Whether a line begins a list, and not a warning such as `[WARN] …`.
fn is_list(line: &str) -> bool {
    let inside = line.strip_prefix('[').map(|rest| rest.trim_start().chars().next());
    inside.is_some_and(|next| next.is_none_or(|c| !c.is_alphabetic()))
}

impl Said {
    fn take(&mut self, value: Json) {
        match value {
            Json::Object(object) => self.objects.push(object),
            Json::Array(list) => list.into_iter().for_each(|one| self.take(one)),
            other => self.unread.push(format!("{other}: not an object")),
        }
    }
}

/// A text under any of these keys, where it is one and not empty.
pub fn text<'a>(object: &'a Map<String, Json>, keys: &[&str]) -> Option<&'a str> {
    keys.iter().filter_map(|key| object.get(*key)?.as_str()).find(|text| !text.is_empty())
}

/// A list of texts, or one text alone. `None` where it is anything else.
pub fn texts(value: &Json) -> Option<Vec<&str>> {
    match value {
        Json::Null => Some(Vec::new()),
        Json::String(one) => Some(vec![one]),
        Json::Array(list) => list.iter().map(Json::as_str).collect(),
        _ => None,
    }
}

/// A number, which may stand in quotes.
pub fn number(value: &Json) -> Option<i64> {
    match value {
        Json::String(text) => text.parse().ok(),
        value => value.as_i64(),
    }
}

/// A time in seconds since 1970: a number, or a text as in RFC 3339. What was before 1970 never was, and is 0.
pub fn time(value: &Json) -> Option<i64> {
    let seconds = number(value).or_else(|| {
        let time: jiff::Timestamp = value.as_str()?.parse().ok()?;
        Some(time.as_second())
    });
    seconds.map(|seconds| seconds.max(0))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn warnings_and_lines_lose_nothing() {
        let one = "{\n \"Id\": \"a\"\n}";
        for (text, objects, unread) in [
            ("", 0, 0),
            ("[]\n", 0, 0),
            ("[ ]\n", 0, 0),
            ("time=\"…\" level=warning msg=\"x\"\n[{\"Id\":\"a\"},\n{\"Id\":\"b\"}]\n", 2, 0),
            ("[WARN] something\n[INFO[0000]] more\n[{}]\nthe end", 1, 0),
            ("{\"Id\":\"a\"}\n{\"Id\":\"b\"}\n", 2, 0),
            (&format!("[\n{one},\n{one}\n]"), 2, 0),
            (&format!("[{one}, null, 3, {one}]"), 2, 2),
            // Cut off: the list, and the object it was in.
            (&format!("[\n{one},\n{{\"Id\": \"b\",\n \"Nam"), 1, 2),
        ] {
            let said = read(text);
            assert_eq!((said.objects.len(), said.unread.len()), (objects, unread), "{text}");
        }
        assert!(read("[]").any && !read("no JSON").any && !read("[").any);
    }

    #[test]
    fn values_are_taken_as_they_come() {
        assert_eq!(number(&json!("12")), Some(12));
        assert_eq!(number(&json!(12.5)), None);
        assert_eq!(time(&json!(-62_135_596_800_i64)), Some(0));
        assert_eq!(time(&json!("0001-01-01T00:00:00Z")), Some(0));
        assert_eq!(time(&json!("2026-11-21T18:00:00.5+01:00")), Some(1_795_280_400));
        assert_eq!(time(&json!("soon")), None);
        assert_eq!(texts(&json!(["a", "b"])), Some(vec!["a", "b"]));
        assert_eq!(texts(&json!("a")), Some(vec!["a"]));
        assert_eq!(texts(&Json::Null), Some(vec![]));
        assert_eq!(texts(&json!([1])), None);
    }

    proptest! {
        #[test]
        fn anything_may_be_said(text in "([\\[\\]{}\",:a1 \n]|\\PC){0,200}") {
            read(&text);
        }

        #[test]
        fn what_is_around_the_json_is_no_part_of_it(
            before in prop::collection::vec("[^\\[{\n][^\n]{0,20}", 0..3),
            ids in prop::collection::vec("[0-9a-f]{1,8}", 0..5),
            pretty: bool,
        ) {
            let list = json!(ids.iter().map(|id| json!({ "Id": id, "x": [id] })).collect::<Vec<_>>());
            let json = if pretty { format!("{list:#}") } else { list.to_string() };
            let before: String =
                before.iter().map(|line| format!("w{line}\n")).collect();
            let said = read(&format!("{before}{json}\nbye\n"));
            let read: Vec<_> = said.objects.iter().filter_map(|one| text(one, &["Id"])).collect();
            prop_assert_eq!(read, ids);
            prop_assert!(said.unread.is_empty());
        }
    }
}
