use std::process::Command;

use proptest::prelude::*;
use serde_json::{Map, Value as Json, json};

use super::super::hooks;
use super::*;

fn entry(json: &Json) -> Map<String, Json> {
    json.as_object().unwrap().clone()
}

fn one(text: &str) -> (Json, Vec<Note>) {
    let mut ini = read(text).unwrap();
    assert_eq!(ini.boxes.len(), 1, "{ini:?}");
    (Json::Object(ini.boxes.remove(0).1), ini.notes)
}

fn written(json: &Json) -> (String, Vec<Left>) {
    let name = "box".parse().unwrap();
    let Written { text, left } = write([(&name, &entry(json))]);
    (text, left)
}

/// As distrobox's manual has it, and more.
#[test]
fn a_file_of_distrobox_becomes_entries() {
    let text = "\
# two boxes
[ubuntu]
additional_packages=\"git vim tmux nodejs\"
additional_packages=htop
image=registry.example/ubuntu:latest   # inline comments too
init=false
nvidia=0
pull=true
root=false

[arch] # here as well
\tadditional_flags=\"--env A=b --env 'C=d e' -v /x:/y:ro --gpus all\"
additional_flags=--memory=2g
home=~/boxes/arch/
hostname=\"arch.local\"
image=registry.example/archlinux:latest
init_hooks=\"touch /init-normal\"
init_hooks=touch /init-again
pre_init_hooks=\"touch /pre-init\"
unshare_netns=true
unshare_ipc=1
unshare_process=false
volume=\"/tmp/test:/run/a $HOME/b:/run/b\"
volume=/c:/c
exported_apps=\"htop vlc\"
exported_bins=\"/usr/bin/htop /usr/bin/git\"
exported_bins=/usr/bin/git
exported_bins_path=\"~/.local/box\"
";
    let ini = read(text).unwrap();
    assert_eq!(ini.notes, []);
    let names: Vec<&str> = ini.boxes.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["ubuntu", "arch"]);
    assert_eq!(
        Json::Object(ini.boxes[0].1.clone()),
        json!({
            "image": "registry.example/ubuntu:latest",
            "packages": ["git", "vim", "tmux", "nodejs", "htop"],
            "pull": true,
            "init": false,
            "root": false,
            "nvidia": false,
        })
    );
    assert_eq!(
        Json::Object(ini.boxes[1].1.clone()),
        json!({
            "image": "registry.example/archlinux:latest",
            "bins": { "also": ["/usr/bin/htop", "/usr/bin/git"], "to": "~/.local/box" },
            "exported_apps": ["htop", "vlc"],
            "init_hooks": ["touch /init-normal", "touch /init-again"],
            "pre_init_hooks": ["touch /pre-init"],
            "volume": ["/tmp/test:/run/a", "~/b:/run/b", "/c:/c", "/x:/y:ro"],
            "home": "~/boxes/arch",
            "hostname": "arch.local",
            "unshare": ["netns", "ipc"],
            "env": { "A": "b", "C": "d e" },
            "additional_flags": ["--gpus all", "--memory=2g"],
        })
    );
}

#[test]
fn what_has_no_place_is_named() {
    let text = "[a]\nimage=x\nclone=b\nentry=false\nstart_now=true\nreplace=false\nshell=/bin/zsh\ninit=maybe\n\
                volume=$(pwd):/x\nhome=/a;b\nadditional_packages=a$B\nexported_bins=htop\nimage=y\n[b]\ninit=true\n";
    let ini = read(text).unwrap();
    let named: Vec<(usize, &str)> =
        ini.notes.iter().map(|note| (note.line, note.key.as_str())).collect();
    assert_eq!(
        named,
        [
            (3, "clone"),
            (4, "entry"),
            (5, "start_now"),
            (6, "replace"),
            (7, "shell"),
            (8, "init"),
            (9, "volume"),
            (10, "home"),
            (11, "additional_packages"),
            (12, "exported_bins"),
            (13, "image"),
            (14, "[b]"),
        ]
    );
    assert_eq!(Json::Object(ini.boxes[0].1.clone()), json!({ "image": "y" }));
}

