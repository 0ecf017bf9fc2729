use proptest::prelude::*;

use super::*;

const TEXT: &str = "# mine\n[Context]\nsockets = !x11;wayland ;\nfilesystems=~/A\\;B;xdg-music:ro;\n\n# twice\n[X Unknown]\nk[de]=v\\sw\n[Context]\nshared=network\n";

fn parse(text: &str) -> Keyfile {
    Keyfile::parse(text).unwrap()
}

#[test]
fn values_are_read_as_glib_reads_them() {
    let file = parse(TEXT);
    assert_eq!(file.to_string(), TEXT);
    assert_eq!(file.groups().collect::<Vec<_>>(), ["Context", "X Unknown"]);
    assert_eq!(file.keys("Context"), ["sockets", "filesystems", "shared"]);
    assert_eq!(file.list("Context", "filesystems").unwrap(), ["~/A;B", "xdg-music:ro"]);
    assert_eq!(file.raw("Context", "sockets"), Some("!x11;wayland ;"));
    assert_eq!(file.text("X Unknown", "k[de]").as_deref(), Some("v w"));
    assert_eq!(file.raw("Context", "absent"), None);
}

#[test]
fn an_edit_touches_one_line() {
    let mut file = parse(TEXT);
    file.set_list("Context", "sockets", ["x11"]);
    file.set_text("Context", "persistent", "a b");
    file.set_text("New", "k", " v");
    let expected = TEXT
        .replace("!x11;wayland ;", "x11;")
        .replace("shared=network\n", "shared=network\npersistent=a b\n\n[New]\nk=\\sv\n");
    assert_eq!(file.to_string(), expected);
}

#[test]
fn a_group_left_with_nothing_goes() {
    let mut file = parse("[A]\nx=1\n\n[B]\ny=2\n");
    assert!(file.remove("B", "y"));
    assert!(!file.remove("B", "y"));
    assert_eq!(file.to_string(), "[A]\nx=1\n");
    file.set_text("B", "z", "3");
    assert_eq!(file.to_string(), "[A]\nx=1\n\n[B]\nz=3\n");
    assert!(file.remove("A", "x"));
    assert_eq!(file.to_string(), "[B]\nz=3\n");
    assert!(file.remove("B", "z"));
    assert!(file.is_blank());
    let mut file = parse("[A]\n# why\nx=1\n");
    file.remove("A", "x");
    assert_eq!(file.to_string(), "[A]\n# why\n");
}

#[test]
fn only_the_first_group_names_an_encoding_and_it_is_utf_8() {
    assert!(Keyfile::parse("[A]\nEncoding=utf-8\n[B]\nEncoding=latin1\n").is_ok());
    let error = Keyfile::parse("[A]\n[B]\n[A]\nEncoding=latin1\n").unwrap_err();
    assert_eq!(error.line, 4);
}

#[test]
fn a_last_line_without_an_end_gets_one_and_crlf_stays() {
    let mut file = parse("[A]\r\nx=1");
    file.set_text("A", "y", "2");
    assert_eq!(file.to_string(), "[A]\r\nx=1\r\ny=2\r\n");
}

#[derive(Clone, Debug)]
enum Edit {
    Text(String),
    List(Vec<String>),
    Remove,
}

fn edit() -> impl Strategy<Value = (String, String, Edit)> {
    let change = prop_oneof![
        3 => "[ \t\n\r;\\\\aé=#\\[]{0,5}".prop_map(Edit::Text),
        3 => prop::collection::vec("[ \t\n;\\\\aé]{0,4}", 0..4).prop_map(Edit::List),
        2 => Just(Edit::Remove),
    ];
    ("A|B|C d|New", "[a-c]", change)
}

/// Every value as it is written.
fn raws(file: &Keyfile) -> std::collections::BTreeMap<(String, String), String> {
    let keys = |group| file.keys(group).into_iter().map(move |key| (group, key));
    let all = file.groups().flat_map(keys);
    all.map(|(group, key)| {
        let raw = file.raw(group, key).unwrap().to_owned();
        ((group.to_owned(), key.to_owned()), raw)
    })
    .collect()
}

