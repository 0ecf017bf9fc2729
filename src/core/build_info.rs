//! What changed between two images: their packages, and the base images they were built on.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt::Write;

use schemars::JsonSchema;
use serde::Serialize;

use super::package_list::Package;
use super::versions::Evr;

/// Labels that name the digest of the base image an image was built on; the first that is there counts.
pub const BASE_DIGEST: [&str; 2] = ["org.bkt.base.digest", "org.wycats.bootc.base.digest"];

/// What an image says of itself. Each is unknown where the image does not say it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Labels {
    /// Its own digest.
    pub digest: Option<String>,
    /// The digest of the image it was built on.
    pub base_digest: Option<String>,
    /// Its version: `org.opencontainers.image.version`.
    pub version: Option<String>,
    /// When it was built, as it says it: `org.opencontainers.image.created`.
    pub created: Option<String>,
    /// What it was built from: `org.opencontainers.image.revision`.
    pub revision: Option<String>,
}

impl Labels {
    /// Reads an image's labels by their names.
    pub fn read<'a>(get: impl Fn(&str) -> Option<&'a str>) -> Self {
        let own = |name: &str| get(name).filter(|text| !text.is_empty()).map(str::to_owned);
        let standard = |name: &str| own(&format!("org.opencontainers.image.{name}"));
        Self {
            digest: None,
            base_digest: BASE_DIGEST.into_iter().find_map(own),
            version: standard("version"),
            created: standard("created"),
            revision: standard("revision"),
        }
    }
}

/// One of the two images.
#[derive(Clone, Debug)]
pub struct Image {
    /// What to call it: a reference, "booted", a file.
    pub name: String,
    /// Its packages.
    pub packages: Vec<Package>,
    /// What it says of itself, or why that is not known.
    pub labels: Result<Labels, String>,
}

/// What happened to a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// It has a newer version.
    Upgraded,
    /// It has an older version.
    Downgraded,
    /// It has a version that is spelled otherwise and neither newer nor older, or another architecture.
    Changed,
}

impl Kind {
    /// All kinds, in the order they are shown.
    pub const ALL: [Self; 5] =
        [Self::Upgraded, Self::Downgraded, Self::Added, Self::Removed, Self::Changed];
}

/// One package that is not the same in both images.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PackageChange {
    /// What happened to it.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// Its architecture, in the newer image where it is there.
    pub arch: Option<String>,
    /// Its version in the older image.
    pub old: Option<String>,
    /// Its version in the newer image.
    pub new: Option<String>,
}

/// One image as the answer names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Side {
    /// What it was called.
    pub name: String,
    /// How many packages it has.
    pub packages: usize,
    /// What it says of itself.
    pub labels: Option<Labels>,
    /// Why that is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub labels_unknown: Option<String>,
}

/// What changed from one image to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct BuildInfo {
    /// The older image.
    pub old: Side,
    /// The newer image.
    pub new: Side,
    /// Whether both were built on the same base image; unknown where either does not say.
    pub same_base: Option<bool>,
    /// The packages that are not the same, by name.
    pub packages: Vec<PackageChange>,
    /// Packages that are in both, of which a list leaves the version out.
    pub not_compared: usize,
}

impl BuildInfo {
    /// Compares two images.
    pub fn compare(old: &Image, new: &Image) -> Self {
        let base = |image: &Image| image.labels.as_ref().ok()?.base_digest.clone();
        let (packages, not_compared) = changes(&old.packages, &new.packages);
        Self {
            old: side(old),
            new: side(new),
            same_base: base(old).zip(base(new)).map(|(old, new)| old == new),
            packages,
            not_compared,
        }
    }

    /// The packages to which one thing happened.
    pub fn of(&self, kind: Kind) -> impl Iterator<Item = &PackageChange> {
        self.packages.iter().filter(move |change| change.kind == kind)
    }
}

fn side(image: &Image) -> Side {
    Side {
        name: image.name.clone(),
        packages: image.packages.len(),
        labels: image.labels.as_ref().ok().cloned(),
        labels_unknown: image.labels.as_ref().err().cloned(),
    }
}

