use vela_macros::Message;

#[derive(Message)]
enum Either<A, B> {
    Left(A),
    Right(B),
}

fn main() {}
