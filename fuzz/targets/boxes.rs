//! What podman says of containers, and a box's package manager of packages: nothing in it is taken for a name that is none,
//! and what is whole stays, whatever is beside it.
//!
//! An input is podman's list of containers and, after a line `----`, what the script printed that asks for packages.

#![no_main]

use bucket::host::boxes::{Maker, list, made, packages::parse, said};
use libfuzzer_sys::fuzz_target;

/// A box that is always there.
const BOX: &str =
    r#"{"Id":"ab12","Names":["always-there"],"Labels":{"manager":"distrobox"},"State":"created"}"#;

fuzz_target!(|data: &str| {
    let (json, printed) = data.split_once("\n----\n").unwrap_or((data, data));
    let before = said::read(json);
    let (rows, _) = list::read(before.clone());
    for row in &rows {
        assert!(row.id.bytes().all(|b| b.is_ascii_hexdigit()), "{row:?}");
        assert!(!row.name.as_str().starts_with('-'), "{row:?}");
    }
    for one in &before.objects {
        // Whatever it is, reading it as podman's word on a container does not fail otherwise than by saying so.
        let _ = made::read(Maker::Distrobox, one, "machine");
        let words: Vec<&str> = one.keys().map(String::as_str).collect();
        made::of_distrobox(&words, None, "machine");
    }
    // What comes before a whole text of JSON, on lines of its own, takes nothing from it. What was cut off may.
    if before.unread.is_empty() && !json.contains('\r') {
        let all = said::read(&format!("{json}\n{BOX}\n"));
        assert_eq!(all.objects.len(), before.objects.len() + 1, "{json:?}");
    }
    let Ok(listed) = parse::parse(printed) else { return };
    assert!(listed.all.iter().chain(&listed.chosen).all(|one| !one.as_str().starts_with('-')));
    // A message of the package manager where packages are takes none of them away.
    let more = printed.replace("\n# ", "\nsome message of it\n# ");
    let again = parse::parse(&more).unwrap_or_else(|error| panic!("{error}, in {more:?}"));
    assert_eq!((again.all, again.chosen), (listed.all, listed.chosen), "{printed:?}");
});