/// The changes by name, and how many packages could not be compared.
fn changes(old: &[Package], new: &[Package]) -> (Vec<PackageChange>, usize) {
    let mut by_name: BTreeMap<&str, [Vec<&Package>; 2]> = BTreeMap::new();
    for (at, side) in [old, new].into_iter().enumerate() {
        for package in side {
            by_name.entry(package.name.as_str()).or_default()[at].push(package);
        }
    }
    let (mut all, mut not_compared) = (Vec::new(), 0);
    for (name, [old, new]) in by_name {
        let mut new = new;
        let old = without_common(old, &mut new, &mut not_compared);
        for (old, new) in pairs(old, new) {
            all.push(change(name, old, new));
        }
    }
    (all, not_compared)
}

/// Takes out of both lists what both have, and returns what is left of the first.
fn without_common<'a>(
    old: Vec<&'a Package>,
    new: &mut Vec<&'a Package>,
    not_compared: &mut usize,
) -> Vec<&'a Package> {
    let mut left = Vec::new();
    for package in old {
        let exact = |other: &&Package| {
            same_arch(package, other)
                && matches!((&package.evr, &other.evr), (Some(a), Some(b)) if a.same(b))
        };
        let unsure = |other: &&Package| {
            same_arch(package, other) && (package.evr.is_none() || other.evr.is_none())
        };
        let at = new.iter().position(exact);
        match at.or_else(|| new.iter().position(unsure)) {
            Some(found) => {
                new.remove(found);
                *not_compared += usize::from(at.is_none());
            }
            None => left.push(package),
        }
    }
    left
}

fn same_arch(one: &Package, other: &Package) -> bool {
    one.arch.is_none() || other.arch.is_none() || one.arch == other.arch
}

/// Which package became which: of one architecture the newest and the newest, and then those that are left alone.
fn pairs<'a>(
    mut old: Vec<&'a Package>,
    mut new: Vec<&'a Package>,
) -> Vec<(Option<&'a Package>, Option<&'a Package>)> {
    let newest_first = |list: &mut Vec<&Package>| {
        list.sort_by(|a, b| match (&a.evr, &b.evr) {
            (Some(a), Some(b)) => b.compare(a),
            (a, b) => b.is_some().cmp(&a.is_some()),
        });
    };
    newest_first(&mut old);
    newest_first(&mut new);
    let mut all = Vec::new();
    old.retain(|package| {
        let found = new.iter().position(|other| same_arch(package, other));
        found.map(|at| all.push((Some(*package), Some(new.remove(at))))).is_none()
    });
    if let ([one], [other]) = (&old[..], &new[..]) {
        all.push((Some(one), Some(other)));
        return all;
    }
    all.extend(old.into_iter().map(|package| (Some(package), None)));
    all.extend(new.into_iter().map(|package| (None, Some(package))));
    all
}

fn change(name: &str, old: Option<&Package>, new: Option<&Package>) -> PackageChange {
    let evr = |package: Option<&Package>| package.and_then(|package| package.evr.clone());
    let kind = match (old.map(|old| &old.evr), new.map(|new| &new.evr)) {
        (None, _) => Kind::Added,
        (_, None) => Kind::Removed,
        (Some(Some(old)), Some(Some(new))) => match old.compare(new) {
            Ordering::Less => Kind::Upgraded,
            Ordering::Greater => Kind::Downgraded,
            Ordering::Equal => Kind::Changed,
        },
        (Some(_), Some(_)) => Kind::Changed,
    };
    PackageChange {
        kind,
        name: name.to_owned(),
        arch: new.or(old).and_then(|package| package.arch.clone()),
        old: evr(old).as_ref().map(Evr::to_string),
        new: evr(new).as_ref().map(Evr::to_string),
    }
}

