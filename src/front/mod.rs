//! Connections, limits, HTTP: the only place that knows sockets.
