//! The bodies of sections, read back by a shell.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::super::Section;
use super::*;

const HOSTILE: [&str; 16] = [
    "",
    "a b",
    "$(touch x)",
    "`touch x`",
    "it's",
    "\"",
    "a;b",
    "&& false",
    "\\",
    "a\\",
    "#x",
    "<<EOF",
    "!x",
    "*",
    "-n",
    "é\t|",
];

/// What a builder gives the shell of a `RUN` instruction: continuations joined, comment lines dropped.
fn joined(instruction: &str) -> String {
    let mut out = String::new();
    for line in instruction.lines().filter(|line| !line.trim_start().starts_with('#')) {
        match line.trim_end().strip_suffix('\\') {
            Some(begin) => out.push_str(begin),
            None => {
                out.push_str(line);
                out.push('\n');
            }
        }
    }
    out.trim_end().strip_prefix("RUN ").unwrap().to_owned()
}

#[allow(clippy::disallowed_methods, reason = "the shell is what is tested against")]
fn shell(instruction: &str) -> (bool, String) {
    let out = std::process::Command::new("sh").args(["-c", &joined(instruction)]).output().unwrap();
    (out.status.success(), String::from_utf8(out.stdout).unwrap())
}

#[test]
fn a_word_is_one_word_to_a_shell() {
    for text in HOSTILE {
        let run = run([format!("printf '<%s>' {}", word(text).unwrap())]).unwrap();
        assert_eq!(shell(&run), (true, format!("<{text}>")), "{run}");
    }
    assert_eq!(word("rd.luks=a,b").unwrap(), "rd.luks=a,b");
    assert!(matches!(word("a\nb"), Err(Unwritable::LineBreak { .. })));
    assert!(matches!(word("a\0b"), Err(Unwritable::Nul { .. })));
}

#[test]
fn a_file_is_written_with_exactly_its_text_and_mode() {
    let dir = tempfile::tempdir().unwrap();
    let marker = "# === SYSTEM_PACKAGES (managed by bkt) ===\n# === END SYSTEM_PACKAGES ===\n";
    let lines = HOSTILE.join("\n");
    for text in ["", "\n", "\n\n", "x", "x\n", "\nx", "x\ny", "a\r\nb\r", marker, &lines, "EOF\n"] {
        let path = dir.path().join("some where/file");
        let image: ImagePath = path.to_str().unwrap().parse().unwrap();
        let run = file(&image, 0o751, text).unwrap();
        assert_eq!(shell(&run), (true, String::new()), "{run}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text, "{run}");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o751);
        assert_eq!(Section::new("X", run.clone()).unwrap().body(), run);
    }
    assert!(matches!(file(&"/x".parse().unwrap(), 0o644, "a\0"), Err(Unwritable::Nul { .. })));
}

#[test]
fn the_first_command_that_fails_ends_it() {
    assert_eq!(shell(&run(["echo a", "false", "echo b"]).unwrap()), (false, "a\n".to_owned()));
    assert_eq!(run(Vec::<String>::new()).unwrap(), "");
    for text in ["# x", "x \\", "a\nb", "", " "] {
        assert!(run([text]).is_err(), "{text:?}");
    }
}

#[test]
fn a_list_has_one_argument_a_line() {
    let run = Run::new().list("dnf install -y", ["fd-find", "a b"]).unwrap();
    let run = run.command("dnf clean all").unwrap().text();
    let expected = "RUN set -eu; \\\n    dnf install -y \\\n      fd-find \\\n      'a b'; \\\n    dnf clean all\n";
    assert_eq!(run, expected);
}

#[test]
fn a_link_replaces_what_was_there() {
    let dir = tempfile::tempdir().unwrap();
    let link = dir.path().join("bin/x");
    let image: ImagePath = link.to_str().unwrap().parse().unwrap();
    for target in ["../old", "../some where/new"] {
        let run = Run::new().link(&image, target).unwrap().text();
        assert_eq!(shell(&run), (true, String::new()));
        assert_eq!(std::fs::read_link(&link).unwrap(), Path::new(target));
    }
}

#[test]
fn a_script_is_verbatim_whatever_it_contains() {
    let text = "cat <<EOF\n$HOME\nEOF\n# a comment\necho \\\n  x\n";
    let written = script(text).unwrap();
    assert_eq!(written, format!("RUN <<'EOF2'\nset -eu\n{text}EOF2\n"));
    assert_eq!(
        script("#!/usr/bin/python3\nprint()").unwrap(),
        "RUN <<'EOF'\n#!/usr/bin/python3\nprint()\nEOF\n"
    );
    let marker = script("# === END HOST_SHIMS ===").unwrap();
    let error = Section::new("IMAGE_CONFIG", marker).unwrap_err().to_string();
    assert!(error.starts_with("line 3 of the section IMAGE_CONFIG would be taken"), "{error}");
}

#[test]
fn a_copied_file_is_named_to_the_letter() {
    let src: RepoRelPath = "system/a [1]*.conf".parse().unwrap();
    let dest: ImagePath = "/etc/a [1].conf".parse().unwrap();
    assert_eq!(
        copy(&src, &dest, 0o600),
        "COPY --chmod=0600 [\"system/a [[]1][*].conf\",\"/etc/a [1].conf\"]\n"
    );
}

#[test]
fn a_comment_is_no_marker_and_no_instruction() {
    let text = "one\nRUN x\r\n=== END HOST_SHIMS ===\n ===X (managed by bkt)===";
    let written = comment(text);
    assert_eq!(
        written,
        "# one\n# RUN x\n## === END HOST_SHIMS ===\n##  ===X (managed by bkt)===\n"
    );
    assert_eq!(Section::new("X", written.clone()).unwrap().body(), written);
}
