#[vela::test(schedules = 0)]
async fn adds() {
    assert_eq!(1 + 1, 2);
}

fn main() {}
