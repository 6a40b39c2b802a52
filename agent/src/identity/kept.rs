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

/// `None`: it is too long to be kept. Of a pod, what can be done without goes first.
#[must_use]
pub(crate) fn encode(recording: u64, container: &Container) -> Option<[u8; IDENTITY_BYTES]> {
    // What the ring itself tells.
    let mut kept = Container { cgroup_path: String::new().into(), cgroup_id: 0, ..container.clone() };
    let leave_out: [fn(&mut Container); 4] = [
        |_| {},
        |kept| drop(kept.pod.as_mut().map(|pod| std::mem::take(&mut pod.labels))),
        |kept| drop(kept.pod.as_mut().map(|pod| std::mem::take(&mut pod.image_id))),
        |kept| drop(kept.pod.take()),
    ];
    leave_out.into_iter().find_map(|leave_out| {
        leave_out(&mut kept);
        encoded(recording, &kept)
    })
}

fn encoded(recording: u64, kept: &Container) -> Option<[u8; IDENTITY_BYTES]> {
    let text = serde_json::to_vec(kept).ok()?;
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
    use rewind_recording::header::Pod;

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

    fn pod() -> Pod {
        let id = "sha256:9d7b1c".to_owned() + &"0".repeat(58);
        Pod {
            namespace: "shop".into(),
            name: "web-6d5f7c9b8-x2x4z".into(),
            image_id: format!("registry.example/shop/web@{id}").into(),
            labels: [("app".into(), "x".repeat(63).into())].into(),
            ..Pod::default()
        }
    }

    #[test]
    fn of_a_pod_all_is_kept_that_there_is_room_for_and_labels_go_first() {
        let of = |pod: Pod| Container { pod: Some(Box::new(pod)), ..web() };
        let kept = |pod: Pod| decode(&encode(5, &of(pod)).unwrap(), 5).unwrap();
        assert_eq!(kept(pod()), of(pod()));
        let labels = (0..12).map(|at| (format!("l{at}").into(), "x".repeat(63).into())).collect();
        assert_eq!(kept(Pod { labels, ..pod() }), of(Pod { labels: [].into(), ..pod() }));
        let long = Pod { image_id: "x".repeat(IDENTITY_BYTES).into(), ..pod() };
        let left = Pod { image_id: "".into(), labels: [].into(), ..long.clone() };
        assert_eq!(kept(long), of(left));
        assert_eq!(kept(Pod { image: "x".repeat(IDENTITY_BYTES).into(), ..pod() }), web());
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
