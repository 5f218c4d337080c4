# Certificates as a Terraform user keeps them: one that an authority issues, one from elsewhere.

terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

variable "endpoint" { type = string }
variable "stage" { type = string }
variable "certificate" { type = string }
variable "private_key" { type = string }

provider "aws" {
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true

  endpoints {
    acm    = var.endpoint
    acmpca = var.endpoint
    sts    = var.endpoint
  }
}

data "aws_partition" "current" {}

resource "aws_acmpca_certificate_authority" "root" {
  type                            = "ROOT"
  permanent_deletion_time_in_days = 7

  certificate_authority_configuration {
    key_algorithm     = "EC_prime256v1"
    signing_algorithm = "SHA256WITHECDSA"

    subject {
      common_name = "Example Root"
    }
  }
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

resource "aws_acmpca_permission" "acm" {
  certificate_authority_arn = aws_acmpca_certificate_authority.root.arn
  actions                   = ["IssueCertificate", "GetCertificate", "ListPermissions"]
  principal                 = "acm.amazonaws.com"
}

resource "aws_acm_certificate" "private" {
  certificate_authority_arn = aws_acmpca_certificate_authority.root.arn
  domain_name               = "web.internal.example"
  subject_alternative_names = ["api.internal.example"]
  key_algorithm             = "EC_prime256v1"
  tags                      = { stage = var.stage }

  depends_on = [aws_acmpca_certificate_authority_certificate.root]
}

resource "aws_acm_certificate" "imported" {
  certificate_body = var.certificate
  private_key      = var.private_key
  tags             = { stage = var.stage }
}

data "aws_acm_certificate" "private" {
  domain    = aws_acm_certificate.private.domain_name
  types     = ["PRIVATE"]
  key_types = ["EC_prime256v1"]
}

output "private" { value = aws_acm_certificate.private.arn }
output "private_status" { value = aws_acm_certificate.private.status }
output "found" { value = data.aws_acm_certificate.private.arn }
output "imported" { value = aws_acm_certificate.imported.arn }
