//! Installing and removing packages: what becomes of each name, by what the manifests and the image say of it.

use std::collections::BTreeSet;

use super::names::{Named, What};
use crate::cli::act;
use crate::cli::app::{App, Exit};
use crate::cli::output::{Style, paint};
use crate::cli::pun::{self, How, Options};
use crate::core::item::{ItemKey, Record};
use crate::core::near::nearest;
use crate::core::plan::{Action, Plan, Side};
use crate::core::report::{ItemReport, Report};
use crate::engine::{Edit, Reach, Wish};
use crate::host::deployment::{self, Deployments};
use crate::host::dnf;
use crate::host::inside::Place;
use crate::host::rpmdb::cache::{self, NameList};
use crate::subsystem::Unfit;
use crate::subsystem::packages::ID as PACKAGES;
use crate::words::{fill, gettext};

/// The image that this machine is started from next.
#[derive(Default)]
pub(super) struct Image {
    deployments: Option<Deployments>,
    /// The packages it brings, without what is layered; `None` where that is not known.
    packages: Option<NameList>,
    /// Why that is not known.
    unread: Option<String>,
}

impl Image {
    pub(super) fn read(app: &App) -> anyhow::Result<Self> {
        let Some(deployments) = deployment::read(&app.host)? else { return Ok(Self::default()) };
        // The manifests can be changed all the same.
        let (packages, unread) = match cache::names(&app.host, deployments.next()) {
            Ok(names) => (Some(names.base), None),
            Err(error) => (None, Some(error.to_string())),
        };
        Ok(Self { deployments: Some(deployments), packages, unread })
    }

    /// Whether it brings a package, where that is known.
    fn brings(&self, name: &str) -> Option<bool> {
        self.packages.as_ref().map(|packages| packages.contains(name))
    }

    /// Whether something is layered on it already, so that bootc does not upgrade it any more.
    pub(super) fn holds_back(&self) -> bool {
        self.deployments.as_ref().is_some_and(|all| all.next().origin.holds_back_bootc)
    }
}

/// What the verbs decide by.
struct Known<'a> {
    app: &'a App,
    report: &'a Report,
    image: &'a Image,
    how: How,
}

pub(super) fn install(app: &App, named: &Named<impl Options>) -> anyhow::Result<Exit> {
    go(app, named, |known, what| Ok(known.install(what)))
}

pub(super) fn remove(app: &App, named: &Named<impl Options>) -> anyhow::Result<Exit> {
    go(app, named, |known, what| known.remove(what))
}

