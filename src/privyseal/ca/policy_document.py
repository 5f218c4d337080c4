"""What a resource policy on an authority may say: AWS's two statements, and no other shape.

Source: AWS Private CA user guide, "Resource-based policies": the structure of its examples "must be
followed precisely", only the grantees and the ARN are free. One statement lets a grantee read, one
lets it issue by a named template; a grantee is an account or an organization.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from privyseal import strict_json
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.names import AuthorityArn, partition

VERSION = "2012-10-17"
READ = frozenset(
    {
        "acm-pca:DescribeCertificateAuthority",
        "acm-pca:GetCertificate",
        "acm-pca:GetCertificateAuthorityCertificate",
        "acm-pca:ListPermissions",
        "acm-pca:ListTags",
    }
)
ISSUE = frozenset({"acm-pca:IssueCertificate"})
# "Cross-account issuers … have access only to the following … templates" (same page).
TEMPLATES = (
    "EndEntityCertificate/V1",
    "EndEntityClientAuthCertificate/V1",
    "EndEntityServerAuthCertificate/V1",
    "BlankEndEntityCertificate_APIPassthrough/V1",
    "BlankEndEntityCertificate_APICSRPassthrough/V1",
    "SubordinateCACertificate_PathLen0/V1",
)

_TEMPLATE, _ORGANIZATION, _ACCOUNT = "acm-pca:TemplateArn", "aws:PrincipalOrgID", "aws:PrincipalAccount"
_MEMBERS = frozenset({"Version", "Id", "Statement"})
_STATEMENT_MEMBERS = frozenset({"Sid", "Effect", "Principal", "Action", "Resource", "Condition"})
_ACCOUNT_ID = re.compile(r"\A[0-9]{12}\Z")
_ACCOUNT_ARN = re.compile(r"\Aarn:(aws[a-z-]*):iam::([0-9]{12}):root\Z")
_ORGANIZATION_ID = re.compile(r"\Ao-[a-z0-9]{10,32}\Z")  # Organizations API reference, Organization.Id
_SHOWN = 80


def check_policy(document: str, authority: AuthorityArn) -> None:
    """Raises INVALID_POLICY, saying which statement is wrong and how."""
    policy = _parse(document)
    if not isinstance(policy, dict):
        _refuse("it is not a JSON object")
    if unknown := policy.keys() - _MEMBERS:
        _refuse(f"it has the unknown member {_quoted(min(unknown))}")
    if policy.get("Version") != VERSION:
        _refuse(f'its Version must be "{VERSION}"')
    statements = policy.get("Statement")
    if not isinstance(statements, list) or not statements:
        _refuse("its Statement must be a list of statements")
    grantees: dict[frozenset[str], set[str]] = {READ: set(), ISSUE: set()}
    for number, statement in enumerate(statements, 1):
        actions, allowed = _Statement(number, statement).check(authority)
        grantees[actions] |= allowed
    if one_sided := grantees[READ] ^ grantees[ISSUE]:
        grantee = min(one_sided)
        missing = ISSUE if grantee in grantees[READ] else READ
        _refuse(f"it has no statement that allows {', '.join(sorted(missing))} to {grantee}")


class _Statement:
    """One statement under examination; every refusal names its number."""

    def __init__(self, number: int, value: Any) -> None:
        self._where = f"statement {number}"
        if not isinstance(value, dict):
            self._refuse("is not a JSON object")
        if unknown := value.keys() - _STATEMENT_MEMBERS:
            self._refuse(f"has the member {_quoted(min(unknown))}, which is not allowed")
        self._value: Mapping[str, Any] = value

    def check(self, authority: AuthorityArn) -> tuple[frozenset[str], frozenset[str]]:
        """Which of the two action lists it allows, and to whom."""
        if not isinstance(self._value.get("Sid", ""), str):
            self._refuse("has a Sid that is not a text")
        if self._value.get("Effect") != "Allow":
            self._refuse('must have the Effect "Allow"')
        actions = frozenset(self._texts("Action", self._value.get("Action")))
        if actions not in {READ, ISSUE}:
            self._refuse(f"must allow exactly {', '.join(sorted(READ))}, or {', '.join(ISSUE)} alone")
        if self._texts("Resource", self._value.get("Resource")) != [str(authority)]:
            self._refuse(f"must have the Resource {authority}")
        conditions = self._conditions()
        templates = conditions.pop(("StringEquals", _TEMPLATE), None)
        if actions == ISSUE:
            self._check_templates(templates or [], authority)
        elif templates is not None:
            self._refuse(f"has the condition {_TEMPLATE}, which belongs to acm-pca:IssueCertificate")
        return actions, self._grantees(conditions, authority)

    def _check_templates(self, templates: Sequence[str], authority: AuthorityArn) -> None:
        prefix = f"arn:{partition(authority.region)}:acm-pca:::template/"
        known = {prefix + name for name in TEMPLATES}
        if not templates:
            self._refuse(f"needs the condition StringEquals {_TEMPLATE}")
        if unknown := [each for each in templates if each not in known]:
            self._refuse(f"names the template {_quoted(unknown[0])}; allowed are {', '.join(sorted(known))}")

    def _grantees(
        self, conditions: dict[tuple[str, str], list[str]], authority: AuthorityArn
    ) -> frozenset[str]:
        """Accounts and organizations. Everybody (`*`) is allowed only as an organization."""
        principal = self._value.get("Principal")
        if isinstance(principal, dict):
            if principal.keys() != {"AWS"}:
                self._refuse('must have a Principal of the form {"AWS": …}')
            principal = principal["AWS"]
        named = self._texts("Principal", principal)
        if named == ["*"]:
            found = self._organizations(conditions)
        else:
            found = [self._account(each, authority) for each in named]
        if conditions:
            operator, key = min(conditions)
            self._refuse(f"has the condition {_quoted(f'{operator} {key}')}, which is not allowed")
        return frozenset(found)

    def _organizations(self, conditions: dict[tuple[str, str], list[str]]) -> list[str]:
        ids = conditions.pop(("StringEquals", _ORGANIZATION), [])
        if not ids:
            self._refuse(f'allows everybody: the Principal "*" needs StringEquals {_ORGANIZATION}')
        if wrong := [each for each in ids if not _ORGANIZATION_ID.match(each)]:
            self._refuse(f"names the organization {_quoted(wrong[0])}; an id is o- and 10 to 32 characters")
        excluded = conditions.pop(("StringNotEquals", _ACCOUNT), [])
        if wrong := [each for each in excluded if not _ACCOUNT_ID.match(each)]:
            self._refuse(f"excludes the account {_quoted(wrong[0])}; an account has 12 digits")
        return [f"the organization {each}" for each in ids]

    def _account(self, text: str, authority: AuthorityArn) -> str:
        if _ACCOUNT_ID.match(text):
            return f"the account {text}"
        arn = _ACCOUNT_ARN.match(text)
        if arn is None or arn[1] != partition(authority.region):
            self._refuse(f"names the principal {_quoted(text)}; a principal is an account of 12 digits")
        return f"the account {arn[2]}"

    def _conditions(self) -> dict[tuple[str, str], list[str]]:
        """(operator, key) → values."""
        value = self._value.get("Condition", {})
        if not isinstance(value, dict) or not all(isinstance(each, dict) for each in value.values()):
            self._refuse("has a Condition that is not an object of objects")
        return {
            (operator, key): self._texts(f"{operator} {key}", values)
            for operator, keys in value.items()
            for key, values in keys.items()
        }

    def _texts(self, name: str, value: Any) -> list[str]:
        """One text or a list of different ones."""
        texts = value if isinstance(value, list) else [value]
        if not texts or not all(isinstance(each, str) for each in texts):
            self._refuse(f"must have {_quoted(name)}: a text, or a list of texts")
        if len(set(texts)) != len(texts):
            self._refuse(f"repeats a value in {_quoted(name)}")
        return texts

    def _refuse(self, what: str) -> NoReturn:
        _refuse(f"{self._where} {what}")


def _parse(document: str) -> Any:
    try:
        return strict_json.load(document)
    except ValueError as error:
        _refuse(f"it is not JSON: {str(error)[:_SHOWN]}")


def _quoted(text: str) -> str:
    return ascii(text[:_SHOWN])


def _refuse(what: str) -> NoReturn:
    raise PrivySealError(ErrorCode.INVALID_POLICY, f"The policy is not valid: {what}.")
