"""What serverless-ca's contract does unasked: notices, reminders, its table and its objects."""

from privyseal.ca.adopting import Adopting
from privyseal.frontends.api.model import Endpoint
from privyseal.frontends.api.serverless import endpoints
from privyseal.serverless.authorities import Hierarchy, Slugs
from privyseal.serverless.following import Following
from privyseal.serverless.migration import Migration
from privyseal.serverless.notice_ports import CertificateTable
from privyseal.serverless.objects import ObjectPublishing
from privyseal.serverless.publishing import TablePublishing
from privyseal.serverless.reminders import Reminders
from privyseal.serverless.search import Search
from privyseal.store import Tx
from privyseal.stores.repositories.ca import REPOSITORIES
from privyseal.stores.repositories.journal import SqlJournal
from privyseal.stores.repositories.serverless import SqlIssues
from privyseal.stores.repositories.serverless_notices import SqlNotedIssues, SqlPlaces
from privyseal.tables import TABLES
from privyseal.wiring.parts import Parts
from privyseal.wiring.serverless import issuing_authority, names
from privyseal.wiring.shelves import row


def add_serverless_jobs(parts: Parts) -> None:
    store, section, noted = parts.store, parts.settings.serverless, SqlNotedIssues()
    following = Following(store, SqlJournal(), noted)
    parts.jobs.add("serverless.follow", following.run, following.waiting)
    reminders = Reminders(
        store,
        section.expiry_reminders,
        noted=noted,
        issues=SqlIssues(),
        certificates=REPOSITORIES.certificates,
        authorities=REPOSITORIES.authorities,
    )
    parts.jobs.add("serverless.reminders", reminders.say_due, reminders.waiting)
    if section.table:
        publishing = TablePublishing(
            store,
            table(parts),
            noted=noted,
            places=SqlPlaces(),
            certificates=REPOSITORIES.certificates,
            hierarchy=hierarchy(parts),
            place=f"table {section.table}",
        )
        parts.jobs.add("serverless.table", publishing.run, publishing.waiting)
    if section.external_bucket:
        objects = ObjectPublishing(
            store,
            SqlPlaces(),
            REPOSITORIES.crls,
            hierarchy(parts),
            parts.publisher,
            bucket=section.external_bucket,
            bundle=names(parts).bundle,
        )
        parts.jobs.add("serverless.objects", objects.run, objects.waiting)


def table(parts: Parts) -> CertificateTable:
    section = parts.settings.serverless
    made: CertificateTable = row(TABLES, "dynamodb")(
        section.table,
        endpoint_url=section.endpoint_url or None,
        region=section.region or None,
        profile=section.profile or None,
    )
    return made


def hierarchy(parts: Parts) -> Hierarchy:
    def slugs(tx: Tx) -> Slugs:
        root = parts.settings.serverless.root
        own = str(parts.directory.read_environment().get("root_ca_arn") or "")
        called = names(parts)
        return Slugs((called.root, root or own), (called.issuing, issuing_authority(tx, parts)))

    return Hierarchy(REPOSITORIES.authorities, REPOSITORIES.crls, slugs)


def serverless_endpoints(parts: Parts) -> list[Endpoint]:
    """Of our own API."""
    region = parts.settings.region
    certificates = REPOSITORIES.certificates
    adopting = Adopting(parts.store, REPOSITORIES, parts.kms)
    migration = Migration(adopting, SqlIssues(), SqlNotedIssues(), region)
    search = Search(parts.store, SqlIssues(), certificates)
    return endpoints(search, adopting, migration, region, parts.pool)
