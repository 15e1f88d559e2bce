use vela::actor::Message;

#[derive(Message)]
enum Either<A, B> {
    Left(A),
    Right(B),
}

fn main() {}
