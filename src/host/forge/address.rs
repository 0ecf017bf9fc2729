//! Where a repository is on its forge, from the address that git has for it.

use std::fmt;

/// A repository's place on a forge. Every part is one that can stand in a web address and on a command line as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// Whether the web pages are at `http:`, which only an address that says so itself leads to.
    plain: bool,
    /// The forge's name on the network, in small letters: "github.com".
    host: String,
    /// The port of the web pages, where it is not the usual one.
    port: Option<u16>,
    /// The owner or the groups, and at the end the repository's name. At least two.
    path: Vec<String>,
}

/// Hosts that forges offer for SSH where its own port is blocked, and what they stand for.
const ASIDE: [(&str, &str); 2] =
    [("ssh.github.com", "github.com"), ("altssh.gitlab.com", "gitlab.com")];

impl Address {
    /// Reads what git takes as a remote's address: `https://host[:port]/o/r.git`, `ssh://user@host[:port]/o/r`,
    /// `git://…`, or `user@host:o/r`. `None` for a path, for another way to transfer, and for whatever no forge has.
    ///
    /// A name and a password in it are left out, and so is a port that is not one of web pages.
    pub fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = match text.split_once("://") {
            Some((scheme, rest)) => (scheme.to_ascii_lowercase(), rest),
            None => {
                // As git reads it: a colon before the first slash.
                let (host, path) = text.split_once(':').filter(|(host, _)| !host.contains('/'))?;
                return Self::new(false, host, None, path);
            }
        };
        let (place, path) = rest.split_once('/')?;
        let place = place.rsplit_once('@').map_or(place, |(_, place)| place);
        let (host, port) = match place.split_once(':') {
            Some((host, port)) => (host, Some(port.parse().ok()?)),
            None => (place, None),
        };
        match scheme.as_str() {
            "https" => Self::new(false, host, port.filter(|port| *port != 443), path),
            "http" => Self::new(true, host, port.filter(|port| *port != 80), path),
            "ssh" | "git+ssh" | "git" => Self::new(false, host, None, path),
            _ => None,
        }
    }

    fn new(plain: bool, host: &str, port: Option<u16>, path: &str) -> Option<Self> {
        let host = host.rsplit_once('@').map_or(host, |(_, host)| host).to_ascii_lowercase();
        let host =
            ASIDE.iter().find(|(aside, _)| *aside == host).map_or(host, |(_, of)| (*of).to_owned());
        let path = path.trim_matches('/');
        let path = path.strip_suffix(".git").unwrap_or(path);
        let path: Vec<String> = path.split('/').map(str::to_owned).collect();
        let fits = is_host(&host) && path.len() >= 2 && path.iter().all(|part| is_part(part));
        fits.then_some(Self { plain, host, port, path })
    }

    /// The forge's name on the network.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The same with the port, where it is not the usual one.
    pub fn host_and_port(&self) -> String {
        match self.port {
            Some(port) => format!("{}:{port}", self.host),
            None => self.host.clone(),
        }
    }

    /// The owner or the groups, and the repository's name: "owner/repository".
    pub fn path(&self) -> String {
        self.path.join("/")
    }

    /// How many parts that has.
    pub fn depth(&self) -> usize {
        self.path.len()
    }

    /// Its page on the web.
    pub fn web(&self) -> String {
        let scheme = if self.plain { "http" } else { "https" };
        format!("{scheme}://{}/{}", self.host_and_port(), self.path())
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.web())
    }
}

/// A name on the network, or a number.
fn is_host(host: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    host.len() <= 253 && host.split('.').all(is_label)
}

/// A name that an owner, a group or a repository may have on any of the forges.
fn is_part(part: &str) -> bool {
    !part.is_empty()
        && part.len() <= 255
        && !part.starts_with(['-', '.'])
        && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
}

/// `text` with everything escaped that is not letter, digit or one of `-._~`, as RFC 3986 has it for any place.
pub fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(byte));
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn web(text: &str) -> Option<String> {
        Address::parse(text).map(|address| address.web())
    }

    #[test]
    fn every_form_of_address_leads_to_the_same_page() {
        for text in [
            "https://github.com/owner/repo.git",
            "https://github.com/owner/repo",
            "https://GitHub.com/owner/repo/",
            "https://name:word@github.com/owner/repo.git",
            "https://github.com:443/owner/repo.git",
            "ssh://git@github.com/owner/repo.git",
            "ssh://git@github.com:22/owner/repo.git",
            "ssh://git@ssh.github.com:443/owner/repo.git",
            "git+ssh://git@github.com/owner/repo",
            "git@github.com:owner/repo.git",
            "github.com:owner/repo",
            "git@github.com:/owner/repo.git",
        ] {
            assert_eq!(web(text).as_deref(), Some("https://github.com/owner/repo"), "{text}");
        }
        let deep = "git@gitlab.com:group/sub.group/repo-1.git";
        assert_eq!(web(deep).as_deref(), Some("https://gitlab.com/group/sub.group/repo-1"));
        let port = "http://forge.example:3000/o/r.git";
        assert_eq!(web(port).as_deref(), Some("http://forge.example:3000/o/r"));
        assert_eq!(
            web("ssh://git@forge.example:2222/o/r").as_deref(),
            Some("https://forge.example/o/r")
        );
    }

    #[test]
    fn what_no_forge_has_is_no_address() {
        for text in [
            "",
            "/srv/git/repo.git",
            "../repo",
            "./a:b/c",
            "file:///srv/git/o/r",
            "ext::sh -c touch% /tmp/x",
            "https://github.com",
            "https://github.com/",
            "https://github.com/owner",
            "https://github.com/../owner/repo",
            "https://github.com/owner//repo",
            "https://github.com/-o/repo",
            "https://-github.com/o/repo",
            "https://github.com/o/repo?x=1",
            "https://github.com/o/repo#x",
            "https://github.com/o/re po",
            "https://github.com/o/repo\n",
            "https://github.com/o/%2e%2e",
            "https://github.com:port/o/r",
            "git@-oProxyCommand=x:o/r",
            "git@git hub.com:o/r",
            "https://github.com/o/\u{202e}repo",
            "https://[::1]/o/r",
        ] {
            assert_eq!(web(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn an_address_is_harmless_wherever_it_stands(
            text in "(https?://|ssh://|git@)?[ -~é\\u{202e}]{0,30}[/:][ -~]{0,30}",
        ) {
            let Some(address) = Address::parse(&text) else { return Ok(()) };
            let web = address.web();
            prop_assert!(web.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.:/".contains(&b)), "{web}");
            prop_assert!(!address.path().split('/').any(|part| part.starts_with(['-', '.'])));
            prop_assert!(!address.host().starts_with('-'));
            prop_assert_eq!(Address::parse(&web), Some(address));
        }
    }

    #[test]
    fn what_means_something_in_an_address_is_escaped() {
        assert_eq!(encode("a-b._~/c d&é%"), "a-b._~%2Fc%20d%26%C3%A9%25");
    }
}
