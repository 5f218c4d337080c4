"""What each of AWS's 61 templates puts into a certificate, when CSR and call both ask for everything.

Written by hand from "Template definitions" and "Template order of operations" of the AWS Private CA user
guide, a line per template; nothing here knows the product's own table. `!` is critical, `-` is absent.
Who has the say: the template itself, the `csr`, the `api` call, or (of what only one of them asks for)
`both`; where both ask for the same, the call.

Columns: template, its passthrough (`-` for the base template), basic constraints (path length after the
comma), key usage, extended key usage, authority key identifier (of the `issuer`, or the root's `own`,
which it only has from the call), subject and alternative names, CRL distribution points, all others.
"""

from collections.abc import Mapping
from types import MappingProxyType

TABLE = """
EndEntityCertificate                               -      CA:FALSE   !DS,KE    srv,cli issuer csr -   -
EndEntityCertificate                               CSR    CA:FALSE   !DS,KE    srv,cli issuer csr csr csr
EndEntityCertificate                               API    CA:FALSE   !DS,KE    srv,cli issuer api -   api
EndEntityCertificate                               APICSR CA:FALSE   !DS,KE    srv,cli issuer api csr both
EndEntityClientAuthCertificate                     -      CA:FALSE   !DS,KE    cli     issuer csr -   -
EndEntityClientAuthCertificate                     CSR    CA:FALSE   !DS,KE    cli     issuer csr csr csr
EndEntityClientAuthCertificate                     API    CA:FALSE   !DS,KE    cli     issuer api -   api
EndEntityClientAuthCertificate                     APICSR CA:FALSE   !DS,KE    cli     issuer api csr both
EndEntityServerAuthCertificate                     -      CA:FALSE   !DS,KE    srv     issuer csr -   -
EndEntityServerAuthCertificate                     CSR    CA:FALSE   !DS,KE    srv     issuer csr csr csr
EndEntityServerAuthCertificate                     API    CA:FALSE   !DS,KE    srv     issuer api -   api
EndEntityServerAuthCertificate                     APICSR CA:FALSE   !DS,KE    srv     issuer api csr both
CodeSigningCertificate                             -      CA:FALSE   !DS       !code   issuer csr -   -
CodeSigningCertificate                             CSR    CA:FALSE   !DS       !code   issuer csr csr csr
CodeSigningCertificate                             API    CA:FALSE   !DS       !code   issuer api -   api
CodeSigningCertificate                             APICSR CA:FALSE   !DS       !code   issuer api csr both
OCSPSigningCertificate                             -      CA:FALSE   !DS       !ocsp   issuer csr -   -
OCSPSigningCertificate                             CSR    CA:FALSE   !DS       !ocsp   issuer csr csr csr
OCSPSigningCertificate                             API    CA:FALSE   !DS       !ocsp   issuer api -   api
OCSPSigningCertificate                             APICSR CA:FALSE   !DS       !ocsp   issuer api csr both
BlankEndEntityCertificate                          CSR    CA:FALSE   csr       csr     issuer csr csr csr
BlankEndEntityCertificate                          API    CA:FALSE   api       api     issuer api -   api
BlankEndEntityCertificate                          APICSR CA:FALSE   api       api     issuer api csr both
BlankEndEntityCertificate_CriticalBasicConstraints CSR    !CA:FALSE  csr       csr     issuer csr csr csr
BlankEndEntityCertificate_CriticalBasicConstraints API    !CA:FALSE  api       api     issuer api api api
BlankEndEntityCertificate_CriticalBasicConstraints APICSR !CA:FALSE  api       api     issuer api api both
SubordinateCACertificate_PathLen0                  -      !CA:TRUE,0 !DS,CS,RS -       issuer csr -   -
SubordinateCACertificate_PathLen0                  CSR    !CA:TRUE,0 !DS,CS,RS csr     issuer csr csr csr
SubordinateCACertificate_PathLen0                  API    !CA:TRUE,0 !DS,CS,RS api     issuer api -   api
SubordinateCACertificate_PathLen0                  APICSR !CA:TRUE,0 !DS,CS,RS api     issuer api csr both
SubordinateCACertificate_PathLen1                  -      !CA:TRUE,1 !DS,CS,RS -       issuer csr -   -
SubordinateCACertificate_PathLen1                  CSR    !CA:TRUE,1 !DS,CS,RS csr     issuer csr csr csr
SubordinateCACertificate_PathLen1                  API    !CA:TRUE,1 !DS,CS,RS api     issuer api -   api
SubordinateCACertificate_PathLen1                  APICSR !CA:TRUE,1 !DS,CS,RS api     issuer api csr both
SubordinateCACertificate_PathLen2                  -      !CA:TRUE,2 !DS,CS,RS -       issuer csr -   -
SubordinateCACertificate_PathLen2                  CSR    !CA:TRUE,2 !DS,CS,RS csr     issuer csr csr csr
SubordinateCACertificate_PathLen2                  API    !CA:TRUE,2 !DS,CS,RS api     issuer api -   api
SubordinateCACertificate_PathLen2                  APICSR !CA:TRUE,2 !DS,CS,RS api     issuer api csr both
SubordinateCACertificate_PathLen3                  -      !CA:TRUE,3 !DS,CS,RS -       issuer csr -   -
SubordinateCACertificate_PathLen3                  CSR    !CA:TRUE,3 !DS,CS,RS csr     issuer csr csr csr
SubordinateCACertificate_PathLen3                  API    !CA:TRUE,3 !DS,CS,RS api     issuer api -   api
SubordinateCACertificate_PathLen3                  APICSR !CA:TRUE,3 !DS,CS,RS api     issuer api csr both
BlankSubordinateCACertificate_PathLen0             CSR    !CA:TRUE,0 csr       csr     issuer csr csr csr
BlankSubordinateCACertificate_PathLen0             API    !CA:TRUE,0 api       api     issuer api -   api
BlankSubordinateCACertificate_PathLen0             APICSR !CA:TRUE,0 api       api     issuer api csr both
BlankSubordinateCACertificate_PathLen1             CSR    !CA:TRUE,1 csr       csr     issuer csr csr csr
BlankSubordinateCACertificate_PathLen1             API    !CA:TRUE,1 api       api     issuer api -   api
BlankSubordinateCACertificate_PathLen1             APICSR !CA:TRUE,1 api       api     issuer api csr both
BlankSubordinateCACertificate_PathLen2             CSR    !CA:TRUE,2 csr       csr     issuer csr csr csr
BlankSubordinateCACertificate_PathLen2             API    !CA:TRUE,2 api       api     issuer api -   api
BlankSubordinateCACertificate_PathLen2             APICSR !CA:TRUE,2 api       api     issuer api csr both
BlankSubordinateCACertificate_PathLen3             CSR    !CA:TRUE,3 csr       csr     issuer csr csr csr
BlankSubordinateCACertificate_PathLen3             API    !CA:TRUE,3 api       api     issuer api -   api
BlankSubordinateCACertificate_PathLen3             APICSR !CA:TRUE,3 api       api     issuer api csr both
RootCACertificate                                  -      !CA:TRUE   !DS,CS,RS -       -      csr -   -
RootCACertificate                                  API    !CA:TRUE   !DS,CS,RS api     own    api -   api
BlankRootCACertificate                             API    !CA:TRUE   api       api     own    api -   api
BlankRootCACertificate_PathLen0                    API    !CA:TRUE,0 api       api     own    api -   api
BlankRootCACertificate_PathLen1                    API    !CA:TRUE,1 api       api     own    api -   api
BlankRootCACertificate_PathLen2                    API    !CA:TRUE,2 api       api     own    api -   api
BlankRootCACertificate_PathLen3                    API    !CA:TRUE,3 api       api     own    api -   api
"""

