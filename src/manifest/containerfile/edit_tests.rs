//! What is not ours stays as it is, and what is ours says what it should.

use std::path::Path;

use proptest::prelude::*;

use super::super::Section;
use super::*;

fn parse(text: &str) -> Containerfile<'_> {
    Containerfile::parse(Path::new("Containerfile"), text).unwrap()
}

#[track_caller]
fn error(text: &str) -> String {
    Containerfile::parse(Path::new("Containerfile"), text).unwrap_err().to_string()
}

fn section(name: &'static str, body: &str) -> Section {
    Section::new(name, body).unwrap()
}

/// A file with markers for each word: `+A` begins a section, `-A` ends one, anything else is a line.
fn file(words: &str) -> String {
    words
        .split(' ')
        .map(|word| match (word.strip_prefix('+'), word.strip_prefix('-')) {
            (Some(name), _) => format!("{}\n", begin_of(name)),
            (_, Some(name)) => format!("{}\n", end(name)),
            _ => format!("{word}\n"),
        })
        .collect()
}

/// The same, for what a file turned into.
fn words(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.is_empty()).map(|line| match marker(line) {
        Some(Marker::Begin(name)) => format!("+{name}"),
        Some(Marker::End(name)) => format!("-{name}"),
        _ => line.to_owned(),
    });
    lines.collect::<Vec<_>>().join(" ")
}

#[test]
fn sections_are_found_with_their_lines() {
    let text = file("FROM +HOST_SHIMS x y -HOST_SHIMS z +COPR_REPOS -COPR_REPOS");
    let file = parse(&text);
    let found: Vec<_> = file
        .found()
        .iter()
        .map(|one| (one.name.as_str(), one.line, one.last_line, file.body(one)))
        .collect();
    assert_eq!(found, [("HOST_SHIMS", 2, 5, "x\ny\n"), ("COPR_REPOS", 7, 8, "")]);
}

#[test]
fn what_is_outside_stays_to_the_byte() {
    let text = "\u{feff}# === HOST_SHIMS (managed by bkt) ===  \r\nold\r\n# === END HOST_SHIMS ===\r\n\tRUN x \\\n\r\n  y";
    let out = parse(text).with(&[section("HOST_SHIMS", "one\ntwo\n"), section("UPSTREAM", "x\n")]);
    assert_eq!(
        out,
        "\u{feff}# === HOST_SHIMS (managed by bkt) ===  \r\none\r\ntwo\r\n# === END HOST_SHIMS ===\r\n\tRUN x \\\n\r\n  y"
    );
    let text = "# === HOST_SHIMS (managed by bkt) ===\nold\n# === END HOST_SHIMS ===";
    let out = parse(text).with(&[section("HOST_SHIMS", "")]);
    assert_eq!(out, "# === HOST_SHIMS (managed by bkt) ===\n# === END HOST_SHIMS ===");
}

#[test]
fn a_section_of_another_name_is_left_alone() {
    let text = file("+MINE x -MINE +HOST_SHIMS a -HOST_SHIMS");
    let out = parse(&text).with(&[section("HOST_SHIMS", "b\n")]);
    assert_eq!(words(&out), "+MINE x -MINE +HOST_SHIMS b -HOST_SHIMS");
    // A heading is no marker.
    parse("# === END SETUP ===\n# === Packages ===\n# sections (managed by bkt) are below\n");
}

#[test]
fn broken_markers_are_errors_with_their_lines() {
    for (words, expected) in [
        ("a +HOST_SHIMS b", "Containerfile:2:1: the section HOST_SHIMS begins here and never ends"),
        (
            "+HOST_SHIMS +COPR_REPOS -COPR_REPOS -HOST_SHIMS",
            "Containerfile:2:1: the section COPR_REPOS begins here, but HOST_SHIMS of line 1 has not ended",
        ),
        (
            "+HOST_SHIMS +HOST_SHIMS -HOST_SHIMS",
            "Containerfile:2:1: the section HOST_SHIMS begins here, but HOST_SHIMS of line 1",
        ),
        (
            "+HOST_SHIMS -HOST_SHIMS x +HOST_SHIMS -HOST_SHIMS",
            "Containerfile:4:1: the section HOST_SHIMS stands here a second time: it is on line 1",
        ),
        (
            "+HOST_SHIMS x -COPR_REPOS",
            "Containerfile:3:1: COPR_REPOS ends here, but the section that began last is HOST_SHIMS, on line 1",
        ),
        ("x -HOST_SHIMS", "Containerfile:2:1: the section HOST_SHIMS ends here, but has not begun"),
        ("+MINE x -MINE -MINE", "Containerfile:4:1: the section MINE ends here, but has not begun"),
        (
            "+MINE +HOST_SHIMS -HOST_SHIMS -MINE",
            "Containerfile:2:1: the section HOST_SHIMS begins here, but MINE of line 1",
        ),
    ] {
        let error = error(&file(words));
        assert!(error.starts_with(expected), "{words}: {error}");
    }
    for line in [
        "#=== HOST_SHIMS (managed by bkt) ===",
        "# === host shims (managed by bkt) ===",
        "  # === HOST_SHIMS (managed by bkt) ===",
        "# ===  END HOST_SHIMS ===",
        "# === END HOST_SHIMS (managed by bkt) ===",
    ] {
        assert!(
            error(&format!("FROM x\n{line}\n"))
                .starts_with("Containerfile:2:1: this looks like a marker"),
            "{line}"
        );
    }
}

