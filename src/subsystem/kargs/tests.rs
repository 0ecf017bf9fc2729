use std::collections::BTreeSet;

use super::*;
use crate::core::item::Wanted;
use crate::core::merge::Drift;
use crate::core::report::ItemReport;
use crate::host::testing::Machine;

fn words(line: &str) -> Vec<String> {
    read::split(line)
}

fn wanted(items: &[&str]) -> WantedItems {
    let entry = || Wanted { record: Record::new(), layer: Layer::Shared };
    items.iter().map(|item| (ItemKey::new(*item), entry())).collect()
}

/// How each item stands.
fn stand(arguments: &Arguments, wanted: &WantedItems) -> Vec<(String, Drift, Option<Pending>)> {
    let live = compare(arguments, wanted);
    let keys: BTreeSet<&ItemKey> = wanted.keys().chain(live.items.keys()).collect();
    let judge = |key: &&ItemKey| {
        let live = live.get(key);
        let skip = |_: &str| false;
        let item = ItemReport::judge(
            &[],
            (*key).clone(),
            None,
            wanted.get(key),
            live.as_deref(),
            None,
            &skip,
        );
        (key.to_string(), item.state, item.pending)
    };
    keys.iter().map(judge).collect()
}

fn item(key: &str, state: Drift, pending: Option<Pending>) -> (String, Drift, Option<Pending>) {
    (key.to_owned(), state, pending)
}

#[test]
fn local_given_pending_and_removed_arguments_are_told_apart() {
    let arguments = Arguments {
        running: words("given local=1 leaving"),
        next: words("given local=1 coming"),
        sure: true,
        image: words("given dropped unwanted"),
        built: words("given unwanted"),
        ..Arguments::default()
    };
    let (build, reboot) = (Some(Pending::ImageBuild), Some(Pending::Reboot));
    assert_eq!(
        stand(&arguments, &wanted(&[])),
        [
            item("append/coming", Drift::Unmanaged, reboot),
            item("append/local=1", Drift::Unmanaged, None),
            item("remove/dropped", Drift::Unmanaged, None),
        ]
    );
    let all = wanted(&[
        "append/given",
        "append/local=1",
        "append/coming",
        "append/new",
        "append/dropped",
        "remove/leaving",
        "remove/never-there",
    ]);
    assert_eq!(
        stand(&arguments, &all),
        [
            item("append/coming", Drift::Pending, reboot),
            item("append/dropped", Drift::Missing, None),
            item("append/given", Drift::InSync, None),
            item("append/local=1", Drift::InSync, None),
            item("append/new", Drift::Pending, build),
            item("remove/leaving", Drift::Pending, reboot),
            item("remove/never-there", Drift::InSync, None),
        ]
    );
    assert_eq!(
        stand(&arguments, &wanted(&["remove/local=1"])),
        [
            item("append/coming", Drift::Unmanaged, reboot),
            item("remove/dropped", Drift::Unmanaged, None),
            item("remove/local=1", Drift::Missing, None),
        ]
    );
}

#[test]
fn what_the_next_start_has_is_not_guessed() {
    let arguments = Arguments {
        running: words("quiet"),
        next: words("quiet"),
        sure: false,
        image: words("given"),
        built: Vec::new(),
        ..Arguments::default()
    };
    // Only root could tell whether it was left out.
    assert_eq!(
        stand(&arguments, &wanted(&["append/quiet"])),
        [item("append/quiet", Drift::InSync, None)]
    );
    assert_eq!(
        stand(&arguments, &wanted(&["append/quiet", "append/given"]))[0],
        item("append/given", Drift::Pending, Some(Pending::Reboot))
    );
}

#[test]
fn one_key_twice_is_two_items_and_the_odd_is_said() {
    let next = words("console=tty0 console=ttyS0 \"dyndbg=file a +p\" \"a b=c\"");
    let arguments = Arguments { running: next.clone(), next, sure: true, ..Arguments::default() };
    let live = compare(&arguments, &wanted(&[]));
    let keys: Vec<&str> = live.items.keys().map(ItemKey::as_str).collect();
    assert_eq!(
        keys,
        ["append/console=tty0", "append/console=ttyS0", "append/dyndbg=\"file a +p\""]
    );
    assert!(live.notices[0].text.ends_with(": \"a b=c\""), "{:?}", live.notices);
}

struct Made(Machine);

impl Made {
    fn new(cmdline: &str) -> Self {
        let machine = Machine::new();
        machine.file("proc/cmdline", cmdline);
        machine.file("run/ostree-booted", "");
        Self(machine)
    }