# How openssl writes the values that templates define.
USAGES = {
    "DS": "Digital Signature",
    "KE": "Key Encipherment",
    "CS": "Certificate Sign",
    "RS": "CRL Sign",
}
PURPOSES = {
    "srv": "TLS Web Server Authentication",
    "cli": "TLS Web Client Authentication",
    "code": "Code Signing",
    "ocsp": "OCSP Signing",
}
# How it writes what the CSR and the call of `requests.py` ask for.
PASSED_USAGE = {
    ("csr", False): "Non Repudiation",
    ("csr", True): "Certificate Sign",
    ("api", False): "Digital Signature, Key Agreement",
    ("api", True): "Certificate Sign, CRL Sign",
}
PASSED_PURPOSE = {"csr": (False, "E-mail Protection"), "api": (True, "Time Stamping")}  # RFC 3161 §2.3
POINTS = {
    "csr": "Full Name: URI:http://csr.example/crl",
    "api": "Full Name: URI:http://api.example/crl",
}
POLICIES = {
    "csr": "Policy: 1.3.6.1.4.1.99999.10",
    "api": "Policy: 1.3.6.1.4.1.99999.20 CPS: http://api.example/cps",
}
ONLY_CSR, ONLY_API, BOTH = "1.3.6.1.4.1.99999.1", "1.3.6.1.4.1.99999.2", "1.3.6.1.4.1.99999.3"
# Who passes other extensions through → {OID: (critical, who gave it)}
OTHERS: Mapping[str, Mapping[str, tuple[bool, str]]] = MappingProxyType(
    {
        "-": {},
        "csr": {ONLY_CSR: (True, "csr"), BOTH: (False, "csr")},
        "api": {ONLY_API: (True, "api"), BOTH: (False, "api")},
        "both": {ONLY_CSR: (True, "csr"), ONLY_API: (True, "api"), BOTH: (False, "api")},
    }
)
SUBJECTS = {"csr": "CN=csr.example,O=Csr", "api": "CN=api.example,O=Api"}

