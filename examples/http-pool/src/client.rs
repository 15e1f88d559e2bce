//! A client with one connection, which it keeps.

use std::net::SocketAddr;

use http_body_util::{BodyExt, Empty};
use hyper::Request;
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{HOST, RETRY_AFTER};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use vela::prelude::*;

/// A connection to the service.
#[derive(Debug)]
pub struct Client {
    requests: SendRequest<Empty<Bytes>>,
}

/// What the service has said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// 200 if all is well.
    pub status: u16,
    /// After how many seconds to try again.
    pub retry_after: Option<String>,
    /// The body.
    pub text: String,
}

impl Client {
    /// Connects.
    ///
    /// # Errors
    ///
    /// If nobody listens there.
    pub async fn connect(address: SocketAddr) -> vela::Result<Self> {
        let socket = TcpStream::connect(address).await?;
        socket.set_nodelay(true)?;
        let (requests, connection) = handshake(TokioIo::new(socket)).await?;
        // It ends with this client.
        drop(go!({ connection.await.ok() }));
        Ok(Self { requests })
    }

    /// Asks for `path`.
    ///
    /// # Errors
    ///
    /// If the connection fails.
    pub async fn get(&mut self, path: &str) -> vela::Result<Answer> {
        let request = Request::get(path).header(HOST, "localhost").body(Empty::new())?;
        self.requests.ready().await?;
        let response = self.requests.send_request(request).await?;
        let status = response.status().as_u16();
        let retry_after = response.headers().get(RETRY_AFTER);
        let retry_after = retry_after.and_then(|value| value.to_str().ok()).map(str::to_owned);
        let body = response.into_body().collect().await?.to_bytes();
        Ok(Answer { status, retry_after, text: String::from_utf8_lossy(&body).into_owned() })
    }
}
