//! Programs that draw, that leave something running, and that want to ask.

use super::*;

fn shell(script: &str) -> Command {
    Command::new("sh").args(["-c", script])
}

#[test]
fn what_is_drawn_over_is_heard_while_the_program_runs() {
    let started = Instant::now();
    let mut heard = Vec::new();
    let script =
        r"printf '10%%\r' >&2; sleep 2; printf '20%%\r\r\n' >&2; printf 'a\rb\r\nc\n'; false";
    let mut line = |text: &str| heard.push((text.to_owned(), started.elapsed()));
    let error = Real.run(&shell(script), &mut line, &CancellationToken::new()).unwrap_err();
    let first = heard.first().unwrap();
    assert!(first.0 == "10%" && first.1 < Duration::from_millis(1500), "{heard:?}");
    // What is kept has what stays on the screen.
    assert!(matches!(&error, RunError::Failed { tail, .. } if tail == "20%"), "{error:?}");
    let command = shell(r"printf 'a\rb\r\nc\rd'");
    assert_eq!(Real.run(&command, &mut |_| (), &CancellationToken::new()).unwrap(), "b\nd\n");
    assert_eq!(Real.output(&command).unwrap(), b"a\rb\r\nc\rd");
}

#[test]
fn what_a_program_leaves_running_is_not_waited_for() {
    let started = Instant::now();
    let said = Real.output(&shell("sleep 60 & seq 20000; printf end")).unwrap();
    assert!(started.elapsed() < Duration::from_secs(30));
    assert!(said.starts_with(b"1\n") && said.ends_with(b"20000\nend"), "{}", said.len());
}

#[test]
fn colours_are_no_part_of_what_went_wrong() {
    assert_eq!(uncoloured("Starting...\t\u{1b}[32m [ OK ]\u{1b}[0m"), "Starting...\t [ OK ]");
    assert_eq!(uncoloured("\u{1b}[1;31mError\u{1b}[m: [x]\u{1b}\u{7}"), "Error: [x]");
    assert_eq!(uncoloured("\u{1b}[1;31"), "");
}
