//! The dependency under another name, in a crate that knows no `vela`.

#[test]
fn everything_works_under_another_name() {
    assert_eq!(vela_ui_renamed::all(), 42);
}
