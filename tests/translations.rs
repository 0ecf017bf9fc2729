//! `po/bucket.pot` has every text that the source marks for translation. `build-aux/update-po` writes it, with
//! xgettext reading Rust as the nearest language it knows; this test reads Rust as Rust, and so finds what that misses.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::path::Path;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// Functions whose text arguments are translated, and which of them, from 0.
const FUNCTIONS: [(&str, &[usize]); 4] =
    [("gettext", &[0]), ("mark", &[0]), ("ngettext", &[0, 1]), ("pgettext", &[1])];

#[test]
fn the_template_has_every_text() {
    let template = template(include_str!("../po/bucket.pot"));
    let mut sources = Vec::new();
    files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut sources);
    let mut found = 0;
    let mut missing = Vec::new();
    for path in sources {
        let source = std::fs::read_to_string(&path).unwrap();
        let mut texts = Vec::new();
        collect(source.parse().unwrap(), &mut texts);
        found += texts.len();
        missing.extend(
            texts
                .into_iter()
                .filter(|text| !template.contains(text))
                .map(|text| (path.clone(), text)),
        );
    }
    assert!(found > 20, "only {found} texts were found in the source");
    assert!(missing.is_empty(), "not in po/bucket.pot; run build-aux/update-po:\n{missing:#?}");
}

fn files(dir: &Path, out: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, out);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            out.push(path);
        }
    }
}

/// The texts of all calls in `tokens`, macros' bodies included.
fn collect(tokens: TokenStream, out: &mut Vec<String>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    for (index, token) in tokens.iter().enumerate() {
        let TokenTree::Group(group) = token else { continue };
        let name = match index.checked_sub(1).map(|before| &tokens[before]) {
            Some(TokenTree::Ident(name)) => name.to_string(),
            _ => String::new(),
        };
        let call = FUNCTIONS.iter().find(|(function, _)| *function == name);
        if let (Some((_, wanted)), Delimiter::Parenthesis) = (call, group.delimiter()) {
            let arguments: Vec<TokenTree> = group.stream().into_iter().collect();
            let arguments: Vec<&[TokenTree]> = arguments
                .split(|t| matches!(t, TokenTree::Punct(p) if p.as_char() == ','))
                .collect();
            out.extend(wanted.iter().filter_map(|at| literal(arguments.get(*at)?)));
        }
        collect(group.stream(), out);
    }
}

/// The value of an argument that is one text literal.
fn literal(argument: &[TokenTree]) -> Option<String> {
    let [TokenTree::Literal(literal)] = argument else { return None };
    let text = literal.to_string();
    if let Some(raw) = text.strip_prefix('r') {
        let raw = raw.trim_matches('#');
        return Some(raw[1..raw.len() - 1].to_owned());
    }
    // A line that ends in a backslash goes on after the white space.
    let mut joined = String::new();
    for (index, line) in text.split("\\\n").enumerate() {
        joined.push_str(if index == 0 { line } else { line.trim_start() });
    }
    serde_json::from_str(&joined).ok()
}

/// The msgids of a template.
fn template(pot: &str) -> BTreeSet<String> {
    let mut ids = BTreeSet::new();
    let mut current: Option<String> = None;
    for line in pot.lines().chain([""]) {
        let starts = line.strip_prefix("msgid_plural ").or_else(|| line.strip_prefix("msgid "));
        match (starts, &mut current) {
            (Some(text), _) => {
                ids.extend(current.take());
                current = Some(serde_json::from_str(text).unwrap());
            }
            (None, Some(id)) if line.starts_with('"') => {
                id.push_str(&serde_json::from_str::<String>(line).unwrap());
            }
            (None, _) => ids.extend(current.take()),
        }
    }
    ids
}
