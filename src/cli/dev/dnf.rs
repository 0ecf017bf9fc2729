//! Packages of the development box: really installed and removed there, and then recorded.

use std::collections::BTreeSet;
use std::str::FromStr;

use clap::Subcommand;

use crate::cli::app::{App, Exit};
use crate::cli::pun::{self, Options, Pun};
use crate::cli::status;
use crate::core::item::{ItemKey, Record};
use crate::core::names::{BoxPackage, GroupName, InvalidName};
use crate::core::near::nearest;
use crate::core::report::Report;
use crate::engine::{Edit, Engine, Reach, Wish};
use crate::subsystem::Unfit;
use crate::subsystem::toolbox::{Dev, ID as TOOLBOX};
use crate::words::{fill, gettext};

#[derive(Subcommand)]
pub(in crate::cli) enum Verb {
    #[command(about = gettext("Install packages and groups in the box, and save that to the manifest"))]
    Install(Named),
    #[command(about = gettext("Remove packages and groups from the box and from the manifest"))]
    Remove(Named),
    #[command(about = gettext("List the packages that the manifest names or that somebody installed in the box"))]
    List,
}

#[derive(clap::Args)]
pub(in crate::cli) struct Named {
    #[arg(value_name = "NAME", required = true, help = gettext("A package's name, or @ and a group's"))]
    what: Vec<What>,
    #[command(flatten)]
    pun: Pun,
}

/// A package, or with an `@` a group of packages.
#[derive(Clone, Debug, PartialEq, Eq)]
enum What {
    Package(BoxPackage),
    Group(GroupName),
}

impl FromStr for What {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        match text.strip_prefix('@') {
            Some(group) => group.parse().map(Self::Group),
            None => text.parse().map(Self::Package),
        }
    }
}

impl What {
    fn name(&self) -> &str {
        match self {
            Self::Package(name) => name.as_str(),
            Self::Group(name) => name.as_str(),
        }
    }

    fn item(&self) -> ItemKey {
        match self {
            Self::Package(name) => ItemKey::new(format!("package/{name}")),
            Self::Group(name) => ItemKey::new(format!("group/{name}")),
        }
    }
}

pub(in crate::cli) fn run(app: &App, verb: &Verb) -> anyhow::Result<Exit> {
    match verb {
        Verb::Install(named) => {
            act(app, named, |know, what| Ok(know.install(what).then(|| Edit::put(Record::new()))))
        }
        Verb::Remove(named) => act(app, named, |know, what| know.remove(what).map(Some)),
        Verb::List => status::list(app, TOOLBOX.as_str()),
    }
}

/// What the verbs decide by.
struct Known<'a> {
    app: &'a App,
    report: &'a Report,
    reach: Reach,
    /// Everything that is in the box, where that is looked at.
    here: BTreeSet<BoxPackage>,
}

fn act(
    app: &App,
    named: &Named,
    decide: impl Fn(&Known<'_>, &What) -> anyhow::Result<Option<Edit>>,
) -> anyhow::Result<Exit> {
    let reach = named.pun.how().reach;
    pun::act(app, &[TOOLBOX], &named.pun, |engine, report| {
        let here = match reach {
            Reach::Manifest => BTreeSet::new(),
            Reach::Both | Reach::System => here(app, engine)?,
        };
        let known = Known { app, report, reach, here };
        let wishes = named.what.iter().map(|what| {
            let edit = decide(&known, what)?;
            Ok(edit.map(|edit| Wish { subsystem: TOOLBOX, item: what.item(), edit }))
        });
        let wishes: anyhow::Result<Vec<Option<Wish>>> = wishes.collect();
        Ok(wishes?.into_iter().flatten().collect())
    })
}

/// Says which box is acted in, and returns what is in it.
fn here(app: &App, engine: &Engine) -> anyhow::Result<BTreeSet<BoxPackage>> {
    let dev = Dev::read(engine.host())?;
    let text = gettext("In the development box {name}:");
    app.out.aside(&fill(&text, &[("name", dev.boxed.name.as_str())]));
    let installed = dev.installed(engine.host()).map_err(anyhow::Error::msg)?;
    Ok(installed.all)
}

impl Known<'_> {
    /// Whether something is to be done about it.
    fn install(&self, what: &What) -> bool {
        let item = self.report.item(&TOOLBOX, &what.item());
        let listed = item.is_some_and(|item| item.wanted.is_some() || item.live.is_some());
        let What::Package(name) = what else { return true };
        if self.reach == Reach::System && !listed && self.here.contains(name) {
            let text = gettext("{name} is in the box already, so that nothing is to be done.");
            self.app.out.say(&fill(&text, &[("name", what.name())]));
            return false;
        }
        true
    }

    fn remove(&self, what: &What) -> anyhow::Result<Edit> {
        let key = what.item();
        let of_report = self.report.subsystem(&TOOLBOX).into_iter().flat_map(|one| &one.items);
        let listed: Vec<_> =
            of_report.filter(|item| item.wanted.is_some() || item.live.is_some()).collect();
        if listed.iter().any(|item| item.key == key) {
            return Ok(Edit::Remove);
        }
        let here = match what {
            What::Package(name) => self.here.contains(name),
            What::Group(_) => false,
        };
        let text = match here {
            true => gettext(
                "{name} is in the box because its image brings it or something else needs it, and in no manifest: it would come back",
            ),
            false => gettext("{name} is neither in the manifest nor installed in the box"),
        };
        let names = listed.iter().filter_map(|item| item.key.as_str().split_once('/'));
        let names = names.map(|(_, name)| (name, Vec::new()));
        let close = if here { Vec::new() } else { nearest(what.name(), names) };
        let message = fill(&text, &[("name", what.name())]);
        Err(Unfit { message, close, unsure: false }.into())
    }
}
