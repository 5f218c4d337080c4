"""serverless-ca's contract: its functions over the authorities of this service."""

from privyseal.frontends.aws.lambda_invoke import LambdaFrontend
from privyseal.frontends.http import Authenticator, Route
from privyseal.serverless.files import SnapshotEntries, SnapshotFiles
from privyseal.serverless.functions import Functions
from privyseal.serverless.names import TLS, Names
from privyseal.serverless.tls_certificate import Rows, Terms, TlsCertificates
from privyseal.stores.repositories.ca import REPOSITORIES
from privyseal.stores.repositories.gitops import SqlCurrentFiles
from privyseal.stores.repositories.serverless import SqlIssues, SqlKeyClaims
from privyseal.wiring.parts import Parts


def serverless_routes(parts: Parts, authenticator: Authenticator) -> list[Route]:
    certificates = tls_certificates(parts)
    functions = Functions(names(parts), {TLS: certificates.request})
    front = LambdaFrontend(functions, authenticator, parts.pool, parts.clock, parts.settings.region)
    return front.routes()


def names(parts: Parts) -> Names:
    section = parts.settings.serverless
    return Names(section.project, section.env, section.prod_envs)


def tls_certificates(parts: Parts) -> TlsCertificates:
    ca = parts.authorities
    return TlsCertificates(
        parts.store,
        Rows(REPOSITORIES.certificates, SqlIssues(), SqlKeyClaims()),
        lambda: terms(parts),
        describe=ca.authorities.describe,
        certificate=ca.certification.certificate,
        issue=ca.issue_now,
        check=ca.issuance.check,
        files=SnapshotFiles(parts.store, SqlCurrentFiles(), parts.settings.account, names(parts).bucket),
        known=SnapshotEntries(SqlCurrentFiles(), parts.settings.account),
    )


def terms(parts: Parts) -> Terms:
    section = parts.settings.serverless
    own = parts.directory.read_environment().get("issuing_ca_arn") or ""
    return Terms(
        authority=section.authority or own,
        slug=names(parts).issuing,
        longest=section.max_cert_lifetime,
        extensions=frozenset(section.custom_extension_allowlist),
        key_reuse=section.key_reuse,
    )
