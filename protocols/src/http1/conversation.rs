//! One connection: from its calls to exchanges.
//!
//! Invariants:
//!
//! * Responses answer requests in their order (RFC 9112, 9.3.2), so the next response belongs to the first request
//!   without one, as long as no message was overlooked.
//! * Behind a message that two readers may take for different ones, or one that is known to have been overlooked, the
//!   order tells nothing: the conversation is *sealed*. It still tells messages at the beginnings of calls, each alone.
//! * Where bytes that were not seen may have had further messages, joined exchanges say so ([`Doubt::Unseen`]).
//! * What is kept is bounded: [`MAX_PENDING`] requests, and [`MAX_HEAD_BYTES`](super::MAX_HEAD_BYTES) of a head in each direction.

use super::doubt::Doubt;
use super::end::End;
use super::exchange::{Exchange, Message};
use super::flow::{Begun, Call, Flow, Step, Way};
use super::framing::{Body, of_request, of_response};
use super::head::{Head, Request, Response};
use super::pending::{MAX_PENDING, Pending};

/// One connection.
#[derive(Debug)]
pub struct Conversation {
    sent: Flow,
    received: Flow,
    /// How requests go; none until the first message.
    requests: Option<Way>,
    pending: Pending,
    /// Nothing has come yet.
    is_new: bool,
    has_requests: bool,
    is_unsure: bool,
    is_sealed: bool,
    end: Option<End>,
}

impl Conversation {
    /// A connection that is seen from its first byte on.
    #[must_use]
    pub fn new() -> Self {
        let (sent, received, pending) = (Flow::new(), Flow::new(), Pending::default());
        let [has_requests, is_unsure, is_sealed] = [false; 3];
        Self { sent, received, requests: None, pending, is_new: true, has_requests, is_unsure, is_sealed, end: None }
    }

    /// A connection that was there before it was looked at.
    #[must_use]
    pub fn midway() -> Self {
        let mut midway = Self::new();
        midway.lose();
        midway
    }

    /// Why nothing further comes. Then its bytes need not be looked at any more.
    #[must_use]
    pub fn ended(&self) -> Option<End> {
        self.end
    }

    /// How requests go, as soon as that is known.
    #[must_use]
    pub fn requests(&self) -> Option<Way> {
        self.requests
    }

    /// A call: how its bytes went, when, those of the first that were seen, and how many there were in all. Calls come
    /// in the order in which they were made. Returns the exchanges that are over with it.
    pub fn call(&mut self, way: Way, at_ns: u64, seen: &[u8], total: u64) -> Vec<Exchange> {
        let seen = usize::try_from(total).ok().and_then(|total| seen.get(..total)).unwrap_or(seen);
        let mut call = Call { seen, unseen: total - seen.len() as u64, is_at_start: true, at_ns };
        let mut over = Vec::new();
        while self.end.is_none() && !call.is_over() {
            let may_resume = self.may_resume(way);
            let flow = self.flow(way);
            let step = flow.step(&mut call, may_resume);
            let body_bytes = flow.body_bytes;
            if !matches!(step, Step::Began(_)) {
                self.touch(way, at_ns, body_bytes);
            }
            self.take(way, step, &mut call, &mut over);
        }
        over
    }

    /// Takes for granted that what is left of a body of known length comes, at this moment: for who sees no call that
    /// carries the middle of a body. Returns how many bytes those are, and the exchanges that are over with them.
    pub fn grant(&mut self, way: Way, at_ns: u64) -> (u64, Vec<Exchange>) {
        let left = self.flow(way).left();
        (left, self.call(way, at_ns, &[], left))
    }