#[test]
fn missing_sections_go_where_they_belong() {
    let add = |text: &str, names: &[&'static str]| {
        let sections: Vec<Section> = names.iter().map(|name| section(name, "")).collect();
        let out = parse(text).with_all(Path::new("Containerfile"), &sections).unwrap();
        assert_eq!(parse(&out).with_all(Path::new("Containerfile"), &sections).unwrap(), out);
        words(&out)
    };
    let both = ["HOST_SHIMS", "COPR_REPOS"];
    let made = "+COPR_REPOS -COPR_REPOS +HOST_SHIMS -HOST_SHIMS";
    // At the beginning of the last stage, whatever a heredoc says.
    let text = "FROM a AS b\nCOPY <<EOF /x\nFROM z\nEOF\nFROM b \\\n  AS c\nRUN x\n";
    assert_eq!(
        add(text, &both),
        format!("FROM a AS b COPY <<EOF /x FROM z EOF FROM b \\   AS c {made} RUN x")
    );
    // Before what comes later in the order, and else after what comes earlier.
    let there = "FROM +SYSTEM_PACKAGES -SYSTEM_PACKAGES RUN";
    assert_eq!(
        add(&file(there), &both),
        "FROM +COPR_REPOS -COPR_REPOS +SYSTEM_PACKAGES -SYSTEM_PACKAGES +HOST_SHIMS -HOST_SHIMS RUN"
    );
    // Never behind the check, nor between it and what is said about it.
    let text = "FROM a\nRUN x\n# at last\nRUN bootc container lint\n# === COPR_REPOS (managed by bkt) ===\n# === END COPR_REPOS ===\n";
    assert_eq!(
        add(text, &["HOST_SHIMS"]),
        "FROM a RUN x +HOST_SHIMS -HOST_SHIMS # at last RUN bootc container lint +COPR_REPOS -COPR_REPOS"
    );
    // Never into a section, whatever that says.
    let text = file("FROM +COPR_REPOS RUN -COPR_REPOS").replace("RUN", "RUN bootc container lint");
    let text = text.replace("FROM", "FROM a \\");
    assert_eq!(
        add(&text, &["HOST_SHIMS"]),
        "FROM a \\ +COPR_REPOS RUN bootc container lint -COPR_REPOS +HOST_SHIMS -HOST_SHIMS"
    );
    // What only looks like a heredoc hides nothing.
    for run in ["RUN printf '%s' 'cat <<EOF' \"<<\\\" <<EOF\" > x", "RUN echo $((1<<n)) a\\<<EOF"] {
        assert_eq!(
            add(&format!("FROM a\n{run}\nRUN bootc container lint\n"), &["HOST_SHIMS"]),
            format!("FROM a +HOST_SHIMS -HOST_SHIMS {run} RUN bootc container lint")
        );
        let text = format!("FROM a\n{run}\nFROM b\nRUN x\n");
        assert_eq!(
            add(&text, &["HOST_SHIMS"]),
            format!("FROM a {run} FROM b +HOST_SHIMS -HOST_SHIMS RUN x")
        );
    }
    assert_eq!(add("", &both), made);
    assert_eq!(add("FROM a", &both), format!("FROM a {made}"));
    assert_eq!(add("RUN bootc container lint", &both), format!("{made} RUN bootc container lint"));
}

#[test]
fn a_placed_section_has_a_line_of_room_and_the_line_ends_of_the_file() {
    let out =
        parse("FROM a\r\nRUN b\r\n").with_all(Path::new("c"), &[section("HOST_SHIMS", "x\n")]);
    assert_eq!(
        out.unwrap(),
        "FROM a\r\n\r\n# === HOST_SHIMS (managed by bkt) ===\r\nx\r\n# === END HOST_SHIMS ===\r\n\r\nRUN b\r\n"
    );
}

