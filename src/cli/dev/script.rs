//! `bkt dev script`: scripts that set something up in the development box, looked at before they are run.

use clap::Subcommand;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::tools;
use crate::cli::app::{App, Exit};
use crate::cli::errors::{self, Misnamed};
use crate::cli::output::{Style, cut, paint};
use crate::cli::pun::{self, Pun};
use crate::cli::{progress, prompt};
use crate::core::digest;
use crate::core::item::Record;
use crate::core::names::{ScriptName, Sha256, WebAddress};
use crate::core::secret;
use crate::engine::{Edit, Wish};
use crate::host::http;
use crate::subsystem::toolchains::{ARGS, ID as TOOLCHAINS, Item, SHA256, URL};
use crate::words::{fill, gettext, ngettext};

/// How many lines of a script are shown.
const LINES: usize = 12;
/// How much of a line is shown.
const COLUMNS: usize = 160;

#[derive(clap::Args)]
#[command(
    about = gettext("Scripts that set something up in the development box"),
    after_help = gettext("\
A script is downloaded and shown first, and is run only after a yes. Its checksum is saved to the manifest: what is \
downloaded later, here, on another machine or when the box's image is built, is run only where it is the same. It is run \
as a file with sh, in the box, as you, once for each box.

Examples:
  bkt dev script add https://example.org/install.sh --name tool -- -y
  bkt dev script add https://example.org/install.sh --sha256 CHECKSUM
  bkt dev script remove tool                      run it no more; what it set up stays
  bkt dev script list                             what was run or is wanted, and how it stands")
)]
pub(super) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    #[command(about = gettext("Download a script, look at it, run it, and save it to the manifest"))]
    Add(Add),
    #[command(about = gettext("Run scripts no more; what they set up stays"))]
    Remove {
        #[arg(value_name = "NAME", required = true, help = gettext("The script's name"))]
        names: Vec<ScriptName>,
        #[command(flatten)]
        pun: Pun,
    },
    #[command(about = gettext("List scripts, and how they stand"))]
    List,
}

#[derive(clap::Args)]
struct Add {
    #[arg(value_name = "URL", help = gettext("Where it is"))]
    url: WebAddress,
    #[arg(long, value_name = "NAME", help = gettext("A name for it; else that of the file, without its ending"))]
    name: Option<ScriptName>,
    #[arg(long, value_name = "HEX", help = gettext("The SHA-256 checksum that it has to have: then nothing is asked"))]
    sha256: Option<Sha256>,
    #[arg(last = true, value_name = "ARGS", help = gettext("What it is given"))]
    args: Vec<String>,
    #[command(flatten)]
    pun: Pun,
}

pub(super) fn run(app: &App, args: &Args) -> anyhow::Result<Exit> {
    match &args.verb {
        Verb::Add(args) => add(app, args),
        Verb::Remove { names, pun } => {
            let items: Vec<Item> = names.iter().cloned().map(Item::Script).collect();
            tools::remove(app, pun, &items)
        }
        Verb::List => tools::list(app, "script"),
    }
}

fn add(app: &App, args: &Add) -> anyhow::Result<Exit> {
    let name = name(args)?;
    let safe = args.url.as_str().starts_with("https://");
    if !safe && args.sha256.is_none() {
        let message = gettext("what comes over http:// can be changed on its way");
        let hint =
            gettext("Use its https:// address, or say which checksum it has to have: --sha256 HEX");
        return Err(Misnamed::Wrong { message, hint: Some(hint) }.into());
    }
    // Nothing is fetched for a repository that nothing is applied of.
    let engine = app.engine()?;
    let cancel = CancellationToken::new();
    let bytes = {
        let _busy = progress::busy(&app.out, gettext("Downloading the script"));
        http::get(engine.host(), args.url.as_str(), &cancel)?
    };
    let sha256: Sha256 = digest::sha256(&bytes).parse()?;
    if let Some(expected) = args.sha256.as_ref().filter(|expected| **expected != sha256) {
        let text = gettext("the checksum of {url} is {got}, and not {expected}: it is not run");
        let url = secret::shown_address(args.url.as_str());
        let values =
            [("url", url.as_str()), ("got", sha256.as_str()), ("expected", expected.as_str())];
        errors::show(&app.out, &fill(&text, &values), None);
        return Ok(Exit::Error);
    }
    show(app, args, &bytes, &sha256);
    if args.sha256.is_none() && !app.global.dry_run {
        if !app.may_ask() {
            let text = gettext(
                "whether this script may be run has to be decided by somebody who has looked at it",
            );
            let hint = gettext("Having looked at it: --sha256 {sha256}");
            let hint = fill(&hint, &[("sha256", sha256.as_str())]);
            errors::show(&app.out, &text, Some(&hint));
            return Ok(Exit::Decision);
        }
        if !prompt::yes(app, &gettext("Run it in the development box, and pin it as it is?"), false)
        {
            app.out.say(&gettext("Nothing was changed."));
            return Ok(Exit::Error);
        }
    }
    let mut set = Record::new().with(URL, args.url.as_str()).with(SHA256, sha256.as_str());
    let mut clear = Vec::new();
    match args.args.is_empty() {
        true => clear.push(ARGS.to_owned()),
        false => set.set(ARGS, json!(args.args).to_string().as_str()),
    }
    pun::act(app, &[TOOLCHAINS], &args.pun, |_, _| {
        let item = Item::Script(name).key();
        Ok(vec![Wish { subsystem: TOOLCHAINS, item, edit: Edit::Put { set, clear } }])
    })
}

/// The script's name: the one that was given, or that of its file.
fn name(args: &Add) -> Result<ScriptName, Misnamed> {
    if let Some(name) = &args.name {
        return Ok(name.clone());
    }
    let path = args.url.as_str().split(['?', '#']).next().unwrap_or_default();
    let file =
        path.splitn(4, '/').nth(3).unwrap_or_default().rsplit('/').next().unwrap_or_default();
    let stem = file.strip_suffix(".sh").or_else(|| file.strip_suffix(".bash")).unwrap_or(file);
    stem.parse().map_err(|_| Misnamed::Wrong {
        message: gettext("the address has no name for the script"),
        hint: Some(gettext("Give it one: --name NAME")),
    })
}

/// Size, checksum and the first lines.
fn show(app: &App, args: &Add, bytes: &[u8], sha256: &Sha256) {
    let text = String::from_utf8_lossy(bytes);
    let size = ngettext("{url}: {n} byte", "{url}: {n} bytes", bytes.len());
    let url = secret::shown_address(args.url.as_str());
    let size = fill(&size, &[("url", &url), ("n", &bytes.len().to_string())]);
    app.out.say(&paint(Style::Bold, &size));
    app.out.say(&format!("SHA-256: {sha256}"));
    let shown: Vec<&str> = text.lines().take(LINES).collect();
    for line in &shown {
        app.out.say(&paint(Style::Dim, &format!("  {}", cut(line, COLUMNS))));
    }
    let more = text.lines().count() - shown.len();
    if more > 0 {
        let text = ngettext("… and {n} line more", "… and {n} lines more", more);
        app.out.say(&format!("  {}", fill(&text, &[("n", &more.to_string())])));
    }
}
