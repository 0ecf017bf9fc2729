//! Identifiers, parsed once where they enter. The rest of the code cannot hold an invalid one.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A text that is not the identifier it should be.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("“{text}” is not {kind}: {expected}")]
pub struct InvalidName {
    /// What was given.
    pub text: String,
    /// What it should have been: "a Flatpak application id".
    pub kind: &'static str,
    /// What such a name looks like.
    pub expected: &'static str,
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $expected:literal, $valid:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidName;

            fn from_str(text: &str) -> Result<Self, InvalidName> {
                let valid: fn(&str) -> bool = $valid;
                if valid(text) {
                    return Ok(Self(text.to_owned()));
                }
                Err(InvalidName { text: text.to_owned(), kind: $kind, expected: $expected })
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidName;

            fn try_from(text: String) -> Result<Self, InvalidName> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> String {
                name.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

fn all(text: &str, max: usize, allowed: impl Fn(u8) -> bool) -> bool {
    !text.is_empty() && text.len() <= max && text.bytes().all(allowed)
}

/// A name that OSTree takes as one part of a ref, or as a remote.
fn is_ref_part(text: &str) -> bool {
    all(text, 255, |b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
        && !text.starts_with(['.', '-'])
}

name!(
    /// A Flatpak application or runtime id; the rules are those of `flatpak_is_valid_name`.
    AppId,
    "a Flatpak application id",
    "three or more parts of letters, digits, “_” and “-”, joined by dots, none starting with a digit",
    |text| {
        all(text, 255, |b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
            && text.split('.').count() >= 3
            && text.split('.').all(|part| part.bytes().next().is_some_and(|b| !b.is_ascii_digit()))
    }
);

name!(
    /// A Flatpak remote's name; the rules are OSTree's.
    RemoteName,
    "a Flatpak remote name",
    "letters, digits, “.”, “_” and “-”, not starting with “.” or “-”",
    is_ref_part
);

name!(
    /// A Flatpak branch, such as `stable`.
    Branch,
    "a Flatpak branch",
    "letters, digits, “.”, “_” and “-”, not starting with “.” or “-”",
    is_ref_part
);

name!(
    /// An OSTree commit checksum.
    Commit,
    "a Flatpak commit",
    "64 lower-case hexadecimal digits",
    |text| text.len() == 64 && all(text, 64, |b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
);

name!(
    /// A GNOME Shell extension's UUID: the name of its directory.
    ExtensionUuid,
    "an extension UUID",
    "letters, digits, “-”, “_”, “.” and “@”, such as name@author.example",
    |text| {
        all(text, 255, |b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b'@' | b'+'))
            && !text.starts_with('.')
    }
);

name!(
    /// A GSettings schema id.
    SchemaId,
    "a settings schema",
    "letters, digits, “-” and “_” in parts joined by dots, such as org.gnome.desktop.interface",
    |text| {
        all(text, 255, |b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
            && text.split('.').all(|part| !part.is_empty())
    }
);

name!(
    /// A GSettings key.
    KeyName,
    "a settings key",
    "letters, digits, “-” and “_”, such as color-scheme",
    |text| all(text, 1024, |b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
);

name!(
    /// A dconf directory: the path of a relocatable schema.
    DconfDir,
    "a settings path",
    "it starts and ends with “/” and has no “//” inside",
    |text| {
        text.starts_with('/') && text.ends_with('/') && !text.contains("//") && !text.contains(['\0', '\n'])
    }
);

name!(
    /// The name of a host layer: a directory under `manifests/hosts/`.
    HostLayer,
    "a host name",
    "letters, digits, “.”, “_” and “-”, not starting with “.”",
    |text| {
        all(text, 253, |b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
            && !text.starts_with('.')
    }
);

/// A name as RPM and dnf take it: one word that no shell, no dnf and no file system takes for anything else.
fn is_rpm_word(text: &str) -> bool {
    all(text, 255, |b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b'+'))
        && !text.starts_with(['.', '-', '+'])
}

name!(
    /// An RPM package, by name, or by name and architecture as in `glibc.i686`.
    PackageName,
    "a package name",
    "letters, digits, “.”, “_”, “-” and “+”, starting with a letter or digit",
    is_rpm_word
);

name!(
    /// A group of packages as dnf knows it, without the `@` before it.
    GroupName,
    "a package group",
    "letters, digits, “.”, “_”, “-” and “+”, starting with a letter or digit, without “@”",
    is_rpm_word
);

name!(
    /// A COPR project: `owner/project`, where the owner may be a `@group`.
    CoprName,
    "a COPR project",
    "owner/project, such as atim/starship or @group/project",
    |text| text.split_once('/').is_some_and(|(owner, project)| {
        is_rpm_word(owner.strip_prefix('@').unwrap_or(owner)) && is_rpm_word(project)
    })
);

name!(
    /// A package repository's id: the head of its `.repo` file's section, and that file's name.
    RepoId,
    "a package repository",
    "letters, digits, “.”, “_”, “-” and “+”, starting with a letter or digit",
    is_rpm_word
);

name!(
    /// A systemd unit, with its type; the rules are those of `systemd.unit(5)`.
    UnitName,
    "a systemd unit",
    "letters, digits, “:”, “-”, “_”, “.”, “\\” and “@”, ending in a unit type such as .service",
    |text| {
        const TYPES: [&str; 11] = [
            "service", "socket", "device", "mount", "automount", "swap", "target", "path", "timer", "slice", "scope",
        ];
        let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b':' | b'-' | b'_' | b'.' | b'\\' | b'@');
        all(text, 255, allowed)
            && !text.starts_with(['-', '.', '@'])
            && text.rsplit_once('.').is_some_and(|(name, kind)| !name.is_empty() && TYPES.contains(&kind))
    }
);

/// Whether the kernel reads a text as one argument, whose value may stand between double quotes. As its `next_arg` has
/// it, a space between quotes belongs to the value, and nothing escapes a quote.
fn is_karg(text: &str) -> bool {
    let plain = |text: &str| {
        text.bytes()
            .all(|b| b.is_ascii_graphic() && !matches!(b, b'"' | b'\'' | b'\\' | b'`' | b';'))
    };
    // Queries of dyndbg are told apart by “;”.
    let quoted = |text: &str| plain(&text.replace([' ', ';'], ""));
    let fits = match text.split_once("=\"") {
        Some((name, value)) => {
            plain(name) && !name.contains('=') && value.strip_suffix('"').is_some_and(quoted)
        }
        None => plain(text),
    };
    fits && text.len() <= 1024 && text.starts_with(|c: char| c.is_ascii_alphanumeric())
}

name!(
    /// A kernel argument: `quiet`, `mitigations=off` or `dyndbg="file x +p"`.
    Karg,
    "a kernel argument",
    "one word without quotes, “\\” or “;”, starting with a letter or digit, such as quiet or mitigations=off; a value with spaces stands in double quotes, as in dyndbg=\"file x +p\"",
    is_karg
);

impl Karg {
    /// The argument in the one spelling that arguments are compared in; see [`karg_as_read`].
    pub fn as_read(&self) -> String {
        karg_as_read(&self.0)
    }
}

/// One spelling for all that the kernel reads as the same argument: quotes only around a value that has spaces. Boot
/// loaders take quotes that are not needed away, and move others around the whole argument: `"dyndbg=file x +p"`.
pub fn karg_as_read(text: &str) -> String {
    let inner = match text.strip_suffix('"') {
        Some(rest) if rest.matches('"').count() == 1 => rest,
        _ => return text.to_owned(),
    };
    let whole = inner.strip_prefix('"').and_then(|inner| inner.split_once('='));
    match whole.or_else(|| inner.split_once("=\"")) {
        Some((name, _)) if name.contains([' ', '"', '=']) => text.to_owned(),
        Some((name, value)) if value.contains(' ') => format!("{name}=\"{value}\""),
        Some((name, value)) => format!("{name}={value}"),
        None => text.to_owned(),
    }
}

name!(
    /// A shim: a command in the development box that runs the host's.
    ShimName,
    "a command name",
    "letters, digits, “.”, “_”, “-” and “+”, starting with a letter or digit",
    is_rpm_word
);

name!(
    /// An argument of an image's build: `ENABLE_X`.
    BuildArg,
    "a build argument",
    "capital letters, digits and “_”, starting with a letter, such as ENABLE_X",
    |text| {
        all(text, 255, |b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
            && text.starts_with(|c: char| c.is_ascii_uppercase())
    }
);

/// Parts joined by slashes, none of which leads elsewhere or needs quoting beyond its spaces.
fn is_path(text: &str) -> bool {
    let fit = |c: char| !c.is_control() && !matches!(c, '"' | '\'' | '\\' | '`' | ';' | '$');
    let part = |part: &str| !matches!(part, "" | "." | "..") && !part.starts_with('-');
    text.len() <= 4096 && text.chars().all(fit) && text.split('/').all(part)
}

name!(
    /// A file of the repository, by its path below the top directory.
    RepoRelPath,
    "a path in the repository",
    "a path without “..”, quotes, “$”, “;” or “\\” that does not start with “/”",
    |text| is_path(text) && text.split('/').next() != Some(".git")
);

name!(
    /// A file of the image, by its absolute path.
    ImagePath,
    "a path in the image",
    "a path without “..”, quotes, “$”, “;” or “\\” that starts with “/”",
    |text| text.strip_prefix('/').is_some_and(is_path)
);

name!(
    /// A container image, as podman takes it: `registry.example/desktop:42`, with tag or digest or neither.
    ImageRef,
    "an image reference",
    "registry/name:tag or registry/name@sha256:…, of letters, digits, “.”, “_”, “-”, “/”, “:” and “@”",
    |text| {
        all(text, 512, |b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b'/' | b':' | b'@'))
            && text.starts_with(|c: char| c.is_ascii_alphanumeric())
            && !text.contains("//")
            && !text.contains("..")
    }
);

name!(
    /// A container's name; the rules are podman's.
    ContainerName,
    "a container's name",
    "letters, digits, “_”, “.” and “-”, starting with a letter or digit",
    |text| {
        all(text, 253, |b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
            && text.starts_with(|c: char| c.is_ascii_alphanumeric())
    }
);

name!(
    /// A package of whatever distribution a box is of, with its architecture where that is said: `libc6:amd64`.
    BoxPackage,
    "a package name",
    "letters, digits, “.”, “_”, “-”, “+”, “:” and “~”, starting with a letter or digit and not ending with “-”",
    |text| {
        all(text, 255, |b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b'+' | b':' | b'~'))
            && text.starts_with(|c: char| c.is_ascii_alphanumeric())
            // Told to install that, apt removes it.
            && !text.ends_with('-')
    }
);

/// A part of a name that leads nowhere else when it becomes a part of a path, and is no option.
fn is_plain_word(text: &str) -> bool {
    all(text, 128, |b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
}

name!(
    /// A Rust toolchain that rustup can install: a channel or a version, with a date and a host where they are named.
    ToolchainName,
    "a Rust toolchain",
    "stable, beta, nightly or a version such as 1.85.0, with a date or a host behind it where one is meant: nightly-2025-01-31",
    |text| {
        let channel = text.split('-').next().unwrap_or_default();
        let number = |part: &str| all(part, 9, |b| b.is_ascii_digit());
        let version = (2..=3).contains(&channel.split('.').count()) && channel.split('.').all(number);
        is_plain_word(text) && (matches!(channel, "stable" | "beta" | "nightly") || version)
    }
);

name!(
    /// A component of a Rust toolchain, as `rustup component add` takes it.
    ComponentName,
    "a Rust component",
    "letters, digits, “.”, “_” and “-”, starting with a letter or digit, such as rust-src",
    is_plain_word
);

name!(
    /// A target that a Rust toolchain builds for, as `rustup target add` takes it.
    TargetName,
    "a Rust target",
    "letters, digits, “.”, “_” and “-”, starting with a letter or digit, such as wasm32-unknown-unknown",
    is_plain_word
);

name!(
    /// A package of npm, with its scope where it has one: `@scope/name`. The rules are those of `package.json`, with the
    /// capital letters that old packages have.
    NpmName,
    "an npm package",
    "letters, digits, “.”, “_”, “-” and “~”, not starting with “.” or “_”, with a scope where it has one: @scope/name",
    |text| {
        let part = |part: &str| {
            all(part, 214, |b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b'~'))
                && part.starts_with(|c: char| c.is_ascii_alphanumeric())
        };
        match text.strip_prefix('@') {
            Some(rest) => rest.split_once('/').is_some_and(|(scope, name)| part(scope) && part(name)),
            None => part(text),
        }
    }
);

name!(
    /// A tool that proto manages, by its id.
    ToolName,
    "a tool of proto",
    "letters, digits, “_”, “.” and “-”, starting with a letter or digit, such as node",
    is_plain_word
);

name!(
    /// A script that sets something up in the development box, by the name that it has in the manifest.
    ScriptName,
    "a script’s name",
    "letters, digits, “_”, “.” and “-”, starting with a letter or digit",
    is_plain_word
);

name!(
    /// A version of a package or tool, the beginning of one (`20` is any 20.x), or a word that stands for one: `latest`.
    ToolVersion,
    "a version",
    "a version such as 1.2.3, the beginning of one, or a word such as latest",
    |text| {
        all(text, 128, |b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b'+'))
            && text.starts_with(|c: char| c.is_ascii_alphanumeric())
    }
);

name!(
    /// The address of a file that is fetched over the web.
    WebAddress,
    "a web address",
    "it starts with https:// or http:// and has no spaces, quotes or “\\”",
    |text| {
        let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
        rest.is_some_and(|rest| {
            rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '[')
                && all(rest, 2048, |b| {
                    b.is_ascii_graphic() && !matches!(b, b'"' | b'\'' | b'\\' | b'`' | b'<' | b'>')
                })
        })
    }
);

name!(
    /// A SHA-256 checksum.
    Sha256,
    "a SHA-256 checksum",
    "64 lower-case hexadecimal digits",
    |text| text.len() == 64 && all(text, 64, |b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
);

/// One part of a repository's place on a forge.
fn is_forge_word(text: &str) -> bool {
    all(text, 100, |b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && !text.ends_with('.')
        && !text.ends_with(".git")
        && !text.contains("..")
}

name!(
    /// A repository, as its forge names it, and as its image is named in small letters: `desktop`.
    RepoName,
    "a repository's name",
    "letters and digits, with single “.”, “_” or “-” between them, such as my-desktop",
    // An image has the same name, and registries take no other.
    |text| is_forge_word(text) && text.split(['.', '_', '-']).all(|part| !part.is_empty())
);

name!(
    /// Whose a repository is on its forge: a person, or a group, which may be one of another group.
    RepoOwner,
    "the owner of a repository",
    "letters, digits, “.”, “_” and “-”, or several such names joined by “/”",
    |text| text.len() <= 255 && text.split('/').all(is_forge_word)
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_package_s_name_is_an_order_to_remove_it() {
        for (text, right) in [("libc6-", false), ("libc6-dev", true), ("g++", true), ("-y", false)]
        {
            assert_eq!(text.parse::<BoxPackage>().is_ok(), right, "{text}");
        }
    }

    #[test]
    fn what_could_be_taken_for_something_else_is_no_name() {
        let hostile = [
            "", "../x", "a/../b", "a\nb", "a;b", "a'b", "a\"b", "-rf", "a b\n", "$(a)", "`a`",
            "a\0b", "/../etc", "--root=/",
        ];
        for text in hostile {
            assert!(text.parse::<PackageName>().is_err(), "{text:?}");
            assert!(text.parse::<GroupName>().is_err(), "{text:?}");
            assert!(text.parse::<CoprName>().is_err(), "{text:?}");
            assert!(text.parse::<RepoId>().is_err(), "{text:?}");
            assert!(text.parse::<UnitName>().is_err(), "{text:?}");
            assert!(text.parse::<BuildArg>().is_err(), "{text:?}");
            // A kernel argument may have any path for its value.
            assert!(text.contains("a/..") || text.parse::<Karg>().is_err(), "{text:?}");
            assert!(text.parse::<ShimName>().is_err(), "{text:?}");
            assert!(text.parse::<RepoRelPath>().is_err(), "{text:?}");
            assert!(text.parse::<ImagePath>().is_err(), "{text:?}");
            assert!(text.parse::<ImageRef>().is_err(), "{text:?}");
            assert!(text.parse::<RepoName>().is_err(), "{text:?}");
            assert!(text.parse::<RepoOwner>().is_err(), "{text:?}");
            assert!(text.parse::<ToolchainName>().is_err(), "{text:?}");
            assert!(text.parse::<ComponentName>().is_err(), "{text:?}");
            assert!(text.parse::<TargetName>().is_err(), "{text:?}");
            assert!(text.parse::<NpmName>().is_err(), "{text:?}");
            assert!(text.parse::<ToolName>().is_err(), "{text:?}");
            assert!(text.parse::<ScriptName>().is_err(), "{text:?}");
            assert!(text.parse::<ToolVersion>().is_err(), "{text:?}");
            assert!(text.parse::<WebAddress>().is_err(), "{text:?}");
            assert!(text.parse::<Sha256>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn toolchains_are_those_that_can_be_installed() {
        for text in [
            "stable",
            "1.85",
            "1.85.0",
            "nightly-2025-01-31",
            "1.85.0-beta.1",
            "stable-x86_64-unknown-linux-gnu",
        ] {
            assert!(text.parse::<ToolchainName>().is_ok(), "{text:?}");
        }
        for text in ["mine", "none", "1", "1.2.3.4", "stable/..", "1..2"] {
            assert!(text.parse::<ToolchainName>().is_err(), "{text:?}");
        }
        for text in ["typescript", "@scope/name", "JSONStream", "a.b_c~d"] {
            assert!(text.parse::<NpmName>().is_ok(), "{text:?}");
        }
        for text in ["@scope", "@/a", "@a/", "a/b", "@a/b/c", "@../x", "@a/..", "_a", "-g", "a@1"] {
            assert!(text.parse::<NpmName>().is_err(), "{text:?}");
        }
        for text in ["https://example.org/a?b=c#d", "http://127.0.0.1:80/x"] {
            assert!(text.parse::<WebAddress>().is_ok(), "{text:?}");
        }
        for text in
            ["ftp://a", "https://", "https:///x", "https://a b", "https://-x/'", "file:///x"]
        {
            assert!(text.parse::<WebAddress>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_repository_is_named_as_an_image_can_be() {
        for text in ["desktop", "my-desktop", "My.desktop_2"] {
            assert!(text.parse::<RepoName>().is_ok(), "{text}");
        }
        for text in ["desktop-", "my._desktop", "my--desktop", "_x", "desktop.git"] {
            assert!(text.parse::<RepoName>().is_err(), "{text}");
        }
    }

    #[test]
    fn quotes_are_for_the_spaces_of_a_value_alone() {
        for text in [
            "a=\"b",
            "a=b\"",
            "a=\"b\" c",
            "a=\"b\"c",
            "a=\"b\"\"c\"",
            "a=\"b\nc\"",
            "a=\"b\tc\"",
            "a=\"\0\"",
            "a=\"é\"",
            "a=\"b\\\" c\"",
            "a=\"'\"",
            "a=\"`b`\"",
            "\"a b\"",
            "\"a=b c\"",
            "a b=\"c\"",
            "-a=\"b c\"",
            "a=b=\"c d\"",
            "a\"b c\"",
            "=\"b c\"",
            "a;b=\"c\"",
            "a=\"\u{7f}\"",
            "a=\"b\"\n",
            "\"",
            "a=\"",
        ] {
            assert!(text.parse::<Karg>().is_err(), "{text:?}");
        }
        for (text, read) in [
            ("quiet", "quiet"),
            ("\"dyndbg=file x +p\"", "dyndbg=\"file x +p\""),
            ("dyndbg=\"file x +p\"", "dyndbg=\"file x +p\""),
            ("a=\"b\"", "a=b"),
            ("\"a=b\"", "a=b"),
            ("a=\"\"", "a="),
            // What no manifest can say stays as it is.
            ("\"a b=c\"", "\"a b=c\""),
            ("\"a b\"", "\"a b\""),
            ("a=b\"c d\"", "a=b\"c d\""),
            ("\"", "\""),
            ("a=\"b\"\"c\"", "a=\"b\"\"c\""),
        ] {
            assert_eq!(karg_as_read(text), read);
            assert_eq!(karg_as_read(read), read, "it stays so");
        }
    }

    #[test]
    fn names_that_are_in_use_are_names() {
        for text in ["gcc-c++", "glibc.i686", "7zip", "python3.12"] {
            assert!(text.parse::<PackageName>().is_ok(), "{text:?}");
        }
        assert!("@fedora-llvm-team/llvm".parse::<CoprName>().is_ok());
        for text in ["sshd.service", "getty@tty1.service", "dev-disk-by\\x2did.swap", "a:b.timer"] {
            assert!(text.parse::<UnitName>().is_ok(), "{text:?}");
        }
        for text in [
            "quiet",
            "mitigations=auto,nosmt",
            "rd.luks.options=discard",
            "video=HDMI-A-1:1920x1080@60",
            "dyndbg=\"file x +p\"",
            "dyndbg=\"file a.c +p; module b=c -p\"",
            "a=\"b\"",
            "a=\"\"",
        ] {
            assert!(text.parse::<Karg>().is_ok(), "{text:?}");
        }
        assert!("system/etc/Some App/a.conf".parse::<RepoRelPath>().is_ok());
        assert!("/etc/sysctl.d/99-vm.conf".parse::<ImagePath>().is_ok());
        assert!(".git/config".parse::<RepoRelPath>().is_err());
        for text in
            ["localhost/lab-base", "registry.example:443/a/b_c:42", "a/b@sha256:0f", "fedora"]
        {
            assert!(text.parse::<ImageRef>().is_ok(), "{text:?}");
        }
    }
}
