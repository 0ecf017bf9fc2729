//! Hooks: shell that a box runs at each of its starts.

/// Hooks as one line of shell, as `distrobox assemble` joins them: one after another, as long as all goes well.
///
/// distrobox takes a hook apart at its white space and puts it together with single spaces before it runs it, so that this
/// is what is run.
pub(super) fn joined<'h>(hooks: impl IntoIterator<Item = &'h str>) -> String {
    let mut line = String::new();
    for hook in hooks {
        let hook = spaced(hook);
        if hook.is_empty() {
            continue;
        }
        if !line.is_empty() {
            let ends = line.ends_with(';') || line.ends_with("&&");
            line.push_str(if ends { " " } else { " && " });
        }
        line.push_str(&hook);
    }
    line
}

/// A box's hooks in the same spelling, without what `distrobox assemble` puts before them.
pub(super) fn of_box(text: &str) -> String {
    let text = spaced(text);
    match text.strip_prefix(": ;").or_else(|| text.strip_prefix(":;")) {
        Some(rest) => rest.trim_start().to_owned(),
        None => text,
    }
}

fn spaced(text: &str) -> String {
    text.split_ascii_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hooks_are_joined_as_assemble_does() {
        assert_eq!(
            joined(["rustup update", " proto  install node\n"]),
            "rustup update && proto install node"
        );
        assert_eq!(joined(["a;", "b &&", "c", ""]), "a; b && c");
        assert_eq!(joined([]), "");
        assert_eq!(
            of_box(": ;  rustup update && proto install node"),
            joined(["rustup update", "proto install node"])
        );
        assert_eq!(of_box(" touch /x "), "touch /x");
    }
}
