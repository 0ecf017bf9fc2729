//! Versions of images: `YYYY.MM.DD.N`, the day and how many there were before on it.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A version of the image. Compared as numbers: `2025.01.02.10` is newer than `2025.01.02.9`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Version {
    /// The day of the release.
    pub date: Date,
    /// Which of that day's releases, from 1.
    pub number: u32,
}

/// A text that is no version.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("“{text}” is not a version: a day and a number from 1, YYYY.MM.DD.N, such as 2025.01.31.1")]
pub struct InvalidVersion {
    /// What it says.
    pub text: String,
}

impl Version {
    /// The next version of the day `date`, where there are `others`.
    pub fn next(date: Date, others: impl IntoIterator<Item = Self>) -> Self {
        let same_day = others.into_iter().filter(|other| other.date == date);
        let last = same_day.map(|other| other.number).max().unwrap_or(0);
        Self { date, number: last.saturating_add(1) }
    }
}

impl FromStr for Version {
    type Err = InvalidVersion;

    fn from_str(text: &str) -> Result<Self, InvalidVersion> {
        let invalid = || InvalidVersion { text: text.to_owned() };
        let digits = |part: &&str| part.bytes().all(|b| b.is_ascii_digit());
        let parts: Vec<&str> = text.split('.').filter(digits).collect();
        let (4, [year, month, day, number]) = (text.split('.').count(), parts.as_slice()) else {
            return Err(invalid());
        };
        let date = || {
            let (year, month, day) = (year.parse().ok()?, month.parse().ok()?, day.parse().ok()?);
            Date::new(year, month, day).ok().filter(|date| date.year() > 0)
        };
        let number = number.parse().ok().filter(|number| *number > 0);
        let (Some(date), Some(number)) = (date(), number) else { return Err(invalid()) };
        Ok(Self { date, number })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { date, number } = self;
        write!(f, "{:04}.{:02}.{:02}.{number}", date.year(), date.month(), date.day())
    }
}

impl TryFrom<String> for Version {
    type Error = InvalidVersion;

    fn try_from(text: String) -> Result<Self, InvalidVersion> {
        text.parse()
    }
}

impl From<Version> for String {
    fn from(version: Version) -> Self {
        version.to_string()
    }
}

impl JsonSchema for Version {
    fn schema_name() -> Cow<'static, str> {
        "Version".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "A day and which of its releases, from 1: YYYY.MM.DD.N",
            "pattern": r"^[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+$",
        })
    }
}

#[cfg(test)]
mod tests {
    use jiff::ToSpan;
    use proptest::prelude::*;

    use super::*;

    fn version(text: &str) -> Version {
        text.parse().unwrap()
    }

    #[test]
    fn what_is_no_day_and_number_is_no_version() {
        for text in [
            "",
            "2025",
            "2025.01.02",
            "2025.01.02.0",
            "2025.13.01.1",
            "2025.02.30.1",
            "v2025.01.02.1",
            "2025.01.02.1.1",
            "2025.01.02.-1",
            "2025.01.02.+1",
            "2025..02.1",
            "0.01.02.1",
            "2025.01.02.99999999999",
            " 2025.01.02.1",
            "2025.01.02.1\n",
            "٢٠٢٥.01.02.1",
        ] {
            assert_eq!(text.parse::<Version>().unwrap_err().text, text);
        }
        assert_eq!(version("2025.1.2.3").to_string(), "2025.01.02.3");
    }

    #[test]
    fn a_day_counts_up_and_a_new_day_begins_with_one() {
        let (day, before) = (jiff::civil::date(2025, 1, 2), jiff::civil::date(2025, 1, 1));
        assert_eq!(Version::next(day, []).to_string(), "2025.01.02.1");
        let others = ["2025.01.02.9", "2025.01.02.10", "2025.01.01.30"].map(version);
        assert_eq!(Version::next(day, others).to_string(), "2025.01.02.11");
        assert_eq!(Version::next(before, others).to_string(), "2025.01.01.31");
    }

    fn any_version() -> impl Strategy<Value = Version> {
        let day = (0i64..40_000).prop_map(|days| jiff::civil::date(1990, 1, 1) + days.days());
        (day, 1u32..2_000).prop_map(|(date, number)| Version { date, number })
    }

    proptest! {
        /// The order is that of the four numbers, whatever their texts look like side by side.
        #[test]
        fn versions_are_ordered_by_their_numbers(a in any_version(), b in any_version()) {
            let numbers = |version: &Version| -> Vec<u64> {
                version.to_string().split('.').map(|part| part.parse().unwrap()).collect()
            };
            prop_assert_eq!(a.cmp(&b), numbers(&a).cmp(&numbers(&b)));
            prop_assert_eq!(a.to_string().parse::<Version>().unwrap(), a);
        }

        /// The next version is newer than every other one of its day, and none of them.
        #[test]
        fn the_next_version_is_newer(others in prop::collection::vec(any_version(), 0..20)) {
            let Some(first) = others.first() else { return Ok(()) };
            let next = Version::next(first.date, others.iter().copied());
            let same_day = others.iter().filter(|other| other.date == next.date);
            prop_assert!(same_day.into_iter().all(|other| *other < next));
        }
    }
}
