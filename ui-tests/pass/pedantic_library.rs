//! The library of this crate, which holds every form under `clippy::pedantic`.

#[test]
fn the_library_runs_as_well() {
    assert_eq!(vela_ui_tests::all().ok(), Some(12));
}
