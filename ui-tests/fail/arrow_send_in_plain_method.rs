use vela::prelude::*;

struct Log(Sender<String>);

vela! {
    impl Log {
        fn write(&self, line: &str) {
            self.0 <- line.to_owned() else { return };
        }
    }
}

fn main() {}
