use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn undecided(base: &str, ours: &str, theirs: &str) -> Merged {
    merge("m.json", Some(base), Some(ours), Some(theirs), &mut |_| None).unwrap()
}

/// The merge of three values, which must need no decision.
#[track_caller]
fn clean(base: &Value, ours: &Value, theirs: &Value) -> Value {
    let merged = undecided(&base.to_string(), &ours.to_string(), &theirs.to_string());
    assert_eq!(merged.conflicts, []);
    parse("m.json", &merged.text.unwrap()).unwrap()
}

#[test]
fn items_and_fields_of_both_sides_come_together() {
    let base = json!({"apps": [{"id": "a", "scope": "user", "remote": "r"}, {"id": "c", "scope": "user"}]});
    let ours = json!({"apps": [{"id": "a", "scope": "user", "remote": "r", "branch": "beta"}, {"id": "b", "scope": "user"}, {"id": "c", "scope": "user"}]});
    let theirs = json!({"apps": [{"id": "a", "scope": "user", "remote": "s"}, {"id": "a", "scope": "system", "odd": [1]}]});
    let merged = json!({"apps": [
        {"id": "a", "scope": "user", "remote": "s", "branch": "beta"},
        {"id": "a", "scope": "system", "odd": [1]},
        {"id": "b", "scope": "user"},
    ]});
    let said = clean(&base, &ours, &theirs);
    let ids = |value: &Value| identity::identities(value["apps"].as_array().unwrap()).unwrap();
    assert_eq!(said["apps"].as_array().unwrap().len(), 3, "{said}");
    for app in merged["apps"].as_array().unwrap() {
        assert!(said["apps"].as_array().unwrap().contains(app), "{said}");
    }
    assert!(ids(&said).is_sorted(), "a sorted list stays sorted: {said}");
}

#[test]
fn a_conflict_names_file_item_field_and_all_three_values() {
    let settings = |value: &str| {
        json!({"settings": [{"schema": "org.x", "key": "k", "value": value}]}).to_string()
    };
    let merged = undecided(&settings("1"), &settings("2"), &settings("3"));
    let expected = Conflict {
        place: Place {
            file: "m.json".to_owned(),
            item: "settings: org.x k".to_owned(),
            field: "value".to_owned(),
        },
        base: Some("1".into()),
        ours: Some("2".into()),
        theirs: Some("3".into()),
    };
    assert_eq!(merged.conflicts, [expected]);
    assert_eq!(merged.text.unwrap(), settings("2"), "ours stays");
    for (pick, value) in [(Pick::Ours, "2"), (Pick::Theirs, "3")] {
        let (b, o, t) = (settings("1"), settings("2"), settings("3"));
        let merged = merge("m.json", Some(&b), Some(&o), Some(&t), &mut |_| Some(pick)).unwrap();
        assert_eq!((merged.text, merged.conflicts), (Some(settings(value)), vec![]));
    }
}

#[test]
fn a_removal_against_a_change_is_a_conflict_and_against_nothing_is_not() {
    let (base, gone) = (json!({"apps": [{"id": "a", "b": 1}, "z"]}), json!({"apps": ["z"]}));
    let changed = json!({"apps": [{"id": "a", "b": 2}, "z"]});
    assert_eq!(clean(&base, &base, &gone), gone);
    for (ours, theirs) in [(&gone, &changed), (&changed, &gone)] {
        let merged = undecided(&base.to_string(), &ours.to_string(), &theirs.to_string());
        assert_eq!(merged.conflicts.len(), 1);
        assert_eq!(merged.conflicts[0].place.item, "apps: a");
        assert_eq!(merged.conflicts[0].base, Some(json!({"id": "a", "b": 1})));
    }
    // A whole file.
    let (b, t) = (base.to_string(), changed.to_string());
    let whole = |ours: Option<&str>, theirs: Option<&str>, pick| {
        merge("m.json", Some(&b), ours, theirs, &mut |_| pick).unwrap()
    };
    assert_eq!(whole(None, Some(&b), None), Merged { text: None, conflicts: vec![] });
    assert_eq!(whole(None, Some(&t), None).conflicts.len(), 1);
    assert_eq!(whole(None, Some(&t), Some(Pick::Theirs)).text, Some(t.clone()));
    assert_eq!(whole(Some(&t), None, Some(Pick::Theirs)).text, None);
}

