//! Presets: what a distribution says about units that nobody has decided about. See `systemd.preset(5)`.

use std::collections::BTreeMap;

use globset::GlobBuilder;

use crate::host::Host;
use crate::host::fs::{self, FsError};

/// Where they stand; a file takes the place of those of its name in later directories.
const DIRS: [&str; 4] = ["/etc", "/run", "/usr/local/lib", "/usr/lib"];

/// All rules, in the order they are asked.
#[derive(Debug, Default)]
pub(super) struct Presets {
    rules: Vec<Rule>,
}

#[derive(Debug)]
struct Rule {
    enable: bool,
    pattern: globset::GlobMatcher,
    /// For a template: the instances that the rule is about, where it names some.
    instances: Vec<String>,
}

impl Presets {
    /// Reads them.
    pub fn read(host: &Host) -> Result<Self, FsError> {
        let mut files = BTreeMap::new();
        for dir in DIRS {
            let dir = host.path(dir).join("systemd/system-preset");
            for name in fs::list(&dir)?.unwrap_or_default() {
                if name.ends_with(".preset") {
                    files.entry(name.clone()).or_insert_with(|| dir.join(name));
                }
            }
        }
        let mut presets = Self::default();
        for path in files.values() {
            presets.add(&fs::read(path)?.unwrap_or_default());
        }
        Ok(presets)
    }

    fn add(&mut self, text: &str) {
        for line in text.lines() {
            let mut words = line.split_ascii_whitespace();
            let enable = match words.next() {
                Some("enable") => true,
                Some("disable") => false,
                _ => continue,
            };
            // A pattern that systemd could not read either says nothing.
            let glob = words.next().map(|word| GlobBuilder::new(word).build());
            let Some(Ok(glob)) = glob else { continue };
            let instances = words.map(str::to_owned).collect();
            self.rules.push(Rule { enable, pattern: glob.compile_matcher(), instances });
        }
    }

    /// Whether a unit is to be enabled where nobody has decided. The first rule counts, and without one it is.
    pub fn enables(&self, unit: &str) -> bool {
        let template = template_of(unit);
        let about = |rule: &&Rule| match &template {
            Some((template, instance)) if !rule.instances.is_empty() => {
                rule.pattern.is_match(template) && rule.instances.iter().any(|one| one == instance)
            }
            _ => rule.pattern.is_match(unit),
        };
        self.rules.iter().find(about).is_none_or(|rule| rule.enable)
    }
}

/// For an instance, such as `getty@tty1.service`: its template `getty@.service`, and `tty1`.
pub(super) fn template_of(unit: &str) -> Option<(String, &str)> {
    let (prefix, rest) = unit.split_once('@')?;
    let (instance, kind) = rest.rsplit_once('.')?;
    (!instance.is_empty()).then(|| (format!("{prefix}@.{kind}"), instance))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::testing::Machine;

    #[test]
    fn the_first_rule_counts_and_a_file_hides_those_of_its_name() {
        let machine = Machine::new();
        let file = |dir: &str, name: &str, text: &str| {
            machine.file(&format!("{dir}/systemd/system-preset/{name}"), text);
        };
        file(
            "usr/lib",
            "90-default.preset",
            "# all\nenable a.service\nenable b*.service\nenable c@.service x y\n",
        );
        file("usr/lib", "99-rest.preset", "disable *\n");
        file("usr/lib", "10-hidden.preset", "disable a.service\n");
        file("etc", "10-hidden.preset", "disable bad.service\n");
        let presets = Presets::read(&machine.host()).unwrap();
        let enabled = ["a.service", "bee.service", "c@x.service", "c@y.service"];
        assert!(enabled.iter().all(|unit| presets.enables(unit)));
        let disabled = ["bad.service", "c@z.service", "d.service"];
        assert!(disabled.iter().all(|unit| !presets.enables(unit)));
        assert!(Presets::default().enables("a.service"));
    }
}
