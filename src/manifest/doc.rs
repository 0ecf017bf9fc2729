//! One manifest, edited without disturbing what an edit does not mean: comments, order, spacing.

use std::collections::HashSet;
use std::path::Path;

use jsonc_parser::cst::{
    CstArray, CstContainerNode, CstInputValue, CstNode, CstObject, CstObjectProp, CstRootNode,
};
use serde_json::Value;

use super::sheet::{DocError, Sheet, body, options};

/// A manifest being edited. Its top level is an object.
pub struct Doc {
    text: String,
    root: CstRootNode,
}

impl Doc {
    /// Parses a manifest, whose text is to be one that [`Sheet`] reads.
    pub fn parse(path: &Path, text: &str) -> Result<Self, DocError> {
        // Its errors are the better ones, and what it accepts is an object.
        Sheet::parse(path, text)?;
        let root = CstRootNode::parse(body(text), &options()).map_err(|error| DocError {
            path: path.to_owned(),
            line: error.line_display(),
            column: error.column_display(),
            what: error.kind().to_string(),
        })?;
        Ok(Self { text: text.to_owned(), root })
    }

    /// A new manifest with one empty list.
    pub fn new(path: &Path) -> Result<Self, DocError> {
        Self::parse(path, "{\n}\n")
    }

    /// The same file with the same edits.
    pub fn again(&self) -> Result<Self, DocError> {
        self.saying(Path::new(""), &self.text())
    }

    /// The same file, edited to this text.
    pub fn saying(&self, path: &Path, text: &str) -> Result<Self, DocError> {
        Ok(Self { text: self.text.clone(), ..Self::parse(path, text)? })
    }

    /// The file's text, with all edits.
    pub fn text(&self) -> String {
        let mark = &self.text[..self.text.len() - body(&self.text).len()];
        format!("{mark}{}", self.root)
    }

    fn object(&self) -> CstObject {
        self.root.object_value_or_set()
    }

    /// A value by its name, or, below others, by a path of names: `systemd/enable`.
    pub fn get(&self, path: &str) -> Option<Value> {
        let (object, name) = self.descend(path)?;
        object.get(name)?.value()?.to_serde_value()
    }