#[test]
fn what_glib_refuses_is_refused_with_its_line() {
    for (text, line) in [
        ("a=b\n", 1),
        ("[A]\nword\n", 2),
        ("[A\n", 1),
        ("[A]\n=v\n", 2),
        ("[A] x\n", 1),
        ("[A]\r", 1),
        ("[A]\n\u{b}\n", 2),
    ] {
        assert_eq!(Keyfile::parse(text).unwrap_err().line, line, "{text:?}");
        assert!(glib::KeyFile::new().load_from_data(text, glib::KeyFileFlags::NONE).is_err());
    }
}

/// Found by fuzzing.
#[test]
fn a_carriage_return_at_the_end_of_the_file_belongs_to_the_value() {
    let mut file = parse("[A]\r\nk=v\r");
    let glib = |text: &str| {
        let glib = glib::KeyFile::new();
        glib.load_from_data(text, glib::KeyFileFlags::NONE).unwrap();
        glib.value("A", "k").unwrap().to_string()
    };
    assert_eq!(file.raw("A", "k"), Some("v\r"));
    assert_eq!(glib(&file.to_string()), "v\r");
    file.set_raw("A", "new", "1");
    assert_eq!(file.to_string(), "[A]\r\nk=v\r\r\nnew=1\r\n");
    assert_eq!(glib(&file.to_string()), "v\r");
}

fn line() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => ("[a-c]", "[ ]{0,2}=[ ]{0,2}", "([a-z0-9 ;é!~/:]|\\\\\\\\|\\\\s|\\\\t){0,8}")
            .prop_map(|(key, equals, value)| format!("{key}{equals}{value}")),
        1 => "\\[(A|B|C d)\\][ ]?",
        1 => "#[ a-z;=\\[\\]]{0,6}",
        1 => Just(String::new()),
        1 => "[a-z=\\[\\]# \\\\]{0,6}",
    ]
}

fn file() -> impl Strategy<Value = String> {
    (prop::collection::vec(line(), 0..12), any::<bool>())
        .prop_map(|(lines, end)| lines.join("\n") + if end { "\n" } else { "" })
}

