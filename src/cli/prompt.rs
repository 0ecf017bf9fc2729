//! Asking the person.

use std::io::BufRead;

use super::app::App;
use crate::words::{fill, pgettext};

/// One answer, in small letters. `None` where there is nobody to answer any more.
pub(super) fn answer(app: &App, question: &str) -> Option<String> {
    line(app, question).map(|line| line.to_lowercase())
}

/// One answer, as it was typed, without the line's end. `None` where there is nobody to answer any more.
pub(super) fn line(app: &App, question: &str) -> Option<String> {
    app.out.ask(&format!("{question} "));
    let mut line = String::new();
    match std::io::stdin().lock().read_line(&mut line) {
        Ok(0) | Err(_) => {
            app.out.ask("\n");
            None
        }
        Ok(_) => Some(line.trim().to_owned()),
    }
}

/// Asks until the answer is yes or no; an empty line is `default`, and nobody there is no.
pub(super) fn yes(app: &App, question: &str, default: bool) -> bool {
    let yes = pgettext("the letter that means yes", "y");
    let no = pgettext("the letter that means no", "n");
    let choices = match default {
        true => pgettext("yes or no, yes if nothing is typed", "[Y/n]"),
        false => pgettext("yes or no, no if nothing is typed", "[y/N]"),
    };
    let question = fill("{question} {choices}", &[("question", question), ("choices", &choices)]);
    loop {
        match answer(app, &question) {
            None => return false,
            Some(text) if text.is_empty() => return default,
            Some(text) if text.starts_with(&yes) => return true,
            Some(text) if text.starts_with(&no) => return false,
            Some(_) => (),
        }
    }
}