#[test]
fn a_section_includes_others() {
    let (read_, notes) = one(
        "[base]\nadditional_packages=git\ninit_hooks=a\nhome=/one\n[more]\ninclude=base\nimage=y\ninit=1\n\
         [box]\ninclude=more\nimage=x\nadditional_packages=vim\n"
            .replace("[more]\ninclude=base\nimage=y", "[more]\ninclude=\"base\"")
            .as_str(),
    );
    assert_eq!(notes, []);
    assert_eq!(
        read_,
        json!({ "image": "x", "packages": ["git", "vim"], "init_hooks": ["a"], "init": true, "home": "/one" })
    );
    for (text, line) in [
        ("[a]\ninclude=a\n", 2),
        ("[a]\ninclude=b\n[b]\ninclude=a\n", 4),
        ("[a]\nimage=x\ninclude=c\n", 3),
        ("image=x\n", 1),
        ("[a]\n[a]\n", 2),
        ("[a b/c]\n", 1),
        ("[a]\nimage\n", 2),
    ] {
        assert_eq!(read(text).unwrap_err().line, line, "{text}");
    }
    let twice = |n: usize| format!("[s{n}]\ninclude=s{}\ninclude=s{}\n", n + 1, n + 1);
    let text: String = (0..60).map(twice).collect();
    assert!(read(&(text + "[s60]\nimage=x\n")).is_err(), "and it ends");
}

/// Hooks as people write them: what distrobox would break is kept as it was meant, and said.
#[test]
fn hooks_are_kept_as_they_were_meant() {
    for (line, hook, said) in [
        ("\"rustup update stable\"", "rustup update stable", false),
        ("rustup update stable", "rustup update stable", false),
        ("'rm -f /a; ln -s /b /a'", "rm -f /a; ln -s /b /a", false),
        ("echo \"a b\" && c", "echo \"a b\" && c", false),
        ("\"echo \"a\" \"", "echo \"a\" ", false),
        ("echo $HOME", "echo $HOME", true),
        ("echo \"$HOME\"", "echo \"$HOME\"", false),
        ("\"echo \\$HOME\"", "echo $HOME", false),
        ("sed -i 's/a/b/' x", "sed -i 's/a/b/' x", true),
        ("cost 5$", "cost 5$", false),
    ] {
        let (read, notes) = one(&format!("[a]\nimage=x\ninit_hooks={line}\n"));
        assert_eq!(read["init_hooks"], json!([hook]), "{line}");
        assert_eq!(!notes.is_empty(), said, "{line}");
    }
}

const HOSTILE: [&str; 30] = [
    "plain",
    "two words",
    " a  b ",
    "it's",
    "'quoted'",
    "say \"hi\"",
    "\"quoted\"",
    "it's \"both\"",
    "$(touch /tmp/bkt-evil)",
    "`touch /tmp/bkt-evil`",
    "a;touch /tmp/bkt-evil",
    "a && b || c | d > e < f &",
    "$HOME",
    "${HOME}/x",
    "a $HOME b",
    "a #b",
    "#b",
    "a#b",
    "~/x",
    "~/a b",
    "~/it's $x",
    "~",
    "~root",
    "true",
    "false",
    "1",
    "-n",
    "*",
    "\\$x",
    "a=b",
];

#[test]
fn what_is_written_is_read_again() {
    for text in HOSTILE {
        let json = json!({
            "image": "x",
            "init_hooks": [text, "second"],
            "pre_init_hooks": [text],
            "hostname": text,
            "env": { "A": text.replace("  ", " ") },
            "additional_flags": [flags::join([text.replace("  ", " ").as_str()])],
        });
        let (file, left) = written(&json);
        assert_eq!(left, [], "{file}");
        let (read, notes) = one(&file);
        assert_eq!(notes, [], "{file}");
        let mut json = json;
        let spaced = hooks::joined([text]);
        json["init_hooks"][0] = spaced.clone().into();
        json["pre_init_hooks"][0] = spaced.into();
        assert_eq!(read, json, "{file}");
    }
}

