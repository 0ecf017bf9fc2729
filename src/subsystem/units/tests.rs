use std::os::unix::fs::symlink;
use std::path::Path;

use super::*;
use crate::core::item::Layer;
use crate::core::merge::Drift;
use crate::core::plan::Action;
use crate::core::report::ItemReport;
use crate::host::privilege;
use crate::host::testing::Machine;

/// A machine that was started from an image, with a repository.
struct Made(Machine);

impl Made {
    fn new() -> Self {
        let machine = Machine::new();
        machine.file("run/ostree-booted", "");
        machine.file("proc/cmdline", "quiet\n");
        machine.file("repo/manifests/.keep", "");
        std::fs::create_dir_all(machine.dir.path().join("usr/etc/systemd/system")).unwrap();
        machine.file("usr/lib/systemd/system-preset/99-default.preset", "disable *\n");
        Self(machine)
    }

    fn manifests(&self) -> Manifests {
        Manifests::new(&self.0.dir.path().join("repo/manifests"), "machine")
    }

    fn manifest(&self, name: &str, text: &str) {
        self.0.file(&format!("repo/manifests/{name}"), text);
    }

    /// A unit of the image that can be enabled.
    fn unit(&self, name: &str) {
        let text = "[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n";
        self.0.file(&format!("usr/lib/systemd/system/{name}"), text);
    }

    fn link(&self, place: &str, target: &str) {
        let path = self.0.dir.path().join(place);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        symlink(target, path).unwrap();
    }

    fn enable(&self, etc: &str, name: &str) {
        let place = format!("{etc}/systemd/system/multi-user.target.wants/{name}");
        self.link(&place, &format!("/usr/lib/systemd/system/{name}"));
    }

    fn wanted(&self) -> WantedItems {
        SystemdUnits.wanted(&self.manifests(), &self.0.host()).unwrap()
    }

    fn live(&self) -> Records {
        SystemdUnits.live(&self.0.host(), &self.wanted()).unwrap()
    }

    fn state(&self, key: &str) -> (Drift, Option<Pending>) {
        let key = ItemKey::new(key);
        let (wanted, live) = (self.wanted(), self.live());
        let live = live.get(&key);
        let wanted = wanted.get(&key);
        let skip = |_: &str| false;
        let report =
            ItemReport::judge(ABOUT.fields, key, None, wanted, live.as_deref(), None, &skip);
        (report.state, report.pending)
    }

    fn commands(&self, changes: &[Change]) -> Vec<String> {
        let changes: Vec<&Change> = changes.iter().collect();
        let planned = SystemdUnits.steps(&changes, &self.0.host()).unwrap();
        let root = self.0.dir.path().display().to_string();
        let line = |step: &crate::core::plan::Step| match &step.action {
            Action::Run(command) => {
                assert_eq!(command.program, "pkexec");
                assert!(step.risk.password);
                command.args.join(" ").replace(&root, "")
            }
            Action::Write(edits) => format!("write {}", edits[0].path.replace(&root, "")),
            other => panic!("{other:?}"),
        };
        let blocked =
            planned.blocked.iter().map(|b| format!("blocked later={} {}", b.later, b.item));
        planned.steps.iter().map(line).chain(blocked).collect()
    }
}

fn change(item: &str, before: Option<&str>, after: Option<&str>) -> Change {
    let field = if item.starts_with(OWN) { CONTENT } else { STATE };
    let record = |value: Option<&str>| value.map(|value| Record::new().with(field, value));
    Change {
        subsystem: ID,
        item: ItemKey::new(item),
        title: item.to_owned(),
        side: Side::System,
        layer: Layer::Shared,
        before: record(before),
        after: record(after),
        other: None,
        held: None,
    }
}