proptest! {
    #[test]
    fn glib_agrees(text in file()) {
        let glib = glib::KeyFile::new();
        let theirs = glib.load_from_data(&text, glib::KeyFileFlags::KEEP_TRANSLATIONS);
        let ours = Keyfile::parse(&text);
        prop_assert_eq!(ours.is_ok(), theirs.is_ok(), "{:?} {:?}", ours, theirs);
        let Ok(ours) = ours else { return Ok(()) };
        prop_assert_eq!(ours.to_string(), text);
        for group in ours.groups() {
            prop_assert_eq!(
                glib.keys(group).unwrap().iter().map(|key| key.to_gstr().to_string()).collect::<std::collections::BTreeSet<_>>(),
                ours.keys(group).into_iter().map(str::to_owned).collect::<std::collections::BTreeSet<_>>()
            );
            for key in ours.keys(group) {
                prop_assert_eq!(glib.value(group, key).unwrap().to_string(), ours.raw(group, key).unwrap().to_owned());
                // GLib gives no text for an escape it does not know.
                if let Ok(value) = glib.string(group, key) {
                    prop_assert_eq!(value.to_string(), ours.text(group, key).unwrap());
                }
                if let Ok(list) = glib.string_list(group, key) {
                    let list: Vec<String> = list.iter().map(|e| e.to_string()).collect();
                    prop_assert_eq!(list, ours.list(group, key).unwrap());
                }
            }
        }
    }

    #[test]
    fn glib_reads_what_is_written(text in file(), value in "[ \t\n\r;\\\\aé=#]{0,5}", list in prop::collection::vec("[ \t\n;\\\\aé]{1,4}", 0..4)) {
        let Ok(mut ours) = Keyfile::parse(&text) else { return Ok(()) };
        let before: Vec<String> = text.lines().map(str::to_owned).collect();
        ours.set_text("New", "text", &value);
        ours.set_list("A", "list", list.iter().map(String::as_str));
        prop_assert_eq!(ours.text("New", "text").unwrap(), value.clone());
        let written = ours.to_string();
        let glib = glib::KeyFile::new();
        glib.load_from_data(&written, glib::KeyFileFlags::KEEP_TRANSLATIONS).unwrap();
        prop_assert_eq!(glib.string("New", "text").unwrap().to_string(), value);
        let read: Vec<String> = glib.string_list("A", "list").unwrap().iter().map(|e| e.to_string()).collect();
        prop_assert_eq!(read, list);
        let mut lines = written.lines();
        prop_assert!(before.iter().all(|old| lines.any(|new| new == old)));
        ours.remove("New", "text");
        prop_assert_eq!(ours.raw("New", "text"), None);
        prop_assert!(Keyfile::parse(&ours.to_string()).is_ok());
    }

    /// Whatever is done to a file, its comments and all other values stay, and GLib reads what was meant.
    #[test]
    fn edits_do_what_they_say_and_nothing_else(text in file(), edits in prop::collection::vec(edit(), 1..8)) {
        let Ok(mut ours) = Keyfile::parse(&text) else { return Ok(()) };
        let comments = |text: &str| -> Vec<String> {
            text.lines().filter(|line| line.trim_start().starts_with('#')).map(str::to_owned).collect()
        };
        for (group, key, edit) in &edits {
            let mut expected = raws(&ours);
            let at = (group.clone(), key.clone());
            match edit {
                Edit::Text(text) => {
                    ours.set_text(group, key, text);
                    expected.insert(at, encode(text));
                }
                Edit::List(list) => {
                    ours.set_list(group, key, list.iter().map(String::as_str));
                    expected.insert(at, encode_list(list.iter().map(String::as_str)));
                }
                Edit::Remove => {
                    prop_assert_eq!(ours.remove(group, key), expected.remove(&at).is_some());
                }
            }
            prop_assert_eq!(&raws(&ours), &expected);
            let written = ours.to_string();
            prop_assert_eq!(comments(&written), comments(&text));
            let again = parse(&written);
            prop_assert_eq!(&raws(&again), &expected);
            prop_assert_eq!(again.to_string(), written.clone());
            let glib = glib::KeyFile::new();
            glib.load_from_data(&written, glib::KeyFileFlags::KEEP_TRANSLATIONS).unwrap();
            for ((group, key), raw) in &expected {
                prop_assert_eq!(glib.value(group, key).unwrap().to_string(), raw.clone());
            }
            match edit {
                Edit::Text(text) => prop_assert_eq!(glib.string(group, key).unwrap().to_string(), text.clone()),
                Edit::List(list) => {
                    let read = glib.string_list(group, key).unwrap();
                    prop_assert_eq!(read.iter().map(|e| e.to_string()).collect::<Vec<_>>(), list.clone());
                }
                Edit::Remove => prop_assert!(!glib.has_key(group, key).unwrap_or(false)),
            }
        }
    }

    #[test]
    fn what_glib_writes_is_read(edits in prop::collection::vec(edit(), 1..8)) {
        let glib = glib::KeyFile::new();
        for (group, key, edit) in &edits {
            match edit {
                Edit::Text(text) => glib.set_string(group, key, text),
                // The bindings have no way to write a list.
                Edit::List(list) => {
                    glib.set_string(group, key, &list.concat());
                    glib.set_comment(Some(group), Some(key), " a list; [not]").unwrap();
                }
                Edit::Remove => drop(glib.remove_key(group, key)),
            }
        }
        let written = glib.to_data().to_string();
        let ours = parse(&written);
        prop_assert_eq!(ours.to_string(), written);
        for (group, key, _) in &edits {
            let theirs = glib.string(group, key).ok().map(|text| text.to_string());
            if theirs.is_some() || glib.value(group, key).is_err() {
                prop_assert_eq!(ours.text(group, key), theirs);
            }
            if let Ok(list) = glib.string_list(group, key) {
                let list: Vec<String> = list.iter().map(|e| e.to_string()).collect();
                prop_assert_eq!(ours.list(group, key), Some(list));
            }
        }
    }
}