#[test]
fn a_script_keeps_its_line_ends_in_a_file_of_others() {
    let body = format!("{}# x\n", super::super::write::script("a\nb\n").unwrap());
    let out = with_line_ends(&body, true);
    assert_eq!(out, "RUN <<'EOF'\r\nset -eu\na\nb\nEOF\r\n# x\r\n");
    assert_eq!(with_line_ends(&body, false), body);
}

#[test]
fn a_byte_order_mark_stays_in_front() {
    let sections = [section("COPR_REPOS", ""), section("HOST_SHIMS", "")];
    for (text, begins) in [
        (
            "\u{feff}# === HOST_SHIMS (managed by bkt) ===\n# === END HOST_SHIMS ===\n",
            "\u{feff}# === COPR",
        ),
        ("\u{feff}FROM x\nRUN y\n", "\u{feff}FROM x\n\n# === COPR"),
    ] {
        let out = parse(text).with_all(Path::new("Containerfile"), &sections).unwrap();
        assert!(out.starts_with(begins), "{out:?}");
    }
}

/// A line that a person may have written, with its end.
fn line() -> impl Strategy<Value = String> {
    let text = prop_oneof![
        "[ -~]{0,30}",
        "\\PC{0,12}",
        Just("RUN dnf install -y fd \\".to_owned()),
        Just("COPY <<EOF /etc/x".to_owned()),
        Just("# === END OF FILE ===".to_owned()),
        Just("FROM registry.example/desktop:43".to_owned()),
    ];
    (text, prop_oneof![Just("\n"), Just("\r\n")]).prop_map(|(text, eol)| text + eol)
}

fn own(lines: usize) -> impl Strategy<Value = String> {
    let fits = |text: &String| text.lines().all(|line| marker(line).is_none());
    prop::collection::vec(line(), 0..lines)
        .prop_map(|lines| lines.concat())
        .prop_filter("a marker", fits)
}

fn body() -> impl Strategy<Value = String> {
    let lines = prop::collection::vec("[ -~é]{0,20}\n", 0..6).prop_map(|lines| lines.concat());
    lines.prop_filter("a marker", |text| Section::new("HOST_SHIMS", text.as_str()).is_ok())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// Up to some 5,000 lines: hand-written parts between sections stay, and the sections say what they should.
    #[test]
    fn hand_written_parts_stay_to_the_byte(
        parts in prop::collection::vec(own(700), SECTIONS.len() + 1),
        order in Just(SECTIONS.to_vec()).prop_shuffle(),
        here in prop::collection::vec(any::<bool>(), SECTIONS.len()),
        bodies in prop::collection::vec((body(), body()), SECTIONS.len()),
        last in prop::bool::ANY,
    ) {
        let build = |which: fn(&(String, String)) -> &String| {
            let mut text = parts[0].clone();
            for (at, name) in order.iter().enumerate() {
                if here[at] {
                    text.push_str(&format!("{}\n{}{}\n", begin_of(name), which(&bodies[at]), end(name)));
                }
                text.push_str(&parts[at + 1]);
            }
            if last { text.trim_end_matches('\n').to_owned() } else { text }
        };
        let sections: Vec<Section> =
            order.iter().enumerate().map(|(at, name)| section(name, &bodies[at].1)).collect();
        let (before, after) = (build(|body| &body.0), build(|body| &body.1));
        let out = parse(&before).with(&sections);
        prop_assert_eq!(&out, &after);
        prop_assert_eq!(&parse(&out).with(&sections), &out);
        // With the missing ones placed, the hand-written lines are still there, all of them and in their order.
        let all = parse(&before).with_all(Path::new("Containerfile"), &sections).unwrap();
        let again = parse(&all);
        for section in &sections {
            let found = again.section(section.name()).unwrap();
            prop_assert_eq!(again.body(found), again.made(found, section));
        }
        prop_assert_eq!(again.with_all(Path::new("Containerfile"), &sections).unwrap(), all.clone());
        prop_assert_eq!(outside(&again), outside(&parse(&before)));
    }
}

/// The lines outside all sections, without the empty ones.
fn outside(file: &Containerfile<'_>) -> String {
    let mut text = String::new();
    let mut at = 0;
    for found in file.found() {
        text.push_str(&file.text()[at..found.whole.start]);
        at = found.whole.end;
    }
    text.push_str(&file.text()[at..]);
    text.lines().filter(|line| !line.trim().is_empty()).collect::<Vec<_>>().join("\n")
}