#[test]
fn what_somebody_switched_is_local_and_what_the_image_has_is_not() {
    let made = Made::new();
    for name in ["by-image.service", "on.service", "off.service", "plain.service", "gone.service"] {
        made.unit(name);
    }
    for name in ["by-image.service", "off.service"] {
        made.enable("usr/etc", name);
    }
    made.enable("etc", "by-image.service");
    made.enable("etc", "on.service");
    made.link("etc/systemd/system/gone.service", "/dev/null");
    // The unit of this link is no more.
    made.enable("etc", "removed.service");
    let live = made.live();
    let found: Vec<(&str, &str)> = live
        .items
        .iter()
        .map(|(key, live)| (key.as_str(), live.record().unwrap().text(STATE).unwrap()))
        .collect();
    assert_eq!(
        found,
        [("gone.service", "masked"), ("off.service", "disabled"), ("on.service", "enabled")]
    );
    assert_eq!(made.state("on.service"), (Drift::Unmanaged, None));
}

#[test]
fn what_the_first_start_enables_nobody_has_switched() {
    let made = Made::new();
    made.unit("preset.service");
    made.0.file("usr/lib/systemd/system-preset/10-a.preset", "enable preset.service\n");
    made.enable("etc", "preset.service");
    assert!(made.live().items.is_empty());
}

#[test]
fn without_the_image_s_own_etc_the_presets_are_the_default() {
    let made = Made::new();
    std::fs::remove_dir_all(made.0.dir.path().join("usr/etc")).unwrap();
    for name in ["on.service", "preset.service", "unset.service"] {
        made.unit(name);
    }
    made.0.file(
        "usr/lib/systemd/system-preset/10-a.preset",
        "enable preset.service\nenable unset.service\n",
    );
    made.enable("etc", "on.service");
    made.enable("etc", "preset.service");
    let live = made.live();
    let keys: Vec<&str> = live.items.keys().map(ItemKey::as_str).collect();
    assert_eq!(keys, ["on.service", "unset.service"]);
}

