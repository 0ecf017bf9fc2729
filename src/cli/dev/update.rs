//! The development box brought up to date: to the manifest, and to a newer image of its own.

use tokio_util::sync::CancellationToken;

use super::NOUN;
use crate::cli::act::{self, versioned};
use crate::cli::app::{App, Exit};
use crate::cli::capture::{self, Choice};
use crate::cli::errors::Misnamed;
use crate::cli::{noun, progress, prompt};
use crate::core::names::ImageRef;
use crate::core::plan::Plan;
use crate::engine::{Engine, Verb};
use crate::host::{boxes, command, interrupt};
use crate::subsystem::distrobox;
use crate::subsystem::toolbox::{Dev, NoBox, renew};
use crate::words::{fill, gettext, ngettext};

#[derive(clap::Args)]
#[command(
    about = gettext("Bring the development box up to date: to the manifest, and to the newest image"),
    after_help = gettext("\
What the manifest wants is installed. The image that the box was made from, or that distrobox.json names, is fetched; \
where that is another one than before, the box is made anew from it, with its home directory, volumes, variables and \
options, the packages that were installed in it, and its exports. The old box goes only when the new one is in order. \
Files that were made in the box outside of the home directory are lost: they are named first.

Examples:
  bkt dev update -n                what would be done
  bkt dev update                   it is done, and asked for before a box is made anew
  bkt dev update --yes             the same without asking
  bkt dev update --no-image        only what the manifest wants")
)]
pub(super) struct Args {
    #[arg(long, help = gettext("Leave the box's image as it is"))]
    no_image: bool,
    #[command(flatten)]
    choice: Choice,
}

pub(super) fn run(app: &App, args: &Args) -> anyhow::Result<Exit> {
    let engine = act::open(app)?;
    let dev = match Dev::read(engine.host()) {
        Ok(dev) => dev,
        Err(NoBox::Missing { name, described: true }) => {
            let choice = Choice::of(&[name.to_string()], false, false);
            let selection = noun::selection(distrobox::ID.as_str(), &choice);
            let exit = capture::go(app, Verb::Apply, &selection, false)?;
            // What the manifest wants is known when the box is there.
            if exit != Exit::Done || app.global.dry_run || app.global.json {
                return Ok(exit);
            }
            return sync(app, args);
        }
        Err(error) => return Err(error.into()),
    };
    if !args.no_image {
        let exit = image(app, &engine, &dev)?;
        if exit != Exit::Done {
            return Ok(exit);
        }
    }
    sync(app, args)
}

/// What the manifest wants and the box lacks is installed.
fn sync(app: &App, args: &Args) -> anyhow::Result<Exit> {
    capture::go(app, Verb::Apply, &noun::selection(NOUN, &args.choice), false)
}

/// Makes the box anew, where its image has become another one.
fn image(app: &App, engine: &Engine, dev: &Dev) -> anyhow::Result<Exit> {
    let host = engine.host();
    let image = renew::image(host, dev)?;
    if let Some(fetch) = renew::fetch(&image) {
        if app.global.dry_run {
            let text = gettext(
                "Fetch the image, and make the box anew where it is another one: {command}",
            );
            app.out.line(&fill(&text, &[("command", &command::display(&fetch))]));
        } else {
            let text = gettext("Fetching {image}");
            let text = fill(&text, &[("image", image.as_str())]);
            let busy = progress::busy(&app.out, text.clone());
            let cancel = CancellationToken::new();
            interrupt::cancels(&cancel);
            let mut line = |said: &str| match app.out.verbose {
                true => app.out.aside(&format!("      {said}")),
                false => busy.now(format!("{text}  {said}")),
            };
            boxes::progress::run(host, &fetch, &mut line, &cancel)?;
        }
    }
    if !renew::is_newer(host, dev, &image)? {
        let text = gettext("The development box {name} has the newest {image} that is here.");
        let values = [("name", dev.boxed.name.as_str()), ("image", image.as_str())];
        app.out.say(&fill(&text, &values));
        return Ok(Exit::Done);
    }
    renew(app, engine, dev, &image)
}

fn renew(app: &App, engine: &Engine, dev: &Dev, image: &ImageRef) -> anyhow::Result<Exit> {
    if super::called_in(app, dev) && !app.global.dry_run {
        let message =
            gettext("a newer image is here, and the box cannot be made anew from inside of it");
        let hint =
            gettext("Run it on the machine: bkt dev update. Here: bkt dev update --no-image");
        return Err(Misnamed::Wrong { message, hint: Some(hint) }.into());
    }
    let steps = {
        let _busy = progress::busy(&app.out, gettext("Looking at what is in the box"));
        renew::steps(engine.host(), dev, image).map_err(anyhow::Error::msg)?
    };
    let plan = Plan { steps, ..Plan::default() };
    let text = gettext(
        "{image} is another image than the one that {name} was made from. To make the box anew:",
    );
    let values = [("name", dev.boxed.name.as_str()), ("image", image.as_str())];
    app.out.say(&fill(&text, &values));
    act::show_plan(app, engine, &plan);
    if app.global.dry_run {
        return Ok(Exit::Done);
    }
    if !app.global.yes {
        if !app.may_ask() {
            let text = gettext(
                "Nothing was changed: making the box anew cannot be undone, and takes --yes where nobody can be asked.",
            );
            app.out.warn(&text);
            if app.global.json {
                app.out.json(&versioned(plan))?;
            }
            return Ok(Exit::Decision);
        }
        let lost: usize = plan.steps.iter().map(|one| one.step.losses().len()).sum();
        let question = match lost {
            0 => gettext("Make the box anew?"),
            n => ngettext(
                "Make the box anew, and lose that?",
                "Make the box anew, and lose these?",
                n,
            ),
        };
        if !prompt::yes(app, &question, lost == 0) {
            app.out.say(&gettext("Nothing was changed."));
            return Ok(Exit::Error);
        }
    }
    let outcome = act::execute(app, engine, &plan)?;
    if let Some(error) = outcome.errors.first() {
        return Err(anyhow::Error::msg(error.clone()));
    }
    if outcome.cancelled {
        app.out.warn(&gettext("Interrupted: the box is as it was."));
        return Ok(Exit::Interrupted);
    }
    let text = gettext("The development box {name} was made anew from {image}.");
    app.out.say(&fill(&text, &values));
    Ok(Exit::Done)
}
