//! What of a command breaks an axiom.

use super::commands::Simple;
use super::{Axiom, Finding, versions};
use crate::core::sh::Word;
use crate::words::{fill, gettext};

/// What is found in one command. `writers` write what it reads, `later` comes after it.
pub(super) fn of(
    command: &Simple<'_>,
    writers: &[&Simple<'_>],
    later: &[Simple<'_>],
) -> Vec<Finding> {
    let words = command.proper();
    let found = [
        appends(command, words),
        fails_again(command, words),
        differs(command, words),
        unverified(command, words, writers),
        downloads(command, words, later),
        pinned(words),
        asks(words, writers),
        leaves(command),
        elsewhere(command, words),
    ];
    let written = command.written();
    let finding = |(axiom, why, instead)| Finding { axiom, words: written.clone(), why, instead };
    found.into_iter().flatten().map(finding).collect()
}

/// The axiom, why, and what to write instead.
type Found = Option<(Axiom, String, String)>;

fn found(axiom: Axiom, why: String, instead: String) -> Found {
    Some((axiom, why, instead))
}

fn texts<'w>(words: &'w [Word<'_>]) -> Vec<&'w str> {
    words.iter().map(|word| word.text.as_str()).collect()
}

/// Whether one of the arguments is this flag: `-p`, also as one of several letters, or `--parents`.
fn has(args: &[&str], letter: char, long: &[&str]) -> bool {
    let short = |arg: &&str| {
        arg.strip_prefix('-')
            .is_some_and(|letters| !letters.starts_with('-') && letters.contains(letter))
    };
    args.iter().any(|arg| short(arg) || long.contains(arg))
}

/// A file that grows.
fn appends(command: &Simple<'_>, words: &[Word<'_>]) -> Found {
    let kept = |to: &Word<'_>| !to.text.starts_with("/dev/") && !to.text.starts_with('&');
    let redirected = command.redirections.iter().any(|(op, to)| {
        op.trim_start_matches(|c: char| c.is_ascii_digit()).ends_with(">>") && kept(to)
    });
    let words = texts(words);
    let tee = words.first() == Some(&"tee") && has(&words, 'a', &["--append"]);
    let sed = words.first() == Some(&"sed")
        && has(&words, 'i', &["--in-place"])
        && words.iter().skip(1).any(|script| adds_line(script));
    if !redirected && !tee && !sed {
        return None;
    }
    found(
        Axiom::Idempotent,
        gettext("It adds to a file, which grows each time the box is started."),
        gettext(
            "Ask first, as in grep -q … FILE || echo … >> FILE, or write a whole file of its own.",
        ),
    )
}

/// Whether a script of sed adds lines: `$ a line`, `/x/i\ line`.
fn adds_line(script: &str) -> bool {
    let rest = script.trim_start_matches(|c: char| c.is_ascii_digit() || c == '$' || c == ' ');
    let rest = match rest.strip_prefix('/') {
        Some(rest) => rest.split_once('/').map_or("", |(_, rest)| rest),
        None => rest,
    };
    let mut chars = rest.trim_start().chars();
    matches!(chars.next(), Some('a' | 'i')) && matches!(chars.next(), Some(' ' | '\\'))
}

/// What works once, and fails or does more when it is run again.
fn fails_again(command: &Simple<'_>, words: &[Word<'_>]) -> Found {
    let words = texts(words);
    let (name, args) = words.split_first()?;
    let sub = args.iter().find(|arg| !arg.starts_with('-')).copied().unwrap_or_default();
    let fails = || gettext("It fails when it is run again, because what it makes is there.");
    let gone = || gettext("It fails when it is run again, because what it takes away is gone.");
    let (why, instead) = match *name {
        "mkdir" if !has(args, 'p', &["--parents"]) => (fails(), gettext("Write mkdir -p.")),
        "ln" if !has(args, 'f', &["--force"]) => (fails(), gettext("Write ln -sfn.")),
        "useradd" | "adduser" => (fails(), gettext("Ask first: id NAME || useradd NAME.")),
        "groupadd" | "addgroup" if !has(args, 'f', &["--force"]) => {
            (fails(), gettext("Ask first: getent group NAME || groupadd NAME."))
        }
        "git" if sub == "clone" => (
            fails(),
            gettext("Ask first, as in [ -d DIR ] || git clone URL DIR, and then git -C DIR pull."),
        ),
        "rpm" if has(args, 'i', &["--install"]) && !has(args, 'q', &["--query"]) => {
            (fails(), gettext("Write rpm -U, or name the package in the manifest."))
        }
        "patch" if !has(args, 'N', &["--forward"]) => (
            gettext("What is patched already is patched again."),
            gettext("Write patch --forward."),
        ),
        "mv" => (gone(), gettext("Ask first: [ -e FROM ] && mv FROM TO.")),
        "rm" if !has(args, 'f', &["--force"]) => (gone(), gettext("Write rm -f.")),
        _ => return None,
    };
    if command.forgiven { None } else { found(Axiom::Idempotent, why, instead) }
}

/// What is something else each time.
fn differs(command: &Simple<'_>, words: &[Word<'_>]) -> Found {
    let random = |word: &Word<'_>| {
        let replaced = |one: &std::ops::Range<usize>| {
            matches!(
                &word.text[one.clone()],
                "$RANDOM" | "${RANDOM}" | "$SRANDOM" | "$$" | "$EPOCHSECONDS"
            )
        };
        word.replaced.iter().any(replaced)
            || matches!(word.text.as_str(), "/dev/urandom" | "/dev/random")
    };
    let from = command.redirections.iter().map(|(_, word)| word);
    let words_ = texts(words);
    let draws = match words_.as_slice() {
        ["uuidgen" | "mktemp" | "shuf" | "date", ..] | ["openssl", "rand", ..] => true,
        _ => command.words.iter().chain(from).any(random),
    };
    if !draws {
        return None;
    }
    found(
        Axiom::Idempotent,
        gettext(
            "It is something else each time: the time, a random value or a new temporary name.",
        ),
        gettext("Write a fixed value, or make it only where there is none."),
    )
}

