//! Containerfiles: what is outside the markers stays, what is between them becomes what it should, and a marker is
//! nothing that a section can contain.
//!
//! An input is a Containerfile and, after a line `----`, the text that a section is made of.

#![no_main]

use std::path::Path;

use bucket::core::names::ImagePath;
use bucket::manifest::containerfile::{Containerfile, Run, SECTIONS, Section, write};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &str| {
    let (text, body) = data.split_once("\n----\n").unwrap_or((data, data));
    let path = Path::new("Containerfile");
    made(body);
    let Ok(file) = Containerfile::parse(path, text) else { return };
    // Each line of a file belongs to one section or to none.
    let mut last = 0;
    for found in file.found() {
        assert!(last < found.line && found.line < found.last_line, "{:?}", file.found());
        last = found.last_line;
        assert!(text.contains(file.body(found)));
    }
    let Ok(made) =
        SECTIONS.iter().map(|name| Section::new(name, body)).collect::<Result<Vec<_>, _>>()
    else {
        return;
    };
    let out = file.with(&made);
    let again =
        Containerfile::parse(path, &out).unwrap_or_else(|error| panic!("{error}, in {out:?}"));
    assert_eq!(outside(&file), outside(&again), "something outside is gone");
    assert_eq!(names(&file), names(&again));
    assert_eq!(again.with(&made), out, "a second time it is another text");
    for found in again.found() {
        let same = made.iter().find(|section| section.name() == found.name);
        assert!(same.is_none_or(|section| again.made(found, section) == again.body(found)));
    }
    // With all sections in it, the lines of before are there, in their order, and nothing else but empty ones.
    let all = file.with_all(path, &made).unwrap_or_else(|error| panic!("{error}, in {out:?}"));
    let whole =
        Containerfile::parse(path, &all).unwrap_or_else(|error| panic!("{error}, in {all:?}"));
    assert!(SECTIONS.iter().all(|name| whole.section(name).is_some()));
    // A byte order mark stays in front, now of a marker.
    let lines = |text: String| -> Vec<String> {
        text.trim_start_matches('\u{feff}')
            .lines()
            .filter(|line| !line.trim().is_empty())
            .map(|line| line.trim_end().to_owned())
            .collect()
    };
    assert_eq!(lines(outside(&file)), lines(outside(&whole)));
    assert_eq!(whole.with_all(path, &made).ok().as_deref(), Some(all.as_str()));
});

/// What is written from any text is a section, and reads back as one.
fn made(text: &str) {
    let place: ImagePath = "/etc/x".parse().expect("a path");
    let mut body = write::comment(text);
    if let Ok(run) = Run::new().file(&place, 0o644, text) {
        body.push_str(&run.text());
    }
    if let Ok(word) = write::word(text) {
        body.push_str(&write::run([format!("echo {word}")]).expect("one command"));
    }
    let section = match Section::new("HOST_SHIMS", body) {
        Ok(section) => section,
        Err(error) => panic!("{error}, from {text:?}"),
    };
    let all = Containerfile::parse(Path::new("x"), "")
        .expect("an empty one")
        .with_all(Path::new("x"), &[section.clone()]);
    let all = all.unwrap_or_else(|error| panic!("{error}, from {text:?}"));
    let file = Containerfile::parse(Path::new("x"), &all).expect("it was parsed before");
    let found = file.section("HOST_SHIMS").expect("it was added");
    assert_eq!(file.body(found), section.body());
}

fn names<'a>(file: &'a Containerfile<'_>) -> Vec<&'a str> {
    file.found().iter().map(|found| found.name.as_str()).collect()
}

/// The text without what is between the markers of our sections, which is told by the lines alone.
fn outside(file: &Containerfile<'_>) -> String {
    let ours = |line: usize| {
        file.found().iter().any(|one| {
            SECTIONS.contains(&one.name.as_str()) && (one.line..=one.last_line).contains(&line)
        })
    };
    let lines = file.text().split_inclusive('\n').enumerate();
    lines.filter(|(at, _)| !ours(at + 1)).map(|(_, line)| line).collect()
}
