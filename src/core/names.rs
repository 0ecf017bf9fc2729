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
