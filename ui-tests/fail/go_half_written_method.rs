use vela::prelude::*;

async fn run(conn: String) {
    go!(conn.);
}

fn main() {}