const FETCH: [&str; 3] = ["curl", "wget", "aria2c"];
const RUN: [&str; 13] = [
    "sh", "bash", "dash", "zsh", "ash", "fish", "python", "python3", "perl", "ruby", "node", "tar",
    "source",
];

/// Whether shell text fetches something.
fn fetches(text: &str) -> bool {
    let first = text.split_whitespace().find(|word| *word != "sudo" && !word.contains('='));
    first.is_some_and(|word| FETCH.contains(&word))
}

/// What is run as it was fetched.
fn unverified(command: &Simple<'_>, words: &[Word<'_>], writers: &[&Simple<'_>]) -> Found {
    let name = words.first()?.text.as_str();
    let runs = RUN.contains(&name) || matches!(name, "." | "eval");
    let piped = writers
        .iter()
        .any(|one| one.proper().first().is_some_and(|word| FETCH.contains(&word.text.as_str())));
    let inner = words.iter().flat_map(|word| &word.commands).any(|inner| fetches(inner));
    let read = command
        .redirections
        .iter()
        .flat_map(|(_, word)| &word.commands)
        .any(|inner| fetches(inner));
    if !runs || !(piped || inner || read) {
        return None;
    }
    found(
        Axiom::BootstrapEquivalent,
        gettext("It runs what it fetches, whatever that is today, and nobody checks it."),
        gettext("Bake it into the image: bkt dev script add URL pins its checksum."),
    )
}

