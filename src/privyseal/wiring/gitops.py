"""Certificates by pull request: where the files are, who carries runs out, and who may start them."""

from functools import partial
from pathlib import Path
from typing import NamedTuple

from privyseal.frontends.api import gitops as gitops_resource
from privyseal.frontends.api.model import Endpoint
from privyseal.frontends.aws import states
from privyseal.frontends.aws.model import Service
from privyseal.serverless.gitops.applying import Applying, Rows
from privyseal.serverless.gitops.ordering import Ordering
from privyseal.serverless.gitops.planning import Planning
from privyseal.serverless.gitops.ports import Source
from privyseal.serverless.gitops.revoking import Authorities, Revocations
from privyseal.serverless.gitops.snapshot import Selection
from privyseal.serverless.tls_certificate import STRICT
from privyseal.settings import Settings
from privyseal.sources import GITOPS_SOURCES, NoSource
from privyseal.store import Tx
from privyseal.stores.repositories.ca import REPOSITORIES
from privyseal.stores.repositories.gitops import SqlCurrentFiles, SqlRuns
from privyseal.stores.repositories.serverless import SqlIssues
from privyseal.wiring.parts import Parts
from privyseal.wiring.serverless import (
    bucket,
    issuing_authority,
    names,
    replaced_authorities,
    root_authority,
    tls_certificates,
)
from privyseal.wiring.shelves import row

JOB = "serverless.gitops"


class GitOps(NamedTuple):
    ordering: Ordering
    applying: Applying


def gitops(parts: Parts) -> GitOps:
    settings, store = parts.settings, parts.store
    function = tls_certificates(parts)
    certificates, issues, runs = REPOSITORIES.certificates, SqlIssues(), SqlRuns()
    revocations = Revocations(
        store, certificates, lambda: _authorities(parts), parts.authorities.named_revoking.revoke
    )
    planning = Planning(
        store,
        certificates,
        issues,
        function=function,
        revocations=revocations,
        bucket=bucket(parts),
        strict=lambda: settings.serverless.key_reuse == STRICT,
    )
    found = source(parts)
    rows = Rows(runs, SqlCurrentFiles(), issues)
    applying = Applying(store, rows, found, planning=planning, function=function, revocations=revocations)
    wake = partial(parts.jobs.wake, JOB)
    ordering = Ordering(store, runs, found, planning=planning, selection=_selection(settings), wake=wake)
    return GitOps(ordering, applying)


def add_gitops_job(parts: Parts, made: GitOps) -> None:
    parts.jobs.add(JOB, made.applying.work, made.applying.waiting)


def gitops_endpoints(parts: Parts, made: GitOps) -> list[Endpoint]:
    return gitops_resource.endpoints(made.ordering, parts.pool)


def states_service(parts: Parts, made: GitOps) -> Service:
    return states.service(made.ordering, parts.pool, names(parts).state_machine, parts.clock.now())


def source(parts: Parts) -> Source:
    section, selection = parts.settings.serverless.gitops, _selection(parts.settings)
    folder = f"certs/{parts.settings.serverless.env}"
    if section.source == "":
        return NoSource()
    make = row(GITOPS_SOURCES, section.source)
    if section.source == "directory":
        directory: Source = make(Path(section.directory), folder, selection)
        return directory
    if section.source == "git":
        git: Source = make(
            section.url,
            section.branch,
            folder,
            selection,
            signers=_signers(section.allowed_signers, section.pgp_keys),
            username=section.username or None,
            password_file=_path(section.password_file),
        )
        return git
    s3: Source = make(
        bucket(parts),
        section.prefix,
        selection,
        endpoint_url=section.endpoint_url or None,
        region=section.region or None,
        profile=section.profile or None,
    )
    return s3


def _signers(allowed: str, pgp_keys: str) -> object:
    if not (allowed or pgp_keys):
        return None
    from privyseal.sources.commit_signatures import Signers  # noqa: PLC0415 - only where somebody signs

    return Signers(_path(allowed), _path(pgp_keys))


def _path(text: str) -> Path | None:
    return Path(text) if text else None


def _selection(settings: Settings) -> Selection:
    section = settings.serverless.gitops
    return Selection(section.cert_info_files, section.csr_files)


def _authorities(parts: Parts) -> Authorities:
    def read(tx: Tx) -> Authorities:
        before = tuple(replaced_authorities(tx, parts))
        return Authorities(issuing_authority(tx, parts), root_authority(parts), names(parts).issuing, before)

    return parts.store.view(read)
