//! Options that are handed on to podman: variables and volumes among them are told apart from the rest.

use crate::words::{fill, gettext};

/// What options say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Flags {
    /// Variables, with their values.
    pub env: Vec<(String, String)>,
    /// Volumes.
    pub volumes: Vec<String>,
    /// All others, each a word.
    pub rest: Vec<String>,
}

/// Reads options, each text as a shell would take it apart. The error is for people.
pub(super) fn parse<'t>(texts: impl IntoIterator<Item = &'t str>) -> Result<Flags, String> {
    let mut words = Vec::new();
    for text in texts {
        if text.trim().is_empty() {
            continue;
        }
        let wrong = |why: &str| {
            let said = gettext("“{text}” cannot be read as options: {why}");
            fill(&said, &[("text", &text.replace('\0', "\\0")), ("why", why)])
        };
        if text.contains('\0') {
            return Err(wrong(&gettext("it has a NUL character, which no program can be given")));
        }
        let parsed = glib::shell_parse_argv(text).map_err(|error| wrong(error.message()))?;
        words.extend(parsed.into_iter().map(|word| word.to_string_lossy().into_owned()));
    }
    let mut flags = Flags::default();
    let mut words = words.into_iter().peekable();
    while let Some(word) = words.next() {
        let takes = |long: &str, short: &str| -> Option<Option<String>> {
            let joined = |name: &str| word.strip_prefix(name)?.strip_prefix('=').map(str::to_owned);
            match word == long || word == short {
                true => Some(None),
                false => joined(long).or_else(|| joined(short)).map(Some),
            }
        };
        if let Some(value) = takes("--env", "-e") {
            let joined = value.is_some();
            let Some(value) = value.or_else(|| words.next()) else {
                flags.rest.push(word);
                continue;
            };
            match value.split_once('=') {
                Some((name, value)) => flags.env.push((name.to_owned(), value.to_owned())),
                // A variable of the machine that is handed on.
                None if joined => flags.rest.push(word),
                None => flags.rest.extend([word, value]),
            }
        } else if let Some(value) = takes("--volume", "-v") {
            match value.or_else(|| words.next()) {
                Some(volume) => flags.volumes.push(volume),
                None => flags.rest.push(word),
            }
        } else {
            flags.rest.push(word);
        }
    }
    Ok(flags)
}

/// Words as one text, which [`parse`] takes apart again.
pub(super) fn join<'w>(words: impl IntoIterator<Item = &'w str>) -> String {
    words.into_iter().map(quote).collect::<Vec<_>>().join(" ")
}

/// A word as a shell takes it for itself.
pub(super) fn quote(word: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_./:=@%+,".contains(&b);
    match !word.is_empty() && word.bytes().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_shell_takes_is_an_error() {
        assert!(parse(["--env 'A"]).unwrap_err().contains("--env 'A"));
        assert!(parse(["--env A=\0"]).unwrap_err().contains("A=\\0”"));
    }

    #[test]
    fn variables_and_volumes_are_told_apart() {
        let flags = parse([
            "--env=A=1 --env B='x y' -e C=",
            "--device /dev/x --volume /a:/b -v=/c:/d",
            "--env D",
            "-e=E --env=F",
            "",
        ])
        .unwrap();
        let env: Vec<(&str, &str)> =
            flags.env.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(env, [("A", "1"), ("B", "x y"), ("C", "")]);
        assert_eq!(flags.volumes, ["/a:/b", "/c:/d"]);
        assert_eq!(flags.rest, ["--device", "/dev/x", "--env", "D", "-e=E", "--env=F"]);
        assert!(parse(["--env='"]).is_err());
        let odd = ["a b", "", "it's", "$(x)", "--x=*"];
        assert_eq!(parse([join(odd).as_str()]).unwrap().rest, odd);
    }
}