    fn manifests(&self, shared: &str, own: &str) -> Manifests {
        self.0.file("repo/manifests/system-config.json", shared);
        self.0.file("repo/manifests/hosts/machine/system-config.json", own);
        Manifests::new(&self.0.dir.path().join("repo/manifests"), "machine")
    }

    fn wanted(&self, shared: &str, own: &str) -> Result<Vec<String>> {
        let wanted = KernelArguments.wanted(&self.manifests(shared, own), &self.0.host())?;
        Ok(wanted.keys().map(ToString::to_string).collect())
    }

    fn steps(&self, changes: &[Change]) -> Steps {
        let changes: Vec<&Change> = changes.iter().collect();
        KernelArguments.steps(&changes, &self.0.host()).unwrap()
    }
}

fn change(item: &str, there: bool) -> Change {
    let record = |there: bool| there.then(Record::new);
    Change {
        subsystem: ID,
        item: ItemKey::new(item),
        title: item.to_owned(),
        side: Side::System,
        layer: Layer::Shared,
        before: record(!there),
        after: record(there),
        other: None,
        held: None,
    }
}

#[test]
fn a_machine_s_own_layer_has_its_way_and_one_layer_does_not_contradict_itself() {
    let made = Made::new("quiet\n");
    let shared = r#"{"kargs": {"append": ["a=1", "b"], "remove": ["c"]}}"#;
    assert_eq!(made.wanted(shared, "{}").unwrap(), ["append/a=1", "append/b", "remove/c"]);
    let own = r#"{"kargs": {"append": ["c", {"name": "b", "absent": true}], "remove": ["a=1"]}}"#;
    assert_eq!(made.wanted(shared, own).unwrap(), ["append/c", "remove/a=1"]);
    let both = "{\"kargs\": {\"append\": [\"a\"],\n \"remove\": [\"b\", \"a\"]}}";
    let error = made.wanted(both, "{}").unwrap_err().to_string();
    assert!(error.contains("system-config.json:2:") && error.contains("left out"), "{error}");
    for hostile in ["../x\\ny", "a b", "-x", "a;b", "$(x)", "a'b", "", r#"a=\"b c"#] {
        let text = format!("{{\"kargs\": {{\"append\": [\"{hostile}\"]}}}}");
        let error = made.wanted(&text, "{}").unwrap_err().to_string();
        assert!(error.contains("is not a kernel argument"), "{error}");
    }
}

#[test]
fn all_changes_are_one_command() {
    let made = Made::new("quiet old\n");
    made.0.file("usr/bin/rpm-ostree", "");
    let changes = [
        change("append/new=1", true),
        change("append/old", false),
        change("remove/quiet", true),
        change("remove/back", false),
    ];
    let planned = made.steps(&changes);
    let [step] = planned.steps.as_slice() else { panic!("{planned:?}") };
    let Action::Run(command) = &step.action else { panic!("{step:?}") };
    assert_eq!(command.program, "pkexec");
    assert_eq!(
        command.args.join(" "),
        "rpm-ostree kargs --append-if-missing=new=1 --delete-if-present=old --delete-if-present=quiet --append-if-missing=back"
    );
    assert!(step.risk.password && step.risk.reboot && step.items.len() == 4);
}

#[test]
fn an_argument_with_quotes_is_one_argument_everywhere() {
    let made = Made::new("\"dyndbg=file a +p\" plain=x\n");
    made.0.file("usr/bin/rpm-ostree", "");
    let shared = r#"{"kargs": {"append": ["dyndbg=\"file a +p\"", "plain=\"x\""]}}"#;
    assert_eq!(
        made.wanted(shared, "{}").unwrap(),
        ["append/dyndbg=\"file a +p\"", "append/plain=x"]
    );
    let live = |cmdline: &str| {
        made.0.file("proc/cmdline", cmdline);
        let wanted = KernelArguments.wanted(&made.manifests(shared, "{}"), &made.0.host()).unwrap();
        stand(&Arguments::read(&made.0.host()).unwrap(), &wanted)
    };
    let [dyndbg, plain] = ["append/dyndbg=\"file a +p\"", "append/plain=x"];
    let here = [item(dyndbg, Drift::InSync, None), item(plain, Drift::InSync, None)];
    // As the kernel, GRUB and an entry of the boot loader spell them.
    assert_eq!(live("\"dyndbg=file a +p\" plain=x\n"), here);
    assert_eq!(live("dyndbg=\"file a +p\" plain=\"x\"\n"), here);
    assert_ne!(live("dyndbg=\"file b +p\" plain=x\n"), here);
    let planned = made.steps(&[change(dyndbg, true)]);
    let Action::Run(command) = &planned.steps[0].action else { panic!("{planned:?}") };
    assert_eq!(command.args, ["rpm-ostree", "kargs", "--append-if-missing=dyndbg=\"file a +p\""]);
    // The file that bootc reads gives them back.
    let body = KernelArguments.section(&made.manifests(shared, "{}")).unwrap().unwrap();
    assert!(body.body().contains("dyndbg="), "{}", body.body());
    let arguments = ["dyndbg=\"file a +p; module 'b' -p\"", "a=\"b\"", "c=$(d)"];
    let kept: Vec<Karg> = arguments.iter().filter_map(|arg| arg.parse().ok()).collect();
    assert_eq!(kept.len(), 2, "a single quote is no part of one");
    made.0.file("usr/lib/bootc/kargs.d/90-bkt.toml", table(&kept));
    assert_eq!(Arguments::read(&made.0.host()).unwrap().image, ["a=b", "c=$(d)"]);
    // One that is spelt otherwise is the same, in every list.
    let both = r#"{"kargs": {"append": ["a=\"b\""], "remove": ["a=b"]}}"#;
    assert!(made.wanted(both, "{}").is_err());
    let mut manifests = made.manifests(shared, "{}");
    let gone = Change { side: Side::Manifest, ..change(plain, false) };
    KernelArguments.capture(&mut manifests, &[&gone]).unwrap();
    let text = manifests.edits().remove(0).after.unwrap();
    assert!(text.contains("dyndbg") && !text.contains("plain"), "{text}");
}

