//! Reading both sides of everything and comparing them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::Context;

use super::Engine;
use super::base::Base;
use super::explain::{Told, explain};
use crate::core::ignore::{self, IgnoreRule, IgnoreRules, Ignored, Skip};
use crate::core::item::{ItemKey, Live, SubsystemId, Wanted, WantedItems};
use crate::core::report::{Availability, ItemReport, REPORT_VERSION, Report, SubsystemReport};
use crate::host::fs::{Lock, LockError};
use crate::manifest::Manifests;
use crate::manifest::trust::load_state;
use crate::subsystem::{Label, Subsystem, Unreadable};

/// The file of "skip until it changes".
#[derive(Default, serde::Serialize, serde::Deserialize)]
pub(super) struct Skips {
    pub(super) version: u64,
    pub(super) skips: Vec<Skip>,
}

impl Engine {
    /// Compares the named subsystems, or all of them where none is named.
    ///
    /// What is found in sync becomes the new base, unless this is a dry run or the state cannot be written.
    pub fn survey(&self, only: &[SubsystemId]) -> anyhow::Result<Report> {
        let mut base = Base::load(&self.state_dir())?;
        let mut report = self.compare(only, &base)?;
        if !self.dry_run {
            for subsystem in &report.subsystems {
                for item in &subsystem.items {
                    base.learn(&subsystem.id, item);
                }
            }
            // A state directory that cannot be written costs later suggestions, not this answer.
            if let Err(error) = self.keep(&mut base) {
                tracing::warn!("the agreed values were not kept: {error:#}");
            }
            for subsystem in self.chosen(only) {
                if let Err(error) = subsystem.first_look(&self.host) {
                    tracing::warn!("a first look was not kept: {error:#}");
                }
            }
        }
        for subsystem in &mut report.subsystems {
            // What only the base remembered is settled: both sides agree that it is gone.
            subsystem.items.retain(|item| {
                item.wanted.is_some() || item.live.is_some() || item.unknown.is_some()
            });
        }
        Ok(report)
    }

