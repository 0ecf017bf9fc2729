//! The `[Install]` section of a unit file: what `systemctl enable` would make links of.
//!
//! A unit file is no key file: a key may come again and adds to what was said before, an empty value takes all of it
//! back, and a `\` at its end joins a line with the next one. See `systemd.syntax(7)` and `systemd.unit(5)`.

/// What a unit file and its drop-ins say of installing it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Install {
    /// Other names it is to have.
    pub aliases: Vec<String>,
    /// Units that are to pull it in.
    pub pulled_by: [Vec<String>; 3],
    /// Units that are switched with it.
    pub also: Vec<String>,
    /// For a template: the instance that is meant where none is named.
    pub default_instance: Option<String>,
}

impl Install {
    /// Adds what one file says.
    pub fn read(&mut self, text: &str) {
        let mut section = String::new();
        for line in lines(text) {
            if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                name.clone_into(&mut section);
            } else if let (true, Some((key, value))) = (section == "Install", line.split_once('='))
            {
                self.set(key.trim_end(), value.trim());
            }
        }
    }

    fn set(&mut self, key: &str, value: &str) {
        let list = match key {
            "Alias" => &mut self.aliases,
            "WantedBy" => &mut self.pulled_by[0],
            "RequiredBy" => &mut self.pulled_by[1],
            "UpheldBy" => &mut self.pulled_by[2],
            "Also" => &mut self.also,
            "DefaultInstance" => {
                self.default_instance = Some(value.to_owned()).filter(|value| !value.is_empty());
                return;
            }
            _ => return,
        };
        if value.is_empty() {
            list.clear();
        }
        list.extend(words(value));
    }

    /// Whether enabling it makes a link.
    pub fn makes_links(&self) -> bool {
        !self.aliases.is_empty() || self.pulled_by.iter().any(|units| !units.is_empty())
    }
}

/// The lines that say something, with continued ones joined, comments and surrounding space taken off.
fn lines(text: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut begun: Option<String> = None;
    for line in text.lines() {
        let line = line.trim();
        // A comment may stand between a line and its continuation.
        if line.starts_with(['#', ';']) {
            continue;
        }
        let (line, goes_on) = match line.strip_suffix('\\') {
            Some(line) => (line, true),
            None => (line, false),
        };
        let whole = match begun.take() {
            Some(start) => format!("{start} {line}"),
            None => line.to_owned(),
        };
        match goes_on {
            true => begun = Some(whole),
            false => all.push(whole),
        }
    }
    all.extend(begun);
    all.into_iter().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect()
}

/// Words, each perhaps in quotes.
fn words(value: &str) -> Vec<String> {
    let (mut all, mut word, mut quote, mut begun) = (Vec::new(), String::new(), None, false);
    for c in value.chars() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '\'') => (quote, begun) = (Some(c), true),
            (None, c) if c.is_whitespace() => {
                if std::mem::take(&mut begun) {
                    all.push(std::mem::take(&mut word));
                }
            }
            (_, c) => {
                word.push(c);
                begun = true;
            }
        }
    }
    if begun {
        all.push(word);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Install {
        let mut install = Install::default();
        install.read(text);
        install
    }

    #[test]
    fn keys_add_up_and_an_empty_one_takes_back() {
        let unit = "[Unit]\nWantedBy=no.target\n[Install]\nWantedBy = a.target b.target\n# WantedBy=c.target\nWantedBy=\"d.target\"\nRequiredBy=e.target\nRequiredBy=\nUpheldBy=f.target\nAlias=g.service \\\n ; between\n   h.service\nAlso=i.socket\nDefaultInstance=one\n[Other]\nAlso=no.socket\n";
        let install = read(unit);
        assert_eq!(install.pulled_by[0], ["a.target", "b.target", "d.target"]);
        assert!(install.pulled_by[1].is_empty());
        assert_eq!(install.pulled_by[2], ["f.target"]);
        assert_eq!(install.aliases, ["g.service", "h.service"]);
        assert_eq!(install.also, ["i.socket"]);
        assert_eq!(install.default_instance.as_deref(), Some("one"));
        assert!(install.makes_links());
        assert!(!read("[Install]\nAlso=x.socket").makes_links());
        assert_eq!(read("[Service]\nExecStart=/bin/true\n"), Install::default());
    }

    proptest::proptest! {
        #[test]
        fn no_text_is_too_odd(text in "(\\[Install\\]\n|[A-Za-z]{1,8}=|[ -~\n\\\\\"']{0,6}){0,12}") {
            let install = read(&text);
            proptest::prop_assert!(install.also.iter().all(|word| !word.contains('\n')));
        }
    }
}