    /// The object that holds the last name of `path`, and that name.
    fn descend<'a>(&self, path: &'a str) -> Option<(CstObject, &'a str)> {
        let mut names = path.split('/');
        let last = names.next_back()?;
        let object = names.try_fold(self.object(), |object, name| object.object_value(name))?;
        Some((object, last))
    }

    /// The same, with the objects on the way made where they are not.
    fn make_way<'a>(&self, path: &'a str) -> (CstObject, &'a str) {
        let (way, last) = path.rsplit_once('/').unwrap_or(("", path));
        let names = way.split('/').filter(|name| !name.is_empty());
        (names.fold(self.object(), |object, name| object.object_value_or_set(name)), last)
    }

    /// The JSON of the entry of `list` that `is` accepts.
    pub fn find(&self, list: &str, is: &dyn Fn(&Value) -> bool) -> Option<Value> {
        self.locate(list, is).map(|(_, _, value)| value)
    }

    fn locate(
        &self,
        list: &str,
        is: &dyn Fn(&Value) -> bool,
    ) -> Option<(CstArray, CstNode, Value)> {
        let (object, name) = self.descend(list)?;
        let array = object.array_value(name)?;
        array.elements().into_iter().find_map(|node| {
            let value = node.to_serde_value()?;
            is(&value).then(|| (array.clone(), node, value))
        })
    }

    /// Makes the entry that `is` accepts equal `entry`, touching only what differs, or adds it.
    ///
    /// `order` gives what lists of this kind are sorted by: a list that was sorted stays so.
    pub fn put(
        &self,
        list: &str,
        is: &dyn Fn(&Value) -> bool,
        entry: &Value,
        order: &dyn Fn(&Value) -> String,
    ) {
        if let Some((_, node, _)) = self.locate(list, is) {
            reconcile(&node, entry, &|_| None);
            return;
        }
        let (object, name) = self.make_way(list);
        let array = object.array_value_or_set(name);
        let keys: Vec<String> = array
            .elements()
            .iter()
            .filter_map(|n| n.to_serde_value())
            .map(|value| order(&value))
            .collect();
        let key = order(entry);
        let at = if keys.is_sorted() && keys.len() > 1 {
            keys.partition_point(|k| *k < key)
        } else {
            keys.len()
        };
        if keys.is_empty() {
            array.ensure_multiline();
        }
        array.insert(at, input(entry));
    }

    /// Takes the entry that `is` accepts out of the list. Says whether there was one.
    pub fn remove(&self, list: &str, is: &dyn Fn(&Value) -> bool) -> bool {
        match self.locate(list, is) {
            Some((_, node, _)) => {
                node.remove();
                true
            }
            None => false,
        }
    }

    /// The entry of a list by its number.
    fn at(&self, list: &str, index: usize) -> Option<CstNode> {
        let (object, name) = self.descend(list)?;
        object.array_value(name)?.elements().into_iter().nth(index)
    }

    /// Adds an entry to a list, before the one that has this number, or else at its end.
    pub fn insert(&self, list: &str, index: usize, entry: &Value) {
        let (object, name) = self.make_way(list);
        let array = object.array_value_or_set(name);
        let length = array.elements().len();
        if length == 0 {
            array.ensure_multiline();
        }
        array.insert(index.min(length), input(entry));
    }

    /// Makes a value in the entry of this number equal `value`, touching only what differs; `None` removes it.
    pub fn set_at(&self, list: &str, index: usize, name: &str, value: Option<&Value>) {
        if let Some(CstNode::Container(CstContainerNode::Object(object))) = self.at(list, index) {
            set_property(&object, name, value, &|_| None);
        }
    }

    /// Takes the entry of this number out of a list.
    pub fn remove_at(&self, list: &str, index: usize) {
        if let Some(node) = self.at(list, index) {
            node.remove();
        }
    }

    /// Makes a value equal `value`, touching only what differs; `None` removes it.
    pub fn set(&self, path: &str, value: Option<&Value>) {
        match value {
            Some(_) => {
                let (object, name) = self.make_way(path);
                set_property(&object, name, value, &|_| None);
            }
            None => {
                if let Some((object, name)) = self.descend(path) {
                    set_property(&object, name, None, &|_| None);
                }
            }
        }
    }

    /// Makes a member of an object equal `value`, touching only what differs, or adds it: where its name has its place, if
    /// the names were sorted, else at the end.
    pub fn set_member(&self, object: &str, name: &str, value: &Value) {
        let (holder, last) = self.make_way(object);
        let members = holder.object_value_or_set(last);
        if members.get(name).is_some() {
            return set_property(&members, name, Some(value), &|_| None);
        }
        let names: Vec<String> =
            members.properties().iter().filter_map(CstObjectProp::decoded_name).collect();
        match names.is_sorted() && names.len() > 1 {
            true => {
                let at = names.partition_point(|other| other.as_str() < name);
                members.insert(at, name, input(value));
            }
            false => drop(members.append(name, input(value))),
        }
    }

    /// Makes the whole manifest say `value`, an object, touching only what differs. The elements of its lists are matched
    /// by `identity`, so that one which changed is edited where it stands.
    pub fn become_value(&self, value: &Value, identity: Identity<'_>) {
        let root = CstNode::Container(CstContainerNode::Object(self.object()));
        reconcile(&root, value, identity);
    }

    /// Whether any edit changed the text.
    pub fn changed(&self) -> bool {
        self.text() != self.text
    }
}

/// What an element of a list is known by.
type Identity<'i> = &'i dyn Fn(&Value) -> Option<String>;

/// Makes `node` say what `value` says, touching only what differs.
fn reconcile(node: &CstNode, value: &Value, identity: Identity<'_>) {
    if node.to_serde_value().as_ref() == Some(value) {
        return;
    }
    match (node, value) {
        (CstNode::Container(CstContainerNode::Object(object)), Value::Object(wanted)) => {
            for property in object.properties() {
                if property.decoded_name().is_some_and(|name| !wanted.contains_key(&name)) {
                    property.remove();
                }
            }
            for (name, value) in wanted {
                set_property(object, name, Some(value), identity);
            }
        }
        (CstNode::Container(CstContainerNode::Array(array)), Value::Array(wanted)) => {
            if !reconcile_list(array, wanted, identity) {
                reconcile_array(array, wanted);
            }
        }
        (node, value) => replace(node, value),
    }
}

fn set_property(object: &CstObject, name: &str, value: Option<&Value>, identity: Identity<'_>) {
    match (object.get(name), value) {
        (Some(property), None) => property.remove(),
        (Some(property), Some(value)) => match property.value() {
            Some(node) => reconcile(&node, value, identity),
            None => property.set_value(input(value)),
        },
        (None, Some(value)) => {
            object.append(name, input(value));
        }
        (None, None) => (),
    }
}

