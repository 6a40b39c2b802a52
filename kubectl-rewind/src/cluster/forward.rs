//! One connection to an agent, through the API server: HTTP/1.1 within a port-forward, and in front of each request
//! what `rewind_resources::session` says.

use super::agents::AgentPod;
use super::client::Cluster;
use super::request::{self, Ask, Made};
use crate::failure::Failure;
use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{AUTHORIZATION, HeaderValue};
use hyper::{Request, Response};
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use rewind_resources::group::PORT;
use rewind_resources::session::{REQUEST_HEADER, RequestName, authorization};
use std::fmt::Debug;
use std::sync::{Arc, Mutex, PoisonError};

/// A connection that an agent has taken, or is about to.
pub(crate) struct Session {
    cluster: Arc<Cluster>,
    /// The agent.
    pub agent: AgentPod,
    request: RequestName,
    name: HeaderValue,
    authorization: HeaderValue,
    sender: tokio::sync::Mutex<SendRequest<Full<Bytes>>>,
    /// What the kubelet said of the port.
    said: Arc<Mutex<Option<String>>>,
}

impl Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("agent", &self.agent).field("request", &self.request).finish_non_exhaustive()
    }
}

impl Session {
    /// Makes a request and opens a connection to the agent that it is for.
    ///
    /// # Errors
    /// [`Failure`]; the request is deleted again then.
    pub(crate) async fn open(cluster: &Arc<Cluster>, agent: &AgentPod, ask: &Ask) -> Result<Self, Failure> {
        let Made { name: request, secret } = request::make(cluster, ask).await?;
        let opened = Self::connect(cluster, agent, request.clone(), &authorization(&secret)).await;
        if opened.is_err() {
            request::delete(cluster, &request).await;
        }
        opened
    }

    async fn connect(
        cluster: &Arc<Cluster>,
        agent: &AgentPod,
        request: RequestName,
        authorization: &str,
    ) -> Result<Self, Failure> {
        let said = Arc::default();
        let sender = dial(cluster, agent, &said).await?;
        let header = |text: &str| HeaderValue::from_str(text).map_err(|error| silent(agent, error.to_string()));
        let mut authorization = header(authorization)?;
        authorization.set_sensitive(true);
        Ok(Self {
            cluster: Arc::clone(cluster),
            agent: agent.clone(),
            name: header(&request.to_string())?,
            request,
            authorization,
            sender: tokio::sync::Mutex::new(sender),
            said,
        })
    }

    /// Opens another connection in place of one that the agent has refused.
    ///
    /// # Errors
    /// [`Failure`].
    pub(crate) async fn connect_again(&self) -> Result<(), Failure> {
        // What was said of the one before is not about this one.
        *self.said.lock().unwrap_or_else(PoisonError::into_inner) = None;
        *self.sender.lock().await = dial(&self.cluster, &self.agent, &self.said).await?;
        Ok(())
    }

    /// Sends an HTTP request; the answer before it has to be read to its end.
    ///
    /// # Errors
    /// Why the connection is of no use any more: what the kubelet says, if it says something.
    pub(crate) async fn send(&self, mut request: Request<Full<Bytes>>) -> Result<Response<Incoming>, String> {
        request.headers_mut().insert(REQUEST_HEADER, self.name.clone());
        request.headers_mut().insert(AUTHORIZATION, self.authorization.clone());
        let mut sender = self.sender.lock().await;
        let answer = match sender.ready().await {
            Ok(()) => sender.send_request(request).await,
            Err(error) => Err(error),
        };
        let Err(error) = answer else { return answer.map_err(|error| error.to_string()) };
        // The word of the kubelet comes on a channel of its own, just after or before the end.
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Err(said.map_or_else(|| error.to_string(), |said| said.trim().to_owned()))
    }

    /// Makes it good for another minute.
    ///
    /// # Errors
    /// [`Failure`].
    pub(crate) async fn renew(&self) -> Result<(), Failure> {
        request::renew(&self.cluster, &self.request).await
    }
}

/// A connection to an agent. What the kubelet says of it comes into `said`.
async fn dial(
    cluster: &Cluster,
    agent: &AgentPod,
    said: &Arc<Mutex<Option<String>>>,
) -> Result<SendRequest<Full<Bytes>>, Failure> {
    let pods: Api<Pod> = cluster.api(&cluster.agent_namespace);
    let mut forwarder = match cluster.answer(pods.portforward(&agent.name, &[PORT])).await {
        Ok(forwarder) => forwarder,
        Err(error) => return Err(refusal(cluster, agent, error).await),
    };
    if let Some(error) = forwarder.take_error(PORT) {
        let said = Arc::clone(said);
        tokio::spawn(async move {
            let error = error.await;
            *said.lock().unwrap_or_else(PoisonError::into_inner) = error;
        });
    }
    let stream = forwarder.take_stream(PORT);
    let stream = stream.ok_or_else(|| silent(agent, "the port was not forwarded".to_owned()))?;
    let io = hyper_util::rt::TokioIo::new(stream);
    let (sender, connection) = http1::handshake(io).await.map_err(|error| silent(agent, error.to_string()))?;
    tokio::spawn(async move {
        // The sender is told of its end.
        drop(connection.await);
        drop(forwarder);
    });
    Ok(sender)
}

fn silent(agent: &AgentPod, why: String) -> Failure {
    Failure::Silent { node: agent.node.clone(), pod: agent.name.clone(), why }
}

/// Why a port is not forwarded. A connection that is not upgraded loses what the API server says of it, so it is
/// asked again in plain HTTP.
async fn refusal(cluster: &Cluster, agent: &AgentPod, error: Failure) -> Failure {
    let silent = |error: &Failure| silent(agent, error.to_string());
    if !error.is_upgrade() {
        // The API server could not reach the kubelet, or that not the pod.
        let is_nodes = matches!(error, Failure::Server { .. }) && !error.is_forbidden() && !error.is_not_found();
        return if is_nodes { silent(&error) } else { error };
    }
    let path = format!("/api/v1/namespaces/{}/pods/{}/portforward?ports={PORT}", cluster.agent_namespace, agent.name);
    let Ok(request) = Request::get(path).body(Vec::new()) else { return error };
    match cluster.answer(cluster.client().request_text(request)).await {
        Err(refused) if refused.is_forbidden() || refused.is_not_found() => refused,
        _ => silent(&error),
    }
}