#[test]
fn what_no_file_can_say_is_named() {
    let json = json!({
        "image": "x",
        "hostname": "a\nb",
        "init_hooks": ["a\u{1}b", "fine\n  too", "[ a ] || b #c"],
        "additional_flags": ["--open 'quote"],
        "bins": { "from": ["~/.cargo/bin"], "exclude": ["a"], "also": ["/a b"] },
        "path": ["/x"],
        "home": "/a$b",
        "exported_apps": ["Some App"],
        "volume": ["/a¤b:/c"],
        "env": { "A": "a  b" },
        "why": "mine",
    });
    let (file, left) = written(&json);
    let mut keys: Vec<&str> = left.iter().map(|left| left.key.as_str()).collect();
    keys.sort_unstable();
    assert_eq!(
        keys,
        [
            "additional_flags",
            "bins.also",
            "bins.exclude",
            "bins.from",
            "env.A",
            "exported_apps",
            "home",
            "hostname",
            "init_hooks",
            "init_hooks",
            "path",
            "volume",
            "why"
        ]
    );
    assert_eq!(one(&file).0, json!({ "image": "x", "init_hooks": ["fine too"] }));
}

/// What the file's values become in the hands of a real shell, evaluated as often as distrobox has them evaluated.
#[allow(clippy::disallowed_methods, reason = "the shell is what is tested")]
fn sh(script: &str, args: &[&str]) -> String {
    let dir = tempfile::tempdir().unwrap();
    let run = Command::new("sh")
        .args(["-c", script, "sh"])
        .args(args)
        .env("HOME", "/home/someone")
        .current_dir(dir.path())
        .output()
        .unwrap();
    assert!(run.status.success(), "{args:?}: {}", String::from_utf8_lossy(&run.stderr));
    String::from_utf8(run.stdout).unwrap()
}

/// Sources the assignment, and evaluates its value as an argument, which gets quotes if it has spaces and none of its own.
const VALUE: &str = r#"
printf '%s\n' "$1" > file
. ./file
case "$value" in
    \'* | \"*) ;;
    *' '*\"* | *\"*' '*) value="'$value'" ;;
    *' '*) value="\"$value\"" ;;
esac
eval "set -- $value"
[ $# -eq 1 ] || exit 9
printf %s "$1"
"#;

/// Passes a hook on: quoted whole, in single quotes if it has double ones, and then by distrobox-create.
const HOOK: &str = r#"
case "$1" in
    *\"*) eval "set -- '$1' $2" ;;
    *) eval "set -- \"$1\" $2" ;;
esac
case "$2" in
    init) eval "set -- '$1'" ;;
    pre) eval "set -- \"$1\"" ;;
esac
[ $# -eq 1 ] || exit 9
printf %s "$1"
"#;

fn line<'f>(file: &'f str, key: &str) -> &'f str {
    file.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('=')).unwrap()
}

