//! What the person, or we, chose not to show: rules in `ignore.json`, and the noise every machine makes.

use std::cell::OnceCell;

use globset::{Glob, GlobBuilder, GlobMatcher};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::item::{ItemKey, Record, SubsystemId};

/// Why an item is not shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "by", content = "reason")]
pub enum Ignored {
    /// A rule of `ignore.json`, with its reason.
    Rule(Option<String>),
    /// The list of noise that Bucket ships, with the reason.
    Noise(String),
    /// Skipped until either side changes.
    Skipped,
}

/// One rule as it stands in `ignore.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IgnoreRule {
    /// The subsystem's id.
    pub subsystem: String,
    /// A glob over item keys.
    pub item: String,
    /// Only this field of the item; the whole item where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// Why, for whoever reads the list next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A rule whose glob does not parse.
#[derive(Debug, Error)]
#[error("the ignore rule “{glob}” is not a valid pattern: {why}")]
pub struct BadRule {
    /// The pattern.
    pub glob: String,
    /// What is wrong with it.
    pub why: String,
}

/// The noise every machine makes, with a reason for each.
const NOISE: &str = include_str!("../../data/noise.json");

#[derive(Deserialize)]
struct NoiseFile {
    ignore: Vec<IgnoreRule>,
}

/// The shipped list of noise.
pub fn shipped() -> Result<Vec<IgnoreRule>, serde_json::Error> {
    Ok(serde_json::from_str::<NoiseFile>(NOISE)?.ignore)
}

/// "Skip until it changes": machine state, with the values at the time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skip {
    /// The subsystem.
    pub subsystem: SubsystemId,
    /// The item.
    pub item: ItemKey,
    /// The manifest's side when it was skipped.
    pub wanted: Option<Record>,
    /// The system's side when it was skipped.
    pub live: Option<Record>,
}

struct Compiled {
    subsystem: String,
    item: Pattern,
    field: Option<String>,
    ignored: Ignored,
}

/// What means more than itself in a glob.
const SPECIAL: [char; 5] = ['*', '?', '[', '{', '\\'];
/// So many beginnings of one glob are told apart: each group of choices multiplies them.
const MOST_STARTS: usize = 64;

/// A glob that is only made into a matcher, which is dear, for keys that begin as it does.
struct Pattern {
    starts: Vec<String>,
    glob: Glob,
    matcher: OnceCell<GlobMatcher>,
}

impl Pattern {
    fn new(text: &str) -> Result<Self, globset::Error> {
        // Keys hold “/” as an ordinary character, so a star matches it too.
        let glob = GlobBuilder::new(text).literal_separator(false).build()?;
        Ok(Self { starts: starts(text), glob, matcher: OnceCell::new() })
    }

    fn is_match(&self, key: &str) -> bool {
        self.starts.iter().any(|start| key.starts_with(start.as_str()))
            && self.matcher.get_or_init(|| self.glob.compile_matcher()).is_match(key)
    }
}

/// What every text begins with that a glob matches: one for each choice, sorted, up to where anything may follow, or
/// where there would be more than [`MOST_STARTS`].
fn starts(glob: &str) -> Vec<String> {
    // Those that are whole, and those that what is left of the glob goes on.
    let (mut whole, mut open) = (Vec::new(), vec![String::new()]);
    let mut rest = glob;
    loop {
        let (start, special) = rest.split_at(rest.find(SPECIAL).unwrap_or(rest.len()));
        open.iter_mut().for_each(|one| one.push_str(start));
        let choice = special.strip_prefix('{').and_then(|rest| rest.split_once('}'));
        let Some((choices, after)) = choice else { break };
        let count = whole.len() + open.len() * choices.split(',').count();
        if choices.contains(['{', '[', '\\']) || count > MOST_STARTS {
            break;
        }
        let mut longer = Vec::new();
        for choice in choices.split(',') {
            let (start, ends) = match choice.find(SPECIAL) {
                Some(at) => (&choice[..at], true),
                None => (choice, false),
            };
            let all = open.iter().map(|one| format!("{one}{start}"));
            if ends { whole.extend(all) } else { longer.extend(all) }
        }
        open = longer;
        rest = after;
        if open.is_empty() {
            break;
        }
    }
    whole.append(&mut open);
    whole.sort();
    whole
}

