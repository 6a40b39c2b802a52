//! Who a recording is of, kept in the kernel beside its ring: what told its name (a runtime's file)
//! goes with the container, but its recording stays, and the agent that learnt the name may be gone.
//!
//! ```text
//! [recording: u64] [length: u32] [JSON of the container, without what the ring itself tells] [zeros]
//! ```

use rewind_common::ring::IDENTITY_BYTES;
use rewind_recording::header::Container;

/// Bytes in front of the text.
const FRONT: usize = 12;

/// `None`: it is too long to be kept.
#[must_use]
pub(crate) fn encode(recording: u64, container: &Container) -> Option<[u8; IDENTITY_BYTES]> {
    let told_by_ring = Container { cgroup_path: String::new().into(), cgroup_id: 0, ..container.clone() };
    let text = serde_json::to_vec(&told_by_ring).ok()?;
    let mut bytes = [0; IDENTITY_BYTES];
    bytes.get_mut(..8)?.copy_from_slice(&recording.to_ne_bytes());
    bytes.get_mut(8..FRONT)?.copy_from_slice(&u32::try_from(text.len()).ok()?.to_ne_bytes());
    bytes.get_mut(FRONT..FRONT.checked_add(text.len())?)?.copy_from_slice(&text);
    Some(bytes)
}

/// What is kept of a recording. `None`: nothing, or of another one that had this ring before.
#[must_use]
pub(crate) fn decode(bytes: &[u8; IDENTITY_BYTES], recording: u64) -> Option<Container> {
    let (front, text) = bytes.split_at_checked(FRONT)?;
    let (of, len) = front.split_at_checked(8)?;
    if u64::from_ne_bytes(of.try_into().ok()?) != recording {
        return None;
    }
    let len = u32::from_ne_bytes(len.try_into().ok()?) as usize;
    serde_json::from_slice(text.get(..len)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn web() -> Container {
        Container { id: "3f2a".into(), name: "shop/web-1/web".into(), ..Container::default() }
    }

    #[test]
    fn what_is_kept_is_read_again_by_its_own_recording_alone() {
        let path = Container { cgroup_path: "/kubepods/x".into(), cgroup_id: 7, ..web() };
        let bytes = encode(5, &path).unwrap();
        assert_eq!(decode(&bytes, 5), Some(web()));
        assert_eq!(decode(&bytes, 6), None);
    }

    #[test]
    fn a_name_that_is_too_long_is_not_kept() {
        assert_eq!(encode(5, &Container { name: "x".repeat(IDENTITY_BYTES).into(), ..web() }), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_container_or_none(content in prop::collection::vec(any::<u8>(), IDENTITY_BYTES), len in 0_u32..2000) {
            let mut bytes: [u8; IDENTITY_BYTES] = content.try_into().unwrap();
            bytes[..8].copy_from_slice(&1_u64.to_ne_bytes());
            bytes[8..12].copy_from_slice(&len.to_ne_bytes());
            let _ = decode(&bytes, 1);
        }
    }
}
