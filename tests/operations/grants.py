"""A policy as AWS's user guide has it."""

import json
from typing import Any

READ = (
    "acm-pca:DescribeCertificateAuthority",
    "acm-pca:GetCertificate",
    "acm-pca:GetCertificateAuthorityCertificate",
    "acm-pca:ListPermissions",
    "acm-pca:ListTags",
)
TEMPLATE_ARN = "arn:aws:acm-pca:::template/EndEntityCertificate/V1"


def policy_for(arn: str, account: str, **changes: Any) -> str:
    """Another account may look and issue; `changes` replace members of both statements."""
    shared = {"Sid": "1", "Effect": "Allow", "Principal": {"AWS": account}, "Resource": arn} | changes
    condition = {"StringEquals": {"acm-pca:TemplateArn": TEMPLATE_ARN}}
    statements = [
        {**shared, "Action": READ},
        {**shared, "Action": ["acm-pca:IssueCertificate"], "Condition": condition},
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": statements}, indent=3)
