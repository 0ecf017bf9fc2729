//! Versions of packages, compared as RPM compares them: `rpm-version(7)`.

use std::cmp::Ordering;
use std::fmt;

/// Which of two versions, or of two releases, is newer.
///
/// Runs of digits are compared as numbers and runs of letters as text, one after the other; what lies between them
/// only tells them apart. A number is newer than letters, and what goes on is newer than what ends, but `~` makes
/// older than the end, as in `1.0~rc1`, and `^` newer than the end and older than anything else, as in `1.0^git1`.
pub fn compare(a: &str, b: &str) -> Ordering {
    if a == b {
        return Ordering::Equal;
    }
    let (mut a, mut b) = (a.as_bytes(), b.as_bytes());
    while !a.is_empty() || !b.is_empty() {
        (a, b) = (skip(a), skip(b));
        match (a.first(), b.first()) {
            (Some(b'~'), Some(b'~')) | (Some(b'^'), Some(b'^')) => {
                (a, b) = (&a[1..], &b[1..]);
                continue;
            }
            (Some(b'~'), _) => return Ordering::Less,
            (_, Some(b'~')) => return Ordering::Greater,
            (Some(b'^'), None) => return Ordering::Greater,
            (None, Some(b'^')) => return Ordering::Less,
            (Some(b'^'), Some(_)) => return Ordering::Less,
            (Some(_), Some(b'^')) => return Ordering::Greater,
            (None, _) | (_, None) => break,
            (Some(first), Some(_)) => {
                let number = first.is_ascii_digit();
                let (one, two);
                (one, a) = run(a, number);
                (two, b) = run(b, number);
                let order = match (two.is_empty(), number) {
                    (true, true) => Ordering::Greater,
                    (true, false) => Ordering::Less,
                    (false, true) => numbers(one, two),
                    (false, false) => one.cmp(two),
                };
                if order != Ordering::Equal {
                    return order;
                }
            }
        }
    }
    a.len().min(1).cmp(&b.len().min(1))
}

/// The text without what only tells parts apart at its start.
fn skip(text: &[u8]) -> &[u8] {
    let part = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'~' | b'^');
    &text[text.iter().position(part).unwrap_or(text.len())..]
}

/// The digits, or the letters, that the text starts with, and the rest.
fn run(text: &[u8], number: bool) -> (&[u8], &[u8]) {
    let other = |b: &u8| if number { !b.is_ascii_digit() } else { !b.is_ascii_alphabetic() };
    text.split_at(text.iter().position(other).unwrap_or(text.len()))
}

/// Two runs of digits as numbers of any length.
fn numbers(a: &[u8], b: &[u8]) -> Ordering {
    let bare = |text: &[u8]| text.iter().position(|b| *b != b'0').unwrap_or(text.len());
    let (a, b) = (&a[bare(a)..], &b[bare(b)..]);
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

/// Epoch, version and release of a package.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Evr {
    /// 0 where the package has none.
    pub epoch: u64,
    /// What its authors call it.
    pub version: String,
    /// Which build of it; `None` where a list leaves it out.
    pub release: Option<String>,
}

impl Evr {
    /// Reads `[epoch:]version[-release]`; `None` where that is no version.
    pub fn parse(text: &str) -> Option<Self> {
        let (epoch, rest) = match text.split_once(':') {
            Some((epoch, rest)) => (epoch.parse().ok()?, rest),
            None => (0, text),
        };
        let (version, release) = match rest.split_once('-') {
            Some((version, release)) => (version, Some(release)),
            None => (rest, None),
        };
        let fit = |part: &str| {
            let allowed = |b: u8| b.is_ascii_alphanumeric() || b"._+~^".contains(&b);
            !part.is_empty() && part.len() <= 255 && part.bytes().all(allowed)
        };
        (fit(version) && release.is_none_or(fit)).then(|| Self {
            epoch,
            version: version.to_owned(),
            release: release.map(str::to_owned),
        })
    }

    /// Which of two is newer. A release that one of them leaves out is not compared.
    pub fn compare(&self, other: &Self) -> Ordering {
        let releases = match (&self.release, &other.release) {
            (Some(one), Some(two)) => compare(one, two),
            _ => Ordering::Equal,
        };
        self.epoch
            .cmp(&other.epoch)
            .then_with(|| compare(&self.version, &other.version))
            .then(releases)
    }

    /// Whether the two are told to be the same: a release that one leaves out may be any.
    pub fn same(&self, other: &Self) -> bool {
        let releases = match (&self.release, &other.release) {
            (Some(one), Some(two)) => one == two,
            _ => true,
        };
        self.epoch == other.epoch && self.version == other.version && releases
    }
}

impl fmt::Display for Evr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.epoch != 0 {
            write!(f, "{}:", self.epoch)?;
        }
        f.write_str(&self.version)?;
        match &self.release {
            Some(release) => write!(f, "-{release}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What rpm itself answers, as `rpm --eval '%{lua:print(rpm.vercmp(…))}'` gives it.
    const GOLDEN: &str = include_str!("../../tests/golden/versions.txt");

    fn sign(order: Ordering) -> &'static str {
        match order {
            Ordering::Less => "-1",
            Ordering::Equal => "0",
            Ordering::Greater => "1",
        }
    }

    #[test]
    fn versions_compare_as_rpm_compares_them() {
        let mut seen = 0;
        for line in GOLDEN.lines().filter(|line| !line.starts_with('#')) {
            let [a, b, says] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
            assert_eq!(sign(compare(a, b)), says, "{line}");
            assert_eq!(compare(b, a), compare(a, b).reverse(), "{line}, the other way");
            seen += 1;
        }
        assert!(seen > 100, "{seen}");
    }

    #[test]
    fn an_epoch_goes_before_everything_and_a_missing_release_is_not_compared() {
        let evr = |text| Evr::parse(text).unwrap();
        let order = |a, b| evr(a).compare(&evr(b));
        assert_eq!(order("1:1.0-1", "2.0-1"), Ordering::Greater);
        assert_eq!(order("0:1.0-1", "1.0-1"), Ordering::Equal);
        assert_eq!(order("1.0-2.fc42", "1.0-10.fc42"), Ordering::Less);
        assert_eq!(order("1.0", "1.0-7"), Ordering::Equal);
        assert!(evr("1.0").same(&evr("1.0-7")) && !evr("1.0-1").same(&evr("1.0-7")));
        for text in ["1:1.0~rc1-0.1.fc42", "5.2.26-3", "20260101"] {
            assert_eq!(evr(text).to_string(), text);
        }
        for text in ["", "-1", "1.0-", "x:1.0", "1 0", "1.0-1-1", "1;0", "$(x)"] {
            assert_eq!(Evr::parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn the_order_is_the_same_from_both_sides(a in "[0-9a-c.~^_]{0,8}", b in "[0-9a-c.~^_]{0,8}") {
            prop_assert_eq!(compare(&a, &b), compare(&b, &a).reverse());
            prop_assert_eq!(compare(&a, &a), Ordering::Equal);
        }
    }
}
