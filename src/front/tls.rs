//! The certificate and key of our own HTTPS (`--tls-cert`, `--tls-key`).

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::path::Path;
use std::sync::Arc;

/// Reads a certificate chain and its private key, both PEM. The error names the file and says what is wrong with it.
pub fn tls_config(cert_pem: &Path, key_pem: &Path) -> Result<Arc<ServerConfig>, String> {
    let wrong = |path: &Path, e: &dyn std::fmt::Display| format!("{}: {e}", path.display());
    let certificates: Vec<_> = CertificateDer::pem_file_iter(cert_pem).and_then(Iterator::collect).map_err(|e| wrong(cert_pem, &e))?;
    if certificates.is_empty() {
        return Err(wrong(cert_pem, &"holds no certificate"));
    }
    let key = PrivateKeyDer::from_pem_file(key_pem).map_err(|e| wrong(key_pem, &e))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| e.to_string())?
        .with_no_client_auth()
        .with_single_cert(certificates, key)
        .map_err(|e| wrong(key_pem, &e))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}
