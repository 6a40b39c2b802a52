//! Any bytes give text, never a panic.

use super::*;
use crate::decode::descriptors::Tables;
use proptest::prelude::*;

fn arguments() -> impl Strategy<Value = Vec<(bool, u64, u8, u8, Vec<u8>)>> {
    let value = prop_oneof![any::<u64>(), 0_u64..64, Just(u64::MAX), any::<u32>().prop_map(u64::from)];
    let bytes = prop::collection::vec(any::<u8>(), 0..140);
    prop::collection::vec((any::<bool>(), value, 0_u8..32, prop_oneof![Just(0_u8), 0_u8..32], bytes), 0..=6)
}

fn record(
    mut record: CallBuilder<Vec<u8>>,
    arguments: &[(bool, u64, u8, u8, Vec<u8>)],
    whole: bool,
) -> CallBuilder<Vec<u8>> {
    for (blob, value, part, flags, bytes) in arguments {
        let part = if whole { 0 } else { *part };
        record = if *blob { record.next_blob(part, *flags, bytes) } else { record.arg(*value) };
    }
    for (i, (_, _, part, flags, bytes)) in arguments.iter().enumerate() {
        record = record.blob(i, *part, *flags, bytes);
    }
    record
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_record_of_any_row_makes_the_decoder_panic(
        before in arguments(),
        after in arguments(),
        result in prop_oneof![any::<i64>(), -600_i64..600],
        whole in any::<bool>(),
        flags in any::<u8>(),
    ) {
        for arch in [Arch::X86_64, Arch::Aarch64] {
            let mut tables = Tables::default();
            for nr in 0..512 {
                let enter = record(single(nr).enter(), &before, whole).build();
                let exit = record(single(nr), &after, whole).flags(flags & !6).result(result).build();
                for enter in [None, Some(parsed(&enter))] {
                    let invocation = Invocation { call: parsed(&exit), enter };
                    let style = Style { arch, ..Style::default() };
                    text(&invocation, &style);
                    let mut out = String::new();
                    entry_arguments(&mut out, &invocation, &style, tables.of(1));
                    exit_arguments(&mut out, &invocation, &style, tables.of(1));
                    tables.feed(1, &invocation, arch);
                    let _ = super::super::path(&invocation, arch);
                }
            }
        }
    }
}
