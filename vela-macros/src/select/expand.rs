//! What a select becomes. Linear in its arms, and nothing of it can fail.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{ToTokens as _, format_ident, quote_spanned};
use syn::Pat;

use super::ast::{Arm, Binding, Op, Select};
use super::late;
use crate::arrow::{bind, first_span, receive_call, transmit_call};
use crate::body;
use crate::diag::Diag;
use crate::krate::{Krate, own, own_at};
use crate::operand::Operand;

pub(crate) fn select(select: &Select, krate: &Krate, diag: &Diag) -> TokenStream {
    let mut expansion = Expansion {
        select,
        p: krate.private(),
        dead: diag.dead(),
        arms: select.arms.iter().enumerate().map(Names::new).collect(),
    };
    if expansion.has_first_look() {
        // Nothing that is observed may come after an operand that is evaluated late.
        for names in expansion.arms.iter_mut().rev() {
            names.late = late::can_be(names.arm);
            if !names.late || late::is_observable(names.arm) {
                break;
            }
        }
    }
    expansion.tokens()
}

/// With so many arms or more the first look begins with draws.
const DRAW_FROM: usize = 4;

/// Which outcomes an arm fires on, and whether its value comes back.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Keep {
    Every,
    Values,
    Sent,
    LentEvery,
    LentSent,
}

struct Expansion<'a> {
    select: &'a Select,
    p: TokenStream,
    /// See [`Diag::dead`].
    dead: TokenStream,
    arms: Vec<Names<'a>>,
}

/// An arm with the names of its locals.
struct Names<'a> {
    arm: &'a Arm,
    index: usize,
    guard: Ident,
    operand: Ident,
    target: Ident,
    case: Ident,
    kind: Ident,
    slot: Ident,
    variant: Ident,
    reclaimed: Ident,
    /// The first look goes to the operand; its case is made after it.
    late: bool,
}

