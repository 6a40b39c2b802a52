use super::*;
use crate::serve::rights::Rights;
use hyper::header::HeaderValue;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};
use proptest::prelude::*;
use rewind_recording::header::Container;
use rewind_resources::request::{Action, RecordingRequestSpec, RecordingRequestStatus};
use rewind_resources::session::{self, RequestName};
use rewind_resources::target::Target;

const NODE: &str = "node-a";

fn now() -> Timestamp {
    Timestamp::from_second(1_795_000_000).unwrap()
}

fn at(seconds: i64) -> Time {
    Time(now() + SignedDuration::from_secs(seconds))
}

const HERE: Here<'_> = Here { node: NODE, namespace: "rewind-system" };

fn secret() -> Secret {
    Secret::of([7; BYTES])
}

fn shown() -> Shown {
    Shown { name: RequestName::parse("shop/r1").unwrap(), secret: secret() }
}

fn request() -> RecordingRequest {
    let metadata = ObjectMeta {
        namespace: Some("shop".to_owned()),
        name: Some("r1".to_owned()),
        uid: Some("r-uid".to_owned()),
        ..ObjectMeta::default()
    };
    let target =
        Target { pod: Some("web".to_owned()), pod_uid: Some("u1".to_owned()), container: Some("app".to_owned()) };
    let spec = RecordingRequestSpec {
        action: Action::Read,
        target,
        node: NODE.to_owned(),
        expires: at(60),
        secret_hash: secret().hash(),
        user: "anna".to_owned(),
    };
    RecordingRequest { metadata, spec, status: None }
}

fn checked(change: impl FnOnce(&mut RecordingRequest)) -> Result<Grant, Refusal> {
    let mut request = request();
    change(&mut request);
    check(&shown(), Some(&request), HERE, now())
}

fn covers(grant: &Grant, name: &str, pod_uid: &str) -> bool {
    let container = Container { name: name.into(), pod_uid: pod_uid.into(), ..Container::default() };
    Rights::Request(Box::new(grant.clone())).cover(&container)
}

#[test]
fn a_good_request_grants_what_it_asks_for_and_no_more() {
    let grant = checked(|_| {}).unwrap();
    assert_eq!((grant.user.as_str(), grant.action, grant.expires), ("anna", Action::Read, at(60).0));
    assert!(covers(&grant, "shop/web/app", "u1"));
}

#[test]
fn wrong_namespace() {
    // The request lies in the namespace that was shown: what it covers is there.
    let grant = checked(|_| {}).unwrap();
    assert!(!covers(&grant, "bank/web/app", "u1"));
    // It is never taken for one of another namespace.
    assert_eq!(checked(|request| request.metadata.namespace = Some("bank".to_owned())), Err(Refusal::Unknown));
}

#[test]
fn wrong_target() {
    let grant = checked(|_| {}).unwrap();
    assert!(!covers(&grant, "shop/db/app", "u2"));
    assert!(!covers(&grant, "shop/web/proxy", "u1"));
}

#[test]
fn a_pod_recreated_under_the_same_name() {
    assert!(!covers(&checked(|_| {}).unwrap(), "shop/web/app", "u9"));
    let by_name = checked(|request| request.spec.target.pod_uid = None).unwrap();
    assert!(!covers(&by_name, "shop/web/app", "u1") && !covers(&by_name, "shop/web/app", "u9"));
}

#[test]
fn wrong_node() {
    assert_eq!(check(&shown(), Some(&request()), Here { node: "node-b", ..HERE }, now()), Err(Refusal::Node));
}

#[test]
fn expired_or_good_for_too_long() {
    assert_eq!(checked(|request| request.spec.expires = at(0)), Err(Refusal::Expired));
    assert_eq!(checked(|request| request.spec.expires = at(-3600)), Err(Refusal::Expired));
    assert_eq!(checked(|request| request.metadata.deletion_timestamp = Some(at(-1))), Err(Refusal::Expired));
    assert!(checked(|request| request.spec.expires = at(MAX_LIFE_S)).is_ok());
    assert_eq!(checked(|request| request.spec.expires = at(MAX_LIFE_S + 1)), Err(Refusal::TooLong));
    let never = |request: &mut RecordingRequest| request.spec.expires = Time(Timestamp::MAX);
    assert_eq!(checked(never), Err(Refusal::TooLong));
}

#[test]
fn replayed() {
    let taken = |request: &mut RecordingRequest| {
        request.status = Some(RecordingRequestStatus { accepted: Some(at(-1)) });
    };
    assert_eq!(checked(taken), Err(Refusal::Taken));
    assert!(checked(|request| request.status = Some(RecordingRequestStatus::default())).is_ok());
}

