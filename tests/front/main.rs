//! The rules of the guarded front, each proved over a real socket.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests")]

mod answers;
mod bodies;
mod crowds;
mod framing;
mod life;
mod stock;
mod support;
#[cfg(feature = "tls")]
mod tls;
