//! The forges' own programs: `gh`, `glab` and `tea`. They keep the person's sign-in, and are never asked on a terminal.
//!
//! `gh pr create` and `gh pr list` are as `gh help pr` has them. Of `glab` it is `glab api`, GitLab's REST API with its
//! sign-in: `glab mr create` looks for remotes in the working directory, adds one where it finds none, and ends well where
//! that fails. `tea pulls create` needs a checkout to run in, which is why all of them run in ours.

use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use thiserror::Error;

use super::{Address, Asked, Forge, encode};
use crate::core::plan::Command;
use crate::core::workflow::ForgeKind;
use crate::host::command::is_installed;
use crate::host::{Host, RunError};

/// How long a forge may take to answer.
const PATIENCE: Duration = Duration::from_secs(90);

/// Whether a forge's program can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// It is signed in there.
    Ready(Program),
    /// It is not installed.
    NotInstalled {
        /// Its name.
        program: &'static str,
    },
    /// It is not signed in there, or cannot tell.
    NotSignedIn {
        /// Its name.
        program: &'static str,
    },
}

/// A forge's program, signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    forge: Forge,
    /// For tea: which of its sign-ins.
    login: String,
}

/// A request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// Its page.
    pub url: String,
    /// Whether it was there before.
    pub existed: bool,
}

/// Why there is no request.
#[derive(Debug, Error)]
pub enum ForgeError {
    /// The program failed.
    #[error(transparent)]
    Run(#[from] RunError),
    /// It ended well, and yet there is no request.
    #[error("“{program}” ended well, and named no request")]
    NoRequest {
        /// The program.
        program: &'static str,
    },
}

/// A kind's program.
pub(super) fn program_of(kind: ForgeKind) -> &'static str {
    match kind {
        ForgeKind::Github => "gh",
        ForgeKind::Gitlab => "glab",
        ForgeKind::Forgejo => "tea",
    }
}

/// Looks whether the forge's program is here and signed in there. Asks the forge.
pub(super) fn readiness(host: &Host, forge: &Forge) -> Readiness {
    let program = program_of(forge.kind);
    if !is_installed(host, program) {
        return Readiness::NotInstalled { program };
    }
    let name = forge.at.host_and_port();
    let status = || {
        let asks = quiet(program).args(["auth", "status", "--hostname", &name]);
        host.run_within(&asks, PATIENCE).ok().map(|_| String::new())
    };
    let login = match forge.kind {
        ForgeKind::Github | ForgeKind::Gitlab => status(),
        ForgeKind::Forgejo => {
            let asks = quiet(program).args(["login", "list", "--output", "json"]);
            let said = host.run_within(&asks, PATIENCE).ok();
            said.and_then(|said| login_of(&said, &forge.at))
        }
    };
    match login {
        Some(login) => Readiness::Ready(Program { forge: forge.clone(), login }),
        None => Readiness::NotSignedIn { program },
    }
}

/// A command that asks nothing and draws nothing.
fn quiet(program: &str) -> Command {
    Command::new(program)
        .env("GH_PROMPT_DISABLED", "1")
        .env("GH_NO_UPDATE_NOTIFIER", "1")
        .env("NO_PROMPT", "1")
        .env("GLAB_CHECK_UPDATE", "false")
        .env("NO_COLOR", "1")
}

/// The name of the sign-in for a forge in what `tea login list --output json` says: a list of objects with `name` and
/// `url`.
fn login_of(said: &str, at: &Address) -> Option<String> {
    let logins: Vec<Value> = serde_json::from_str(said).ok()?;
    let text = |login: &Value, field: &str| login.get(field)?.as_str().map(str::to_owned);
    let mut fitting = logins.iter().filter(|login| {
        // Its address is of the forge, so a repository is made up.
        let url = text(login, "url").unwrap_or_default();
        let of = Address::parse(&format!("{}/o/r", url.trim_end_matches('/')));
        of.is_some_and(|of| of.host() == at.host())
    });
    fitting.find_map(|login| text(login, "name")).filter(|name| !name.is_empty())
}

