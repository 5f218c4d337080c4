# A private PKI as a Terraform user writes it: a root, an issuing authority below it, a certificate,
# the permission that managed renewal needs, and a policy that shares the authority.

terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

variable "endpoint" { type = string }
variable "csr" { type = string }
variable "stage" { type = string }
variable "enabled" { type = bool }

provider "aws" {
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true

  endpoints {
    acmpca = var.endpoint
    sts    = var.endpoint
    iam    = var.endpoint
  }
}

data "aws_partition" "current" {}
data "aws_caller_identity" "current" {}

resource "aws_acmpca_certificate_authority" "root" {
  type                            = "ROOT"
  permanent_deletion_time_in_days = 7

  certificate_authority_configuration {
    key_algorithm     = "EC_prime256v1"
    signing_algorithm = "SHA256WITHECDSA"

    subject {
      country             = "DE"
      organization        = "Example"
      organizational_unit = "PKI"
      common_name         = "Example Root"
    }
  }

  tags = { stage = var.stage }
}

resource "aws_acmpca_certificate" "root" {
  certificate_authority_arn   = aws_acmpca_certificate_authority.root.arn
  certificate_signing_request = aws_acmpca_certificate_authority.root.certificate_signing_request
  signing_algorithm           = "SHA256WITHECDSA"
  template_arn                = "arn:${data.aws_partition.current.partition}:acm-pca:::template/RootCACertificate/V1"

  validity {
    type  = "YEARS"
    value = 10
  }
}

resource "aws_acmpca_certificate_authority_certificate" "root" {
  certificate_authority_arn = aws_acmpca_certificate_authority.root.arn
  certificate               = aws_acmpca_certificate.root.certificate
  certificate_chain         = aws_acmpca_certificate.root.certificate_chain
}

resource "aws_acmpca_certificate_authority" "issuing" {
  type                            = "SUBORDINATE"
  usage_mode                      = "GENERAL_PURPOSE"
  enabled                         = var.enabled
  permanent_deletion_time_in_days = 7

  certificate_authority_configuration {
    key_algorithm     = "RSA_2048"
    signing_algorithm = "SHA512WITHRSA"

    subject {
      common_name  = "Example Issuing"
      organization = "Example"
    }
  }

  revocation_configuration {
    crl_configuration {
      enabled            = true
      expiration_in_days = 7
      custom_cname       = "crl.example.internal"
      s3_bucket_name     = "crls"
      s3_object_acl      = "BUCKET_OWNER_FULL_CONTROL"
    }
    ocsp_configuration {
      enabled = false
    }
  }
}

resource "aws_acmpca_certificate" "issuing" {
  certificate_authority_arn   = aws_acmpca_certificate_authority.root.arn
  certificate_signing_request = aws_acmpca_certificate_authority.issuing.certificate_signing_request
  signing_algorithm           = "SHA256WITHECDSA"
  template_arn                = "arn:${data.aws_partition.current.partition}:acm-pca:::template/SubordinateCACertificate_PathLen0/V1"

  validity {
    type  = "YEARS"
    value = 3
  }

  depends_on = [aws_acmpca_certificate_authority_certificate.root]
}

resource "aws_acmpca_certificate_authority_certificate" "issuing" {
  certificate_authority_arn = aws_acmpca_certificate_authority.issuing.arn
  certificate               = aws_acmpca_certificate.issuing.certificate
  certificate_chain         = aws_acmpca_certificate.issuing.certificate_chain
}

resource "aws_acmpca_certificate" "server" {
  certificate_authority_arn   = aws_acmpca_certificate_authority.issuing.arn
  certificate_signing_request = var.csr
  signing_algorithm           = "SHA256WITHRSA"

  validity {
    type  = "DAYS"
    value = 30
  }

  depends_on = [aws_acmpca_certificate_authority_certificate.issuing]
}

resource "aws_acmpca_permission" "acm" {
  certificate_authority_arn = aws_acmpca_certificate_authority.issuing.arn
  actions                   = ["IssueCertificate", "GetCertificate", "ListPermissions"]
  principal                 = "acm.amazonaws.com"
}

resource "aws_acmpca_policy" "shared" {
  resource_arn = aws_acmpca_certificate_authority.issuing.arn
  policy       = data.aws_iam_policy_document.shared.json
}

# The two statements that AWS asks for, word for word (user guide, "Resource-based policies").
data "aws_iam_policy_document" "shared" {
  statement {
    sid       = "read"
    effect    = "Allow"
    resources = [aws_acmpca_certificate_authority.issuing.arn]

    actions = [
      "acm-pca:DescribeCertificateAuthority",
      "acm-pca:GetCertificate",
      "acm-pca:GetCertificateAuthorityCertificate",
      "acm-pca:ListPermissions",
      "acm-pca:ListTags",
    ]

    principals {
      type        = "AWS"
      identifiers = ["111122223333"]
    }
  }

  statement {
    sid       = "issue"
    effect    = "Allow"
    resources = [aws_acmpca_certificate_authority.issuing.arn]
    actions   = ["acm-pca:IssueCertificate"]

    principals {
      type        = "AWS"
      identifiers = ["111122223333"]
    }

    condition {
      test     = "StringEquals"
      variable = "acm-pca:TemplateArn"
      values   = ["arn:${data.aws_partition.current.partition}:acm-pca:::template/EndEntityCertificate/V1"]
    }
  }
}

# The same things, read as somebody else's configuration would read them.
data "aws_acmpca_certificate_authority" "issuing" {
  arn        = aws_acmpca_certificate_authority.issuing.arn
  depends_on = [aws_acmpca_certificate_authority_certificate.issuing]
}

data "aws_acmpca_certificate" "server" {
  arn                       = aws_acmpca_certificate.server.arn
  certificate_authority_arn = aws_acmpca_certificate_authority.issuing.arn
}

output "account" { value = data.aws_caller_identity.current.account_id }
output "root" { value = aws_acmpca_certificate_authority.root.arn }
output "issuing" { value = aws_acmpca_certificate_authority.issuing.arn }
output "issuing_status" { value = data.aws_acmpca_certificate_authority.issuing.status }
output "issuing_serial" { value = data.aws_acmpca_certificate_authority.issuing.serial }
output "server" { value = data.aws_acmpca_certificate.server.certificate }
output "chain" { value = data.aws_acmpca_certificate.server.certificate_chain }
output "permission" { value = aws_acmpca_permission.acm.policy }
output "policy" { value = aws_acmpca_policy.shared.policy }
