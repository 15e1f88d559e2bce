//! The lobby of the wheel: where time limits lie that have not begun, in no order.

use std::mem;
use std::time::Duration;

/// No node.
const NIL: u32 = u32::MAX;

/// Fewer nodes than that are kept when all are free.
const KEPT: usize = 256;

#[derive(Debug)]
pub(super) struct Lobby<T> {
    nodes: Vec<Node<T>>,
    /// The first free node.
    free: u32,
    len: usize,
    /// How many entries there ever were: tells an entry from a later one in the same node.
    entered: u64,
}

#[derive(Debug)]
struct Node<T> {
    number: u64,
    /// The next free node.
    next: u32,
    value: Option<(Duration, T)>,
}

/// Where an entry lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Ticket {
    node: u32,
    number: u64,
}

impl<T> Lobby<T> {
    pub(super) fn new() -> Self {
        Self { nodes: Vec::new(), free: NIL, len: 0, entered: 0 }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// How many entries there ever were.
    pub(super) fn entered(&self) -> u64 {
        self.entered
    }

    pub(super) fn insert(&mut self, limit: Duration, value: T) -> Ticket {
        let number = self.entered;
        self.entered += 1;
        self.len += 1;
        let index = self.free;
        if let Some(node) = self.nodes.get_mut(index as usize) {
            self.free = node.next;
            node.number = number;
            node.value = Some((limit, value));
            return Ticket { node: index, number };
        }
        assert!(self.nodes.len() < NIL as usize, "more than four thousand million time limits");
        self.nodes.push(Node { number, next: NIL, value: Some((limit, value)) });
        Ticket { node: (self.nodes.len() - 1) as u32, number }
    }

    /// Takes an entry out, if it is still in.
    pub(super) fn remove(&mut self, ticket: Ticket) -> Option<T> {
        let node = self.nodes.get_mut(ticket.node as usize).filter(|node| node.number == ticket.number)?;
        let (_, value) = node.value.take()?;
        node.next = mem::replace(&mut self.free, ticket.node);
        self.len -= 1;
        Some(value)
    }

    /// Takes all out.
    pub(super) fn drain(&mut self, mut each: impl FnMut(Ticket, Duration, T)) {
        if self.is_empty() {
            if self.nodes.len() > KEPT {
                (self.nodes, self.free) = (Vec::new(), NIL);
            }
            return;
        }
        for (index, node) in (0..).zip(&mut self.nodes) {
            if let Some((limit, value)) = node.value.take() {
                node.next = mem::replace(&mut self.free, index);
                each(Ticket { node: index, number: node.number }, limit, value);
            }
        }
        self.len = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(1);

    #[test]
    fn a_ticket_of_the_past_removes_nothing() {
        let mut lobby = Lobby::new();
        let first = lobby.insert(LIMIT, 1);
        assert_eq!(lobby.remove(first), Some(1));
        let second = lobby.insert(LIMIT, 2);
        assert_eq!(first.node, second.node);
        assert_eq!(lobby.remove(first), None);
        let mut out = Vec::new();
        lobby.drain(|ticket, limit, value| out.push((ticket, limit, value)));
        assert_eq!(out, [(second, LIMIT, 2)]);
        assert_eq!(lobby.remove(second), None);
        assert!(lobby.is_empty());
    }

    #[test]
    fn places_are_used_again_and_the_memory_of_many_is_given_back() {
        let mut lobby = Lobby::new();
        for round in 0..3 {
            let tickets: Vec<_> = (0..1000).map(|n| lobby.insert(LIMIT, n)).collect();
            for ticket in tickets.iter().step_by(2) {
                assert!(lobby.remove(*ticket).is_some());
            }
            let mut left = Vec::new();
            lobby.drain(|_, _, value| left.push(value));
            left.sort_unstable();
            assert!(left.into_iter().eq((1..1000).step_by(2)), "{round}");
            assert_eq!(lobby.nodes.len(), 1000);
        }
        lobby.drain(|_, _, _| unreachable!());
        assert_eq!(lobby.nodes.capacity(), 0);
    }
}