#[test]
fn a_real_shell_gives_the_same_back() {
    for text in HOSTILE {
        let at_home = |text: &str| match text.strip_prefix('~') {
            Some(rest) if rest.is_empty() || rest.starts_with('/') => {
                format!("/home/someone{rest}")
            }
            _ => text.to_owned(),
        };
        let single = text.replace("  ", " ");
        let json = json!({
            "image": "x", "hostname": text, "additional_flags": [flags::join([single.as_str()])],
            "init_hooks": [text], "pre_init_hooks": [text],
        });
        let (file, _) = written(&json);
        let value = |key| sh(VALUE, &[&format!("value={}", line(&file, key))]);
        assert_eq!(value("hostname"), at_home(text), "{file}");
        // A flag is evaluated once more, where podman is run.
        let flag = sh(
            "eval \"set -- $1\"; [ $# -eq 1 ] && printf %s \"$1\"",
            &[&value("additional_flags")],
        );
        let expected = if single == "~" { single } else { at_home(&single) };
        assert_eq!(flag, expected, "{file}");
        for (key, which) in [("init_hooks", "init"), ("pre_init_hooks", "pre")] {
            let hook = layers::unwrapped(line(&file, key));
            assert_eq!(sh(HOOK, &[hook, which]), hooks::joined([text]), "{file}");
        }
    }
    assert!(!std::path::Path::new("/tmp/bkt-evil").exists());
}

fn text() -> impl Strategy<Value = String> {
    proptest::collection::vec(
        prop_oneof![
            Just("'"),
            Just("\""),
            Just("\\"),
            Just("$"),
            Just("`"),
            Just(" "),
            Just("#"),
            Just("]"),
            Just("("),
            Just("~"),
            Just("/"),
            Just("a"),
            Just("é"),
            Just("=")
        ],
        1..12,
    )
    .prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn whatever_is_written_is_read_again_or_named(
        hooks in proptest::collection::vec(text(), 0..4),
        before in proptest::collection::vec(text(), 0..3),
        host in text(),
        value in text(),
        flag in text(),
        volume in text(),
    ) {
        let volume = format!("/{volume}");
        let flag = flags::join([format!("--x={flag}").as_str()]);
        let spaced = |hooks: &[String]| hooks.iter().map(|hook| hooks::joined([hook.as_str()])).collect::<Vec<_>>();
        let json = json!({
            "image": "x", "init_hooks": spaced(&hooks), "pre_init_hooks": spaced(&before), "hostname": host,
            "volume": [volume], "env": { "A": value }, "additional_flags": [flag],
        });
        let (file, left) = written(&json);
        let (read, notes) = one(&file);
        prop_assert_eq!(&notes, &[], "{}", file);
        let mut expected = json;
        let gone = |key: &str| left.iter().any(|left| left.key == key);
        for key in ["init_hooks", "pre_init_hooks"] {
            // A hook that is left out leaves the others.
            let fits = read.get(key).cloned().unwrap_or_else(|| json!([]));
            let all = expected[key].as_array().unwrap().len();
            let blank = expected[key].as_array().unwrap().iter().filter(|hook| hook.as_str().unwrap().trim().is_empty());
            let lost = left.iter().filter(|left| left.key == key).count() + blank.count();
            prop_assert_eq!(fits.as_array().unwrap().len() + lost, all, "{}", file);
            let mut hooks = expected[key].as_array().unwrap().iter();
            prop_assert!(fits.as_array().unwrap().iter().all(|fit| hooks.any(|hook| hook == fit)), "{}", file);
            expected.as_object_mut().unwrap().remove(key);
        }
        for key in ["hostname", "volume", "additional_flags"] {
            if gone(key) {
                expected.as_object_mut().unwrap().remove(key);
            }
        }
        if gone("env.A") {
            expected.as_object_mut().unwrap().remove("env");
        }
        let mut read = read;
        read.as_object_mut().unwrap().remove("init_hooks");
        read.as_object_mut().unwrap().remove("pre_init_hooks");
        prop_assert_eq!(read, expected, "{}", file);
    }

    #[test]
    fn nothing_is_read_that_cannot_be_written(text in "(\\[a\\]|image=x|init_hooks=|volume=|[ -~\n])*") {
        if let Ok(ini) = read(&text) {
            let boxes: Vec<_> = ini.boxes.iter().map(|(name, entry)| (name, entry)).collect();
            let again = read(&write(boxes).text).unwrap();
            prop_assert_eq!(again.boxes.len(), ini.boxes.len());
        }
    }
}
