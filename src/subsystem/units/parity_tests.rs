//! Units as we read them, beside what the real systemctl says of the same files.

use std::collections::BTreeMap;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;

use super::tree::{State, Tree};
use crate::core::names::UnitName;
use crate::host::testing::Machine;
use crate::host::{Environment, Host, command};

/// What `systemctl is-enabled` says of each unit.
#[allow(clippy::disallowed_methods, reason = "a test's own tool")]
fn systemctl(root: &Path, units: &[String]) -> BTreeMap<String, String> {
    let ask = |units: &[String]| -> Vec<String> {
        let mut command = std::process::Command::new("systemctl");
        command.env("LC_ALL", "C").arg(format!("--root={}", root.display())).arg("is-enabled");
        let said = command.args(units).output().expect("systemctl is needed to compare with");
        String::from_utf8(said.stdout).unwrap().lines().map(str::to_owned).collect()
    };
    let said = ask(units);
    let said = match said.len() == units.len() {
        true => said,
        // Of what it does not know, an older one says so among its errors, and so says less.
        false => {
            let one = |unit: &String| ask(std::slice::from_ref(unit)).pop().unwrap_or_default();
            units.iter().map(one).collect()
        }
    };
    let word = |word: String| if word.is_empty() { "not-found".to_owned() } else { word };
    units.iter().cloned().zip(said.into_iter().map(word)).collect()
}

fn compare(root: &Path, host: &Host, more: &[&str]) -> usize {
    let tree = Tree::running(host).unwrap();
    let mut units: Vec<String> = tree.all().into_iter().chain(tree.decided()).collect();
    units.extend(more.iter().map(|unit| (*unit).to_owned()));
    units.retain(|unit| unit.parse::<UnitName>().is_ok());
    units.sort();
    units.dedup();
    let said = systemctl(root, &units);
    let read: BTreeMap<String, String> = units
        .iter()
        .map(|unit| (unit.clone(), tree.state(unit).unwrap().word().to_owned()))
        .collect();
    let differ: Vec<String> = units
        .iter()
        .filter(|unit| said[*unit] != read[*unit])
        .map(|unit| format!("{unit}: systemctl says {}, we say {}", said[unit], read[unit]))
        .collect();
    assert!(differ.is_empty(), "of {}:\n{}", units.len(), differ.join("\n"));
    units.len()
}

#[test]
fn every_unit_of_this_machine_stands_as_systemctl_says() {
    let env = Environment { root: "/".into(), ..Environment::below(Path::new("/nowhere")) };
    let compared = compare(Path::new("/"), &Host::new(env, Arc::new(command::Real)), &[]);
    assert!(compared > 20, "only {compared} units: is systemd installed?");
}

#[test]
fn odd_units_stand_as_systemctl_says() {
    let machine = Machine::new();
    let root = machine.dir.path();
    let file = |path: &str, install: &str| {
        machine.file(path, format!("[Service]\nExecStart=/bin/true\n{install}"));
    };
    let vendor =
        |name: &str, install: &str| file(&format!("usr/lib/systemd/system/{name}"), install);
    let link = |path: &str, target: &str| {
        let path = root.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        symlink(target, path).unwrap();
    };
    let wants = "[Install]\nWantedBy=multi-user.target\n";
    for name in ["plain.service", "on.service", "run.service", "masked.service", "runmask.service"]
    {
        vendor(name, wants);
    }
    vendor("static.service", "");
    vendor("pulled.service", "");
    vendor("pulled-install.service", wants);
    vendor("also.service", "[Install]\nAlso=on.service\n");
    vendor("alias.service", "[Install]\nAlias=other.service third.service\n");
    vendor("alias-off.service", "[Install]\nAlias=nobody.service\n");
    vendor("named.service", wants);
    vendor("tpl@.service", "[Install]\nWantedBy=multi-user.target\nDefaultInstance=one\n");
    vendor("tpl-on@.service", "[Install]\nWantedBy=multi-user.target\nDefaultInstance=one\n");
    vendor("bare@.service", wants);
    vendor("bare-on@.service", wants);
    vendor("inst@.service", "");
    vendor("reset.service", "[Install]\nWantedBy=a.target\nWantedBy=\n");
    vendor("dropped.service", "");
    vendor("required.service", "[Install]\nRequiredBy=multi-user.target\n");
    vendor("spec@.service", "[Install]\nAlias=spec-%i.service\n");
    vendor("over.service", wants);
    file("usr/lib/systemd/system/dropped.service.d/10-a.conf", wants);
    machine.file("usr/lib/systemd/system/empty.service", "");
    link("usr/lib/systemd/system/vendor-alias.service", "plain.service");
    link("usr/lib/systemd/system/vendor-mask.service", "/dev/null");
    link("usr/lib/systemd/system/sysinit.target.wants/pulled.service", "../pulled.service");
    link(
        "usr/lib/systemd/system/sysinit.target.wants/pulled-install.service",
        "../pulled-install.service",
    );
    link("usr/lib/systemd/system/sysinit.target.wants/inst@vendor.service", "../inst@.service");
    let etc = "etc/systemd/system";
    let lib = "/usr/lib/systemd/system";
    link(&format!("{etc}/multi-user.target.wants/on.service"), &format!("{lib}/on.service"));
    link(
        &format!("{etc}/multi-user.target.requires/required.service"),
        &format!("{lib}/required.service"),
    );
    link(&format!("{etc}/other.service"), &format!("{lib}/alias.service"));
    link(&format!("{etc}/stranger.service"), &format!("{lib}/named.service"));
    link(&format!("{etc}/masked.service"), "/dev/null");
    link(
        &format!("{etc}/multi-user.target.wants/tpl-on@one.service"),
        &format!("{lib}/tpl-on@.service"),
    );
    link(&format!("{etc}/multi-user.target.wants/tpl@two.service"), &format!("{lib}/tpl@.service"));
    link(
        &format!("{etc}/multi-user.target.wants/bare-on@x.service"),
        &format!("{lib}/bare-on@.service"),
    );
    link(&format!("{etc}/multi-user.target.wants/gone.service"), &format!("{lib}/gone.service"));
    link(&format!("{etc}/dangling.service"), "/opt/nothing.service");
    file("opt/linked.service", wants);
    link(&format!("{etc}/linked.service"), "/opt/linked.service");
    file("opt/linked-on.service", wants);
    link(&format!("{etc}/linked-on.service"), "/opt/linked-on.service");
    link(&format!("{etc}/multi-user.target.wants/linked-on.service"), "/opt/linked-on.service");
    file(&format!("{etc}/over.service"), "");
    file(&format!("{etc}/own.service"), wants);
    link("run/systemd/system/multi-user.target.wants/run.service", &format!("{lib}/run.service"));
    link("run/systemd/system/runmask.service", "/dev/null");
    file("run/systemd/generator/made.service", "");
    file("run/systemd/generator.late/late.service", wants);
    file("run/systemd/transient/brief.service", "");
    let more = [
        "tpl@one.service",
        "tpl@two.service",
        "tpl-on@one.service",
        "bare-on@x.service",
        "inst@vendor.service",
        "inst@other.service",
        "nothing.service",
        "nothing@x.service",
        "multi-user.target",
    ];
    compare(root, &machine.host(), &more);
    let host = machine.host();
    let state = |unit: &str| Tree::running(&host).unwrap().state(unit).unwrap();
    assert_eq!(state("on.service"), State::Enabled);
    assert_eq!(state("other.service"), State::Alias("alias.service".into()));
}
