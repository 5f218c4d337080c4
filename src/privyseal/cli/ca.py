"""`privyseal ca`: certificate authorities, made in one command and listed."""

from collections.abc import Iterator, Mapping
from typing import Any

import click

from privyseal.cli.crls import restart_crls
from privyseal.cli.mass import cascade, revocations
from privyseal.cli.options import example, key_algorithm_option, output_option, with_environment
from privyseal.cli.output import rfc3339, show_fields, show_json, show_rows
from privyseal.client import ApiError, Environment, PrivySealClient, create_authority

# Members of ASN1Subject that have an option, in the order in which they are written.
SUBJECT_OPTIONS = {
    "country": "Country",
    "state": "State",
    "locality": "Locality",
    "organization": "Organization",
    "organizational_unit": "OrganizationalUnit",
}

# Short attribute names (RFC 4514 §3, RFC 4519) of the members of ASN1Subject.
SHORT_NAMES = {
    "Country": "C",
    "State": "ST",
    "Locality": "L",
    "Organization": "O",
    "OrganizationalUnit": "OU",
    "CommonName": "CN",
}


@click.group()
def ca() -> None:
    """Create and list certificate authorities."""


ca.add_command(cascade)
ca.add_command(revocations)
ca.add_command(restart_crls)


@ca.command(epilog=example('privyseal ca create --parent "$PRIVYSEAL_ROOT_CA_ARN" --name "Team CA"'))
@click.option("--parent", metavar="ARN", help="The authority that signs it; without one it is a root.")
@click.option("--name", help="Common name [default: Privy Seal Root CA, or … Subordinate CA].")
@click.option("--organization")
@click.option("--organizational-unit")
@click.option("--country", metavar="CC", help="Two letters.")
@click.option("--state")
@click.option("--locality")
@key_algorithm_option
@click.option("--years", type=click.IntRange(1, 100), help="Validity [default: 10 for a root, else 3].")
@click.option("--path-length", type=click.IntRange(0, 3), help="Levels of CAs below it [default: 0].")
@output_option
@with_environment
def create(
    *,
    environment: Environment,
    parent: str | None,
    name: str | None,
    key_algorithm: str,
    years: int | None,
    path_length: int | None,
    output: str,
    **subject: str | None,
) -> None:
    """Create an authority, ready to issue: key, CSR, certificate and import in one go.

    A subordinate ends with its parent at the latest.
    """
    if path_length is not None and not parent:
        raise click.UsageError("--path-length is for a subordinate: a root's certificate carries none")
    members = {SUBJECT_OPTIONS[option]: value for option, value in subject.items() if value}
    members["CommonName"] = name or f"Privy Seal {'Subordinate' if parent else 'Root'} CA"
    client = environment.client()
    created = create_authority(
        client,
        subject=members,
        key_algorithm=key_algorithm,
        parent_arn=parent,
        validity_years=years,
        path_length=path_length or 0,
    )
    _show(client, created.arn, output)


@ca.command("list", epilog=example("privyseal ca list --output json"))
@output_option
@with_environment
def list_(environment: Environment, output: str) -> None:
    """List the authorities."""
    found = [_described(authority) for authority in authorities(environment.client())]
    if output == "json":
        show_json({"authorities": found})
    else:
        columns = ("arn", "type", "status", "not_after", "subject")
        head = ("ARN", "TYPE", "STATUS", "NOT AFTER", "SUBJECT")
        show_rows(head, ([str(row.get(column) or "-") for column in columns] for row in found))


@ca.command(epilog=example('privyseal ca show "$PRIVYSEAL_ISSUING_CA_ARN" | openssl x509 -noout -text'))
@click.argument("arn")
@output_option
@with_environment
def show(environment: Environment, arn: str, output: str) -> None:
    """Show an authority, with its certificate and chain."""
    _show(environment.client(), arn, output)


def _show(client: PrivySealClient, arn: str, output: str) -> None:
    this = {"CertificateAuthorityArn": arn}
    described = _described(client.call("DescribeCertificateAuthority", this)["CertificateAuthority"])
    certificate, chain = _certificate(client, arn)
    if output == "json":
        show_json(described | {"certificate": certificate, "chain": chain})
        return
    show_fields({name.replace("_", " "): value for name, value in described.items()})
    for pem in filter(None, (certificate, chain)):
        click.echo("\n" + pem.strip())


def _certificate(client: PrivySealClient, arn: str) -> tuple[str | None, str | None]:
    """Certificate and chain, or nothing of an authority that has no certificate yet."""
    try:
        reply = client.call("GetCertificateAuthorityCertificate", {"CertificateAuthorityArn": arn})
    except ApiError as error:
        if error.code != "InvalidStateException":
            raise
        return None, None
    return reply["Certificate"], reply.get("CertificateChain")


def authorities(client: PrivySealClient) -> Iterator[Mapping[str, Any]]:
    """All authorities as ListCertificateAuthorities describes them, fetched page by page."""
    position: dict[str, Any] = {}
    while True:
        reply = client.call("ListCertificateAuthorities", {"MaxResults": 100} | position)
        yield from reply["CertificateAuthorities"]
        if not reply.get("NextToken"):
            return
        position = {"NextToken": reply["NextToken"]}


def _described(authority: Mapping[str, Any]) -> dict[str, Any]:
    configuration = authority["CertificateAuthorityConfiguration"]
    times = {"not_before": "NotBefore", "not_after": "NotAfter", "restorable_until": "RestorableUntil"}
    return {
        "arn": authority["Arn"],
        "type": authority["Type"],
        "status": authority["Status"],
        "subject": _subject(configuration["Subject"]),
        "key_algorithm": configuration["KeyAlgorithm"],
        "signing_algorithm": configuration["SigningAlgorithm"],
        "serial": authority.get("Serial"),
    } | {
        name: rfc3339(authority[member]) if authority.get(member) is not None else None
        for name, member in times.items()
    }


def _subject(subject: Mapping[str, Any]) -> str:
    """For people: `C=…, O=…, CN=…`; attributes of other kinds under their own names."""
    order = [*SHORT_NAMES, *(member for member in subject if member not in SHORT_NAMES)]
    parts = [
        f"{SHORT_NAMES.get(member, member)}={subject[member]}"
        for member in order
        if isinstance(subject.get(member), str)
    ]
    custom = subject.get("CustomAttributes") or []
    parts += [f"{attribute['ObjectIdentifier']}={attribute['Value']}" for attribute in custom]
    return ", ".join(parts)
