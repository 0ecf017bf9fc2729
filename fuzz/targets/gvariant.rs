//! GVariant text: what can be parsed has one canonical form, which means the same.

#![no_main]

use bucket::host::dconf;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if text.contains('\0') {
        return; // GLib ends there
    }
    let Ok(value) = dconf::parse(text) else { return };
    let canonical = value.print(true);
    let again = dconf::parse(&canonical).expect("the canonical form can be parsed");
    assert_eq!(again.type_(), value.type_());
    assert_eq!(again.print(true), canonical);
    // Not a number is not equal to itself, in a variant neither.
    assert!(again == value || canonical.contains("nan"));
});