impl<'a> Names<'a> {
    fn new((index, arm): (usize, &'a Arm)) -> Self {
        let name = |what: &str| format_ident!("__vela_{}{}", what, index, span = own());
        Names {
            arm,
            index,
            guard: name("guard"),
            operand: name("operand"),
            target: name("target"),
            case: name("case"),
            kind: name("kind"),
            slot: name("slot"),
            variant: format_ident!("A{}", index, span = own()),
            reclaimed: name("reclaimed"),
            late: false,
        }
    }

    fn is_lend(&self) -> bool {
        matches!(self.arm.op, Op::Lend { .. })
    }

    fn is_broken(&self) -> bool {
        matches!(self.arm.op, Op::Broken(_))
    }
}

impl Expansion<'_> {
    fn tokens(&self) -> TokenStream {
        let p = &self.p;
        let outcome = self.outcome();
        let mode = self.mode();
        let live: Vec<&Names<'_>> = self.arms.iter().filter(|arm| !arm.is_broken()).collect();
        let early = live.iter().map(|arm| self.prepare(arm));
        let lent = live.iter().filter(|arm| arm.is_lend()).map(|arm| self.lend(arm));
        let kinds = live.iter().filter(|arm| !arm.late).map(|arm| self.kind(arm));
        let selector =
            if self.has_first_look() { self.quick(&live) } else { quote_spanned!(own()=> #p::Selector::new(#mode)) };
        let slots = live.iter().map(|arm| self.slot(arm));
        let armed = live.iter().map(|arm| {
            let slot = &arm.slot;
            quote_spanned!(own()=> #slot.as_mut().arm())
        });
        let taken = live.iter().enumerate().map(|(i, arm)| self.taken(i, arm));
        let last = self.taken_last();
        let bodies = self.bodies();
        quote_spanned! {own()=>
            {
                #[allow(unused_imports)]
                use #p::{
                    ForeignPlace as _, FutureExt as _, OwnPlace as _, ReceiveExt as _, SentExt as _, TransmitExt as _,
                    ValuesExt as _,
                };
                #outcome
                match '__vela_select: {
                    #(#early)*
                    #(#lent)*
                    #(#kinds)*
                    // Declared before the arms, which must be dropped before it.
                    let mut __vela_select = ::core::pin::pin!(#selector);
                    #(#slots)*
                    match ::core::future::poll_fn(|__vela_cx| {
                        __vela_select.as_mut().poll(__vela_cx, &mut [#(#armed),*])
                    })
                    .await
                    {
                        #(#taken)*
                        #last
                        _ => #p::unreachable_arm(),
                    }
                } {
                    #bodies
                }
            }
        }
    }

    /// The enum that carries the winner out of the scope of the arms.
    fn outcome(&self) -> TokenStream {
        let name = |arm: &Names<'_>| format_ident!("T{}", arm.index, span = own());
        let types = self.arms.iter().filter(|arm| !arm.is_broken()).map(name);
        let variants = self.arms.iter().map(|arm| {
            let (variant, ty) = (&arm.variant, name(arm));
            if arm.is_broken() { quote_spanned!(own()=> #variant,) } else { quote_spanned!(own()=> #variant(#ty),) }
        });
        let (closed_type, closed) = self.last_variant(!self.select.closed.is_empty(), "Closed");
        let (else_type, els) = self.last_variant(!self.select.els.is_empty(), "Else");
        quote_spanned!(own()=> enum __VelaOut<#(#types,)* #closed_type #else_type> { #(#variants)* #closed #els })
    }

    fn last_variant(&self, there: bool, name: &str) -> (TokenStream, TokenStream) {
        let name = Ident::new(name, own());
        match (there, self.lends().next().is_some()) {
            (false, _) => (TokenStream::new(), TokenStream::new()),
            (true, false) => (TokenStream::new(), quote_spanned!(own()=> #name,)),
            (true, true) => {
                let ty = format_ident!("T{}", name, span = own());
                (quote_spanned!(own()=> #ty,), quote_spanned!(own()=> #name(#ty),))
            }
        }
    }

    fn mode(&self) -> TokenStream {
        let p = &self.p;
        let wait = match (self.select.biased.is_empty(), self.select.tiers.is_empty()) {
            (false, _) => quote_spanned!(own()=> #p::Mode::biased()),
            (true, true) => quote_spanned!(own()=> #p::Mode::fair()),
            (true, false) => {
                let broken_above = |end: usize| self.arms.iter().take(end).filter(|arm| arm.is_broken()).count();
                let ends = self.select.tiers.iter().map(|(_, end)| Literal::usize_unsuffixed(end - broken_above(*end)));
                quote_spanned!(own()=> #p::Mode::tiers(&[#(#ends),*]))
            }
        };
        let or_else = (!self.select.els.is_empty()).then(|| quote_spanned!(own()=> .or_else()));
        let or_closed = (!self.select.closed.is_empty()).then(|| quote_spanned!(own()=> .or_closed()));
        quote_spanned!(own()=> #wait #or_else #or_closed)
    }

    /// Guard, operand and value of one arm, evaluated in the order in which they are written; a lent value comes later.
    fn prepare(&self, names: &Names<'_>) -> TokenStream {
        let Names { arm, guard, operand, case, .. } = names;
        let condition = arm.guard.as_ref().map(|expr| quote_spanned!(own()=> let #guard: bool = #expr;));
        let (target, value) = match &arm.op {
            Op::Broken(_) => return TokenStream::new(),
            Op::Future(future) => {
                let at = own_at(first_span(&future.to_token_stream()));
                let made = quote_spanned!(at=> (#future).__vela_future());
                let made = some_if(arm.guard.is_some().then_some(guard), &made);
                return quote_spanned!(own()=> #condition #[allow(unused_mut)] let mut #case = #made;);
            }
            Op::Receive(target) | Op::Lend { target, .. } => (target, None),
            Op::Send { target, value } => (target, Some(value)),
        };
        let guarded = arm.guard.is_some();
        let local = if guarded { quote_spanned!(own()=> (*#operand)) } else { quote_spanned!(own()=> #operand) };
        let split = Operand::of(target.clone(), &local);
        let kept = split.value.as_ref().map(|value| {
            let value = if guarded { some_if(Some(guard), value) } else { value.clone() };
            quote_spanned!(own()=> let mut #operand = #value;)
        });
        if names.is_lend() {
            let (target, place) = (&names.target, &split.place);
            // Evaluated in its turn, like every operand; only the value comes later.
            let place = match (guarded, split.value.is_some()) {
                (true, true) => TokenStream::new(),
                (true, false) => {
                    let place = some_if(Some(guard), &quote_spanned!(own()=> &#place));
                    quote_spanned!(own()=> let #target = #place;)
                }
                (false, _) => quote_spanned!(own()=> let #target = &#place;),
            };
            return quote_spanned!(own()=> #condition #kept #place);
        }
        if names.late {
            return quote_spanned!(own()=> #condition #kept);
        }
        let call = match value {
            None => receive_call(&split.place),
            Some(value) => transmit_call(&split.place, &quote_spanned!(own()=> #value)),
        };
        let made = match (guarded, split.value.is_some()) {
            (true, true) => quote_spanned! {own()=>
                match &mut #operand {
                    ::core::option::Option::Some(#operand) => ::core::option::Option::Some(#call),
                    ::core::option::Option::None => ::core::option::Option::None,
                }
            },
            (true, false) => some_if(Some(guard), &call),
            (false, _) => some_if(None, &call),
        };
        quote_spanned!(own()=> #condition #kept #[allow(unused_mut)] let mut #case = #made;)
    }

    /// A lent local is moved after everything that may leave the select early.
    fn lend(&self, names: &Names<'_>) -> TokenStream {
        let Names { arm, operand, target: place, case, .. } = names;
        let Op::Lend { target, local: lent } = &arm.op else { return TokenStream::new() };
        let guarded = arm.guard.is_some();
        let local = if guarded { quote_spanned!(own()=> (*#operand)) } else { quote_spanned!(own()=> #operand) };
        let split = Operand::of(target.clone(), &local);
        let kept = guarded && split.value.is_some();
        // On the user's operand, for the errors of the call.
        let seen = Ident::new(&place.to_string(), own_at(first_span(&target.to_token_stream())));
        let source = if kept { split.place.clone() } else { seen.to_token_stream() };
        let call = transmit_call(&source, &quote_spanned!(own()=> #lent));
        let (ok, err) =
            (quote_spanned!(own()=> ::core::result::Result::Ok), quote_spanned!(own()=> ::core::result::Result::Err));
        match (guarded, split.value.is_some()) {
            (true, true) => quote_spanned! {own()=>
                let #case = match &mut #operand {
                    ::core::option::Option::Some(#operand) => #ok(#call),
                    ::core::option::Option::None => #err(#lent),
                };
            },
            (true, false) => quote_spanned! {own()=>
                let #case = match #place {
                    ::core::option::Option::Some(#place) => #ok(#call),
                    ::core::option::Option::None => #err(#lent),
                };
            },
            (false, _) => quote_spanned!(own()=> let #case = #ok(#call);),
        }
    }

    /// Which outcomes the arm fires on.
    fn keep(names: &Names<'_>) -> Keep {
        match (&names.arm.op, &names.arm.binding) {
            (Op::Lend { .. }, Binding::Unbound) => Keep::LentSent,
            (Op::Lend { .. }, _) => Keep::LentEvery,
            (_, Binding::Unbound) => Keep::Sent,
            (_, Binding::Values(_)) if !names.arm.op.is_send() => Keep::Values,
            _ => Keep::Every,
        }
    }

    fn at(names: &Names<'_>) -> Span {
        let operand = match &names.arm.op {
            Op::Receive(operand) | Op::Future(operand) => operand.to_token_stream(),
            Op::Send { target, .. } | Op::Lend { target, .. } => target.to_token_stream(),
            Op::Broken(_) => TokenStream::new(),
        };
        own_at(first_span(&operand))
    }

    /// What makes an arm that does not fire on every outcome: a method, so that an outcome that does not fit is one error,
    /// on the operand.
    fn kind(&self, names: &Names<'_>) -> TokenStream {
        let (Names { case, kind, .. }, p) = (names, &self.p);
        let method = match Self::keep(names) {
            Keep::Values => "__vela_values",
            Keep::Sent => "__vela_sent",
            _ => return TokenStream::new(),
        };
        let method = Ident::new(method, Self::at(names));
        let made = quote_spanned!(Self::at(names)=> #p::given(&#case).#method());
        quote_spanned!(own()=> let #kind = #made;)
    }

    /// Whether the select begins with a look. What is lent would have to come back, and a foreign future shows that it is
    /// ready only when it is polled: such selects go without it.
    fn has_first_look(&self) -> bool {
        let able = |op: &Op| matches!(op, Op::Receive(_) | Op::Send { .. });
        !self.arms.is_empty() && self.arms.iter().all(|names| able(&names.arm.op))
    }

    /// The first look, which ends most selects; then what waits.
    fn quick(&self, live: &[&Names<'_>]) -> TokenStream {
        let (p, mode) = (&self.p, self.mode());
        let count = Literal::usize_unsuffixed(live.len());
        let tries = live.iter().enumerate().map(|(position, arm)| {
            let (tried, variant) = (self.tried(arm), &arm.variant);
            let position = Literal::usize_unsuffixed(position);
            quote_spanned! {own()=>
                #position => if let ::core::option::Option::Some(__vela_value) = #tried {
                    break '__vela_select __VelaOut::#variant(__vela_value);
                },
            }
        });
        let looks = live.iter().enumerate().map(|(position, arm)| {
            let position = Literal::usize_unsuffixed(position);
            match Self::place(arm) {
                Some(place) => {
                    quote_spanned!(Self::at(arm)=> #p::#place.__vela_glance(#position, &mut __vela_quick);)
                }
                None => {
                    let case = &arm.case;
                    quote_spanned!(own()=> __vela_quick.glance(#position, &#case);)
                }
            }
        });
        let draws = (live.len() >= DRAW_FROM).then(|| {
            // Before the first draw; a look at all shows it, too.
            let required = live.iter().map(|arm| match Self::place(arm) {
                Some(place) => quote_spanned!(Self::at(arm)=> #p::#place.__vela_require(&mut __vela_quick);),
                None => {
                    let case = &arm.case;
                    quote_spanned!(own()=> __vela_quick.require(&#case);)
                }
            });
            quote_spanned!(own()=> #(#required)* __vela_quick.draw();)
        });
        let els = (!self.select.els.is_empty())
            .then(|| quote_spanned!(own()=> #p::AGAIN => {} #p::ELSE => break '__vela_select __VelaOut::Else,));
        // A block: what waits has no room for it.
        quote_spanned! {own()=>
            {
                let mut __vela_quick = #p::Quick::new(#mode, #count);
                #draws
                while let ::core::option::Option::Some(__vela_turn) = {
                    if __vela_quick.looks() {
                        #(#looks)*
                    }
                    __vela_quick.next()
                } {
                    match __vela_turn {
                        #(#tries)*
                        #els
                        _ => #p::unreachable_arm(),
                    }
                }
                __vela_quick.selector()
            }
        }
    }

    /// What an arm gives without waiting.
    fn tried(&self, names: &Names<'_>) -> TokenStream {
        let (Names { case, kind, .. }, p, at) = (names, &self.p, Self::at(names));
        match (Self::place(names), Self::keep(names)) {
            (Some(place), Keep::Values) => quote_spanned!(at=> #p::#place.__vela_try_value()),
            (Some(place), _) => quote_spanned!(at=> #p::#place.__vela_try()),
            (None, Keep::Values | Keep::Sent) => quote_spanned!(at=> #kind.quick(&mut #case)),
            (None, _) => quote_spanned!(at=> #p::quick::<#p::Every, _>(&mut #case)),
        }
    }

    /// The operand itself, for the first look, of an arm whose case is made after it.
    fn place(names: &Names<'_>) -> Option<TokenStream> {
        let Names { arm, guard, operand, late: true, .. } = names else { return None };
        let Op::Receive(target) = &arm.op else { return None };
        let place = Operand::of(target.clone(), &operand.to_token_stream()).place;
        let enabled = if arm.guard.is_some() { guard.to_token_stream() } else { quote_spanned!(own()=> true) };
        // A borrow of the user's own, for errors about it.
        let borrowed = quote_spanned!(first_span(&target.to_token_stream())=> &#place);
        Some(quote_spanned!(Self::at(names)=> Place(#borrowed, #enabled)))
    }

    /// The case of an arm that was not needed for the first look.
    fn late_case(&self, names: &Names<'_>) -> Option<TokenStream> {
        let Names { arm, guard, operand, late: true, .. } = names else { return None };
        let Op::Receive(target) = &arm.op else { return None };
        let call = receive_call(&Operand::of(target.clone(), &operand.to_token_stream()).place);
        Some(some_if(arm.guard.is_some().then_some(guard), &call))
    }

    fn slot(&self, names: &Names<'_>) -> TokenStream {
        let (Names { case, kind, slot, .. }, p) = (names, &self.p);
        let late = self.late_case(names);
        let make = match Self::keep(names) {
            Keep::LentSent => "lend",
            Keep::LentEvery => "lend_every",
            Keep::Values if late.is_some() => {
                let of_kind = self.kind(names);
                // A block: the future that waits has no room for what only led to the arm.
                return quote_spanned! {own()=>
                    let mut #slot = ::core::pin::pin!({
                        let #case = #late;
                        #of_kind
                        #kind.slot(#case)
                    });
                };
            }
            Keep::Values | Keep::Sent => {
                return quote_spanned!(own()=> let mut #slot = ::core::pin::pin!(#kind.slot(#case)););
            }
            Keep::Every => "every",
        };
        let make = Ident::new(make, own());
        let case = late.unwrap_or_else(|| case.to_token_stream());
        let made = quote_spanned!(Self::at(names)=> #p::#make(#case));
        quote_spanned!(own()=> let mut #slot = ::core::pin::pin!(#made);)
    }

    fn lends(&self) -> impl Iterator<Item = &Names<'_>> {
        self.arms.iter().filter(|arm| arm.is_lend())
    }

    /// `(a, b,)`: what the lending arms that lost give back.
    fn reclaim(&self, winner: Option<usize>) -> TokenStream {
        let slots = self.lends().filter(|arm| Some(arm.index) != winner).map(|arm| &arm.slot);
        quote_spanned!(own()=> (#(#slots.as_mut().reclaim(),)*))
    }

    fn taken(&self, position: usize, names: &Names<'_>) -> TokenStream {
        let Names { slot, variant, .. } = names;
        let position = Literal::usize_unsuffixed(position);
        if self.lends().next().is_none() {
            return quote_spanned!(own()=> #position => __VelaOut::#variant(#slot.as_mut().take()),);
        }
        let reclaim = self.reclaim(Some(names.index));
        quote_spanned!(own()=> #position => __VelaOut::#variant((#slot.as_mut().take(), #reclaim)),)
    }

    fn taken_last(&self) -> TokenStream {
        let p = &self.p;
        let payload = self.lends().next().is_some().then(|| {
            let reclaim = self.reclaim(None);
            quote_spanned!(own()=> (#reclaim))
        });
        let closed =
            (!self.select.closed.is_empty()).then(|| quote_spanned!(own()=> #p::CLOSED => __VelaOut::Closed #payload,));
        let els = (!self.select.els.is_empty()).then(|| quote_spanned!(own()=> #p::ELSE => __VelaOut::Else #payload,));
        quote_spanned!(own()=> #closed #els)
    }

    /// What the losing lends bring back: a pattern, and the assignments.
    fn restore(&self, winner: Option<usize>) -> (TokenStream, TokenStream) {
        let lost: Vec<&Names<'_>> = self.lends().filter(|arm| Some(arm.index) != winner).collect();
        let names = lost.iter().map(|arm| &arm.reclaimed);
        let assigns = lost.iter().map(|arm| {
            let reclaimed = &arm.reclaimed;
            let Op::Lend { local, .. } = &arm.arm.op else { return TokenStream::new() };
            quote_spanned!(own()=> #[allow(unused_assignments)] { #local = #reclaimed; })
        });
        (quote_spanned!(own()=> (#(#names,)*)), quote_spanned!(own()=> #(#assigns)*))
    }

    /// The body of an arm that never runs: its names are bound, to nothing that could bring a second error.
    fn broken(&self, names: &Names<'_>) -> TokenStream {
        let Names { arm, variant, .. } = names;
        let operand = match &arm.op {
            Op::Broken(Some(operand)) => quote_spanned!(own()=> _ = async { _ = #operand; };),
            _ => TokenStream::new(),
        };
        let bind = match &arm.binding {
            Binding::Unbound => TokenStream::new(),
            Binding::Every(pat) | Binding::Values(pat) | Binding::Refused(pat) => {
                let dead = &self.dead;
                quote_spanned!(own()=> let (#pat) = #dead;)
            }
        };
        let body = body::with(quote_spanned!(own()=> #operand #bind), arm.body.clone());
        quote_spanned!(own()=> #[allow(unused, irrefutable_let_patterns)] __VelaOut::#variant => #body)
    }

    fn bodies(&self) -> TokenStream {
        let lends = self.lends().next().is_some();
        let dead = &self.dead;
        let arms = self.arms.iter().map(|names| {
            let Names { arm, variant, .. } = names;
            let body = &arm.body;
            let (lost, restore) = self.restore(Some(names.index));
            let value = quote_spanned!(own()=> __vela_value);
            let binds = match &arm.binding {
                // a `_` of the user's would be told by clippy to be `()`
                Binding::Unbound | Binding::Every(Pat::Wild(_)) | Binding::Values(Pat::Wild(_)) => TokenStream::new(),
                // `let` wants an or-pattern in parentheses
                Binding::Every(pat @ Pat::Or(_)) | Binding::Values(pat @ Pat::Or(_)) => {
                    bind(&quote_spanned!(own()=> (#pat)), &value)
                }
                Binding::Every(pat) | Binding::Values(pat) => bind(&pat.to_token_stream(), &value),
                Binding::Refused(pat) => {
                    quote_spanned!(own()=> _ = __vela_value; let (#pat) = #dead;)
                }
            };
            let value = if binds.is_empty() { quote_spanned!(own()=> _) } else { value };
            match (names.is_broken(), lends) {
                (true, _) => self.broken(names),
                (false, true) => {
                    let body = body::with(quote_spanned!(own()=> #restore #binds), body.clone());
                    quote_spanned!(own()=> __VelaOut::#variant((#value, #lost)) => #body)
                }
                (false, false) => {
                    let body = body::with(binds, body.clone());
                    quote_spanned!(own()=> __VelaOut::#variant(#value) => #body)
                }
            }
        });
        let (all, restore) = self.restore(None);
        let payload = lends.then(|| quote_spanned!(own()=> (#all)));
        let last =
            [("Closed", &self.select.closed), ("Else", &self.select.els)].into_iter().filter_map(|(name, lasts)| {
                let name = Ident::new(name, own());
                let body = body::with(restore.clone(), lasts.first()?.body.clone());
                Some(quote_spanned!(own()=> __VelaOut::#name #payload => #body))
            });
        quote_spanned!(own()=> #(#arms)* #(#last)*)
    }
}

/// `Some(value)`, or `None` without evaluating `value` if there is a guard and it is false.
fn some_if(guard: Option<&Ident>, value: &TokenStream) -> TokenStream {
    match guard {
        None => quote_spanned!(own()=> ::core::option::Option::Some(#value)),
        Some(guard) => quote_spanned! {own()=>
            if #guard { ::core::option::Option::Some(#value) } else { ::core::option::Option::None }
        },
    }
}