/// The same for a list whose elements can all be told apart; otherwise does nothing, and says so.
fn reconcile_list(array: &CstArray, wanted: &[Value], identity: Identity<'_>) -> bool {
    let known_by = |values: &mut dyn Iterator<Item = Value>| -> Option<Vec<String>> {
        let ids: Vec<String> = values.map(|value| identity(&value)).collect::<Option<_>>()?;
        let different: HashSet<&String> = ids.iter().collect();
        (different.len() == ids.len()).then_some(ids)
    };
    let id_of = |node: &CstNode| node.to_serde_value().and_then(|value| identity(&value));
    let there = array.elements();
    let Some(ids) = known_by(&mut wanted.iter().cloned()) else { return false };
    if known_by(&mut there.iter().filter_map(CstNode::to_serde_value)).is_none() {
        return false;
    }
    for node in there {
        if id_of(&node).is_some_and(|id| !ids.contains(&id)) {
            node.remove();
        }
    }
    for (index, (value, id)) in wanted.iter().zip(&ids).enumerate() {
        let elements = array.elements();
        let mut from_here = elements.iter().skip(index);
        match from_here.position(|node| id_of(node).as_ref() == Some(id)) {
            Some(0) => {
                if let Some(node) = elements.get(index) {
                    reconcile(node, value, identity);
                }
                continue;
            }
            Some(later) => {
                if let Some(node) = elements.into_iter().nth(index + later) {
                    node.remove();
                }
            }
            None if elements.is_empty() => array.ensure_multiline(),
            None => (),
        }
        array.insert(index, input(value));
    }
    true
}

/// Elements that are no longer wanted go, new ones are put where the wanted order has them.
fn reconcile_array(array: &CstArray, wanted: &[Value]) {
    // One that only says something else is replaced where it stands.
    let old: Vec<Option<Value>> = array.elements().iter().map(|n| n.to_serde_value()).collect();
    for ((node, old_value), new) in array.elements().iter().zip(&old).zip(wanted) {
        let stays = old_value.as_ref().is_none_or(|value| wanted.contains(value));
        if !stays && !old.iter().any(|value| value.as_ref() == Some(new)) {
            replace(node, new);
        }
    }
    for node in array.elements() {
        if node.to_serde_value().is_some_and(|value| !wanted.contains(&value)) {
            node.remove();
        }
    }
    for (index, value) in wanted.iter().enumerate() {
        let elements = array.elements();
        let there = elements.get(index).and_then(|node| node.to_serde_value());
        if there.as_ref() != Some(value) {
            // An element out of place is taken from there, comments and all, only if it must move.
            let later = elements.into_iter().skip(index);
            if let Some(moved) =
                later.into_iter().find(|node| node.to_serde_value().as_ref() == Some(value))
            {
                moved.remove();
            }
            array.insert(index, input(value));
        }
    }
    for surplus in array.elements().into_iter().skip(wanted.len()).rev() {
        surplus.remove();
    }
}

fn replace(node: &CstNode, value: &Value) {
    match node {
        CstNode::Container(CstContainerNode::Object(object)) => {
            drop(object.clone().replace_with(input(value)))
        }
        CstNode::Container(CstContainerNode::Array(array)) => {
            drop(array.clone().replace_with(input(value)))
        }
        CstNode::Leaf(leaf) => {
            use jsonc_parser::cst::CstLeafNode;
            match leaf {
                CstLeafNode::BooleanLit(lit) => drop(lit.clone().replace_with(input(value))),
                CstLeafNode::NullKeyword(lit) => drop(lit.clone().replace_with(input(value))),
                CstLeafNode::NumberLit(lit) => drop(lit.clone().replace_with(input(value))),
                CstLeafNode::StringLit(lit) => drop(lit.clone().replace_with(input(value))),
                _ => (),
            }
        }
        CstNode::Container(_) => (),
    }
}

