//! Whole programs: what `#[vela::main]` makes of `main`.

use std::process::{Command, Output};

fn run(program: &str) -> Output {
    Command::new(program).output().expect("the program starts")
}

#[test]
fn an_error_of_main_is_printed_and_fails() {
    let output = run(env!("CARGO_BIN_EXE_ui-fails"));
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("got None"), "{output:?}");
}

#[test]
fn on_panic_abort_ends_the_program() {
    let output = run(env!("CARGO_BIN_EXE_ui-aborts"));
    assert!(!output.status.success(), "{output:?}");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("nobody joins this task") && said.contains("unlucky"), "{said}");
}

#[test]
fn the_run_queue_is_chosen_by_an_option_and_by_the_environment() {
    let run = |environment: Option<&str>| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ui-run-queue"));
        command.env_remove("VELA_RUN_QUEUE").envs(environment.map(|value| ("VELA_RUN_QUEUE", value)));
        let output = command.output().expect("the program starts");
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).trim_end().to_owned();
        (text(output.stdout), text(output.stderr))
    };
    let said = |whose: &str| (whose.to_owned(), String::new());
    assert_eq!(run(None), said("Tokio"));
    assert_eq!(run(Some("tokio")), said("Tokio"));
    assert_eq!(run(Some("vela")), said("Vela"));
    let (whose, warning) = run(Some("go"));
    assert_eq!(whose, "Tokio");
    assert_eq!(warning, "vela: VELA_RUN_QUEUE is `vela` or `tokio`, not \"go\": it is ignored");
}
