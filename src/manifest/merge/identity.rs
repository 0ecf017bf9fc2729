//! What makes two elements of a list the same one, in all manifests.

use serde_json::Value;

/// The fields that tell an entry from its neighbours: those it must have, and those that belong to it where they are
/// there. The first that fits counts. The formats have them in bold.
const IDENTITIES: [(&[&str], &[&str]); 8] = [
    (&["id"], &["scope"]),
    (&["schema", "key"], &["path"]),
    (&["subsystem", "item"], &["field"]),
    (&["name"], &[]),
    (&["unit"], &[]),
    (&["version"], &[]),
    (&["dest"], &[]),
    (&["path"], &[]),
];

/// Between the parts of an identity; no name has it.
const BETWEEN: char = '\u{1f}';
/// Before what is no name: a number, or an entry that is only like itself.
const WHOLE: char = '\u{1e}';

/// What an element of a list is known by: its name, or the fields that stand for it, or, where it has none, all that it
/// says. `None` for a list.
pub fn identity(element: &Value) -> Option<String> {
    match element {
        Value::String(text) => Some(text.clone()),
        Value::Array(_) => None,
        Value::Object(object) => {
            let text = |name: &&str| object.get(*name).and_then(Value::as_str);
            let named = IDENTITIES.iter().find_map(|(must, may)| {
                let must: Option<Vec<&str>> = must.iter().map(text).collect();
                let parts = must?.into_iter().chain(may.iter().filter_map(text));
                Some(parts.collect::<Vec<_>>().join(&BETWEEN.to_string()))
            });
            Some(named.unwrap_or_else(|| format!("{WHOLE}{}", sorted(element))))
        }
        other => Some(format!("{WHOLE}{other}")),
    }
}

/// Whether an identity is a name, and not all that an entry says.
pub fn has_name(identity: &str) -> bool {
    !identity.starts_with(WHOLE)
}

/// An identity for people.
pub fn shown(identity: &str) -> String {
    identity.trim_start_matches(WHOLE).replace(BETWEEN, " ")
}

/// The short form `"x"` written out as the entry it stands for, with the name that `other` gives it.
pub fn lifted(short: &Value, other: &Value) -> Option<Value> {
    let text = short.as_str()?;
    let name = ["id", "name"].into_iter().find(|name| other[*name] == text)?;
    Some(serde_json::json!({ name: text }))
}

/// The identities of a list's elements; `None` where one has none, or two have the same.
pub fn identities(list: &[Value]) -> Option<Vec<String>> {
    let all: Option<Vec<String>> = list.iter().map(identity).collect();
    let all = all?;
    let different: std::collections::HashSet<&String> = all.iter().collect();
    (different.len() == all.len()).then_some(all)
}

/// A value as text that does not depend on the order of names.
fn sorted(value: &Value) -> String {
    match value {
        Value::Object(object) => {
            let mut names: Vec<_> = object.iter().collect();
            names.sort_by_key(|(name, _)| *name);
            let one = |(name, value): (&String, &Value)| {
                format!("{}: {}", Value::from(name.as_str()), sorted(value))
            };
            format!("{{{}}}", names.into_iter().map(one).collect::<Vec<_>>().join(", "))
        }
        Value::Array(list) => {
            format!("[{}]", list.iter().map(sorted).collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}
