"""What each operation does to what it names.

Source: Service Authorization Reference, "Actions, resources, and condition keys for AWS Certificate
Manager", the column "Access level"; newer operations than that page by what they do. A test holds it
against the service model.
"""

from collections.abc import Mapping

from privyseal.frontends.aws.access_levels import Level

LEVELS: Mapping[str, Level] = {
    "AddTagsToCertificate": Level.TAGGING,
    "DeleteCertificate": Level.WRITE,
    "DescribeCertificate": Level.READ,
    "ExportCertificate": Level.WRITE,  # AWS says Read; here it makes a certificate eligible, and shows a key
    "GetAccountConfiguration": Level.READ,
    "GetCertificate": Level.READ,
    "ImportCertificate": Level.WRITE,
    "ListCertificateDomainValidations": Level.READ,
    "ListCertificates": Level.LIST,
    "ListTagsForCertificate": Level.READ,
    "ListTagsForResource": Level.READ,
    "PutAccountConfiguration": Level.WRITE,
    "RemoveTagsFromCertificate": Level.TAGGING,
    "RenewCertificate": Level.WRITE,
    "RequestCertificate": Level.WRITE,
    "ResendValidationEmail": Level.WRITE,
    "RevokeCertificate": Level.WRITE,
    "SearchCertificates": Level.LIST,
    "TagResource": Level.TAGGING,
    "UntagResource": Level.TAGGING,
    "UpdateCertificateOptions": Level.WRITE,
    # ACME
    "CreateAcmeDomainValidation": Level.WRITE,
    "CreateAcmeEndpoint": Level.WRITE,
    "CreateAcmeExternalAccountBinding": Level.WRITE,
    "DeleteAcmeDomainValidation": Level.WRITE,
    "DeleteAcmeEndpoint": Level.WRITE,
    "DeleteAcmeExternalAccountBinding": Level.WRITE,
    "DescribeAcmeAccount": Level.READ,
    "DescribeAcmeDomainValidation": Level.READ,
    "DescribeAcmeEndpoint": Level.READ,
    "DescribeAcmeExternalAccountBinding": Level.READ,
    "GetAcmeExternalAccountBindingCredentials": Level.READ,
    "ListAcmeAccounts": Level.LIST,
    "ListAcmeDomainValidations": Level.LIST,
    "ListAcmeEndpoints": Level.LIST,
    "ListAcmeExternalAccountBindings": Level.LIST,
    "RevokeAcmeAccount": Level.WRITE,
    "RevokeAcmeExternalAccountBinding": Level.WRITE,
    "UpdateAcmeDomainValidation": Level.WRITE,
    "UpdateAcmeEndpoint": Level.WRITE,
}