/// All rules, ready to be asked.
#[derive(Default)]
pub struct IgnoreRules {
    rules: Vec<Compiled>,
    skips: Vec<Skip>,
}

impl IgnoreRules {
    /// Compiles the person's rules and the shipped noise list, the person's first.
    pub fn new(
        rules: &[IgnoreRule],
        noise: &[IgnoreRule],
        skips: Vec<Skip>,
    ) -> Result<Self, BadRule> {
        let mut compiled = Vec::with_capacity(rules.len() + noise.len());
        for rule in rules {
            compiled.push(compile(rule, Ignored::Rule(rule.reason.clone()))?);
        }
        for rule in noise {
            compiled.push(compile(rule, Ignored::Noise(rule.reason.clone().unwrap_or_default()))?);
        }
        Ok(Self { rules: compiled, skips })
    }

    /// Why the whole of `item` is ignored, if it is.
    ///
    /// Noise hides only what no manifest has: an entry a person wrote is never noise.
    pub fn item(
        &self,
        subsystem: &SubsystemId,
        item: &ItemKey,
        wanted: Option<&Record>,
        live: Option<&Record>,
    ) -> Option<Ignored> {
        let rule = self.rules.iter().find(|rule| {
            rule.field.is_none()
                && rule.subsystem == subsystem.as_str()
                && (wanted.is_none() || matches!(rule.ignored, Ignored::Rule(_)))
                && rule.item.is_match(item.as_str())
        });
        let skipped = || {
            self.skips.iter().any(|skip| {
                skip.subsystem == *subsystem
                    && skip.item == *item
                    && skip.wanted.as_ref() == wanted
                    && skip.live.as_ref() == live
            })
        };
        rule.map(|rule| rule.ignored.clone()).or_else(|| skipped().then_some(Ignored::Skipped))
    }

    /// Whether one field of `item` is ignored.
    pub fn field(&self, subsystem: &SubsystemId, item: &ItemKey, field: &str) -> bool {
        self.rules.iter().any(|rule| {
            rule.field.as_deref() == Some(field)
                && rule.subsystem == subsystem.as_str()
                && rule.item.is_match(item.as_str())
        })
    }
}

fn compile(rule: &IgnoreRule, ignored: Ignored) -> Result<Compiled, BadRule> {
    let item = Pattern::new(&rule.item)
        .map_err(|error| BadRule { glob: rule.item.clone(), why: error.kind().to_string() })?;
    Ok(Compiled { subsystem: rule.subsystem.clone(), item, field: rule.field.clone(), ignored })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_glob_is_only_made_for_keys_that_begin_as_it_does() {
        assert_eq!(starts("a/{b,c*d,e}-{1,2}f"), ["a/b-1f", "a/b-2f", "a/c", "a/e-1f", "a/e-2f"]);
        assert_eq!(starts("a.{tablet,tablet.*}:* *"), ["a.tablet.", "a.tablet:"]);
        assert_eq!(starts("x[ab]{c,d}"), ["x"]);
        assert_eq!(starts("x{a,{b,c}}"), ["x"]);
        assert_eq!(starts("a{b*}{c,d}"), ["ab"]);
        assert_eq!(starts("{a,b"), [""]);
        for rule in shipped().unwrap() {
            let pattern = Pattern::new(&rule.item).unwrap();
            assert!(!pattern.starts.is_empty() && rule.reason.is_some(), "{rule:?}");
        }
    }

    #[test]
    fn a_glob_of_many_choices_is_not_taken_apart_without_end() {
        let glob = format!("x{}y", "{a,b}".repeat(200));
        let found = starts(&glob);
        assert_eq!(found.len(), MOST_STARTS);
        assert!(found.iter().all(|start| start.len() == 7), "{found:?}");
        let stars = format!("x{}y", "{a*,b}".repeat(200));
        assert!(starts(&stars).len() <= MOST_STARTS);
        assert_eq!(starts(&format!("x{{{}}}y", "a,".repeat(1000))), ["x"]);
        // What it matches stays what it is.
        let pattern = Pattern::new(&glob).unwrap();
        assert!(pattern.is_match(&format!("x{}y", "ab".repeat(100))));
        assert!(!pattern.is_match(&format!("x{}c", "ab".repeat(100))));
    }
}