impl Program {
    /// The program's name.
    pub fn name(&self) -> &'static str {
        program_of(self.forge.kind)
    }

    /// The request for a branch that is open already, if the forge knows one.
    pub fn find(
        &self,
        host: &Host,
        dir: &Path,
        branch: &str,
    ) -> Result<Option<String>, ForgeError> {
        let said =
            host.run_within(&self.find_command(branch).dir(dir.to_string_lossy()), PATIENCE)?;
        let list: Vec<Value> = serde_json::from_str(&said).unwrap_or_default();
        let field = match self.forge.kind {
            ForgeKind::Gitlab => "web_url",
            ForgeKind::Github | ForgeKind::Forgejo => "url",
        };
        let of_branch =
            |one: &&Value| match (self.forge.kind, one.get("head").and_then(Value::as_str)) {
                // tea lists them all, and says "owner:branch" of a fork's.
                (ForgeKind::Forgejo, head) => head == Some(branch),
                _ => true,
            };
        let urls = list.iter().filter(of_branch).filter_map(|one| one.get(field)?.as_str());
        Ok(urls.filter_map(|url| self.request_in(url)).next())
    }

    fn find_command(&self, branch: &str) -> Command {
        let command = quiet(self.name());
        match self.forge.kind {
            ForgeKind::Github => command
                .args(["pr", "list", "--repo", &self.repository(), "--head", branch])
                .args(["--state", "open", "--json", "url"]),
            ForgeKind::Gitlab => {
                command.args(["api", "--hostname", &self.forge.at.host_and_port()]).arg(format!(
                    "projects/{}/merge_requests?state=opened&source_branch={}",
                    encode(&self.forge.at.path()),
                    encode(branch)
                ))
            }
            ForgeKind::Forgejo => command
                .args(["pulls", "list", "--repo", &self.repository(), "--login", &self.login])
                .args(["--state", "open", "--fields", "head,url", "--limit", "100"])
                .args(["--output", "json"]),
        }
    }

    /// Asks for a request, unless there is an open one for the branch. `dir` is a checkout.
    pub fn request(&self, host: &Host, dir: &Path, asked: &Asked) -> Result<Made, ForgeError> {
        // Where that cannot be told, the forge refuses a second one.
        if let Ok(Some(url)) = self.find(host, dir, &asked.branch) {
            return Ok(Made { url, existed: true });
        }
        let said =
            host.run_within(&self.request_command(asked).dir(dir.to_string_lossy()), PATIENCE)?;
        let url = match self.forge.kind {
            ForgeKind::Gitlab => {
                let answer: Value = serde_json::from_str(&said).unwrap_or_default();
                answer.get("web_url").and_then(Value::as_str).and_then(|url| self.request_in(url))
            }
            ForgeKind::Github | ForgeKind::Forgejo => self.request_in(&said),
        };
        match url {
            Some(url) => Ok(Made { url, existed: false }),
            None => Err(ForgeError::NoRequest { program: self.name() }),
        }
    }

    /// The command that asks for a request.
    pub fn request_command(&self, asked: &Asked) -> Command {
        let Asked { branch, base, title, body } = asked;
        let command = quiet(self.name());
        match self.forge.kind {
            // `--head` says that the branch is pushed.
            ForgeKind::Github => command
                .args([
                    "pr",
                    "create",
                    "--repo",
                    &self.repository(),
                    "--base",
                    base,
                    "--head",
                    branch,
                ])
                .args([format!("--title={title}"), format!("--body={body}")]),
            ForgeKind::Gitlab => {
                let fields = [
                    ("source_branch", branch),
                    ("target_branch", base),
                    ("title", title),
                    ("description", body),
                ];
                let fields = fields.map(|(name, value)| format!("--raw-field={name}={value}"));
                command
                    .args(["api", "--hostname", &self.forge.at.host_and_port(), "--method", "POST"])
                    .args(fields)
                    .arg(format!("projects/{}/merge_requests", encode(&self.forge.at.path())))
            }
            ForgeKind::Forgejo => command
                .args(["pulls", "create", "--repo", &self.repository(), "--login", &self.login])
                .args(["--base", base, "--head", branch])
                .args([format!("--title={title}"), format!("--description={body}")]),
        }
    }

    /// As the programs name a repository. gh takes the host before it.
    fn repository(&self) -> String {
        match self.forge.kind {
            ForgeKind::Github => {
                format!("{}/{}", self.forge.at.host_and_port(), self.forge.at.path())
            }
            ForgeKind::Gitlab | ForgeKind::Forgejo => self.forge.at.path(),
        }
    }

    /// The first address of a request of this repository in what a program says.
    fn request_in(&self, said: &str) -> Option<String> {
        let page = match self.forge.kind {
            ForgeKind::Github => "/pull/",
            ForgeKind::Gitlab => "/-/merge_requests/",
            ForgeKind::Forgejo => "/pulls/",
        };
        let repository = self.forge.at.path().to_ascii_lowercase();
        said.split_whitespace().map(|word| word.trim_matches(['(', ')', '<', '>'])).find_map(
            |word| {
                let (before, number) = word.split_once(page)?;
                let at = Address::parse(before)?;
                // The forge may write names in other letters than git has.
                let ours = at.host() == self.forge.at.host()
                    && at.path().to_ascii_lowercase() == repository
                    && word.starts_with("http");
                let is_number = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
                (ours && is_number).then(|| word.to_owned())
            },
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(address: &str) -> Program {
        let forge = Forge::of(Address::parse(address).unwrap(), None).unwrap();
        Program { forge, login: "me".to_owned() }
    }

    #[test]
    fn a_request_is_found_in_what_is_said_and_nothing_else_is() {
        let gh = program("git@github.com:Owner/r");
        let url = "https://github.com/owner/r/pull/12";
        assert_eq!(gh.request_in(&format!("Warning: x\n{url}\n")).as_deref(), Some(url));
        for said in [
            "https://github.com/owner/r/pull/new/branch",
            "https://github.com/other/r/pull/12",
            "https://example.org/owner/r/pull/12",
            "git@github.com:owner/r/pull/12",
            "https://github.com/owner/r/pull/12#x",
            "",
        ] {
            assert_eq!(gh.request_in(said), None, "{said}");
        }
        let tea = program("https://codeberg.org/o/r");
        let said = "# #3 x (open)\n<https://codeberg.org/o/r/pulls/3>";
        assert_eq!(tea.request_in(said).as_deref(), Some("https://codeberg.org/o/r/pulls/3"));
        let glab = program("https://gitlab.com/a/b/c");
        let url = "https://gitlab.com/a/b/c/-/merge_requests/7";
        assert_eq!(glab.request_in(url).as_deref(), Some(url));
    }

    #[test]
    fn a_title_is_never_an_option() {
        let asked = Asked {
            branch: "bkt/x".to_owned(),
            base: "main".to_owned(),
            title: "--web".to_owned(),
            body: "-R other/repo".to_owned(),
        };
        for address in ["git@github.com:o/r", "git@gitlab.com:o/r", "git@codeberg.org:o/r"] {
            let command = program(address).request_command(&asked);
            let loose = |arg: &&String| **arg == asked.title || **arg == asked.body;
            assert_eq!(command.args.iter().find(loose), None, "{command:?}");
        }
    }

    #[test]
    fn the_sign_in_of_tea_is_that_of_the_forge() {
        let at = Address::parse("git@codeberg.org:o/r").unwrap();
        let said = r#"[{"name":"work","url":"https://forge.example"},{"name":"mine","url":"https://codeberg.org/"}]"#;
        assert_eq!(login_of(said, &at).as_deref(), Some("mine"));
        assert_eq!(login_of("[]", &at), None);
        assert_eq!(login_of("no logins", &at), None);
    }
}
