//! Finds out whether the running rustc is the one whose words the `.stderr` files hold.

use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=rustc-version.txt");
    println!("cargo::rustc-check-cfg=cfg(known_rustc)");
    let known = std::fs::read_to_string("rustc-version.txt").expect("ui-tests/rustc-version.txt is there");
    let running = running_version();
    println!("cargo::rustc-env=UI_RUSTC_KNOWN={}", known.trim());
    println!("cargo::rustc-env=UI_RUSTC_RUNNING={running}");
    if running == known.trim() {
        println!("cargo::rustc-cfg=known_rustc");
    }
}

/// `1.95.0`, or `1.97.0-nightly`.
fn running_version() -> String {
    let rustc = std::env::var_os("RUSTC").expect("cargo says which rustc it is");
    let output = Command::new(rustc).arg("--version").output().expect("rustc says its version");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.split_whitespace().nth(1).unwrap_or("unknown").to_owned()
}
