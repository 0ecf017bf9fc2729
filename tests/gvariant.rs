//! GVariant text, which settings are kept and compared in: whatever the type, it reads back as the same value and
//! prints as the same text; and whatever is read, nothing falls over.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use glib::variant::{Handle, ObjectPath, Signature};
use glib::{Variant, VariantTy};
use proptest::prelude::*;

/// A random type, as deep as GSettings keys ever get and somewhat deeper.
fn kind() -> impl Strategy<Value = String> {
    let basic =
        prop::sample::select(vec!["b", "y", "n", "q", "i", "u", "x", "t", "h", "d", "s", "o", "g"]);
    let leaf = prop_oneof![8 => basic.clone(), 1 => Just("v"), 1 => Just("()")];
    leaf.prop_map(str::to_owned).prop_recursive(4, 12, 3, move |inner| {
        prop_oneof![
            inner.clone().prop_map(|kind| format!("a{kind}")),
            inner.clone().prop_map(|kind| format!("m{kind}")),
            (basic.clone(), inner.clone()).prop_map(|(key, value)| format!("{{{key}{value}}}")),
            (basic.clone(), inner.clone()).prop_map(|(key, value)| format!("a{{{key}{value}}}")),
            prop::collection::vec(inner, 1..4).prop_map(|kinds| format!("({})", kinds.concat())),
        ]
    })
}

/// A random value of a type.
fn of(kind: &str) -> BoxedStrategy<Variant> {
    let ty = VariantTy::new(kind).unwrap().to_owned();
    let (first, rest) = kind.split_at(1);
    match first {
        "b" => any::<bool>().prop_map(|v| v.into()).boxed(),
        "y" => any::<u8>().prop_map(|v| v.into()).boxed(),
        "n" => any::<i16>().prop_map(|v| v.into()).boxed(),
        "q" => any::<u16>().prop_map(|v| v.into()).boxed(),
        "i" => any::<i32>().prop_map(|v| v.into()).boxed(),
        "u" => any::<u32>().prop_map(|v| v.into()).boxed(),
        "x" => any::<i64>().prop_map(|v| v.into()).boxed(),
        "t" => any::<u64>().prop_map(|v| v.into()).boxed(),
        "h" => any::<i32>().prop_map(|v| Handle(v).into()).boxed(),
        // GLib prints numbers too small for their full precision, and does not read them: no setting has one.
        "d" => {
            use prop::num::f64::{INFINITE, NEGATIVE, NORMAL, POSITIVE, ZERO};
            (NORMAL | ZERO | INFINITE | POSITIVE | NEGATIVE).prop_map(|v| v.into()).boxed()
        }
        "s" => prop_oneof!["[^\0]{0,12}", "['\"\\\\\n\t\u{1}é日🎉 ]{0,6}"]
            .prop_map(|v: String| v.into())
            .boxed(),
        "o" => "(/[A-Za-z0-9_]{1,4}){1,3}"
            .prop_map(|v: String| ObjectPath::try_from(v).unwrap().into())
            .boxed(),
        "g" => "[bynqiuxtdsogv]{0,4}|a[{]sv[}]|[(]ii[)]"
            .prop_map(|v: String| Signature::try_from(v).unwrap().into())
            .boxed(),
        "v" => prop_oneof![of("s"), of("i"), of("a(si)"), of("md")]
            .prop_map(|v| Variant::from_variant(&v))
            .boxed(),
        "a" => {
            let element = VariantTy::new(rest).unwrap().to_owned();
            prop::collection::vec(of(rest), 0..4)
                .prop_map(move |list| Variant::array_from_iter_with_type(&element, list))
                .boxed()
        }
        "m" => {
            let inner = VariantTy::new(rest).unwrap().to_owned();
            prop::option::of(of(rest))
                .prop_map(move |value| match value {
                    Some(value) => Variant::from_some(&value),
                    None => Variant::from_none(&inner),
                })
                .boxed()
        }
        "{" => (of(ty.key().as_str()), of(ty.value().as_str()))
            .prop_map(|(key, value)| Variant::from_dict_entry(&key, &value))
            .boxed(),
        _ => {
            let items: Vec<_> = ty.tuple_types().map(|item| of(item.as_str())).collect();
            items.prop_map(Variant::tuple_from_iter).boxed()
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    #[test]
    fn text_reads_back_as_the_same_value(value in kind().prop_flat_map(|kind| of(&kind))) {
        let text = value.print(true);
        prop_assert!(!text.contains('\n'), "a line of a baseline is one line: {text}");
        // With its type named and without, as a manifest's value is read where the schema is installed, and where not.
        let bare = Variant::parse(None, &text);
        prop_assert!(bare.is_ok(), "{text}: {bare:?}");
        let bare = bare.unwrap();
        prop_assert_eq!(bare.type_(), value.type_());
        let typed = Variant::parse(Some(value.type_()), &text).unwrap();
        for read in [bare, typed] {
            prop_assert_eq!(&read, &value, "{}", &text);
            prop_assert_eq!(read.print(true), text.clone());
        }
    }

    #[test]
    fn garbage_is_an_error_and_no_more(text in "[^\0]{0,40}|[\\]\\[(){}<>@'\"\\\\a-z0-9:,. -]{0,40}") {
        for kind in [None, Some("s"), Some("a{sv}"), Some("m(ii)")] {
            let kind = kind.map(|kind| VariantTy::new(kind).unwrap());
            if let Ok(value) = Variant::parse(kind, &text) {
                let again = value.print(true);
                prop_assert_eq!(Variant::parse(Some(value.type_()), &again).unwrap().print(true), again);
            }
        }
    }
}

/// What is nested without end is refused before the stack is.
#[test]
fn depth_has_an_end() {
    for open in ["[", "(", "<", "{", "just ", "@v ", "('", "[<"] {
        assert!(Variant::parse(None, &open.repeat(100_000)).is_err(), "{open}");
    }
}
