//! Oneshot, watch, broadcast, signals, buses, tickers, contexts and tasks behind `<-`.

use vela::prelude::*;

#[vela::test]
async fn every_kind_of_the_crate() -> vela::Result<()> {
    let (once_tx, once) = vela::oneshot::channel::<u32>();
    let (news_tx, news) = vela::broadcast::channel::<u32>(4);
    let (state_tx, state) = vela::watch::channel(0);
    let (setter, signal) = vela::signal::new(0);
    let doubles = signal.map(|n| n * 2).changes();
    let bus = vela::bus::EventBus::new();
    let events = bus.subscribe::<u32>();
    let ticker = tick(ms(1));
    let ctx = Context::background().with_cancel();
    let task = go!(std::future::ready(5));
    once_tx.send(1)?;
    vela! {
        assert!((news_tx <- 2).is_ok());
        assert!((state_tx <- 3).is_ok());
        assert!((setter <- 4).is_ok());
        assert!((bus <- 5_u32).is_ok());
        assert_eq!(<-once, Some(1));
        assert!(matches!(<-news, Some(Ok(2))));
        assert_eq!(<-state, Some(3));
        assert_eq!(<-doubles, Some(8));
        assert_eq!(<-events, Some(Ok(5)));
        assert!((<-ticker).is_some());
    }
    ctx.cancel();
    for _ in 0..20 {
        select! {
            Some(_) = <-once => unreachable!(),
            Some(_) = <-news => unreachable!(),
            n = <-task => assert_eq!(n.unwrap_or(5), 5),
            _ = <-ctx.done() => {}
            Some(_) = <-ticker => {}
        }
    }
    Ok(())
}