/// The file that a download is written to; empty where it has the name that it comes with.
fn target<'w>(command: &'w Simple<'_>, words: &'w [Word<'_>]) -> Option<&'w str> {
    let words = texts(words);
    let (name, args) = words.split_first()?;
    let option = match *name {
        "curl" => 'o',
        "wget" => 'O',
        _ => return None,
    };
    let redirected =
        command.redirections.iter().find(|(op, _)| matches!(*op, ">" | "1>" | ">|" | ">>"));
    if let Some((_, to)) = redirected {
        return Some(&to.text);
    }
    let long = ["--output=", "--output-document=", "--directory-prefix=", "--output-dir="];
    for (at, arg) in args.iter().enumerate() {
        let next = || args.get(at + 1).copied();
        if let Some(to) = long.iter().find_map(|long| arg.strip_prefix(long)) {
            return Some(to);
        }
        if matches!(*arg, "--output" | "--output-document" | "--directory-prefix" | "--output-dir")
        {
            return next();
        }
        if matches!((*name, *arg), ("curl", "-O" | "--remote-name")) {
            return Some("");
        }
        let letters = arg.strip_prefix('-').filter(|letters| !letters.starts_with('-'));
        if let Some((_, to)) = letters.and_then(|letters| {
            letters
                .split_once(option)
                .or_else(|| (*name == "wget").then(|| letters.split_once('P'))?)
        }) {
            return if to.is_empty() { next() } else { Some(to) };
        }
        if *name == "curl" && letters.is_some_and(|letters| letters.contains('O')) {
            return Some("");
        }
    }
    (*name == "wget").then_some("")
}

/// What is fetched to a place that does not stay, or without a look at what came.
fn downloads(command: &Simple<'_>, words: &[Word<'_>], later: &[Simple<'_>]) -> Found {
    let to = target(command, words)?;
    if matches!(to, "-" | "/dev/null" | "/dev/stdout") {
        return None;
    }
    const TEMPORARY: [&str; 5] = ["/tmp", "/var/tmp", "/dev/shm", "$TMPDIR", "${TMPDIR}"];
    if TEMPORARY.iter().any(|dir| {
        to.strip_prefix(dir).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }) {
        return found(
            Axiom::BootstrapEquivalent,
            gettext(
                "It fetches to a place that is emptied, so that a box has it or not by its age.",
            ),
            gettext("Bake it into the image: bkt dev script add URL pins its checksum."),
        );
    }
    let checks = |one: &Simple<'_>| {
        let words = texts(one.proper());
        match words.split_first() {
            Some((name, args)) if name.ends_with("sum") => has(args, 'c', &["--check"]),
            Some((&"gpg", args)) => args.contains(&"--verify"),
            Some((name, _)) => matches!(*name, "gpgv" | "cosign" | "minisign" | "signify"),
            None => false,
        }
    };
    if later.iter().any(checks) {
        return None;
    }
    found(
        Axiom::BootstrapEquivalent,
        gettext("It fetches a file, whatever that is today, and nobody checks it."),
        gettext("Compare it with sha256sum -c, or pin it with bkt upstream add."),
    )
}

/// A version that stays while a new box would get a later one.
fn pinned(words: &[Word<'_>]) -> Found {
    let version = versions::pinned(&texts(words))?;
    let why = gettext(
        "It asks for the version {version}, and a box that is made later is to have what is current then.",
    );
    found(
        Axiom::BootstrapEquivalent,
        fill(&why, &[("version", &version)]),
        gettext(
            "Name no version, or a moving one such as stable; what has to be pinned belongs into the image.",
        ),
    )
}

/// What asks a person, where there is none.
fn asks(words: &[Word<'_>], writers: &[&Simple<'_>]) -> Found {
    let words = texts(words);
    let (name, args) = words.split_first()?;
    let told = writers.iter().any(|one| {
        one.proper()
            .first()
            .is_some_and(|word| matches!(word.text.as_str(), "yes" | "echo" | "printf"))
    });
    let sub = args.iter().find(|arg| !arg.starts_with('-')).copied().unwrap_or_default();
    let yes =
        |more: &[&str]| has(args, 'y', &["--yes"]) || args.iter().any(|arg| more.contains(arg));
    let write = |flag: &str| fill(&gettext("Write it with {flag}."), &[("flag", flag)]);
    let changes = |subs: &[&str]| subs.contains(&sub);
    let instead = match *name {
        "apt" | "apt-get" | "aptitude"
            if changes(&[
                "install",
                "remove",
                "purge",
                "upgrade",
                "full-upgrade",
                "dist-upgrade",
                "autoremove",
                "build-dep",
                "reinstall",
            ]) && !yes(&["--assume-yes"]) =>
        {
            write("-y")
        }
        "dnf" | "dnf5" | "dnf4" | "yum" | "microdnf"
            if changes(&[
                "install",
                "remove",
                "erase",
                "upgrade",
                "update",
                "downgrade",
                "reinstall",
                "swap",
                "distro-sync",
                "autoremove",
                "group",
                "groupinstall",
                "builddep",
                "copr",
                "module",
            ]) && !yes(&["--assumeyes"])
                && !args.contains(&"list") =>
        {
            write("-y")
        }
        "zypper"
            if changes(&[
                "in",
                "install",
                "rm",
                "remove",
                "up",
                "update",
                "dup",
                "dist-upgrade",
                "patch",
            ]) && !(yes(&["--no-confirm", "--non-interactive"]) || has(args, 'n', &[])) =>
        {
            write("--non-interactive")
        }
        "pacman" | "yay" | "paru"
            if args.iter().any(|arg| {
                arg.starts_with("-S") || arg.starts_with("-R") || arg.starts_with("-U")
            }) && !args.iter().any(|arg| arg.starts_with("-Ss") || arg.starts_with("-Si"))
                && !args.contains(&"--noconfirm") =>
        {
            write("--noconfirm")
        }
        "flatpak"
            if changes(&["install", "update", "uninstall"])
                && !yes(&["--noninteractive", "--assumeyes"]) =>
        {
            write("-y")
        }
        "add-apt-repository" | "npx" if !yes(&[]) => write("-y"),
        "npm" if changes(&["init", "exec"]) && !yes(&[]) => write("-y"),
        "pip" | "pip3" if changes(&["uninstall"]) && !yes(&[]) => write("-y"),
        "conda" | "mamba" if changes(&["install", "create", "update", "remove"]) && !yes(&[]) => {
            write("-y")
        }
        "ssh-keygen" if !has(args, 'N', &[]) && !has(args, 'R', &[]) => write("-N ''"),
        "passwd" | "visudo" | "dpkg-reconfigure" | "vi" | "vim" | "nvim" | "nano" | "emacs"
        | "less" | "more" | "top" | "htop" | "read" => {
            gettext("Leave it to a person, in a terminal.")
        }
        "gh" if args.starts_with(&["auth", "login"]) => {
            gettext("Leave it to a person, in a terminal.")
        }
        _ => return None,
    };
    if told {
        return None;
    }
    found(
        Axiom::BootstrapEquivalent,
        gettext("It asks, and nobody is there to answer while a box is set up."),
        instead,
    )
}

/// What ends more than itself.
fn leaves(command: &Simple<'_>) -> Found {
    if !ends(&command.words) {
        return None;
    }
    found(
        Axiom::BootstrapEquivalent,
        gettext("It ends the setup of the whole box, and what comes after it is not done."),
        gettext("Put what depends on it between if … then and fi."),
    )
}

/// What goes to a directory that may not be there.
fn elsewhere(command: &Simple<'_>, words: &[Word<'_>]) -> Found {
    let words = texts(words);
    let [name @ ("cd" | "pushd"), args @ ..] = words.as_slice() else { return None };
    let dir = args.iter().find(|arg| !arg.starts_with('-'))?;
    if command.checked || matches!(*dir, "/" | "~" | "$HOME" | "${HOME}") {
        return None;
    }
    let instead = gettext("Write {command} && …, in round brackets so that it ends there.");
    found(
        Axiom::BootstrapEquivalent,
        gettext("Where the directory is not there, what comes after it is done in another one."),
        fill(&instead, &[("command", &format!("{name} {dir}"))]),
    )
}