#[test]
fn what_cannot_be_done_here_is_said() {
    let made = Made::new("quiet\n");
    made.0.file("usr/lib/bootc/kargs.d/10-a.toml", "kargs = [\"given\"]");
    let blocked = |item: &str, there: bool| {
        let planned = made.steps(&[change(item, there)]);
        assert!(planned.steps.is_empty());
        (planned.blocked[0].later, planned.blocked[0].reason.clone())
    };
    assert!(blocked("append/new", true).0, "the next image brings it");
    let (later, reason) = blocked("remove/quiet", true);
    assert!(!later && reason.contains("only add"), "{reason}");
    assert!(blocked("append/given", false).0, "it goes with the next image");
    assert!(!blocked("append/quiet", false).0, "it is this machine's own");
}

#[test]
fn the_section_writes_what_bootc_reads() {
    let made = Made::new("quiet\n");
    let body = |shared: &str| {
        let manifests = made.manifests(shared, r#"{"kargs": {"append": ["own"]}}"#);
        KernelArguments.section(&manifests).unwrap().unwrap().body().to_owned()
    };
    assert_eq!(body(r#"{"kargs": {"remove": ["x"]}}"#), "");
    // In the manifest's order, which can mean something.
    let text = body(r#"{"kargs": {"append": ["console=tty0", "a.b=c,d", "console=ttyS0"]}}"#);
    assert!(text.contains(IMAGE_FILE) && !text.contains("own"), "{text}");
    let arguments: Vec<Karg> =
        ["console=tty0", "a.b=c,d", "mem=10%"].iter().map(|arg| arg.parse().unwrap()).collect();
    assert_eq!(
        table(&arguments),
        "kargs = [\n  \"console=tty0\",\n  \"a.b=c,d\",\n  \"mem=10%\",\n]\n"
    );
    let read: toml::Table = table(&arguments).parse().unwrap();
    assert_eq!(read.keys().collect::<Vec<_>>(), ["kargs"]);
}

#[test]
fn a_captured_argument_goes_to_the_end() {
    let made = Made::new("quiet\n");
    let mut manifests =
        made.manifests(r#"{"kargs": {"append": ["console=tty0", "console=ttyS0"]}}"#, "{}");
    let capture = |item: &str, there: bool, layer: Layer| Change {
        side: Side::Manifest,
        layer,
        ..change(item, there)
    };
    let changes = [
        capture("append/a=1", true, Layer::Shared),
        capture("append/console=tty0", false, Layer::Host("machine".into())),
        capture("remove/b", true, Layer::Shared),
        capture("remove/a=1", true, Layer::Shared),
        capture("append/a=1", true, Layer::Shared),
    ];
    KernelArguments.capture(&mut manifests, &changes.iter().collect::<Vec<_>>()).unwrap();
    let texts: Vec<String> = manifests
        .edits()
        .into_iter()
        .map(|edit| edit.after.unwrap().split_whitespace().collect())
        .collect();
    assert_eq!(
        texts,
        [
            r#"{"kargs":{"append":["console=tty0","console=ttyS0","a=1"],"remove":["b"]}}"#,
            r#"{"kargs":{"append":[{"name":"console=tty0","absent":true}]}}"#,
        ]
    );
}
