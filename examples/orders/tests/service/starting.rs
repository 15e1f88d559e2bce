//! A service that cannot start says why, and ends.

use crate::process::refused;

#[test]
fn an_environment_that_is_not_there_is_named_with_those_that_are() {
    let (code, log) = refused(&[("VELA_ENV", "prodution")]); // typos: ignore
    assert_eq!(code, Some(1));
    assert!(log.contains("did you mean \"production\"?"), "{log}");
}

#[test]
fn a_variable_that_fits_no_queue_is_named() {
    let (code, log) = refused(&[("VELA_CHANNELS__ORDERS__INGST__CAPACITY", "5")]); // typos: ignore
    assert_eq!(code, Some(1));
    assert!(log.contains("VELA_CHANNELS__ORDERS__INGEST__CAPACITY"), "{log}");
}

#[test]
fn a_setting_that_makes_no_sense_is_named() {
    let (code, log) = refused(&[("ORDERS_GRACE", "30")]);
    assert_eq!(code, Some(2));
    assert!(log.starts_with("orders: ORDERS_GRACE: \"30\": "), "{log}");
}
