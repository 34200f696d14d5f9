//! The cache's errors as clients see them.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use larder::ErrorKind;

/// An answer that is not what was asked for.
pub(crate) enum Refusal {
    /// There is no such airport.
    NotFound,
    /// The airport in the body is not the one in the path.
    OtherAirport,
    /// The cache or the database could not do it.
    Cache(larder::Error),
}

impl From<larder::Error> for Refusal {
    fn from(error: larder::Error) -> Self {
        Refusal::Cache(error)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Refusal::NotFound => (StatusCode::NOT_FOUND, "no such airport\n").into_response(),
            Refusal::OtherAirport => {
                let advice = "the body's icao is not the path's\n";
                (StatusCode::UNPROCESSABLE_ENTITY, advice).into_response()
            }
            Refusal::Cache(error) => (status(&error), format!("{error}\n")).into_response(),
        }
    }
}

/// By who can do something about it. After 504 the write may or may not have taken effect.
fn status(error: &larder::Error) -> StatusCode {
    match error.kind() {
        ErrorKind::Value => StatusCode::UNPROCESSABLE_ENTITY,
        ErrorKind::Unknown => StatusCode::GATEWAY_TIMEOUT,
        _ if error.is_retryable() => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}
