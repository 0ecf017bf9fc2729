//! Lists of packages: what an image has, and the lists that people save of it.

use thiserror::Error;

use super::names::PackageName;
use super::versions::Evr;

/// One package of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// Its name, without architecture.
    pub name: PackageName,
    /// Its architecture; `None` where a list leaves it out.
    pub arch: Option<String>,
    /// Its version; `None` where a list leaves it out.
    pub evr: Option<Evr>,
}

/// A line of a list that names no package.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error(
    "line {line}: “{text}” is no package: expected a name, name-version-release.arch, or a name and a version"
)]
pub struct BadLine {
    /// Line, from 1.
    pub line: usize,
    /// What stands there.
    pub text: String,
}

/// Keys that rpm keeps beside the packages, under this name: they are no packages.
const KEYS: &str = "gpg-pubkey";

/// The architectures that a name may end with.
const ARCHES: [&str; 14] = [
    "x86_64",
    "noarch",
    "aarch64",
    "i686",
    "i386",
    "i486",
    "i586",
    "ppc64le",
    "s390x",
    "riscv64",
    "armv7hl",
    "x86_64_v2",
    "x86_64_v3",
    "src",
];

/// Reads a list: on each line a package's name, `name-[epoch:]version-release.arch` as `rpm -qa` prints it, or name
/// and version as `dnf list` prints them. Empty lines and lines that start with `#` are left out.
pub fn parse(text: &str) -> Result<Vec<Package>, BadLine> {
    let lines = text.trim_start_matches('\u{feff}').lines().enumerate();
    let lines = lines.map(|(at, line)| (at + 1, line.trim()));
    let lines = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    let lines = lines.filter(|(_, line)| !line.starts_with(KEYS));
    let package = |(line, text): (usize, &str)| {
        package(text).ok_or_else(|| BadLine { line, text: text.to_owned() })
    };
    lines.map(package).collect()
}

/// Reads one line of a list.
fn package(text: &str) -> Option<Package> {
    let words: Vec<&str> = text.split_whitespace().collect();
    match words[..] {
        // What `dnf list` says third is the repository.
        [name, version] | [name, version, _] => {
            let (name, arch) = split_arch(name);
            Some(Package {
                name: name.parse().ok()?,
                arch: arch.map(str::to_owned),
                evr: Some(Evr::parse(version)?),
            })
        }
        [word] => {
            let (rest, arch) = split_arch(word);
            let (name, evr) = match split_version(rest, arch.is_some()) {
                Some((name, evr)) => (name, Some(evr)),
                None => (rest, None),
            };
            Some(Package { name: name.parse().ok()?, arch: arch.map(str::to_owned), evr })
        }
        _ => None,
    }
}

/// A name and the architecture that it ends with.
pub fn split_arch(text: &str) -> (&str, Option<&str>) {
    match text.rsplit_once('.') {
        Some((name, arch)) if ARCHES.contains(&arch) => (name, Some(arch)),
        _ => (text, None),
    }
}

/// A name, and the version and release after it. Names have dashes and digits too: `java-11-openjdk`.
fn split_version(text: &str, arch: bool) -> Option<(&str, Evr)> {
    let (rest, release) = text.rsplit_once('-')?;
    let (name, version) = rest.rsplit_once('-')?;
    let digit = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
    let sure = arch || version.contains(':') || release.contains('.') && digit(version);
    (sure && digit(release)).then(|| Some((name, Evr::parse(&format!("{version}-{release}"))?)))?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (String, Option<String>, Option<String>) {
        let all = parse(text).unwrap();
        let [one] = &all[..] else { panic!("{all:?}") };
        (one.name.to_string(), one.arch.clone(), one.evr.as_ref().map(Evr::to_string))
    }

    #[test]
    fn names_and_versions_are_told_apart() {
        let some = |text: &str| Some(text.to_owned());
        let is = |text, name: &str, arch: Option<&str>, evr: Option<&str>| {
            let expected = (name.to_owned(), arch.and_then(some), evr.and_then(some));
            assert_eq!(read(text), expected, "{text}");
        };
        is("bash", "bash", None, None);
        is("glibc.i686", "glibc", Some("i686"), None);
        is("python3.12", "python3.12", None, None);
        is("python3-foo-bar.noarch", "python3-foo-bar", Some("noarch"), None);
        is("java-11-openjdk.x86_64", "java-11-openjdk", Some("x86_64"), None);
        is("libglib2.0-0", "libglib2.0-0", None, None);
        is("bash-5.2.26-3.fc42.x86_64", "bash", Some("x86_64"), Some("5.2.26-3.fc42"));
        is("vim-2:9.1-1.fc42.x86_64", "vim", Some("x86_64"), Some("2:9.1-1.fc42"));
        is("java-11-openjdk-11.0-1.noarch", "java-11-openjdk", Some("noarch"), Some("11.0-1"));
        is("bash-5.2.26-3.fc42", "bash", None, Some("5.2.26-3.fc42"));
        is("  bash 5.2.26-3.fc42 ", "bash", None, Some("5.2.26-3.fc42"));
        is("bash.x86_64  1:5.2-3  @System", "bash", Some("x86_64"), Some("1:5.2-3"));
        is("# saved\n\nbash\r\ngpg-pubkey-a15b79cc-63d04c2c\n", "bash", None, None);
    }

    #[test]
    fn what_is_no_package_is_an_error_with_its_line() {
        for text in ["../x", "-rf", "a;b", "bash $(x)", "one two three four", "bash a b c"] {
            let error = parse(&format!("bash\n{text}\n")).unwrap_err();
            assert_eq!((error.line, error.text.as_str()), (2, text));
        }
        assert_eq!(parse(""), Ok(Vec::new()));
    }
}
