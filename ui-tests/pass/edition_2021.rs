//! A crate of edition 2021.

#[test]
fn everything_works_in_edition_2021() {
    assert_eq!(vela_ui_edition2021::all(), 42);
}