#[test]
fn a_file_that_is_new_on_both_sides_has_the_items_of_both() {
    let (ours, theirs) = (r#"{"apps": ["a"]}"#, r#"{"apps": ["b"], "x": 1}"#);
    let merged = merge("m.json", None, Some(ours), Some(theirs), &mut |_| None).unwrap();
    assert_eq!(merged.conflicts, []);
    let said: Value = serde_json::from_str(&merged.text.unwrap()).unwrap();
    let apps: std::collections::BTreeSet<&str> =
        said["apps"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert_eq!((apps, &said["x"]), (["a", "b"].into(), &json!(1)));
}

#[test]
fn the_short_form_is_the_same_element() {
    let base = json!({"extensions": ["a@b", "c@d"]});
    let ours = json!({"extensions": [{"id": "a@b", "enabled": false}, "c@d"]});
    let theirs = json!({"extensions": [{"id": "a@b", "version": 3}, "c@d", "e@f"]});
    let merged =
        json!({"extensions": [{"id": "a@b", "enabled": false, "version": 3}, "c@d", "e@f"]});
    assert_eq!(clean(&base, &ours, &theirs), merged);
    // "On" here and "off" there, of what neither had before, is for a person.
    let none = json!({"extensions": []}).to_string();
    assert_eq!(undecided(&none, &base.to_string(), &ours.to_string()).conflicts.len(), 1);
    // So is a shared item that is gone here and something else there.
    let dropped = json!({"extensions": [{"id": "a@b", "absent": true}]}).to_string();
    assert_eq!(undecided(&none, &dropped, &ours.to_string()).conflicts.len(), 1);
}

#[test]
fn a_pin_is_one_thing_and_what_has_no_name_is_like_itself() {
    let pin = |version: &str, sum: &str| {
        json!({"upstreams": [{"name": "x", "pinned": {"version": version, "sha256": sum}}]})
            .to_string()
    };
    let merged = undecided(&pin("1", "a"), &pin("2", "b"), &pin("2", "c"));
    assert_eq!(merged.conflicts[0].place.field, "pinned");
    // Nobody has looked at a script from one side with the other's checksum, or with arguments of both.
    let script = |url: &str, sum: &str, args: &[&str]| {
        let script = json!({"name": "x", "url": url, "sha256": sum, "args": args});
        json!({"toolchains": {"scripts": [script]}}).to_string()
    };
    let base = script("https://a", "1", &["-y"]);
    for (ours, theirs) in [
        (script("https://b", "1", &["-y"]), script("https://a", "2", &["-y"])),
        (script("https://a", "1", &["-y", "-a"]), script("https://a", "1", &["-y", "-b"])),
    ] {
        let merged = undecided(&base, &ours, &theirs);
        assert_eq!(merged.conflicts[0].place.item, "toolchains: scripts: x");
        assert_eq!((merged.text, merged.conflicts.len()), (Some(ours), 1));
    }
    let entry = |message: &str| json!({"timestamp": "t", "message": message});
    let log = |messages: &[&str]| json!({"unreleased": messages.iter().map(|m| entry(m)).collect::<Vec<_>>(), "versions": []});
    let said = clean(&log(&["a"]), &log(&["a", "b"]), &log(&["c", "a"]));
    assert_eq!(said, log(&["c", "a", "b"]));
    // Released on one side, written on on the other.
    let released =
        json!({"unreleased": [], "versions": [{"version": "1", "entries": [entry("a")]}]});
    let said = clean(&log(&["a"]), &released, &log(&["a", "b"]));
    assert_eq!(
        (&said["unreleased"], &said["versions"]),
        (&json!([entry("b")]), &released["versions"])
    );
}

#[test]
fn comments_order_and_spacing_of_ours_stay_and_of_theirs_where_the_lines_can_tell() {
    let base = "{\n  \"apps\": [\n    {\"id\": \"a\", \"n\": 1},\n    {\"id\": \"m\"},\n    {\"id\": \"z\"}\n  ]\n}\n";
    let ours =
        base.replace("{\"id\": \"a\", \"n\": 1},", "{\"id\": \"a\", \"n\": 1, \"o\": 1}, // here");
    let theirs = base.replace("{\"id\": \"z\"}", "{\"id\": \"z\"} // there");
    let merged = undecided(base, &ours, &theirs);
    assert_eq!(merged.text.unwrap(), ours.replace("{\"id\": \"z\"}", "{\"id\": \"z\"} // there"));
    // In one line, where lines cannot.
    let theirs = base.replace("\"n\": 1", "\"n\": 2");
    let merged = undecided(base, &ours, &theirs);
    assert_eq!(merged.text.unwrap(), ours.replace("\"n\": 1", "\"n\": 2"));
}

#[test]
fn what_lines_would_get_wrong_is_not_taken_from_them() {
    // Both add the same app, far apart: by lines it would stand there twice.
    let text = |names: &[&str]| {
        let lines: Vec<String> = names.iter().map(|name| format!("    \"{name}\"")).collect();
        format!("{{\n  \"apps\": [\n{}\n  ]\n}}\n", lines.join(",\n"))
    };
    let base = ["d", "c", "b", "a", "e", "f", "g"];
    let ours = ["d", "new", "c", "b", "a", "e", "f", "g"];
    let theirs = ["d", "c", "b", "a", "e", "f", "new", "g"];
    let (base, ours, theirs) = (text(&base), text(&ours), text(&theirs));
    assert!(lines(&base, &ours, &theirs).unwrap().matches("new").count() == 2);
    let merged = undecided(&base, &ours, &theirs);
    assert_eq!((merged.text.unwrap(), merged.conflicts), (ours, vec![]));
}

#[test]
fn a_file_that_does_not_parse_is_an_error_with_its_place() {
    let error = merge("m.json", Some("{}"), Some("{\n<<<<"), Some("{\"a\": 1}"), &mut |_| None);
    assert!(error.unwrap_err().to_string().starts_with("m.json:2:"));
}

#[test]
fn a_containerfile_is_merged_outside_of_its_sections() {
    let text = |top: &str, body: &str, end: &str| {
        format!(
            "FROM {top}\n# a\n# b\n# === SYSTEM_PACKAGES (managed by bkt) ===\n{body}# === END SYSTEM_PACKAGES ===\n# c\n{end}"
        )
    };
    let base = text("x", "RUN one\n", "");
    let (ours, theirs) = (text("y", "RUN two\n", ""), text("x", "RUN three\n", "RUN last\n"));
    assert_eq!(
        containerfile("Containerfile", Some(&base), &ours, &theirs),
        Some(text("y", "RUN two\n", "RUN last\n"))
    );
    // In a file that the section does not belong to, it is as hand-written as the rest.
    assert_eq!(containerfile("toolbox/Containerfile", Some(&base), &ours, &theirs), None);
    assert_eq!(containerfile("Containerfile", Some(&base), &ours, &text("z", "", "")), None);
    let toolbox = |text: String| text.replace("SYSTEM_PACKAGES", "TOOLBOX_PACKAGES");
    assert_eq!(
        containerfile(
            "toolbox/Containerfile",
            Some(&toolbox(base)),
            &toolbox(ours),
            &toolbox(theirs)
        ),
        Some(toolbox(text("y", "RUN two\n", "RUN last\n")))
    );
}

fn entry() -> impl Strategy<Value = Value> {
    let value = prop_oneof![(0i64..3).prop_map(Value::from), "[ab]".prop_map(Value::from)];
    let fields = prop::collection::btree_map("[p-r]", value, 0..3);
    let scope = prop_oneof![Just(None), Just(Some("user")), Just(Some("system"))];
    ("[a-d]", scope, fields, any::<bool>()).prop_map(|(id, scope, fields, short)| {
        let mut entry = json!({ "id": id });
        for (name, value) in fields {
            entry[name] = value;
        }
        match scope {
            None if short => id.into(),
            None => entry,
            Some(scope) => {
                entry["scope"] = scope.into();
                entry
            }
        }
    })
}

/// A manifest whose lists have no element twice.
fn manifest() -> impl Strategy<Value = Value> {
    let apps = prop::collection::vec(entry(), 0..5).prop_map(|mut list| {
        let mut seen = std::collections::BTreeSet::new();
        list.retain(|entry| seen.insert(identity(entry)));
        list
    });
    let names = prop::collection::btree_set("[a-e]", 0..5);
    let log = prop::collection::btree_set(0..5, 0..4);
    (apps, names, log, any::<bool>(), 0..3).prop_map(|(apps, names, log, has, n)| {
        let log: Vec<Value> = log.into_iter().map(|n| json!({"message": n})).collect();
        let mut all = json!({"apps": apps, "kargs": {"append": names}, "log": log, "n": n});
        if !has && let Some(all) = all.as_object_mut() {
            all.remove("kargs");
        }
        all
    })
}

/// What is in every list, by the list's name.
fn elements(value: &Value) -> std::collections::BTreeSet<(&'static str, String)> {
    let list = |name, list: &Value| -> Vec<(&'static str, String)> {
        let list = list.as_array().into_iter().flatten();
        list.filter_map(|one| Some((name, identity(one)?))).collect()
    };
    [
        list("apps", &value["apps"]),
        list("append", &value["kargs"]["append"]),
        list("log", &value["log"]),
    ]
    .concat()
    .into_iter()
    .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn nothing_is_lost(base in manifest(), ours in manifest(), theirs in manifest(), pretty: bool) {
        let text = |value: &Value| match pretty {
            true => serde_json::to_string_pretty(value).unwrap(),
            false => value.to_string(),
        };
        let (b, o, t) = (text(&base), text(&ours), text(&theirs));
        prop_assert_eq!(undecided(&b, &o, &o).text.unwrap(), o.clone());
        prop_assert_eq!(undecided(&b, &o, &b).text.unwrap(), o.clone());
        prop_assert_eq!(undecided(&b, &b, &t).text.unwrap(), t.clone());
        let merged = undecided(&b, &o, &t);
        let said = parse("m.json", merged.text.as_ref().unwrap()).unwrap();
        let (had, mine, yours, now) = (elements(&base), elements(&ours), elements(&theirs), elements(&said));
        for one in mine.union(&yours).filter(|one| !had.contains(one)) {
            // A list that is gone on one side is a conflict as a whole, and stays as ours.
            let whole = merged.conflicts.iter().any(|conflict| conflict.place.item == "kargs");
            prop_assert!(now.contains(one) || whole && one.0 == "append", "{:?} is missing in {}", one, said);
        }
        for one in mine.intersection(&yours) {
            prop_assert!(now.contains(one));
        }
        // Whoever decides gets what they chose, and nothing is left to decide.
        for pick in [Pick::Ours, Pick::Theirs] {
            let decided = merge("m.json", Some(&b), Some(&o), Some(&t), &mut |_| Some(pick)).unwrap();
            prop_assert_eq!(decided.conflicts, vec![]);
            parse("m.json", &decided.text.unwrap()).unwrap();
        }
        // What both agree on in the end is no change from either.
        let again = merge("m.json", Some(&o), merged.text.as_deref(), Some(&o), &mut |_| None).unwrap();
        prop_assert_eq!(again.text, merged.text);
    }
}
