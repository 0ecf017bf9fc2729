//! Databases of dconf: whatever the bytes, there is an answer, and it holds only values that can be written as text.

#![no_main]

use std::path::Path;

use bucket::host::dconf;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(values) = dconf::values(Path::new("user"), data.to_owned()) else { return };
    for (key, value) in values {
        assert!(key.starts_with('/') && !key.ends_with('/'), "{key}");
        let text = value.print(true);
        // GLib writes the tiniest numbers, and refuses to read them.
        assert!(dconf::parse(&text).is_ok() || text.contains("e-3"), "{text}");
    }
});