# Extension, as openssl names it → (critical, value)
Extensions = dict[str, tuple[bool, str]]


def rows() -> dict[str, list[str]]:
    """Template → its cells after the second."""
    found = {}
    for base, passthrough, *cells in map(str.split, TABLE.strip().splitlines()):
        found[base if passthrough == "-" else f"{base}_{passthrough}Passthrough"] = cells
    return found


def subject(template: str) -> str:
    return SUBJECTS[rows()[template][4]]


def extensions(template: str, own_key: str, issuer_key: str) -> Extensions:
    """All that the certificate has, the key identifiers given in openssl's form."""
    constraints, usage, purposes, authority, name, points, others = rows()[template]
    is_ca = "TRUE" in constraints
    found: Extensions = {
        "Basic Constraints": _valued(constraints, ", pathlen:"),
        "Subject Key Identifier": (False, own_key),
        "Subject Alternative Name": (False, f"DNS:{name}.example"),
    }
    if usage in {"csr", "api"}:
        found["Key Usage"] = (True, PASSED_USAGE[usage, is_ca])
    elif usage != "-":
        found["Key Usage"] = _named(usage, USAGES)
    if purposes in PASSED_PURPOSE:
        found["Extended Key Usage"] = PASSED_PURPOSE[purposes]
    elif purposes != "-":
        found["Extended Key Usage"] = _named(purposes, PURPOSES)
    if authority != "-":
        found["Authority Key Identifier"] = (False, {"issuer": issuer_key, "own": own_key}[authority])
    if points != "-":
        found["CRL Distribution Points"] = (False, POINTS[points])
    if others != "-":
        found["Certificate Policies"] = (False, POLICIES["api" if others == "both" else others])
    return found | {oid: (critical, f"..{who}") for oid, (critical, who) in OTHERS[others].items()}


def _valued(cell: str, separator: str) -> tuple[bool, str]:
    return cell.startswith("!"), cell.removeprefix("!").replace(",", separator)


def _named(cell: str, names: Mapping[str, str]) -> tuple[bool, str]:
    return cell.startswith("!"), ", ".join(names[each] for each in cell.removeprefix("!").split(","))
