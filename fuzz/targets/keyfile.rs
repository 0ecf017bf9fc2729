//! Key files: read as GLib reads them, printed as they were, and an edit does what it says and nothing else.
//!
//! An input is a file's text; what follows a `\u{1}` is a value to write into it.

#![no_main]

use bucket::host::keyfile::Keyfile;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &str| {
    let (text, value) = data.split_once('\u{1}').unwrap_or((data, "a; \\b"));
    if text.contains('\0') || value.contains(['\0', '\u{c}']) {
        return; // GLib ends at the one, and has no way to write the other where it stands first
    }
    let theirs = glib::KeyFile::new();
    let accepted = theirs.load_from_data(text, glib::KeyFileFlags::KEEP_TRANSLATIONS).is_ok();
    let ours = Keyfile::parse(text);
    assert_eq!(ours.is_ok(), accepted, "{ours:?}");
    let Ok(mut file) = ours else { return };
    assert_eq!(file.to_string(), text);
    same(&file, &theirs);

    let groups: Vec<String> = file.groups().map(str::to_owned).collect();
    let group = groups.last().map_or("New", String::as_str);
    let key = file.keys(group).first().map_or("key", |key| *key).to_owned();
    if key == "Encoding" && groups.len() < 2 {
        return; // only UTF-8 may stand there
    }
    let others = values(&file, group, &key);
    let list = || value.split(',').filter(|element| !element.is_empty());
    let write: [&dyn Fn(&mut Keyfile); 2] =
        [&|file| file.set_text(group, &key, value), &|file| file.set_list(group, &key, list())];
    for write in write {
        write(&mut file);
        let written = file.to_string();
        let again = Keyfile::parse(&written).expect("what was written is a key file");
        assert_eq!(again.to_string(), written);
        assert_eq!(again.raw(group, &key), file.raw(group, &key));
        assert_eq!(values(&again, group, &key), others, "the rest is as it was");
        let theirs = glib::KeyFile::new();
        theirs
            .load_from_data(&written, glib::KeyFileFlags::KEEP_TRANSLATIONS)
            .expect("GLib reads it");
        same(&again, &theirs);
        write(&mut file);
        assert_eq!(file.to_string(), written, "the same again changes nothing");
    }
    assert_eq!(file.list(group, &key).expect("it was set"), list().collect::<Vec<_>>());
    file.set_text(group, &key, value);
    assert_eq!(file.text(group, &key).as_deref(), Some(value));
    assert!(file.remove(group, &key));
    let again = Keyfile::parse(&file.to_string()).expect("what is left is a key file");
    assert_eq!(again.raw(group, &key), None);
    assert_eq!(values(&again, group, &key), others);
});

/// Every value as it is written, without that of one key.
fn values(file: &Keyfile, group: &str, key: &str) -> Vec<(String, String, String)> {
    let mut values = Vec::new();
    for name in file.groups() {
        for one in file.keys(name) {
            if (name, one) != (group, key) {
                let raw = file.raw(name, one).expect("a key has a value");
                values.push((name.to_owned(), one.to_owned(), raw.to_owned()));
            }
        }
    }
    values
}

/// GLib reads the same out of it.
fn same(ours: &Keyfile, theirs: &glib::KeyFile) {
    for group in ours.groups() {
        for key in ours.keys(group) {
            assert_eq!(
                theirs.value(group, key).ok().as_deref(),
                ours.raw(group, key),
                "{group} {key}"
            );
            // GLib gives nothing for an escape that it does not know.
            if let Ok(text) = theirs.string(group, key) {
                assert_eq!(Some(text.as_str()), ours.text(group, key).as_deref(), "{group} {key}");
            }
            if let Ok(list) = theirs.string_list(group, key) {
                let list: Vec<String> = list.iter().map(|element| element.to_string()).collect();
                assert_eq!(Some(list), ours.list(group, key), "{group} {key}");
            }
        }
    }
}
