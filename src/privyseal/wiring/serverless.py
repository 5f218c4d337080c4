"""serverless-ca's contract: its functions over the authorities of this service."""

from privyseal.devices import succession
from privyseal.frontends.aws import kms
from privyseal.frontends.aws.lambda_invoke import LambdaFrontend
from privyseal.frontends.aws.model import Service
from privyseal.frontends.http import Authenticator, Route
from privyseal.serverless.aliases import Aliases
from privyseal.serverless.authority_functions import AuthorityFunctions
from privyseal.serverless.files import SnapshotEntries, SnapshotFiles
from privyseal.serverless.functions import Functions
from privyseal.serverless.key_pairs import KeyPairs
from privyseal.serverless.names import TLS, Names
from privyseal.serverless.tls_certificate import Rows, Terms, TlsCertificates
from privyseal.store import Tx
from privyseal.stores.repositories.ca import REPOSITORIES
from privyseal.stores.repositories.ca_rotations import SqlCaRotations, SqlSuccessions
from privyseal.stores.repositories.gitops import SqlCurrentFiles
from privyseal.stores.repositories.serverless import SqlIssues, SqlKeyClaims
from privyseal.wiring.parts import Parts


def serverless_routes(parts: Parts, authenticator: Authenticator) -> list[Route]:
    certificates = tls_certificates(parts)
    others = AuthorityFunctions(names(parts), certificates.chain, parts.jobs.wake)
    functions = Functions(names(parts), {TLS: certificates.request, **others.functions()})
    front = LambdaFrontend(functions, authenticator, parts.pool, parts.clock, parts.settings.region)
    return front.routes()


def kms_service(parts: Parts) -> Service:
    """The keys that the scripts of serverless-ca look for, by their aliases."""
    aliases = Aliases(
        names(parts), lambda: _authorities(parts), parts.authorities.authorities.describe, parts.clock.now()
    )
    return kms.service(aliases, KeyPairs(parts.store, parts.directory.wrapper()), parts.pool)


def _authorities(parts: Parts) -> dict[str, str]:
    """serverless-ca's name of an authority → its ARN, empty where there is none."""
    return {names(parts).issuing: terms(parts).authority, names(parts).root: root_authority(parts)}


def root_authority(parts: Parts) -> str:
    """Its ARN, empty where there is none."""
    own = parts.directory.read_environment().get("root_ca_arn") or ""
    return parts.settings.serverless.root or own


def names(parts: Parts) -> Names:
    section = parts.settings.serverless
    return Names(section.project, section.env, section.prod_envs)


def bucket(parts: Parts) -> str:
    """That of CSR files, as refusals name it."""
    return parts.settings.serverless.gitops.bucket or names(parts).bucket


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
        files=SnapshotFiles(parts.store, SqlCurrentFiles(), parts.settings.account, bucket(parts)),
        known=SnapshotEntries(SqlCurrentFiles(), parts.settings.account),
    )


def issuing_authority(tx: Tx, parts: Parts) -> str:
    """Its ARN, empty where there is none: the one that is named, or whoever has taken its place."""
    own = parts.directory.read_environment().get("issuing_ca_arn") or ""
    named = parts.settings.serverless.authority or own
    return succession.current(tx, SqlSuccessions(), named) if named else ""


def replaced_authorities(tx: Tx, parts: Parts) -> list[str]:
    """ARNs of those whose place it has taken. People order rotations, so they are few."""
    now, successions = issuing_authority(tx, parts), SqlSuccessions()
    old = {str(each.old) for each in SqlCaRotations().all(tx, parts.settings.account)} - {now}
    return sorted(each for each in old if succession.current(tx, successions, each) == now)


def terms(parts: Parts) -> Terms:
    section = parts.settings.serverless
    return Terms(
        authority=parts.store.view(lambda tx: issuing_authority(tx, parts)),
        slug=names(parts).issuing,
        longest=section.max_cert_lifetime,
        extensions=frozenset(section.custom_extension_allowlist),
        key_reuse=section.key_reuse,
    )
