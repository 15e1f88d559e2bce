//! What is counted and measured on actors, for the recorder of the `metrics` facade.

use std::collections::BTreeMap;
use std::time::Duration;

use metrics::{Unit, counter, gauge, histogram};
use parking_lot::Mutex;

use crate::tree::TreeSnapshot;

/// The types whose gauges were set: what was set last would stay.
static KNOWN: Mutex<BTreeMap<String, Mail>> = Mutex::new(BTreeMap::new());

/// The mail of the actors of a type.
#[derive(Clone, Copy, Default)]
struct Mail {
    depth: usize,
    oldest: Duration,
}

/// Hands the state of the mailboxes to the recorder of the `metrics` facade, if there is one: call it now and then, or before a
/// scrape, with a snapshot of each system.
///
/// Each metric has the label `kind`, the type of the actor, and stands for all actors of that type.
///
/// | metric | kind | |
/// |---|---|---|
/// | `vela_actor_restarts_total` | counter | restarts, counted as they happen |
/// | `vela_actor_failures_total` | counter | runs that have ended with an error or by a panic, counted as they happen |
/// | `vela_actor_mail_dropped_total` | counter | messages that were dropped because their actor ended before it came to them, counted as it happens |
/// | `vela_actor_handling_seconds` | histogram | how long messages were handled, where that is asked for, as it happens |
/// | `vela_actor_mailbox_depth` | gauge | messages that wait, in all mailboxes together |
/// | `vela_actor_oldest_message_seconds` | gauge | how long the first of them has waited, where that is measured |
///
/// One call waits for another that is under way: a recorder must not call it.
///
/// # Examples
///
/// ```
/// use vela::actor::tree::{ActorState, TreeSnapshot};
///
/// let orders = TreeSnapshot::new("orders", 2, "shop::Orders", ActorState::Running);
/// vela::actor::export::publish([&orders]); // at each scrape, say
/// ```
#[allow(clippy::cast_precision_loss, reason = "gauges are floats")]
pub fn publish<'a>(systems: impl IntoIterator<Item = &'a TreeSnapshot>) {
    let mut now = BTreeMap::new();
    for system in systems {
        gather(system, &mut now);
    }
    // One at a time: an older state must not overwrite a newer one.
    let mut known = KNOWN.lock();
    known.values_mut().for_each(|mail| *mail = Mail::default());
    known.extend(now);
    for (kind, mail) in &*known {
        gauge!("vela_actor_mailbox_depth", "kind" => kind.clone()).set(mail.depth as f64);
        gauge!("vela_actor_oldest_message_seconds", "kind" => kind.clone()).set(mail.oldest.as_secs_f64());
    }
}

fn gather(actor: &TreeSnapshot, mails: &mut BTreeMap<String, Mail>) {
    let mail = mails.entry(actor.kind.clone()).or_default();
    mail.depth += actor.mailbox;
    mail.oldest = mail.oldest.max(actor.oldest.unwrap_or_default());
    actor.children.iter().for_each(|child| gather(child, mails));
}

/// Tells the recorder what the metrics mean, and their units. Once, after it is installed.
pub fn describe() {
    use metrics::{describe_counter, describe_gauge, describe_histogram};
    describe_counter!("vela_actor_restarts_total", Unit::Count, "Restarts of actors of this type");
    describe_counter!(
        "vela_actor_failures_total",
        Unit::Count,
        "Runs of actors of this type that have ended with an error or by a panic"
    );
    describe_counter!(
        "vela_actor_mail_dropped_total",
        Unit::Count,
        "Messages that were dropped because their actor of this type ended before it came to them"
    );
    describe_histogram!("vela_actor_handling_seconds", Unit::Seconds, "How long messages were handled");
    describe_gauge!("vela_actor_mailbox_depth", Unit::Count, "Messages that wait for actors of this type");
    describe_gauge!("vela_actor_oldest_message_seconds", Unit::Seconds, "How long the first message has waited");
}

pub(crate) fn restarting(kind: &'static str) {
    counter!("vela_actor_restarts_total", "kind" => kind).increment(1);
}

pub(crate) fn failed(kind: &'static str) {
    counter!("vela_actor_failures_total", "kind" => kind).increment(1);
}

pub(crate) fn mail_dropped(kind: &'static str, messages: u64) {
    counter!("vela_actor_mail_dropped_total", "kind" => kind).increment(messages);
}

/// A message was handled.
pub(crate) fn handled(kind: &'static str, took: Duration) {
    histogram!("vela_actor_handling_seconds", "kind" => kind).record(took.as_secs_f64());
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use metrics_exporter_prometheus::PrometheusBuilder;

    use super::*;
    use crate::events::{EventKind, Events, Who};
    use crate::tree::ActorState;

    #[test]
    fn failures_restarts_and_mailboxes_are_on_the_page() {
        let recorder = PrometheusBuilder::new().build_recorder();
        let page = metrics::with_local_recorder(&recorder, || {
            describe();
            let (events, path) = (Events::new(), Arc::from("shop/orders"));
            let who = Who { path: &path, id: 7.into(), type_name: "shop::Orders" };
            for _ in 0..3 {
                events.publish(who, || EventKind::Failed { failure: String::new() });
            }
            events.publish(who, || EventKind::Restarting { after: Duration::ZERO, restarts: 0 });
            events.publish(who, || EventKind::Started);
            events.publish(who, || EventKind::MailDropped { messages: 20 });
            handled("shop::Orders", Duration::from_millis(250));
            let mut tree = TreeSnapshot::new("shop", 1, "shop::Shop", ActorState::Running);
            for (mailbox, oldest) in [(3, None), (4, Some(1500)), (5, Some(500))] {
                let mut orders = TreeSnapshot::new("orders", 2, "shop::Orders", ActorState::Running);
                (orders.mailbox, orders.oldest) = (mailbox, oldest.map(Duration::from_millis));
                tree.children.push(orders);
            }
            publish([&tree]);
            tree.children.clear();
            recorder.handle().render()
                + &{
                    publish([&tree, &tree]);
                    recorder.handle().render()
                }
        });
        for line in [
            "# HELP vela_actor_restarts_total Restarts of actors of this type",
            r#"vela_actor_failures_total{kind="shop::Orders"} 3"#,
            r#"vela_actor_restarts_total{kind="shop::Orders"} 1"#,
            r#"vela_actor_mail_dropped_total{kind="shop::Orders"} 20"#,
            r#"vela_actor_handling_seconds_sum{kind="shop::Orders"} 0.25"#,
            r#"vela_actor_mailbox_depth{kind="shop::Orders"} 12"#,
            r#"vela_actor_oldest_message_seconds{kind="shop::Orders"} 1.5"#,
            r#"vela_actor_mailbox_depth{kind="shop::Shop"} 0"#,
            // Once they are gone.
            r#"vela_actor_mailbox_depth{kind="shop::Orders"} 0"#,
            r#"vela_actor_oldest_message_seconds{kind="shop::Orders"} 0"#,
        ] {
            assert!(page.lines().any(|known| known == line), "{line}\n{page}");
        }
    }
}
