//! What a certificate says.

use std::time::SystemTime;

use rustls::pki_types::CertificateDer;
use x509_cert::certificate::{CertificateInner, Raw, Version};
use x509_cert::der::{self, Decode};

use crate::model::Identity;

/// Who shows `certificate`, which is already known to be genuine.
pub(super) fn identity(certificate: &CertificateDer<'_>) -> der::Result<Identity> {
    let certificate = parse(certificate)?;
    let subject = certificate.tbs_certificate().subject();
    let common_name = subject.common_name()?.map(|name| name.value().into());
    Ok(Identity { subject: subject.to_string().into(), common_name })
}

/// Why a certificate is of no use at `now`; completes "a certificate that ...".
pub(super) fn fault(certificate: &CertificateDer<'_>, now: SystemTime) -> Option<String> {
    let certificate = match parse(certificate) {
        Ok(certificate) => certificate,
        Err(error) => return Some(format!("is no X.509 certificate: {error}")),
    };
    if certificate.tbs_certificate().version() != Version::V3 {
        let what = "is of an old version of X.509: issue one of version 3, with extensions";
        return Some(what.to_owned());
    }
    let validity = certificate.tbs_certificate().validity();
    let (begin, end) = (validity.not_before, validity.not_after);
    if now < begin.to_system_time() {
        return Some(format!("is not valid before {begin}: look whether the clock is right"));
    }
    (end.to_system_time() < now).then(|| format!("has expired at {end}: renew it"))
}

/// Only what is asked for here has to be as the standard wants it.
fn parse(certificate: &CertificateDer<'_>) -> der::Result<CertificateInner<Raw>> {
    CertificateInner::from_der(certificate)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rcgen::{CertificateParams, DnType, KeyPair, date_time_ymd};

    use super::*;

    fn certificate(params: &CertificateParams) -> CertificateDer<'static> {
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().clone()
    }

    #[test]
    fn the_subject_is_read() {
        let mut params = CertificateParams::default();
        params.distinguished_name = rcgen::DistinguishedName::new();
        assert_eq!(identity(&certificate(&params)).unwrap(), Identity::default());
        params.distinguished_name.push(DnType::OrganizationName, "Beispiel, Söhne");
        params.distinguished_name.push(DnType::CommonName, "billing");
        let identity = identity(&certificate(&params)).unwrap();
        assert_eq!(&*identity.subject, "CN=billing,O=Beispiel\\, Söhne");
        assert_eq!(identity.common_name.as_deref(), Some("billing"));
    }

    #[test]
    fn a_certificate_is_good_for_its_time() {
        let mut params = CertificateParams::default();
        (params.not_before, params.not_after) =
            (date_time_ymd(2001, 1, 1), date_time_ymd(2002, 1, 1));
        let certificate = certificate(&params);
        let fault = |days: u64| {
            let since = Duration::from_secs(days * 24 * 3600);
            fault(&certificate, SystemTime::UNIX_EPOCH + since)
        };
        assert!(fault(11_000).unwrap().starts_with("is not valid before 2001-01-01T00:00:00Z"));
        assert_eq!(fault(11_500), None);
        assert_eq!(fault(12_000).unwrap(), "has expired at 2002-01-01T00:00:00Z: renew it");
    }

    #[test]
    fn a_certificate_of_an_old_version_is_told() {
        let mut der = certificate(&CertificateParams::default()).to_vec();
        let version = [0xa0, 3, 2, 1, 2];
        let at = der.windows(5).position(|window| window == version).unwrap();
        der[at + 4] = 1;
        let fault = fault(&der.into(), SystemTime::now()).unwrap();
        assert!(fault.starts_with("is of an old version of X.509"), "{fault}");
    }

    #[test]
    fn what_is_no_certificate_is_told() {
        let fault = fault(&CertificateDer::from(vec![0; 9]), SystemTime::now());
        assert!(fault.unwrap().starts_with("is no X.509 certificate: "));
    }
}
