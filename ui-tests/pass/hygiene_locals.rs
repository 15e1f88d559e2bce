//! The user's names and the expansion's do not meet.

use vela::prelude::*;

#[vela::test]
#[allow(non_snake_case)]
async fn names_of_the_expansion_are_free() {
    let (tx, rx) = vela::channel::<u32>(8);
    let (__vela_select, __vela_value, __vela_one, __vela_cx, __vela_source) = (1, 2, 3, 4, 5);
    let (__vela_case0, __vela_slot0, __vela_operand0, __vela_guard0) = (6, 7, 8, true);
    let (__s, __out, __VelaOut, A0, T0, Closed) = (9, 10, 11, 12, 13, 14);
    vela! {
        for __vela_item in [__vela_one, __vela_source] {
            tx <- __vela_item + __vela_value else { return };
        }
        assert_eq!(<-rx, Some(__vela_one + 2));
    }
    let sum = select! {
        Some(__vela_slot1) = <-rx, if __vela_guard0 => __vela_slot1 + __vela_select + __vela_cx + __vela_case0,
        tx <- __vela_operand0, if !__vela_guard0 => __vela_slot0,
        closed => __s + __out + __VelaOut + A0 + T0 + Closed,
    };
    assert_eq!(sum, 7 + 1 + 4 + 6);
    let __vela_arg0 = 20;
    let __vela_callee = |n: u32| n + 1;
    let task = go!(__vela_callee(__vela_arg0));
    assert_eq!(task.join().await.ok(), Some(21));
}