/// `text` as a Markdown table's cell or a line's code takes it: nothing in it ends the code or the cell.
pub fn code(text: &str) -> String {
    let mut out = String::from("`");
    for c in text.chars().filter(|c| !c.is_control() && *c != '`') {
        match c {
            '|' => out.push_str("\\|"),
            c => {
                let _ = write!(out, "{c}");
            }
        }
    }
    out.push('`');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::package_list::parse;

    fn image(list: &str) -> Image {
        Image {
            name: "x".to_owned(),
            packages: parse(list).unwrap(),
            labels: Ok(Labels::default()),
        }
    }

    fn told(old: &str, new: &str) -> Vec<String> {
        let info = BuildInfo::compare(&image(old), &image(new));
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        info.packages
            .iter()
            .map(|c| format!("{:?} {} {}>{}", c.kind, c.name, text(&c.old), text(&c.new)))
            .collect()
    }

    #[test]
    fn every_package_that_is_not_the_same_is_told_once() {
        let old = "a 1-1\nb 1.0-1\nc 2:1-1\nd 1-1\nsame 1-1\n";
        let new = "b 1.0-2\nc 1:9-1\nd 1.-1\ne 3-1\nsame 1-1\n";
        assert_eq!(
            told(old, new),
            [
                "Removed a 1-1>",
                "Upgraded b 1.0-1>1.0-2",
                "Downgraded c 2:1-1>1:9-1",
                "Changed d 1-1>1.-1",
                "Added e >3-1",
            ]
        );
        assert!(told(old, old).is_empty());
    }

    #[test]
    fn each_architecture_and_each_copy_is_a_package() {
        let old =
            "glibc-2.40-1.x86_64\nglibc-2.40-1.i686\nkernel-6.1-1.x86_64\nkernel-6.2-1.x86_64";
        let new =
            "glibc-2.41-1.x86_64\nglibc-2.40-1.i686\nkernel-6.2-1.x86_64\nkernel-6.3-1.x86_64";
        assert_eq!(told(old, new), ["Upgraded glibc 2.40-1>2.41-1", "Upgraded kernel 6.1-1>6.3-1"]);
        assert_eq!(told("glibc-2.40-1.i686", "glibc-2.40-1.i686\nglibc-2.40-1.x86_64").len(), 1);
        // A package that was made for each architecture and is now for all of them is one package.
        assert_eq!(told("a-1-1.noarch", "a-2-1.x86_64"), ["Upgraded a 1-1>2-1"]);
    }

    #[test]
    fn a_list_without_versions_tells_only_what_is_there() {
        let info = BuildInfo::compare(&image("a\nb"), &image("b-1-1.noarch\nc-1-1.noarch"));
        assert_eq!(info.not_compared, 1);
        let kinds: Vec<(Kind, &str)> =
            info.packages.iter().map(|change| (change.kind, change.name.as_str())).collect();
        assert_eq!(kinds, [(Kind::Removed, "a"), (Kind::Added, "c")]);
    }

    #[test]
    fn the_base_is_read_from_either_label_and_unknown_without() {
        let labels = |list: &'static [(&str, &str)]| {
            Labels::read(|name| list.iter().find(|(key, _)| *key == name).map(|(_, text)| *text))
        };
        let ours = labels(&[("org.bkt.base.digest", "sha256:a"), (BASE_DIGEST[1], "sha256:b")]);
        let theirs = labels(&[(BASE_DIGEST[1], "sha256:b"), (BASE_DIGEST[0], "")]);
        assert_eq!(ours.base_digest.as_deref(), Some("sha256:a"));
        assert_eq!(theirs.base_digest.as_deref(), Some("sha256:b"));
        let with = |labels| Image { labels, ..image("") };
        let same = |a, b| BuildInfo::compare(&with(a), &with(b)).same_base;
        assert_eq!(same(Ok(ours.clone()), Ok(theirs)), Some(false));
        assert_eq!(same(Ok(ours.clone()), Ok(ours.clone())), Some(true));
        assert_eq!(same(Ok(ours), Err("a list".to_owned())), None);
    }

    #[test]
    fn nothing_ends_a_piece_of_code() {
        assert_eq!(code("a`b|c\nd"), "`ab\\|cd`");
    }
}