#[test]
fn a_wish_that_the_image_does_not_meet_yet_is_pending() {
    let made = Made::new();
    for name in ["a.service", "b.service", "c.service", "m.service", "own.service"] {
        made.unit(name);
    }
    made.0.file("usr/lib/systemd/system/fixed.service", "[Service]\nExecStart=/bin/true\n");
    made.enable("usr/etc", "b.service");
    made.enable("etc", "b.service");
    // Somebody masked what is wanted enabled.
    made.link("etc/systemd/system/m.service", "/dev/null");
    made.manifest(
        "system-config.json",
        r#"{"systemd": {"enable": ["a.service", "b.service", "m.service", "none.service", "fixed.service"], "mask": ["c.service"]}}"#,
    );
    made.manifest("systemd-services.json", r#"{"services": {"gone.service": "disabled"}}"#);
    made.manifest(
        "hosts/machine/system-config.json",
        r#"{"systemd": {"enable": ["own.service"]}}"#,
    );
    let build = Some(Pending::ImageBuild);
    assert_eq!(made.state("a.service"), (Drift::Pending, build));
    assert_eq!(made.state("b.service"), (Drift::InSync, None));
    assert_eq!(made.state("c.service"), (Drift::Pending, build));
    assert_eq!(made.state("m.service"), (Drift::Conflict, None));
    assert_eq!(made.state("none.service"), (Drift::Pending, build));
    assert_eq!(made.state("gone.service"), (Drift::InSync, None));
    assert_eq!(made.state("fixed.service"), (Drift::NotHere, None));
    // What one machine wants of its own is in no image.
    assert_eq!(made.state("own.service"), (Drift::Missing, None));
    std::fs::remove_file(made.0.dir.path().join("run/ostree-booted")).unwrap();
    assert_eq!(made.state("a.service").0, Drift::NotHere);
}

#[test]
fn two_states_for_one_unit_are_an_error_that_names_both_places() {
    let made = Made::new();
    let error = || {
        let error = SystemdUnits.wanted(&made.manifests(), &made.0.host()).unwrap_err();
        format!("{error:#}")
    };
    made.manifest("system-config.json", "{\"systemd\": {\n\"enable\": [\"a.service\"]}}");
    made.manifest("systemd-services.json", "{\"services\": {\n\n\"a.service\": \"masked\"}}");
    let text = error();
    assert!(text.contains("systemd-services.json:3:"), "{text}");
    assert!(text.contains("system-config.json:2:12"), "{text}");
    // The same twice is no contradiction between files, and is one in a list.
    made.manifest("systemd-services.json", r#"{"services": {"a.service": "enabled"}}"#);
    assert_eq!(made.wanted().len(), 1);
    made.manifest(
        "system-config.json",
        r#"{"systemd": {"enable": ["b.service"], "mask": ["b.service"]}}"#,
    );
    assert!(error().contains("masked here, and enabled in"), "{}", error());
    made.manifest("system-config.json", r#"{"systemd": {"enable": ["b.service", "b.service"]}}"#);
    assert!(error().contains("stands here twice"));
    for (wrong, says) in [
        (r#"{"services": ["a.service"]}"#, "each with its state"),
        (r#"{"services": {"a.service": "on"}}"#, "“enabled”, “disabled” or “masked”"),
        (r#"{"services": {"../a.service": "enabled"}}"#, "is not a systemd unit"),
        (r#"{"services": {"a;b.service": "enabled"}}"#, "is not a systemd unit"),
    ] {
        made.manifest("system-config.json", "{}");
        made.manifest("systemd-services.json", wrong);
        assert!(error().contains(says), "{}", error());
    }
}

#[test]
fn a_layer_drops_and_changes_what_the_shared_one_says() {
    let made = Made::new();
    made.manifest("system-config.json", r#"{"systemd": {"enable": ["a.service", "b.service"]}}"#);
    made.manifest(
        "systemd-services.json",
        r#"{"services": {"c.service": "masked", "d.service": "masked"}}"#,
    );
    made.manifest(
        "hosts/machine/system-config.json",
        r#"{"systemd": {"mask": ["b.service"], "enable": [{"name": "a.service", "absent": true}]}}"#,
    );
    made.manifest(
        "hosts/machine/systemd-services.json",
        r#"{"services": {"c.service": {"absent": true}}}"#,
    );
    let wanted = made.wanted();
    let states: Vec<(&str, &str)> = wanted
        .iter()
        .map(|(key, wanted)| (key.as_str(), wanted.record.text(STATE).unwrap()))
        .collect();
    assert_eq!(states, [("b.service", "masked"), ("d.service", "masked")]);
    // The image is for every machine.
    let section = SystemdUnits.section(&made.manifests()).unwrap().unwrap();
    assert!(section.body().contains("a.service") && !section.body().contains("hosts"));
}

fn captured(made: &Made, layer: Layer, item: &str, after: Option<&str>) -> Vec<(String, String)> {
    let mut manifests = made.manifests();
    let capture = Change { side: Side::Manifest, layer, ..change(item, None, after) };
    SystemdUnits.capture(&mut manifests, &[&capture]).unwrap();
    let name = |path: &str| {
        let repo = made.0.dir.path().join("repo");
        Path::new(path).strip_prefix(repo).unwrap().display().to_string()
    };
    let edits = manifests.edits().into_iter();
    edits
        .map(|edit| (name(&edit.path), edit.after.unwrap_or_default().split_whitespace().collect()))
        .collect()
}

#[test]
fn a_capture_goes_to_the_file_that_names_the_unit() {
    let made = Made::new();
    let one = |item, after| captured(&made, Layer::Shared, item, after).remove(0);
    let config = |text: &str| ("manifests/system-config.json".to_owned(), text.to_owned());
    assert_eq!(
        one("a.service", Some("enabled")),
        config(r#"{"systemd":{"enable":["a.service"]}}"#)
    );
    made.manifest("system-config.json", r#"{"systemd": {"enable": ["a.service"], "mask": []}}"#);
    made.manifest("systemd-services.json", r#"{"services": {"b.service": "enabled"}}"#);
    assert_eq!(
        one("a.service", Some("masked")),
        config(r#"{"systemd":{"enable":[],"mask":["a.service"]}}"#)
    );
    let services = (
        "manifests/systemd-services.json".to_owned(),
        r#"{"services":{"b.service":"disabled"}}"#.to_owned(),
    );
    assert_eq!(one("b.service", Some("disabled")), services);
    assert_eq!(one("b.service", None).1, r#"{"services":{}}"#);
    assert_eq!(one("a.service", None).1, r#"{"systemd":{"enable":[],"mask":[]}}"#);
    let own = |item, after| captured(&made, Layer::Host("machine".into()), item, after).remove(0);
    assert_eq!(
        own("a.service", None),
        (
            "manifests/hosts/machine/system-config.json".to_owned(),
            r#"{"systemd":{"enable":[{"name":"a.service","absent":true}]}}"#.to_owned()
        )
    );
    assert_eq!(own("b.service", None).1, r#"{"services":{"b.service":{"absent":true}}}"#);
}

#[test]
fn a_unit_file_of_one_s_own_is_captured_with_its_text() {
    let made = Made::new();
    let text = "[Service]\nExecStart=/bin/true\n";
    made.0.file("etc/systemd/system/mine.service", text);
    made.0.file("etc/systemd/system/odd.service", [0xff, b'\n']);
    made.0.file("etc/systemd/system/image.service", text);
    made.0.file("usr/etc/systemd/system/image.service", text);
    made.0.file("etc/systemd/system/mine.service.d/50-x.conf", "[Service]\n");
    made.link("etc/systemd/system/elsewhere.service", "/home/x/elsewhere.service");
    let live = made.live();
    let keys: Vec<&str> = live.items.keys().map(ItemKey::as_str).collect();
    assert_eq!(keys, ["file/mine.service", "file/odd.service"]);
    assert_eq!(made.state("file/mine.service"), (Drift::Unmanaged, None));
    assert_eq!(made.state("file/odd.service"), (Drift::Unknown, None));
    let edits = captured(&made, Layer::Shared, "file/mine.service", Some(text));
    assert_eq!(
        edits[0].1,
        r#"{"systemd":{"custom":[{"unit":"mine.service","file":"systemd/system/mine.service"}]}}"#
    );
    assert_eq!(edits[1], ("systemd/system/mine.service".into(), text.split_whitespace().collect()));
    made.manifest(
        "system-config.json",
        r#"{"systemd": {"custom": [{"unit": "mine.service", "file": "systemd/system/mine.service"}, {"unit": "new.service", "file": "systemd/system/mine.service"}]}}"#,
    );
    let error = SystemdUnits.wanted(&made.manifests(), &made.0.host()).unwrap_err().to_string();
    assert!(
        error.contains("system-config.json:1:") && error.contains("is not in the repository"),
        "{error}"
    );
    made.0.file("repo/systemd/system/mine.service", text);
    assert_eq!(made.state("file/mine.service"), (Drift::InSync, None));
    assert_eq!(made.state("file/new.service"), (Drift::Pending, Some(Pending::ImageBuild)));
    made.0.file("usr/lib/systemd/system/new.service", text);
    assert_eq!(made.state("file/new.service"), (Drift::InSync, None));
    made.0.file("etc/systemd/system/mine.service", "[Service]\nExecStart=/bin/false\n");
    assert_eq!(made.state("file/mine.service").0, Drift::Conflict);
    // Another entry still needs the file.
    let edits = captured(&made, Layer::Shared, "file/mine.service", None);
    assert_eq!(edits.len(), 1);
    let section = SystemdUnits.section(&made.manifests()).unwrap().unwrap();
    assert_eq!(
        section.body(),
        "COPY --chmod=0644 [\"systemd/system/mine.service\",\"/usr/lib/systemd/system/mine.service\"]\n\
         COPY --chmod=0644 [\"systemd/system/mine.service\",\"/usr/lib/systemd/system/new.service\"]\n"
    );
}

#[test]
fn units_are_switched_together_and_back_exactly() {
    let made = Made::new();
    for name in ["a.service", "b.service", "c.service", "d.service"] {
        made.unit(name);
    }
    made.enable("usr/etc", "c.service");
    made.enable("etc", "c.service");
    made.link("etc/systemd/system/d.service", "/dev/null");
    let forth = [
        change("a.service", None, Some("enabled")),
        change("b.service", None, Some("enabled")),
        change("c.service", None, Some("masked")),
        change("d.service", Some("masked"), Some("enabled")),
        change("none.service", None, Some("enabled")),
    ];
    assert_eq!(
        made.commands(&forth),
        [
            "systemctl --root= unmask d.service",
            "systemctl --root= enable a.service b.service d.service",
            "systemctl --root= mask c.service",
            "blocked later=true none.service",
        ]
    );
    // As it is when all that was done.
    made.enable("etc", "a.service");
    made.link("etc/systemd/system/c.service", "/dev/null");
    std::fs::remove_file(made.0.dir.path().join("etc/systemd/system/d.service")).unwrap();
    made.enable("etc", "d.service");
    let back: Vec<Change> = [&forth[0], &forth[2], &forth[3]].map(Change::inverse).into();
    assert_eq!(
        made.commands(&back),
        [
            "systemctl --root= unmask c.service",
            "systemctl --root= disable a.service",
            "systemctl --root= enable c.service",
            "systemctl --root= mask d.service",
        ]
    );
}

#[test]
fn a_unit_file_is_put_in_place_before_it_is_enabled_and_removed_after() {
    let made = Made::new();
    let forth = [
        change("new.service", None, Some("enabled")),
        change("file/new.service", None, Some("[Service]\n")),
    ];
    let kept = privilege::kept(&made.0.host(), &forth[1].item, "[Service]\n");
    let kept = kept.display().to_string().replace(&made.0.dir.path().display().to_string(), "");
    assert_eq!(
        made.commands(&forth),
        [
            format!("write {kept}"),
            format!("install -D -m 0644 -T -- {kept} /etc/systemd/system/new.service"),
            "systemctl --root= enable new.service".to_owned(),
        ]
    );
    let text = "[Service]\n[Install]\nWantedBy=multi-user.target\n";
    made.0.file("etc/systemd/system/new.service", text);
    made.link("etc/systemd/system/multi-user.target.wants/new.service", "../new.service");
    assert_eq!(made.state("new.service"), (Drift::Unmanaged, None));
    assert_eq!(
        made.commands(&[
            change("new.service", Some("enabled"), None),
            change("file/new.service", Some(text), None)
        ]),
        ["systemctl --root= disable new.service", "rm -f -- /etc/systemd/system/new.service"]
    );
    // systemd would refuse it.
    assert_eq!(
        made.commands(&[change("new.service", Some("enabled"), Some("masked"))]),
        ["blocked later=false new.service"]
    );
    made.unit("image.service");
    assert_eq!(
        made.commands(&[change("file/image.service", Some("x"), None)]),
        ["blocked later=true file/image.service"]
    );
}

#[test]
fn the_section_switches_units_in_one_instruction() {
    let made = Made::new();
    let body = || SystemdUnits.section(&made.manifests()).unwrap().unwrap().body().to_owned();
    assert_eq!(body(), "");
    made.manifest(
        "system-config.json",
        r#"{"systemd": {"enable": ["b.service", "a.timer"], "disable": ["c.service"]}}"#,
    );
    made.manifest("systemd-services.json", r#"{"services": {"dev-x2d\\x2dy.swap": "masked"}}"#);
    assert_eq!(
        body(),
        "RUN set -eu; \\\n    systemctl unmask \\\n      a.timer \\\n      b.service; \\\n    systemctl enable \\\n      a.timer \\\n      b.service; \\\n    systemctl disable \\\n      c.service; \\\n    systemctl mask \\\n      'dev-x2d\\x2dy.swap'\n"
    );
}

#[test]
fn a_file_that_cannot_be_read_says_nothing_of_other_units() {
    let made = Made::new();
    made.unit("a.service");
    made.unit("b.service");
    made.enable("etc", "a.service");
    made.enable("etc", "b.service");
    // Where a file should be there is a directory: also root cannot read that.
    let file = made.0.dir.path().join("usr/lib/systemd/system/b.service");
    std::fs::remove_file(&file).unwrap();
    std::fs::create_dir_all(made.0.dir.path().join("opt/b.service")).unwrap();
    symlink("/opt/b.service", &file).unwrap();
    let live = made.live();
    let a = live.get(&ItemKey::new("a.service")).unwrap();
    assert_eq!(a.record().and_then(|record| record.text(STATE)), Some(ENABLED));
    assert!(a.note.as_deref().is_some_and(|note| note.contains("disabled in the image")));
    let b = live.get(&ItemKey::new("b.service")).unwrap();
    assert!(b.record().is_none(), "{b:?}");
}
