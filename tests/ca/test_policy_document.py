"""Resource policies: AWS's shapes are taken, everything else is refused with a reason."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privyseal.ca.policy_document import TEMPLATES, check_policy
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.names import AuthorityArn

OWNER, OTHER, ORGANIZATION = "111122223333", "555555555555", "o-a1b2c3d4z5"
ARN = AuthorityArn("ap-southeast-2", OWNER, "01234567-89ab-cdef-0123-456789abcdef")
READ = [
    "acm-pca:DescribeCertificateAuthority",
    "acm-pca:GetCertificate",
    "acm-pca:GetCertificateAuthorityCertificate",
    "acm-pca:ListPermissions",
    "acm-pca:ListTags",
]
TEMPLATE = "arn:aws:acm-pca:::template/EndEntityCertificate/V1"


def for_account(account: Any = OTHER) -> dict[str, Any]:
    """The first example of AWS's page: another account."""
    shared = {"Sid": "1", "Effect": "Allow", "Principal": {"AWS": account}, "Resource": str(ARN)}
    condition = {"StringEquals": {"acm-pca:TemplateArn": TEMPLATE}}
    return {
        "Version": "2012-10-17",
        "Statement": [
            {**shared, "Action": [*READ]},
            {**shared, "Action": ["acm-pca:IssueCertificate"], "Condition": condition},
        ],
    }


def for_organization() -> dict[str, Any]:
    """The second example of AWS's page: an organization, but for the owner itself."""
    shared = {"Sid": "1", "Effect": "Allow", "Principal": "*", "Resource": str(ARN)}
    others = {"StringNotEquals": {"aws:PrincipalAccount": OWNER}}
    organization = {"aws:PrincipalOrgID": ORGANIZATION}
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                **shared,
                "Action": "acm-pca:IssueCertificate",
                "Condition": {"StringEquals": {"acm-pca:TemplateArn": TEMPLATE, **organization}, **others},
            },
            {**shared, "Action": [*READ], "Condition": {"StringEquals": organization, **others}},
        ],
    }


Change = Callable[[dict[str, Any]], object]


def changed(policy: dict[str, Any], change: Change) -> dict[str, Any]:
    result = copy.deepcopy(policy)
    change(result)
    return result


def read(policy: dict[str, Any]) -> Any:
    return policy["Statement"][0]


def issue(policy: dict[str, Any]) -> Any:
    return policy["Statement"][1]


def allow_template(policy: dict[str, Any], name: str) -> None:
    issue(policy)["Condition"]["StringEquals"]["acm-pca:TemplateArn"] = f"arn:aws:acm-pca:::template/{name}"


def reason(document: str) -> str:
    with pytest.raises(PrivySealError) as refusal:
        check_policy(document, ARN)
    assert refusal.value.code is ErrorCode.INVALID_POLICY
    assert refusal.value.message.startswith("The policy is not valid: ")
    return refusal.value.message


ALLOWED: dict[str, dict[str, Any]] = {
    "another account": for_account(),
    "the own account, as Terraform's tests have it": for_account(OWNER),
    "an account by the ARN of its root": for_account(f"arn:aws:iam::{OTHER}:root"),
    "several accounts": for_account([OTHER, "666666666666"]),
    "an organization": for_organization(),
    "an organization without the exception": changed(
        for_organization(), lambda p: [s["Condition"].pop("StringNotEquals") for s in p["Statement"]]
    ),
    "everybody written as an AWS principal": changed(
        for_organization(), lambda p: [s.update(Principal={"AWS": "*"}) for s in p["Statement"]]
    ),
    "an account and an organization": {
        **for_account(),
        "Statement": [*for_account()["Statement"], *for_organization()["Statement"]],
    },
    "no Sid": changed(for_account(), lambda p: [s.pop("Sid") for s in p["Statement"]]),
    "an Id": {**for_account(), "Id": "a policy"},
    "actions in another order": changed(for_account(), lambda p: read(p)["Action"].reverse()),
    "lists of one": changed(for_account(), lambda p: [s.update(Resource=[str(ARN)]) for s in p["Statement"]]),
    **{
        name: changed(for_account(), lambda p, name=name: allow_template(p, name))  # type: ignore[misc]
        for name in TEMPLATES
    },
}