/// Whether a command ends everything that it stands in.
pub(super) fn ends(words: &[Word<'_>]) -> bool {
    match words {
        [word, rest @ ..] => match word.raw {
            "exit" | "return" => true,
            "exec" => !rest.is_empty(),
            _ => false,
        },
        [] => false,
    }
}

/// Whether a command only tells something, so that what depends on it is asked for first.
pub(super) fn is_test(words: &[Word<'_>]) -> bool {
    let words = texts(words);
    match words.as_slice() {
        [
            "[" | "[[" | "test" | "which" | "type" | "hash" | "grep" | "egrep" | "fgrep" | "rg"
            | "id" | "getent" | "cmp" | "diff" | "mountpoint" | "stat" | "ls" | "pgrep"
            | "readlink" | "dpkg-query" | "((",
            ..,
        ] => true,
        ["command", "-v" | "-V", ..] => true,
        ["rpm" | "pacman", flag, ..] => {
            flag.starts_with("-q") || flag.starts_with("-Q") || flag.starts_with("-V")
        }
        ["dpkg", flag, ..] => matches!(*flag, "-s" | "-l" | "-L" | "--status" | "--list"),
        ["systemctl", rest @ ..] => {
            rest.iter().any(|arg| arg.starts_with("is-") || *arg == "status")
        }
        ["apk" | "flatpak", "info" | "list", ..] => true,
        ["npm" | "pip" | "pip3", "ls" | "list" | "show", ..] => true,
        ["git", rest @ ..] => {
            let tells = ["rev-parse", "ls-files", "show-ref", "status", "diff", "config"];
            rest.iter().any(|arg| tells.contains(arg))
        }
        _ => false,
    }
}

/// The shell text that a command runs: `sh -c '…'`, `eval '…'`. What a shell would put into it is not known.
pub(super) fn script<'w>(words: &'w [Word<'_>]) -> Option<&'w str> {
    let texts = texts(words);
    let (name, args) = texts.split_first()?;
    let script = match *name {
        "sh" | "bash" | "dash" | "zsh" | "ash" | "su" => {
            let at = args.iter().position(|arg| has(&[arg], 'c', &["--command"]))?;
            words.get(at + 2)?
        }
        "eval" if args.len() == 1 => words.get(1)?,
        _ => return None,
    };
    script.quoted.then_some(script.text.as_str())
}
