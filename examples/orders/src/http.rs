//! HTTP, in front of the pipeline. Each connection is a task of one group, which ends with the server.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use metrics_exporter_prometheus::PrometheusHandle;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tracing::{debug, warn};
use vela::prelude::*;

use crate::intake::{Answer, Intake};
use crate::order::{Order, Outcome};
use crate::progress::Progress;

/// The largest body that is read, in bytes.
const LARGEST_BODY: usize = 16 * 1024;

/// Seconds after which a client that found no room should try again.
const RETRY_AFTER_SECONDS: &str = "1";

/// What requests are answered with.
#[derive(Debug)]
pub struct Site {
    /// Where orders go.
    pub intake: Intake,
    /// For `/health`.
    pub progress: Arc<Progress>,
    /// For `/metrics`.
    pub metrics: PrometheusHandle,
}

vela! {
/// Serves until `stop` ends. Requests that have begun are answered then, those that take longer than `grace` are cut off.
///
/// With this the last [`Intake`] is gone, and so the first queue closes.
pub async fn serve(listener: TcpListener, site: Site, stop: Context, grace: Duration) {
    let site = Arc::new(site);
    let connections = Group::new();
    loop {
        select! {
            accepted = listener.accept() => match accepted {
                Ok((socket, _)) => drop(go!(in(connections) clone(site, stop) serve_one(socket, site, stop))),
                Err(error) => { // such as too many open files: it gets better when others leave
                    warn!("cannot accept: {error}");
                    sleep(ms(10)).await;
                }
            },
            <-stop.done() => break,
        }
    }
    drop(listener); // from now on connections are refused, by the system
    if timeout(grace, connections.join()).await.is_err() {
        // None of them has been told that its order is accepted.
        warn!("connections cut off: {}", connections.task_count());
        connections.cancel();
        _ = connections.join().await; // cancelled tasks drop their clones of `site`
    }
}

/// One client. Its end, also that of one that vanishes, concerns nobody else.
async fn serve_one(socket: TcpStream, site: Arc<Site>, stop: Context) {
    let answer = service_fn(async |request| Ok::<_, Infallible>(answer(request, &site).await));
    // With a timer, because hyper cuts off those who do not finish their headers.
    let connection = http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(socket), answer);
    let mut connection = pin!(connection);
    let served = select! {
        served = connection.as_mut() => served,
        <-stop.done() => {
            connection.as_mut().graceful_shutdown(); // at once if it is idle, else after this answer
            connection.await
        }
    };
    if let Err(error) = served {
        debug!("a connection has ended: {error}");
    }
}
}

async fn answer(request: Request<Incoming>, site: &Site) -> Response<Full<Bytes>> {
    match (request.method(), request.uri().path()) {
        (&Method::POST, "/orders") => post_order(request.into_body(), &site.intake).await,
        (&Method::GET, "/metrics") => {
            vela::monitor::publish();
            let mut page = Response::new(Full::from(site.metrics.render()));
            page.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; version=0.0.4"));
            page
        }
        (&Method::GET, "/health") => {
            let (stored, rejected) = (site.progress.stored(), site.progress.rejected());
            let counts = json!({ "accepted": site.progress.accepted(), "stored": stored, "rejected": rejected });
            json(StatusCode::OK, &counts)
        }
        _ => json(StatusCode::NOT_FOUND, &json!({ "error": "POST /orders, GET /metrics, GET /health" })),
    }
}

async fn post_order(body: Incoming, intake: &Intake) -> Response<Full<Bytes>> {
    let order = match Limited::new(body, LARGEST_BODY).collect().await {
        Ok(body) => Order::from_json(&body.to_bytes()),
        Err(error) => Err(error.to_string()), // too long, or cut off
    };
    let order = match order {
        Ok(order) => order,
        Err(why) => return json(StatusCode::BAD_REQUEST, &json!({ "error": why })),
    };
    match intake.take(order).await {
        Answer::Queued => json(StatusCode::ACCEPTED, &json!({ "status": "accepted" })),
        Answer::Settled(Outcome::Priced(cents)) => {
            json(StatusCode::CREATED, &json!({ "status": "stored", "cents": cents }))
        }
        Answer::Settled(Outcome::Rejected(why)) => json(StatusCode::UNPROCESSABLE_ENTITY, &json!({ "error": why })),
        Answer::Busy => unavailable("there is no room, try again later"),
        Answer::Stopping => unavailable("the service is shutting down"),
        Answer::Lost => {
            json(StatusCode::INTERNAL_SERVER_ERROR, &json!({ "error": "the order was lost, send it again" }))
        }
    }
}

fn unavailable(why: &str) -> Response<Full<Bytes>> {
    let mut response = json(StatusCode::SERVICE_UNAVAILABLE, &json!({ "error": why }));
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER_SECONDS));
    response
}

fn json(status: StatusCode, body: &Value) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(body.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
