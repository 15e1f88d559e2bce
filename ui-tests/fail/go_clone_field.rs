use vela::prelude::*;

struct Server {
    tx: Sender<u32>,
}

async fn run(server: Server) {
    go!(clone(server.tx) {
        drop(server);
    });
}

fn main() {}
