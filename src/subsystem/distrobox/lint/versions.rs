//! Versions that a command names.

/// The version that a command asks for, where it is one that stays.
pub(super) fn pinned(words: &[&str]) -> Option<String> {
    let (name, args) = words.split_first()?;
    let (name, args) = match (*name, args) {
        ("python" | "python3", ["-m", module @ ("pip" | "pipx"), rest @ ..]) => (*module, rest),
        (name, args) => (name, args),
    };
    let plain = || args.iter().copied().filter(|arg| !arg.starts_with('-'));
    let named = match name {
        "rustup" | "proto" | "nvm" | "fnm" | "volta" | "asdf" | "mise" | "pyenv" | "rbenv"
        | "nodenv" | "goenv" | "sdk" | "tfenv" | "ghcup" | "juliaup" => plain()
            .skip(1)
            .find(|arg| stays(arg.split_once('@').map_or(*arg, |(_, version)| version))),
        "pip" | "pip3" | "pipx" | "uv" if plain().any(|arg| matches!(arg, "install" | "add")) => {
            plain().find(|arg| ["==", "~=", "<"].iter().any(|sign| arg.contains(sign)))
        }
        "npm" | "pnpm" | "yarn" | "bun" | "npx" => {
            plain().find(|arg| after_at(arg).is_some_and(stays))
        }
        "go" if args.first() == Some(&"install") => {
            plain().find(|arg| after_at(arg).is_some_and(stays))
        }
        "cargo" if matches!(args.first(), Some(&("install" | "binstall"))) => {
            let flag = ["--version", "--vers", "--tag", "--rev"];
            plain().find(|arg| after_at(arg).is_some_and(stays)).or_else(|| value(args, &flag))
        }
        "gem" if args.first() == Some(&"install") => value(args, &["-v", "--version"]),
        "apt" | "apt-get" | "apk" => plain().skip(1).find(|arg| arg.contains('=')),
        "dnf" | "dnf5" | "dnf4" | "yum" | "microdnf" | "zypper" => {
            plain().skip(1).find(|arg| !arg.contains("://") && after_dash(arg))
        }
        "git" => match plain().next() {
            Some("clone") => value(args, &["-b", "--branch"]).filter(|branch| stays(branch)),
            Some("checkout" | "switch" | "reset") => {
                plain().skip(1).find(|arg| stays(arg) || is_commit(arg))
            }
            _ => None,
        },
        _ => None,
    };
    let fetched = || match name {
        "curl" | "wget" | "aria2c" | "dnf" | "dnf5" | "yum" | "rpm" | "zypper" | "apt"
        | "apt-get" | "pip" | "pip3" => plain().find(|arg| in_address(arg)),
        _ => None,
    };
    named.or_else(fetched).map(str::to_owned)
}

/// Whether a version is one, and not a name that moves on: `1.70.0`, `v20`, `nightly-2024-01-01`.
fn stays(version: &str) -> bool {
    let number = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
    let version = version.trim_start_matches(['v', '=', '^', '~']);
    let dated =
        ["nightly-", "beta-", "stable-"].iter().find_map(|channel| version.strip_prefix(channel));
    number(dated.unwrap_or(version))
}

/// What stands behind the “@” of a package; a scope has one too, in front.
fn after_at(package: &str) -> Option<&str> {
    package.rsplit_once('@').filter(|(name, _)| !name.is_empty()).map(|(_, version)| version)
}

/// Whether a version stands behind a dash: `vim-9.1-3`.
fn after_dash(package: &str) -> bool {
    package.split('-').skip(1).any(dotted)
}

/// Whether a text begins with two numbers and a dot between them.
fn dotted(text: &str) -> bool {
    let number = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
    let rest = text.trim_start_matches(|c: char| c.is_ascii_digit());
    number(text) && rest.strip_prefix('.').is_some_and(number)
}

/// Whether an address names a version in its path.
fn in_address(text: &str) -> bool {
    let Some((_, rest)) = text.split_once("://") else { return false };
    let parts = rest.split('/').skip(1).flat_map(|part| part.split(['-', '_']));
    parts.map(|part| part.strip_prefix('v').unwrap_or(part)).any(dotted)
}

fn is_commit(text: &str) -> bool {
    (7..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// The value of one of these flags.
fn value<'a>(args: &[&'a str], flags: &[&str]) -> Option<&'a str> {
    args.iter().enumerate().find_map(|(at, arg)| match arg.split_once('=') {
        Some((flag, value)) if flags.contains(&flag) => Some(value),
        _ if flags.contains(arg) => args.get(at + 1).copied(),
        _ => None,
    })
}