fn go<O: Options>(
    app: &App,
    named: &Named<O>,
    decide: impl Fn(&Known<'_>, &What) -> anyhow::Result<Vec<Wish>>,
) -> anyhow::Result<Exit> {
    let how = named.options.how();
    if how.reach != Reach::Manifest {
        Place::changes_the_machine(&app.host)?;
    }
    let image = Image::read(app)?;
    let (engine, plan) = pun::plan(app, &[PACKAGES], how, |_, report| {
        let known = Known { app, report, image: &image, how };
        let wishes: anyhow::Result<Vec<Vec<Wish>>> =
            named.what.iter().map(|what| decide(&known, what)).collect();
        Ok(wishes?.into_iter().flatten().collect())
    })?;
    if layers(&plan) {
        warn_of_layers(app, &image);
    }
    say_until_restart(app, &plan);
    act::carry_out_and(app, &engine, plan, how.follow, how.force)
}

impl Known<'_> {
    fn item(&self, key: &ItemKey) -> Option<&ItemReport> {
        self.report.item(&PACKAGES, key)
    }

    fn install(&self, what: &What) -> Vec<Wish> {
        let key = what.item();
        let wanted = self.item(&key).is_some_and(|item| item.wanted.is_some());
        let layered = self.item(&key).is_some_and(|item| item.live.is_some());
        let brings =
            matches!(what, What::Package(_)) && self.image.brings(what.name()) == Some(true);
        let excluded = excluded(what);
        let exclusion = self.item(&excluded);
        let exclusion = exclusion.is_some_and(|one| one.wanted.is_some() || one.live.is_some());
        if exclusion {
            let mut wishes = vec![wish(excluded, Edit::Remove)];
            // What the image has comes back with the exclusion's end.
            if !brings {
                wishes.push(wish(key, Edit::put(Record::new())));
            }
            return wishes;
        }
        if brings && !wanted && !layered && self.how.reach != Reach::Manifest {
            let text = gettext(
                "{package} is in the image already, so that nothing is to be done. To save it to the manifest all the same, \
                 whatever the image is built on: --manifest-only",
            );
            self.app.out.say(&fill(&text, &[("package", what.name())]));
            return Vec::new();
        }
        vec![wish(key, Edit::put(Record::new()))]
    }

    fn remove(&self, what: &What) -> anyhow::Result<Vec<Wish>> {
        let key = what.item();
        if self.item(&key).is_some_and(|item| item.wanted.is_some() || item.live.is_some()) {
            return Ok(vec![wish(key, Edit::Remove)]);
        }
        let excluded = excluded(what);
        let brings = self.image.brings(what.name());
        let out = self.item(&excluded).is_some_and(|item| item.wanted.is_some());
        let blindly = self.how.reach == Reach::Manifest && (brings.is_none() || self.how.force);
        match what {
            What::Package(_) if out || brings == Some(true) || blindly => {
                let text = match brings {
                    Some(true) => {
                        gettext("{package} comes with the image: the next one is built without it.")
                    }
                    _ => gettext(
                        "{package} is in no manifest: the next image is built without it, if what it is built on brings it.",
                    ),
                };
                if !out {
                    self.app.out.say(&fill(&text, &[("package", what.name())]));
                }
                Ok(vec![wish(excluded, Edit::put(Record::new()))])
            }
            _ => Err(self.nowhere(what).into()),
        }
    }

    fn nowhere(&self, what: &What) -> Unfit {
        if let (What::Package(_), Some(why)) = (what, &self.image.unread) {
            let text = gettext(
                "whether the image has {package} could not be found out: {why}. To have the next image built without it: bkt dnf remove {package} --manifest-only",
            );
            let values = [("package", what.to_string()), ("why", why.clone())];
            let values = values.each_ref().map(|(name, value)| (*name, value.as_str()));
            return Unfit::unsure(fill(&text, &values));
        }
        let text = match what {
            What::Package(_) if self.image.packages.is_none() => gettext(
                "{package} is in no manifest, and what the image brings cannot be told here. To have the next image built without it: bkt dnf remove {package} --manifest-only",
            ),
            What::Package(_) => {
                gettext("{package} is neither in the image, nor layered, nor in a manifest")
            }
            What::Group(_) => gettext("{package} is in no manifest"),
        };
        let kind = what.item();
        let kind = kind.as_str().split_once('/').map_or("", |(kind, _)| kind);
        let of_report = self.report.subsystem(&PACKAGES).into_iter().flat_map(|one| &one.items);
        let names = of_report.filter_map(|item| item.key.as_str().split_once('/'));
        let names = names.filter(|(of, _)| *of == kind).map(|(_, name)| name);
        let of_image = self.image.packages.iter().flat_map(NameList::iter);
        let all: BTreeSet<&str> = match what {
            What::Package(_) => names.chain(of_image).collect(),
            What::Group(_) => names.collect(),
        };
        Unfit {
            message: fill(&text, &[("package", &what.to_string())]),
            close: nearest(what.name(), all.into_iter().map(|name| (name, Vec::new()))),
            unsure: false,
        }
    }
}

fn excluded(what: &What) -> ItemKey {
    ItemKey::new(format!("excluded/{}", what.name()))
}

fn wish(item: ItemKey, edit: Edit) -> Wish {
    Wish { subsystem: PACKAGES, item, edit }
}

/// Whether a plan puts something on top of the image.
pub(super) fn layers(plan: &Plan) -> bool {
    plan.steps.iter().any(|planned| match &planned.step.action {
        Action::Run(run) => {
            let words = || std::iter::once(&run.program).chain(&run.args);
            words().any(|word| word == "rpm-ostree")
                && words().any(|word| matches!(word.as_str(), "install" | "override"))
        }
        _ => false,
    })
}

/// Says what a layer costs, unless there is one already.
pub(super) fn warn_of_layers(app: &App, image: &Image) {
    if !image.holds_back() {
        let text = gettext(
            "While something is layered, bootc does not upgrade this machine: rpm-ostree upgrade does. It ends with the \
             image that brings what was layered: bkt dnf sync --now takes the layers off then.",
        );
        app.out.warn(&paint(Style::Yellow, &text));
    }
}

/// Says that what a plan installs lasts until the next restart, and what comes after it.
pub(super) fn say_until_restart(app: &App, plan: &Plan) {
    let transient = plan.steps.iter().any(|planned| match &planned.step.action {
        Action::Run(run) => {
            let has = |word: &str| run.args.iter().any(|arg| arg == word);
            has(dnf::TRANSIENT) && has("install")
        }
        _ => false,
    });
    let saved = plan.changes.iter().any(|change| change.side == Side::Manifest);
    if transient {
        app.out.say(&match saved {
            true => gettext(
                "Nothing can be layered on this machine, so it is installed until the next restart. The next image has it.",
            ),
            false => gettext(
                "Nothing can be layered on this machine, so it is installed until the next restart.",
            ),
        });
    }
}