#[test]
fn guessed() {
    let unknown = check(&shown(), None, HERE, now());
    let wrong = Shown { secret: Secret::of([8; BYTES]), ..shown() };
    assert_eq!(unknown, Err(Refusal::Unknown));
    // Whatever else is wrong with it: only who has the secret is told.
    for request in [
        request(),
        RecordingRequest { status: Some(RecordingRequestStatus { accepted: Some(at(-1)) }), ..request() },
        RecordingRequest { spec: RecordingRequestSpec { expires: at(-1), ..request().spec }, ..request() },
        RecordingRequest { spec: RecordingRequestSpec { node: "node-b".to_owned(), ..request().spec }, ..request() },
    ] {
        assert_eq!(check(&wrong, Some(&request), HERE, now()), unknown);
    }
    // The secret whose hash stands in for one that is not there opens nothing.
    let zeros = Shown { secret: Secret::of([0; BYTES]), ..shown() };
    assert_eq!(check(&zeros, None, HERE, now()), unknown);
    assert_eq!(checked(|request| request.spec.secret_hash = String::new()), Err(Refusal::Unknown));
}

#[test]
fn a_request_that_was_taken_is_good_while_it_is_there_and_renewed() {
    let grant = checked(|_| {}).unwrap();
    let again = |request: Option<&RecordingRequest>, later: i64| check_again(&grant, request, at(later).0);
    let renewed = RecordingRequest { spec: RecordingRequestSpec { expires: at(80), ..request().spec }, ..request() };
    assert_eq!(again(Some(&renewed), 20), Ok(at(80).0));
    assert_eq!(again(Some(&request()), 60), Err(Refusal::Expired));
    assert_eq!(again(None, 1), Err(Refusal::Unknown));
    let mut other = request();
    other.metadata.uid = Some("made-anew".to_owned());
    assert_eq!(again(Some(&other), 1), Err(Refusal::Unknown));
}

fn headers(all: &[(&'static str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in all {
        headers.append(*name, HeaderValue::from_str(value).unwrap());
    }
    headers
}

#[test]
fn both_headers_are_needed_once() {
    let secret = session::authorization(&secret());
    let (name, auth) = ((REQUEST_HEADER, "shop/r1"), ("authorization", secret.as_str()));
    assert_eq!(super::shown(&headers(&[name, auth])), Ok(shown()));
    for wrong in [
        vec![],
        vec![name],
        vec![auth],
        vec![name, name, auth],
        vec![name, auth, auth],
        vec![(REQUEST_HEADER, "shop/../r1"), auth],
        vec![name, ("authorization", "Bearer abc")],
    ] {
        assert_eq!(super::shown(&headers(&wrong)), Err(Refusal::Nothing), "{wrong:?}");
    }
}

#[test]
fn a_refusal_is_one_sentence_and_of_one_kind() {
    for refusal in [
        Refusal::Nothing,
        Refusal::Unknown,
        Refusal::Node,
        Refusal::Expired,
        Refusal::TooLong,
        Refusal::Taken,
        Refusal::Action,
        Refusal::Full,
        Refusal::Shed,
        Refusal::Silent,
        Refusal::Malformed,
        Refusal::Unreachable,
    ] {
        let (status, sentence, _) = refusal.answer();
        assert!([400, 401, 403, 408, 429, 503].contains(&status.as_u16()), "{refusal:?}");
        assert!(!sentence.is_empty() && !sentence.contains(". "), "{sentence}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_headers_or_refused(name in proptest::collection::vec(any::<u8>(), 0..300), auth in proptest::collection::vec(any::<u8>(), 0..300)) {
        let mut headers = HeaderMap::new();
        if let (Ok(name), Ok(auth)) = (HeaderValue::from_bytes(&name), HeaderValue::from_bytes(&auth)) {
            headers.insert(REQUEST_HEADER, name);
            headers.insert(SECRET_HEADER, auth);
        }
        prop_assert_eq!(super::shown(&headers), Err(Refusal::Nothing));
    }
}

#[test]
fn how_a_node_is_doing_is_asked_in_the_agents_own_namespace() {
    let of = |namespace: &str| {
        let mut request = request();
        request.spec.action = Action::Node;
        request.metadata.namespace = Some(namespace.to_owned());
        let shown = Shown { name: RequestName::parse(&format!("{namespace}/r1")).unwrap(), secret: secret() };
        check(&shown, Some(&request), HERE, now()).map(|grant| grant.action)
    };
    assert_eq!(of("shop"), Err(Refusal::Action));
    assert_eq!(of(HERE.namespace), Ok(Action::Node));
}
