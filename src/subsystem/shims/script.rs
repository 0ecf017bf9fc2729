//! The script that a shim is: written in one form, and read in that and in those of earlier tools.

use crate::core::names::ShimName;

/// The script that runs the host's `command`.
///
/// In a container it asks the host; on the host, whose path leads to the shim too, it is the next of that name.
pub(super) fn text(command: &ShimName) -> String {
    format!(
        "\
#!/bin/sh
# Made by bkt: the host's {command}, also from inside a container.
if [ -e /run/.containerenv ] || [ -e /.flatpak-info ]; then
    exec flatpak-spawn --host {command} \"$@\"
fi
IFS=:
for dir in $PATH; do
    [ \"$dir/{command}\" -ef \"$0\" ] || [ ! -x \"$dir/{command}\" ] || exec \"$dir/{command}\" \"$@\"
done
echo \"{command}: not found on the host\" >&2
exit 127
"
    )
}

/// The host's command that a script runs; `None` where it is no shim: it has to be one of ours, or do nothing but
/// `exec flatpak-spawn --host COMMAND "$@"`.
pub(super) fn command(script: &str) -> Option<ShimName> {
    let mut said = script.lines().map(str::trim).filter(|line| !line.is_empty());
    if !said.next()?.starts_with("#!") {
        return None;
    }
    let lines: Vec<&str> = said.filter(|line| !line.starts_with('#')).collect();
    let named = lines.iter().find_map(|line| {
        line.strip_prefix("exec flatpak-spawn --host ")?.strip_suffix(" \"$@\"")
    })?;
    let command: ShimName = named.trim_matches(['"', '\'']).parse().ok()?;
    (lines.len() == 1 || script == text(&command)).then_some(command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_nothing_that_does_more() {
        let docker: ShimName = "docker".parse().unwrap();
        assert_eq!(command(&text(&docker)), Some(docker.clone()));
        for script in [
            "#!/bin/sh\nexec flatpak-spawn --host docker \"$@\"\n",
            "#!/usr/bin/env bash\n# a shim\n\nexec flatpak-spawn --host 'docker' \"$@\"",
        ] {
            assert_eq!(command(script), Some(docker.clone()), "{script}");
        }
        for script in [
            "",
            "exec flatpak-spawn --host docker \"$@\"\n",
            "#!/bin/sh\nmy-setup\nexec flatpak-spawn --host docker \"$@\"\n",
            "#!/bin/sh\nexec flatpak-spawn --host docker; rm x \"$@\"\n",
            &format!("{}echo mine\n", text(&docker)),
        ] {
            assert_eq!(command(script), None, "{script}");
        }
    }
}
