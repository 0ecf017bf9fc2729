//! How units stand on this machine, beside how its image has them.

use std::collections::BTreeSet;

use anyhow::Result;

use super::manifest::{DISABLED, ENABLED, MASKED};
use super::preset::Presets;
use super::tree::{State, Tree};
use crate::core::names::UnitName;
use crate::host::Host;
use crate::words::{fill, gettext};

/// How a unit stands, as far as a manifest can say it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stand {
    /// Enabled, disabled or masked.
    Is(&'static str),
    /// It cannot be switched; the reason is for people.
    Fixed(String),
    /// There is no such unit.
    NotFound,
}

/// The units of this machine.
pub(super) struct Units {
    /// What a restart keeps.
    pub kept: Tree,
    running: Tree,
    image: Option<Tree>,
    presets: Presets,
}

impl Units {
    /// Reads them.
    pub fn read(host: &Host) -> Result<Self> {
        Ok(Self {
            kept: Tree::kept(host)?,
            running: Tree::running(host)?,
            image: Tree::image(host)?,
            presets: Presets::read(host)?,
        })
    }

    /// How a unit stands here, whatever is only so until the next start.
    pub fn here(&self, unit: &str) -> Result<Stand> {
        let stand = stand(&self.kept, unit)?;
        if stand != Stand::NotFound {
            return Ok(stand);
        }
        Ok(match self.running.state(unit)? {
            State::NotFound => Stand::NotFound,
            State::MaskedRuntime | State::EnabledRuntime | State::LinkedRuntime => {
                Stand::Fixed(gettext("It is there until the next start only"))
            }
            _ => Stand::Fixed(gettext("It is made while the machine runs, and not from a file")),
        })
    }

    /// How the image has a unit that stands `here`; `None` where the image has no such unit.
    pub fn default_of(&self, unit: &str, here: &Stand) -> Result<Option<&'static str>> {
        let Some(image) = &self.image else {
            let state = self.kept.state(unit)?;
            return Ok(match state {
                State::NotFound => None,
                State::Enabled | State::Disabled if self.presets.enables(unit) => Some(ENABLED),
                // A mask hides what its file says.
                State::Masked if self.kept.is_own(unit) && self.presets.enables(unit) => {
                    Some(ENABLED)
                }
                State::Masked if !self.kept.is_own(unit) => Some(MASKED),
                State::Alias(_) => match here {
                    Stand::Is(state) => Some(state),
                    _ => None,
                },
                _ => Some(DISABLED),
            });
        };
        let there = match stand(image, unit)? {
            Stand::Is(state) => state,
            Stand::Fixed(_) => DISABLED,
            Stand::NotFound => return Ok(None),
        };
        // At its first start a machine enables what the presets say, also where the image was not made so.
        let first_start = there == DISABLED && *here == Stand::Is(ENABLED);
        Ok(Some(if first_start && self.presets.enables(unit) { ENABLED } else { there }))
    }

    /// Every unit that may stand otherwise than in the image.
    pub fn candidates(&self) -> BTreeSet<UnitName> {
        let names = match &self.image {
            Some(image) => self.kept.decided().into_iter().chain(image.decided()).collect(),
            None => self.kept.all(),
        };
        names.iter().filter_map(|name| name.parse().ok()).collect()
    }

    /// Whether a name is another one of a unit.
    pub fn is_alias(&self, unit: &str) -> Result<bool> {
        Ok(matches!(self.kept.state(unit)?, State::Alias(_)))
    }

    /// Unit files of this machine's own, by name: those that the image's `/etc` has not.
    pub fn own_files(&self) -> BTreeSet<UnitName> {
        let of_image: BTreeSet<&str> = self.image.iter().flat_map(Tree::own_files).collect();
        let own = self.kept.own_files().filter(|name| !of_image.contains(name));
        own.filter_map(|name| name.parse().ok()).collect()
    }
}

fn stand(tree: &Tree, unit: &str) -> Result<Stand> {
    let mut unit = unit.to_owned();
    let mut state = tree.state(&unit)?;
    while let State::Alias(other) = state {
        state = tree.state(&other)?;
        unit = other;
    }
    let pulled = tree.pulled_by_vendor(&unit);
    Ok(match state {
        State::Enabled => Stand::Is(ENABLED),
        State::Masked => Stand::Is(MASKED),
        State::Disabled | State::Linked => Stand::Is(DISABLED),
        State::Static | State::Indirect if pulled => Stand::Is(ENABLED),
        State::Indirect => Stand::Is(if also_on(tree, &unit)? { ENABLED } else { DISABLED }),
        State::Static => Stand::Fixed(fill(
            &gettext(
                "{unit} cannot be enabled: its file has no “[Install]” section, and others start it",
            ),
            &[("unit", &unit)],
        )),
        State::NotFound => Stand::NotFound,
        state => {
            Stand::Fixed(fill(&gettext("systemd says it is {state}"), &[("state", state.word())]))
        }
    })
}

/// Whether one of the units that are switched with this one is on.
fn also_on(tree: &Tree, unit: &str) -> Result<bool> {
    for other in tree.install_of(unit)?.unwrap_or_default().also {
        if tree.state(&other)? == State::Enabled {
            return Ok(true);
        }
    }
    Ok(false)
}
