//! Any `Stream` is received from.

use vela::prelude::*;

use futures_util::stream;

#[vela::test]
async fn streams_in_every_form() {
    let mut numbers = stream::iter(0..6);
    let mut boxed: std::pin::Pin<Box<dyn futures_util::Stream<Item = u32> + Send>> = Box::pin(stream::iter([7, 8]));
    let borrowed = &mut stream::iter([9]);
    vela! {
        assert_eq!(<-numbers, Some(0));
        assert_eq!(<-boxed, Some(7));
        assert_eq!(<-*borrowed, Some(9));
        let mut sum = 0;
        for n in <-numbers {
            sum += n;
        }
        for n in <-stream::iter([100]) {
            sum += n;
        }
        assert_eq!(sum, 115);
    }
    let got = select! {
        Some(n) = <-numbers => n,
        Some(n) = <-boxed => n,
        closed => 0,
    };
    assert_eq!(got, 8);
}
