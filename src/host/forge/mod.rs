//! The forge a repository is on, and asking for a pull request there: by the forge's own program where that is signed
//! in, else by the address of the page where a person does it.

use super::Host;
use super::git::{Git, GitError};
use crate::core::workflow::ForgeKind;

mod address;
mod program;

pub use address::{Address, encode};
pub use program::{ForgeError, Made, Program, Readiness};

/// So long may an address be that every server and browser takes.
const LONGEST: usize = 6000;

/// A forge, and where the repository is on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forge {
    /// What kind it is.
    pub kind: ForgeKind,
    /// The repository's place.
    pub at: Address,
}

/// What is asked for: that `branch` be taken into `base`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The branch with the change.
    pub branch: String,
    /// The branch that is to get it.
    pub base: String,
    /// One line.
    pub title: String,
    /// The description, in Markdown.
    pub body: String,
}

impl Forge {
    /// The forge that `address` is on: what `configured` says, else what the host's name says.
    pub fn of(address: Address, configured: Option<ForgeKind>) -> Option<Self> {
        let kind = configured.or_else(|| known(address.host()))?;
        // Only GitLab has groups in groups.
        (kind == ForgeKind::Gitlab || address.depth() == 2).then_some(Self { kind, at: address })
    }

    /// The forge of a remote. Its address is taken as it is configured, then as git has rewritten it (`insteadOf`), and
    /// at last `also`, which `repo.json` has; the first one that is of a forge counts.
    pub fn of_remote(
        git: &Git<'_>,
        remote: &str,
        configured: Option<ForgeKind>,
        also: Option<&str>,
    ) -> Result<Option<Self>, GitError> {
        let written = git.ask(["config", "--get", &format!("remote.{remote}.url")])?;
        let Some(written) = written else { return Ok(None) };
        let find = |text: &str| Address::parse(text).and_then(|at| Self::of(at, configured));
        // Without a word on its kind, a name from the SSH configuration is of no forge.
        if let Some(forge) = find(&written) {
            return Ok(Some(forge));
        }
        let rewritten = git.ask(["remote", "get-url", remote])?;
        Ok(rewritten.as_deref().and_then(find).or_else(|| also.and_then(find)))
    }

    /// The program that speaks with it, and whether it can.
    pub fn readiness(&self, host: &Host) -> Readiness {
        program::readiness(host, self)
    }

    /// The page where a person asks for the request in a browser. What is too long for an address is left out.
    pub fn compare_url(&self, asked: &Asked) -> String {
        let Asked { branch, base, title, body } = asked;
        let whole = self.compare(branch, base, &[("title", title), ("body", body)]);
        let short = || self.compare(branch, base, &[("title", title)]);
        match whole.len() <= LONGEST {
            true => whole,
            false => Some(short())
                .filter(|short| short.len() <= LONGEST)
                .unwrap_or_else(|| self.compare(branch, base, &[])),
        }
    }

    fn compare(&self, branch: &str, base: &str, fields: &[(&str, &str)]) -> String {
        let web = self.at.web();
        // A slash in a branch's name stands for itself in a path.
        let in_path = |name: &str| name.split('/').map(encode).collect::<Vec<_>>().join("/");
        match self.kind {
            ForgeKind::Gitlab => {
                let field = |name: &str, value: &str| {
                    format!("merge_request%5B{name}%5D={}", encode(value))
                };
                let mut all = vec![field("source_branch", branch), field("target_branch", base)];
                all.extend(fields.iter().map(|(name, value)| match *name {
                    "body" => field("description", value),
                    name => field(name, value),
                }));
                format!("{web}/-/merge_requests/new?{}", all.join("&"))
            }
            ForgeKind::Github => {
                let fields =
                    fields.iter().map(|(name, value)| format!("&{name}={}", encode(value)));
                let fields: String = fields.collect();
                format!(
                    "{web}/compare/{}...{}?quick_pull=1{fields}",
                    in_path(base),
                    in_path(branch)
                )
            }
            ForgeKind::Forgejo => format!("{web}/compare/{}...{}", in_path(base), in_path(branch)),
        }
    }
}

/// The kind of forge that a host's name tells.
fn known(host: &str) -> Option<ForgeKind> {
    let first = host.split('.').next().unwrap_or_default();
    match (host, first) {
        ("github.com", _) => Some(ForgeKind::Github),
        ("gitlab.com", _) | (_, "gitlab") => Some(ForgeKind::Gitlab),
        ("codeberg.org", _) | (_, "forgejo" | "gitea") => Some(ForgeKind::Forgejo),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forge(text: &str) -> Option<Forge> {
        Forge::of(Address::parse(text)?, None)
    }

    #[test]
    fn the_kind_of_forge_is_told_by_its_name_or_by_the_person() {
        let kind = |text: &str| forge(text).map(|forge| forge.kind);
        assert_eq!(kind("git@github.com:o/r"), Some(ForgeKind::Github));
        assert_eq!(kind("https://git.example/a/b/c"), None);
        assert_eq!(kind("https://gitlab.example.org/a/b/c"), Some(ForgeKind::Gitlab));
        assert_eq!(kind("https://codeberg.org/o/r.git"), Some(ForgeKind::Forgejo));
        assert_eq!(kind("https://github.com/a/b/c"), None, "GitHub has no groups");
        assert_eq!(kind("https://forge.example/o/r"), None);
        let address = Address::parse("https://forge.example/o/r").unwrap();
        assert!(Forge::of(address, Some(ForgeKind::Forgejo)).is_some());
    }

    #[test]
    fn the_page_of_a_request_is_escaped() {
        let asked = |body: &str| Asked {
            branch: "bkt/a-1".to_owned(),
            base: "main".to_owned(),
            title: "Install “a” & b".to_owned(),
            body: body.to_owned(),
        };
        let url = |text: &str, body: &str| forge(text).unwrap().compare_url(&asked(body));
        assert_eq!(
            url("git@github.com:o/r", "- x\n"),
            "https://github.com/o/r/compare/main...bkt/a-1?quick_pull=1&title=Install%20%E2%80%9Ca%E2%80%9D%20%26%20b&body=-%20x%0A"
        );
        assert_eq!(
            url("https://gitlab.com/g/s/r", "x"),
            "https://gitlab.com/g/s/r/-/merge_requests/new?merge_request%5Bsource_branch%5D=bkt%2Fa-1&merge_request%5Btarget_branch%5D=main&merge_request%5Btitle%5D=Install%20%E2%80%9Ca%E2%80%9D%20%26%20b&merge_request%5Bdescription%5D=x"
        );
        assert_eq!(
            url("https://codeberg.org/o/r", "x"),
            "https://codeberg.org/o/r/compare/main...bkt/a-1"
        );
        let long = url("git@github.com:o/r", &"x".repeat(LONGEST));
        assert!(long.ends_with("%26%20b") && long.len() < 200, "{long}");
    }
}
