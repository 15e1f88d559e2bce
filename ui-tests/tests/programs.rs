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