fn input(value: &Value) -> CstInputValue {
    match value {
        Value::Null => CstInputValue::Null,
        Value::Bool(flag) => CstInputValue::Bool(*flag),
        Value::Number(number) => CstInputValue::Number(number.to_string()),
        Value::String(text) => CstInputValue::String(text.clone()),
        Value::Array(list) => CstInputValue::Array(list.iter().map(input).collect()),
        Value::Object(map) => CstInputValue::Object(
            map.iter().map(|(name, value)| (name.clone(), input(value))).collect(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    const TEXT: &str = r#"{
  // What I use every day.
  "$schema": "https://example.org/apps.json",
  "apps": [
    {"id": "org.a.A", "scope": "user", "odd": {"kept": [1, 2.50, 1e3]}}, // the first
    {
      "id": "org.c.C",
      "scope": "user" /* mine */,
      "tags": ["x", /* why y */ "y"]
    }
  ],
  "unknown": null
}
"#;

    fn parse(text: &str) -> Doc {
        Doc::parse(Path::new("apps.json"), text).unwrap()
    }

    fn id(is: &'static str) -> impl Fn(&Value) -> bool {
        move |entry| entry["id"] == is
    }

    fn order(entry: &Value) -> String {
        entry["id"].as_str().unwrap_or_default().to_owned()
    }

    #[test]
    fn an_untouched_file_keeps_every_byte() {
        let doc = parse(TEXT);
        assert_eq!(doc.text(), TEXT);
        let entry = doc.find("apps", &id("org.c.C")).unwrap();
        doc.put("apps", &id("org.c.C"), &entry, &order);
        assert!(!doc.changed());
    }

    #[test]
    fn an_edit_touches_only_what_it_means() {
        let doc = parse(TEXT);
        let mut entry = doc.find("apps", &id("org.c.C")).unwrap();
        entry["scope"] = "system".into();
        entry["tags"] = json!(["x", "y", "z"]);
        entry["remote"] = "flathub".into();
        doc.put("apps", &id("org.c.C"), &entry, &order);
        let expected = TEXT
            .replace(r#""scope": "user" /* mine */"#, r#""scope": "system" /* mine */"#)
            .replace(
                r#"/* why y */ "y"]"#,
                r#"/* why y */ "y", "z"],
      "remote": "flathub""#,
            );
        assert_eq!(doc.text(), expected);
    }

    #[test]
    fn a_byte_order_mark_stays() {
        let doc = parse("\u{feff}{\"a\": 1}");
        assert!(!doc.changed());
        doc.set("a", Some(&json!(2)));
        assert_eq!(doc.text(), "\u{feff}{\"a\": 2}");
    }

    #[test]
    fn a_sorted_list_stays_sorted_and_a_removal_leaves_the_rest() {
        let doc = parse(TEXT);
        doc.put("apps", &id("org.b.B"), &json!({"id": "org.b.B"}), &order);
        let apps = doc.get("apps").unwrap();
        let ids: Vec<String> = apps.as_array().unwrap().iter().map(order).collect();
        assert_eq!(ids, ["org.a.A", "org.b.B", "org.c.C"]);
        assert!(doc.remove("apps", &id("org.b.B")));
        assert_eq!(doc.text(), TEXT);
        assert!(!doc.remove("apps", &id("org.b.B")));
    }

    #[test]
    fn a_new_file_looks_written_by_hand() {
        let doc = Doc::new(Path::new("new.json")).unwrap();
        doc.put("apps", &id("a"), &json!({"id": "a", "on": true}), &order);
        doc.put("apps", &id("b"), &json!({"id": "b"}), &order);
        let text = "{\n  \"apps\": [\n    {\n      \"id\": \"a\",\n      \"on\": true\n    },\n    {\n      \"id\": \"b\"\n    }\n  ]\n}\n";
        assert_eq!(doc.text(), text);
    }

    #[test]
    fn what_lies_deeper_is_reached_by_a_path() {
        let doc = parse("{\"kargs\": {\"append\": [\"a\"], \"odd\": 1}}");
        let is = |entry: &Value| entry == "b";
        let name = |entry: &Value| entry.as_str().unwrap_or_default().to_owned();
        doc.put("kargs/append", &is, &json!("b"), &name);
        doc.put("systemd/mask", &is, &json!("b"), &name);
        doc.set("services/x", Some(&json!("masked")));
        let all = json!({
            "kargs": {"append": ["a", "b"], "odd": 1},
            "systemd": {"mask": ["b"]},
            "services": {"x": "masked"},
        });
        assert_eq!(serde_json::from_str::<Value>(&doc.text()).unwrap(), all);
        assert!(doc.remove("systemd/mask", &is) && !doc.remove("none/here", &is));
        doc.set("services/x", None);
        assert_eq!((doc.get("services"), doc.get("kargs/odd")), (Some(json!({})), Some(json!(1))));
    }

    fn json_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Bool),
            (-9i64..9).prop_map(|n| json!(n)),
            "[a-z\"\\\\é/ ]{0,4}".prop_map(Value::String),
        ];
        leaf.prop_recursive(3, 12, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::Array),
                prop::collection::btree_map("[a-d]", inner, 0..3)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        /// Whatever stands there, an edit makes it say what it should and leaves a file that parses.
        #[test]
        fn set_says_what_it_should(old in json_value(), new in json_value()) {
            let doc = parse(&serde_json::to_string_pretty(&json!({"before": 1, "at": old, "after": 2})).unwrap());
            doc.set("at", Some(&new));
            let again = parse(&doc.text());
            prop_assert_eq!(again.get("at"), Some(new));
            prop_assert_eq!(again.get("before"), Some(json!(1)));
            prop_assert_eq!(again.get("after"), Some(json!(2)));
        }
    }
}
