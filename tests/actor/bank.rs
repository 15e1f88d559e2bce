//! The bank of the examples, in many schedules: whatever fails in whichever moment, the sum stays.

#[allow(dead_code, reason = "its `main`, and what only that uses")]
#[path = "../../examples/bank.rs"]
mod example;

#[vela::test(schedules = 1000)]
async fn the_sum_over_all_accounts_survives_any_crash() {
    assert_eq!(example::trade(3, 4, 7).await.unwrap(), 3000);
}

#[vela::test(schedules = 200, faults = "spurious, delay")]
async fn the_sum_survives_crashes_and_faults() {
    assert_eq!(example::trade(2, 6, 11).await.unwrap(), 2000);
}
