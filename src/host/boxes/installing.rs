//! What package managers say while they install, put into words: how many packages, and at which of them they are.

use crate::words::{fill, gettext, ngettext};

/// An installation that goes on.
#[derive(Clone, Debug, Default)]
pub struct Installing {
    /// How many packages there are, once that was said.
    total: Option<usize>,
    /// How many were set up, of those that are not numbered.
    done: usize,
}

impl Installing {
    /// What a line says of it, for people: "installing 12 packages". None for a line that says nothing of it.
    pub fn line(&mut self, line: &str) -> Option<String> {
        let line = line.trim();
        if let Some((number, total)) = numbered(line) {
            self.total = Some(total);
            return Some(at(number, total));
        }
        if let Some(total) = announced(line) {
            self.total = Some(total);
            let text = ngettext("installing {n} package", "installing {n} packages", total);
            return Some(fill(&text, &[("n", &total.to_string())]));
        }
        // apt numbers nothing, and says so of each package once.
        if line.starts_with("Setting up ") && line.ends_with("...") {
            self.done += 1;
            return self.total.map(|total| at(self.done.min(total), total));
        }
        None
    }
}

fn at(number: usize, total: usize) -> String {
    fill(
        &gettext("installing package {number} of {total}"),
        &[("number", &number.to_string()), ("total", &total.to_string())],
    )
}

/// At which of how many packages it is: `[ 3/12] Installing …` of dnf5, `Installing : … 3/12` of dnf,
/// `(3/12) Installing …` of pacman, apk and zypper.
fn numbered(line: &str) -> Option<(usize, usize)> {
    let installs = |text: &str| text.trim_start().to_ascii_lowercase().starts_with("installing");
    let pair = |text: &str| -> Option<(usize, usize)> {
        let (number, total) = text.trim().split_once('/')?;
        Some((number.trim().parse().ok()?, total.trim().parse().ok()?))
    };
    for (open, close) in [('[', ']'), ('(', ')')] {
        let inside = line.strip_prefix(open).and_then(|rest| rest.split_once(close));
        if let Some((numbers, rest)) = inside {
            return installs(rest).then(|| pair(numbers)).flatten();
        }
    }
    let (before, last) = line.rsplit_once(' ')?;
    (installs(before) && before.contains(':')).then(|| pair(last)).flatten()
}

/// How many packages there will be: `Install  12 Packages` of dnf, `Installing: 12 packages` of dnf5,
/// `1 upgraded, 12 newly installed, …` of apt, `Packages (12) …` of pacman, `12 new packages to install` of zypper.
fn announced(line: &str) -> Option<usize> {
    let first = |text: &str| text.split_whitespace().next()?.parse::<usize>().ok();
    let (words, lower) = (line.split_whitespace().count(), line.to_ascii_lowercase());
    let total = if let Some((before, _)) = lower.split_once(" newly installed") {
        before.rsplit(' ').next()?.parse().ok()
    } else if let Some(rest) = lower.strip_prefix("packages (") {
        rest.split_once(')')?.0.parse().ok()
    } else if lower.contains(" new package") && lower.contains("to install") {
        first(&lower)
    } else if words == 3 && lower.trim_end_matches('s').ends_with("package") {
        let rest = lower.strip_prefix("installing:").or_else(|| lower.strip_prefix("install "));
        rest.and_then(first)
    } else {
        None
    };
    total.filter(|total| *total > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(said: &str) -> Vec<String> {
        let mut installing = Installing::default();
        said.lines().filter_map(|line| installing.line(line)).collect()
    }

    #[test]
    fn each_manager_says_how_far_it_is() {
        let two =
            ["installing 2 packages", "installing package 1 of 2", "installing package 2 of 2"];
        let dnf5 = "Transaction Summary:\n Installing:         2 packages\n\nTotal size of inbound packages is 1 MiB.\n\
                    [1/2] Installing htop-0:3.3.0-5.f 100% | 1.0 MiB/s | 1.0 KiB | 00m00s\n\
                    [2/2] Installing tree-0:2.2.1-1.f 100% | 1.0 MiB/s | 1.0 KiB | 00m00s\nComplete!";
        let dnf = "Install  2 Packages\n\nTotal download size: 1 M\nRunning transaction\n\
                   \x20 Preparing        :                                   1/1 \n\
                   \x20 Installing       : htop-3.2.1-1.el9.x86_64           1/2 \n\
                   \x20 Installing       : tree-1.8.0-10.el9.x86_64          2/2 \n\
                   \x20 Verifying        : tree-1.8.0-10.el9.x86_64          1/2 ";
        let apt = "0 upgraded, 2 newly installed, 0 to remove and 3 not upgraded.\nUnpacking tree (2.2.1-1) ...\n\
                   Setting up tree (2.2.1-1) ...\nSetting up htop (3.4.1-5) ...\nProcessing triggers for man-db ...";
        let pacman = "Packages (2) htop-3.3.0-1  tree-2.1.1-1\n(1/2) checking keys in keyring\n\
                      (1/2) installing htop\n(2/2) installing tree\n(1/1) Running post-transaction hooks...";
        for said in [dnf5, dnf, apt, pacman] {
            assert_eq!(words(said), two, "{said}");
        }
        let apk = "(1/2) Installing htop (3.3.0-r0)\n(2/2) Installing tree (2.1.1-r0)\nOK: 10 MiB in 20 packages";
        assert_eq!(words(apk), two[1..]);
        let zypper = "2 new packages to install.\n(1/2) Installing: htop-3.2.2-1 [...done]";
        assert_eq!(words(zypper), two[..2]);
        for other in [
            "",
            "Install",
            "0 upgraded, 0 newly installed, 0 to remove",
            "[x/y] Installing",
            "(1/2",
            "Nothing to do.",
        ] {
            assert_eq!(words(other), [""; 0], "{other}");
        }
    }
}