REFUSED: dict[str, tuple[Change, str]] = {
    "no version": (lambda p: p.pop("Version"), "its Version must be"),
    "an old version": (lambda p: p.update(Version="2008-10-17"), "its Version must be"),
    "an unknown member": (lambda p: p.update(Comment="x"), "unknown member 'Comment'"),
    "no statement": (lambda p: p.update(Statement=[]), "list of statements"),
    "a statement without its list": (lambda p: p.update(Statement=read(p)), "list of statements"),
    "a statement that is a text": (lambda p: p["Statement"].append("x"), "statement 3 is not a JSON object"),
    "a denial": (lambda p: read(p).update(Effect="Deny"), 'statement 1 must have the Effect "Allow"'),
    "no effect": (lambda p: issue(p).pop("Effect"), 'statement 2 must have the Effect "Allow"'),
    "NotAction": (lambda p: read(p).update(NotAction="x"), "the member 'NotAction'"),
    "NotPrincipal": (lambda p: read(p).update(NotPrincipal="x"), "the member 'NotPrincipal'"),
    "one action less": (lambda p: read(p)["Action"].pop(), "statement 1 must allow exactly"),
    "one action more": (lambda p: read(p)["Action"].append("acm-pca:DeletePolicy"), "must allow exactly"),
    "every action": (lambda p: issue(p).update(Action="acm-pca:*"), "must allow exactly"),
    "actions of both kinds": (
        lambda p: issue(p).update(Action=[*READ, "acm-pca:IssueCertificate"]),
        "exactly",
    ),
    "a repeated action": (lambda p: read(p)["Action"].append(READ[0]), "repeats a value in 'Action'"),
    "no action": (lambda p: read(p).pop("Action"), "must have 'Action'"),
    "an action that is a number": (lambda p: read(p).update(Action=[1]), "must have 'Action'"),
    "every resource": (lambda p: read(p).update(Resource="*"), f"statement 1 must have the Resource {ARN}"),
    "another resource": (
        lambda p: issue(p).update(Resource=f"{ARN}/certificate/1"),
        "must have the Resource",
    ),
    "two resources": (lambda p: read(p).update(Resource=[str(ARN), "*"]), "must have the Resource"),
    "a Sid that is a list": (lambda p: read(p).update(Sid=["1"]), "Sid that is not a text"),
    "no principal": (lambda p: read(p).pop("Principal"), "must have 'Principal'"),
    "everybody": (lambda p: issue(p).update(Principal="*"), 'the Principal "*" needs'),
    "everybody as an account": (lambda p: read(p).update(Principal={"AWS": "*"}), 'the Principal "*" needs'),
    "everybody among others": (lambda p: read(p).update(Principal={"AWS": ["*", OTHER]}), "principal '*'"),
    "a service": (lambda p: read(p).update(Principal={"Service": "acm.amazonaws.com"}), 'form {"AWS": …}'),
    "a service beside an account": (
        lambda p: read(p)["Principal"].update(Service="acm.amazonaws.com"),
        'form {"AWS": …}',
    ),
    "a user": (lambda p: read(p).update(Principal={"AWS": f"arn:aws:iam::{OTHER}:user/x"}), "an account"),
    "an account of another partition": (
        lambda p: read(p).update(Principal={"AWS": f"arn:aws-cn:iam::{OTHER}:root"}),
        "an account of 12 digits",
    ),
    "eleven digits": (lambda p: read(p).update(Principal={"AWS": "1" * 11}), "an account of 12 digits"),
    "digits of another script": (lambda p: read(p).update(Principal={"AWS": "１" * 12}), "12 digits"),
    "another account may read than issue": (
        lambda p: issue(p).update(Principal={"AWS": "666666666666"}),
        "no statement that allows acm-pca:IssueCertificate to the account 555555555555",
    ),
    "nobody may issue": (lambda p: p["Statement"].pop(), "allows acm-pca:IssueCertificate to the account"),
    "nobody may read": (lambda p: p["Statement"].pop(0), "allows acm-pca:DescribeCertificateAuthority"),
    "no template": (lambda p: issue(p).pop("Condition"), "needs the condition StringEquals acm-pca:Template"),
    "a template by a pattern": (
        lambda p: issue(p).update(Condition={"StringLike": {"acm-pca:TemplateArn": TEMPLATE}}),
        "needs the condition StringEquals acm-pca:TemplateArn",
    ),
    "a template that others may not use": (
        lambda p: issue(p)["Condition"]["StringEquals"].update(
            {"acm-pca:TemplateArn": "arn:aws:acm-pca:::template/RootCACertificate/V1"}
        ),
        "RootCACertificate/V1'; allowed are",
    ),
    "a template of another partition": (
        lambda p: issue(p)["Condition"]["StringEquals"].update(
            {"acm-pca:TemplateArn": TEMPLATE.replace("arn:aws:", "arn:aws-cn:")}
        ),
        "names the template",
    ),
    "a template for reading": (
        lambda p: read(p).update(Condition={"StringEquals": {"acm-pca:TemplateArn": TEMPLATE}}),
        "belongs to acm-pca:IssueCertificate",
    ),
    "another condition": (
        lambda p: read(p).update(Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}),
        "has the condition 'IpAddress aws:SourceIp'",
    ),
    "an organization beside an account": (
        lambda p: read(p).update(Condition={"StringEquals": {"aws:PrincipalOrgID": ORGANIZATION}}),
        "has the condition 'StringEquals aws:PrincipalOrgID'",
    ),
    "a condition that is a list": (lambda p: read(p).update(Condition=[]), "not an object of objects"),
    "a condition of texts": (lambda p: read(p).update(Condition={"StringEquals": "x"}), "object of objects"),
}

