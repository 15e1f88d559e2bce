//! Raw identifiers, and names that are words of the macros.

use vela::prelude::*;

struct Fields {
    r#in: Receiver<u32>,
    name: Sender<u32>,
}

#[vela::test]
async fn raw_identifiers() {
    let (name, r#in) = vela::channel::<u32>(2);
    let fields = Fields { r#in, name };
    let r#else = 5;
    vela! {
        fields.name <- r#else else { unreachable!() };
        let r#type = <-fields.r#in;
        assert_eq!(r#type, Some(5));
    }
    let mut r#mut = 6;
    select! {
        fields.name <- r#mut => r#mut = 7,
        closed => {}
    }
    let task = go!(clone(r#in = fields.r#in) { <-r#in });
    assert_eq!((task.join().await.ok(), r#mut), (Some(Some(6)), 7));
}