    /// Whether a request waits for its response to begin.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        self.pending.is_waiting()
    }

    /// What is not over, in its order.
    pub fn pending(&self) -> impl Iterator<Item = &Exchange> {
        self.pending.iter()
    }

    /// The connection was closed, by either side. Returns what was not over.
    pub fn close(&mut self, at_ns: u64) -> Vec<Exchange> {
        let mut over = Vec::new();
        if self.end.is_some() {
            return over;
        }
        let requests = self.requests;
        for way in [Way::Sent, Way::Received].into_iter().filter(|way| requests.is_none_or(|it| it == *way)) {
            if let Some(Begun { head: Head::Request(head), head_bytes, began_ns }) = self.flow(way).begun_head() {
                let exchange = self.exchange(way, Begun { head, head_bytes, began_ns });
                self.pending.push(exchange);
            }
        }
        if let Some(way) = requests {
            let flow = self.flow(way.other());
            let (cut, is_until_close) = (flow.begun_head(), flow.is_until_close());
            self.pending.closed(cut, is_until_close.then_some(at_ns));
        }
        self.finish(End::Closed, &mut over);
        over
    }

    /// Calls of the connection were lost. What waits is over, since nothing tells what belongs to it.
    pub fn lost(&mut self) -> Vec<Exchange> {
        let mut over = Vec::new();
        self.lose();
        self.pending.iter_mut().for_each(|exchange| exchange.doubts.add(Doubt::Lost));
        self.drain(&mut over);
        over
    }

    /// Exchanges whose response has begun, whose end cannot be seen, and of which nothing came since `before_ns`.
    pub fn idle(&mut self, before_ns: u64) -> Vec<Exchange> {
        let mut over = Vec::new();
        let Some(way) = self.requests else { return over };
        let is_lost = self.flow(way.other()).is_lost();
        let is_idle = |exchange: &Exchange| exchange.response.as_ref().is_some_and(|it| it.last_ns < before_ns);
        if is_lost && self.pending.first().is_some_and(is_idle) {
            over.extend(self.pending.pop());
        }
        over
    }

    fn flow(&mut self, way: Way) -> &mut Flow {
        match way {
            Way::Sent => &mut self.sent,
            Way::Received => &mut self.received,
        }
    }

    fn lose(&mut self) {
        self.sent.lose();
        self.received.lose();
        (self.is_new, self.is_unsure) = (false, true);
    }

    /// Whether a call that looks like a message is one, where the end of the last message was not seen. It may be part
    /// of that one's body: so the last request must have got an answer, and a response must have a request.
    fn may_resume(&mut self, way: Way) -> bool {
        match self.requests {
            _ if self.is_sealed => true,
            None => true,
            Some(requests) if requests == way => self.pending.last().is_none_or(|last| last.response.is_some()),
            Some(requests) => self.pending.is_waiting() || self.flow(requests).begun_head().is_some(),
        }
    }

    /// A call had something of the message that is on its way.
    fn touch(&mut self, way: Way, at_ns: u64, body_bytes: u64) {
        if self.requests == Some(way) {
            if !self.is_sealed
                && let Some(request) = self.pending.request()
                && !request.is_whole
            {
                (request.last_ns, request.body_bytes) = (at_ns, body_bytes);
            }
        } else if let Some(response) = self.pending.response()
            && !response.is_whole
        {
            (response.last_ns, response.body_bytes) = (at_ns, body_bytes);
        }
    }

    fn take(&mut self, way: Way, step: Step, call: &mut Call<'_>, over: &mut Vec<Exchange>) {
        let is_first = self.is_new;
        match step {
            Step::Nothing => return,
            Step::Began(begun) => self.began(way, *begun, call, over),
            Step::Ended => self.message_ended(way, over),
            Step::NoMessage if is_first => self.finish(End::NotHttp, over),
            Step::NoMessage => self.seal(way, Some(Doubt::NoMessage), over),
            Step::Broken => self.seal(way, Some(Doubt::BadChunk), over),
            Step::Hidden if self.requests.is_none() => self.lose(),
            Step::Hidden => self.seal(way, None, over),
            Step::EndUnseen => self.end_unseen(way, over),
        }
        self.is_new = false;
    }

    fn began(&mut self, way: Way, begun: Begun, call: &mut Call<'_>, over: &mut Vec<Exchange>) {
        let Begun { head, head_bytes, began_ns } = begun;
        let is_request = self.requests.map(|requests| requests == way);
        match head {
            Head::Request(head) if is_request != Some(false) => {
                self.requests = Some(way);
                self.request(way, Begun { head, head_bytes, began_ns }, over);
            }
            Head::Response(head) if is_request != Some(true) => {
                self.requests = Some(way.other());
                self.response(way, Begun { head, head_bytes, began_ns }, call, over);
            }
            _ => {
                self.flow(way).lose();
                self.seal(way, Some(Doubt::NoMessage), over);
            }
        }
    }

    fn exchange(&self, way: Way, begun: Begun<Request>) -> Exchange {
        let doubt = if self.is_sealed { Some(Doubt::Unjoined) } else { self.is_unsure.then_some(Doubt::Unseen) };
        Exchange::begun(way, begun, doubt)
    }

    fn request(&mut self, way: Way, begun: Begun<Request>, over: &mut Vec<Exchange>) {
        let head = &begun.head;
        self.has_requests = true;
        let is_cut = head.doubts.has(Doubt::HeadCut);
        let is_connect = head.method == "CONNECT";
        let body = if is_cut || self.is_sealed { Body::Unknown } else { of_request(head) };
        let is_ambiguous = head.doubts.is_ambiguous();
        let exchange = self.exchange(way, begun);
        if self.is_sealed {
            self.flow(way).lose();
            over.push(exchange.told());
            return;
        }
        if self.pending.len() == MAX_PENDING {
            over.push(exchange.told());
            self.finish(End::TooManyPending, over);
            return;
        }
        self.pending.push(exchange);
        self.is_unsure |= is_cut;
        self.is_sealed |= is_ambiguous;
        // Until it is answered nobody knows what follows.
        let body = if is_connect && body == Body::Length(0) { Body::UntilClose } else { body };
        if self.flow(way).expect(body) {
            self.message_ended(way, over);
        } else if is_connect && let Some(request) = self.pending.request() {
            request.is_whole = !is_cut;
        }
    }

    fn response(&mut self, way: Way, begun: Begun<Response>, call: &mut Call<'_>, over: &mut Vec<Exchange>) {
        let head = &begun.head;
        let (status, is_cut) = (head.status, head.doubts.has(Doubt::HeadCut));
        // The end of the one before was not seen; it is over when the next one begins.
        if self.pending.first().is_some_and(|first| first.response.is_some()) {
            over.extend(self.pending.pop());
        }
        self.end_head(way.other(), over);
        let is_interim = (100..200).contains(&status) && status != 101;
        let Some(first) = self.pending.first_mut() else {
            self.alone(way, begun, over);
            return;
        };
        if is_interim && !is_cut && !head.doubts.is_ambiguous() {
            first.interim = first.interim.saturating_add(1);
            self.flow(way).expect(Body::Length(0));
            return;
        }
        let method = first.request.as_ref().map(|request| request.head.method.clone());
        let body = if is_cut { Body::Unknown } else { of_response(head, method.as_deref()) };
        let is_ambiguous = head.doubts.is_ambiguous();
        first.response = Some(Message::new(begun));
        let is_connect = method.as_deref() == Some("CONNECT");
        if status == 101 || is_connect && (200..300).contains(&status) {
            self.whole_response();
            self.finish(if is_connect { End::Tunnel } else { End::Upgraded }, over);
            return;
        }
        if is_connect {
            self.flow(way.other()).restart();
        }
        let has_ended = self.flow(way).expect(body);
        if is_ambiguous {
            self.seal(way, None, over);
            call.pass_all();
        } else if has_ended {
            self.message_ended(way, over);
        } else if body == Body::Unknown {
            self.end_unseen(way, over);
        }
    }

    /// Who answers has read the head of the request, though no call showed its end: some servers read its first bytes
    /// alone, to see which version it is of, and only a call that begins with a message may be seen.
    fn end_head(&mut self, way: Way, over: &mut Vec<Exchange>) {
        if self.is_sealed || self.pending.is_waiting() {
            return;
        }
        if let Some(Begun { head: Head::Request(head), head_bytes, began_ns }) = self.flow(way).begun_head() {
            self.flow(way).lose();
            self.request(way, Begun { head, head_bytes, began_ns }, over);
        }
    }

    /// A response that no request is known to have asked for.
    fn alone(&mut self, way: Way, begun: Begun<Response>, over: &mut Vec<Exchange>) {
        let head = &begun.head;
        let body =
            if head.doubts.has(Doubt::HeadCut) || self.is_sealed { Body::Unknown } else { of_response(head, None) };
        self.flow(way).expect(body);
        // A request was overlooked, unless the server speaks unasked, before it closes, or its request was before
        // the first call that was seen.
        self.is_sealed |= self.is_unsure && self.has_requests || head.doubts.is_ambiguous();
        let mut exchange = Exchange { way: self.requests, ..Exchange::default() };
        exchange.doubts.add(Doubt::Unjoined);
        exchange.response = Some(Message { is_whole: body == Body::Length(0), ..Message::new(begun) });
        self.is_unsure = true;
        over.push(exchange.told());
    }

    fn whole_response(&mut self) -> Option<&mut Exchange> {
        let first = self.pending.first_mut()?;
        first.response.as_mut()?.is_whole = true;
        Some(first)
    }

    fn message_ended(&mut self, way: Way, over: &mut Vec<Exchange>) {
        let requests = self.requests;
        if requests == Some(way) {
            if let Some(request) = self.pending.request() {
                request.is_whole = true;
            }
        } else {
            let request_is_lost = requests.is_some_and(|way| self.flow(way).is_lost());
            let Some(first) = self.whole_response() else { return };
            if first.is_last() {
                self.finish(End::Closed, over);
                return;
            }
            // The end of a request that is answered, and cannot be seen, is not waited for.
            if request_is_lost && self.pending.len() == 1 {
                over.extend(self.pending.pop());
            }
        }
        if self.pending.first().is_some_and(Exchange::is_whole) {
            over.extend(self.pending.pop());
        }
    }

    /// Where the message ends was not seen.
    fn end_unseen(&mut self, way: Way, over: &mut Vec<Exchange>) {
        self.is_unsure = true;
        // With more requests waiting, the next response may be among what is not seen.
        if self.requests != Some(way) && self.pending.len() > 1 {
            self.seal(way, None, over);
        }
    }

    /// From here on the order of messages tells nothing.
    fn seal(&mut self, way: Way, doubt: Option<Doubt>, over: &mut Vec<Exchange>) {
        self.is_sealed = true;
        let is_request = self.requests == Some(way);
        let of = if is_request { self.pending.last_mut() } else { self.pending.first_mut() };
        if let (Some(exchange), Some(doubt)) = (of, doubt) {
            exchange.doubts.add(doubt);
        }
        // Requests of before get their answers all the same; answers that come later may be anyone's.
        if !is_request {
            for exchange in self.pending.iter_mut().filter(|exchange| exchange.response.is_none()) {
                exchange.doubts.add(Doubt::Unjoined);
            }
            self.drain(over);
        }
    }

    fn drain(&mut self, over: &mut Vec<Exchange>) {
        over.extend(self.pending.drain());
    }

    fn finish(&mut self, end: End, over: &mut Vec<Exchange>) {
        self.drain(over);
        self.sent = Flow::new();
        self.received = Flow::new();
        self.end = Some(end);
    }
}

impl Default for Conversation {
    fn default() -> Self {
        Self::new()
    }
}