    /// Writes what a survey learned, unless somebody is changing things right now, or has since the survey began:
    /// they know better, and the next survey learns it again.
    fn keep(&self, base: &mut Base) -> anyhow::Result<()> {
        if !base.may_be_saved()? {
            return Ok(());
        }
        match Lock::take(&self.lock_path(), "bkt status", Duration::ZERO) {
            Ok(_lock) if base.may_be_saved()? => Ok(base.save()?),
            Ok(_) | Err(LockError::Held { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Why items that no manifest has are not shown, for those of `items` that are noise or that a rule names.
    pub fn ignored<'a>(
        &self,
        subsystem: &SubsystemId,
        items: impl IntoIterator<Item = &'a ItemKey>,
    ) -> anyhow::Result<BTreeMap<ItemKey, Ignored>> {
        let rules = self.ignore_rules(&self.manifests())?;
        let why = |item: &ItemKey| Some((item.clone(), rules.item(subsystem, item, None, None)?));
        Ok(items.into_iter().filter_map(why).collect())
    }

    /// Compares without learning.
    pub(super) fn compare(&self, only: &[SubsystemId], base: &Base) -> anyhow::Result<Report> {
        let manifests = self.manifests();
        let rules = self.ignore_rules(&manifests)?;
        let subsystems = self
            .chosen(only)
            .map(|subsystem| {
                let began = self.host.now();
                let report = self.compare_one(subsystem, &manifests, base, &rules);
                let took = self.host.now().duration_since(began).as_millis();
                tracing::debug!("surveyed {} in {took} ms", report.id);
                report
            })
            .collect();
        Ok(Report {
            version: REPORT_VERSION,
            repository: self.repo.root.display().to_string(),
            host: self.host.env().hostname.clone(),
            checked_at: self.host.now().to_string(),
            subsystems,
        })
    }

    /// The named subsystems, or all of them where none is named.
    fn chosen(&self, only: &[SubsystemId]) -> impl Iterator<Item = &dyn Subsystem> {
        let all = self.subsystems().iter().map(|subsystem| &**subsystem);
        all.filter(move |one| only.is_empty() || only.contains(&one.about().id))
    }

    fn ignore_rules(&self, manifests: &Manifests) -> anyhow::Result<IgnoreRules> {
        let noise = ignore::shipped().context("data/noise.json")?;
        let mut rules: Vec<IgnoreRule> = Vec::new();
        for layer in manifests.layers() {
            if let Some(sheet) = manifests.sheet(&layer, super::IGNORE_FILE)? {
                rules.extend(sheet.entries("ignore")?.into_iter().map(|entry| entry.value));
            }
        }
        let skips: Skips = load_state(&self.skips_path(), 1)?.unwrap_or_default();
        Ok(IgnoreRules::new(&rules, &noise, skips.skips)?)
    }

    fn compare_one(
        &self,
        subsystem: &dyn Subsystem,
        manifests: &Manifests,
        base: &Base,
        rules: &IgnoreRules,
    ) -> SubsystemReport {
        let id = subsystem.about().id.clone();
        let unread = |availability, items| SubsystemReport {
            id: id.clone(),
            availability,
            unread: Vec::new(),
            notices: Vec::new(),
            items,
        };
        let failed = |error: &anyhow::Error| {
            let Told { message, hint } = explain(error);
            unread(Availability::Failed { reason: message, hint }, Vec::new())
        };
        let judge = |key: &ItemKey, wanted: Option<&Wanted>, live: Option<&Live>| {
            let known = live.and_then(Live::record);
            let ignored = rules.item(&id, key, wanted.map(|wanted| &wanted.record), known);
            let skip = |field: &str| rules.field(&id, key, field);
            let (specs, base) = (subsystem.about().fields, base.get(&id, key));
            let mut item =
                ItemReport::judge(specs, key.clone(), base, wanted, live, ignored, &skip);
            if manifests_of(subsystem).any(|file| manifests.hides(file, key)) {
                // A shared entry would not be seen: what is captured belongs where it is said to be absent.
                item.layer = Some(manifests.own_layer());
            }
            let Label { title, detail } = subsystem.label(key);
            if live.is_none_or(|live| live.title.is_none()) {
                item.title = title;
            }
            item.detail = detail;
            for field in &mut item.fields {
                field.title = subsystem.field_title(&field.name);
            }
            item
        };
        let wanted = match subsystem.wanted(manifests, &self.host) {
            Ok(wanted) => wanted,
            Err(error) => return failed(&error),
        };
        let live = match subsystem.live(&self.host, &wanted) {
            Ok(live) => live,
            Err(Unreadable::Unavailable { reason, hint }) => {
                // What a manifest wants of a tool that is not here is unknown, and has to be said.
                let live = Live::unknown(reason.clone());
                let items =
                    wanted.iter().map(|(key, wanted)| judge(key, Some(wanted), Some(&live)));
                return unread(Availability::Unavailable { reason, hint }, items.collect());
            }
            Err(Unreadable::Failed(error)) => return failed(&error),
        };
        let items = all_keys(&id, &wanted, base, live.items.keys())
            .iter()
            .map(|key| judge(key, wanted.get(key), live.get(key).as_deref()))
            .collect();
        let unread = live.blind.into_iter().map(|(_, reason)| reason).collect();
        let notices = live.notices;
        SubsystemReport { id, availability: Availability::Compared, unread, notices, items }
    }
}

fn manifests_of(subsystem: &dyn Subsystem) -> impl Iterator<Item = &'static str> {
    subsystem.about().manifests.iter().map(|file| file.name)
}

fn all_keys<'a>(
    id: &SubsystemId,
    wanted: &'a WantedItems,
    base: &'a Base,
    live: impl Iterator<Item = &'a ItemKey>,
) -> BTreeSet<ItemKey> {
    wanted.keys().chain(base.keys(id)).chain(live).cloned().collect()
}