REFUSED_FOR_ORGANIZATIONS: dict[str, tuple[Change, str]] = {
    "no organization": (
        lambda p: read(p)["Condition"]["StringEquals"].pop("aws:PrincipalOrgID"),
        'statement 1 allows everybody: the Principal "*" needs StringEquals aws:PrincipalOrgID',
    ),
    "any organization": (
        lambda p: issue(p)["Condition"]["StringEquals"].update({"aws:PrincipalOrgID": "o-*"}),
        "names the organization 'o-*'",
    ),
    "no organization at all": (
        lambda p: issue(p)["Condition"]["StringEquals"].update({"aws:PrincipalOrgID": []}),
        "must have 'StringEquals aws:PrincipalOrgID'",
    ),
    "an excluded account that is none": (
        lambda p: read(p)["Condition"].update(StringNotEquals={"aws:PrincipalAccount": "me"}),
        "excludes the account 'me'",
    ),
    "two organizations, one for each": (
        lambda p: read(p)["Condition"]["StringEquals"].update({"aws:PrincipalOrgID": "o-0000000000"}),
        "to the organization o-0000000000",
    ),
}

NOT_JSON = {
    "no JSON": "{",
    "a list": "[]",
    "a text": '"*"',
    "null": "null",
    "a repeated member": json.dumps(for_account()).replace('"Effect"', '"Effect": "Deny", "Effect"'),
    "NaN": '{"Version":"2012-10-17","Statement":NaN}',
    "infinity": '{"Version":"2012-10-17","Statement":[-Infinity]}',
    "a very long number": '{"Version":' + "9" * 5000 + "}",
    "a very deep list": '{"Version":"2012-10-17","Statement":' + "[" * 40_000 + "]" * 40_000 + "}",
    "something behind it": json.dumps(for_account()) + "{}",
}


@pytest.mark.parametrize("policy", ALLOWED.values(), ids=ALLOWED.keys())
def test_what_aws_documents_is_taken(policy: dict[str, Any]) -> None:
    check_policy(json.dumps(policy, indent=3), ARN)


@pytest.mark.parametrize(("change", "why"), REFUSED.values(), ids=REFUSED.keys())
def test_every_other_shape_is_refused_with_its_reason(change: Change, why: str) -> None:
    assert why in reason(json.dumps(changed(for_account(), change)))


@pytest.mark.parametrize(
    ("change", "why"), REFUSED_FOR_ORGANIZATIONS.values(), ids=REFUSED_FOR_ORGANIZATIONS.keys()
)
def test_everybody_means_an_organization(change: Change, why: str) -> None:
    assert why in reason(json.dumps(changed(for_organization(), change)))


@pytest.mark.parametrize("document", NOT_JSON.values(), ids=NOT_JSON.keys())
def test_what_is_no_json_object_is_refused(document: str) -> None:
    said = reason(document)
    assert "it is not JSON: " in said or "it is not a JSON object" in said
    assert len(said) < 300


def test_a_partition_has_templates_of_its_own() -> None:
    chinese = AuthorityArn("cn-north-1", OWNER, ARN.id)
    text = json.dumps(for_account()).replace(str(ARN), str(chinese))
    with pytest.raises(PrivySealError):
        check_policy(text, chinese)
    check_policy(text.replace(TEMPLATE, TEMPLATE.replace("arn:aws:", "arn:aws-cn:")), chinese)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)


@given(st.text(max_size=200) | json_values.map(json.dumps))
def test_no_document_is_a_defect(document: str) -> None:
    """Whatever it is, it is refused with a reason, and never by an accident."""
    reason(document)


@given(st.data(), json_values)
def test_no_changed_member_is_a_defect(data: st.DataObject, value: Any) -> None:
    """Somewhere in a good policy a value is replaced by any other: it is refused, or it changed nothing."""
    policy = data.draw(st.sampled_from([for_account(), for_organization()]))
    paths = list(_paths(policy))
    *path, last = data.draw(st.sampled_from(paths))
    place: Any = policy
    for step in path:
        place = place[step]
    before, place[last] = place[last], value
    harmless = (last == "Sid" and isinstance(value, str)) or (last == "StringNotEquals" and value == {})
    if harmless or value in (before, [before]):
        check_policy(json.dumps(policy), ARN)
    else:
        reason(json.dumps(policy))


def _paths(value: Any, path: tuple[Any, ...] = ()) -> Any:
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in steps:
        yield (*path, step)
        yield from _paths(inner, (*path, step))
