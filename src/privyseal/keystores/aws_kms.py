"""Keys in AWS KMS, or in whatever answers its API at `endpoint_url`: made there, or found there.

Needs the extra `aws`. Credentials are found as every AWS tool finds
them; they must allow kms:GetPublicKey and kms:Sign, kms:DescribeKey to take over a key, and for new ones
kms:CreateKey and kms:TagResource. A new key whose authority never came to be stays in KMS: its tag
`privyseal:authority` names that authority.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from privyseal import log
from privyseal.aws_sdk import aws_client, waiting
from privyseal.ca.model import StoredKey
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.keystores.kms_keys import kms_key
from privyseal.x509.algorithms import PrivateKey, key_algorithm

SCHEME: Final = "aws-kms"
AUTHORITY_TAG: Final = "privyseal:authority"
# KeyAlgorithm of the acm-pca service model → KeySpec of that of kms
KEY_SPECS: Final[Mapping[str, str]] = {
    "RSA_2048": "RSA_2048",
    "RSA_3072": "RSA_3072",
    "RSA_4096": "RSA_4096",
    "EC_prime256v1": "ECC_NIST_P256",
    "EC_secp384r1": "ECC_NIST_P384",
    "EC_secp521r1": "ECC_NIST_P521",
    "ML_DSA_44": "ML_DSA_44",
    "ML_DSA_65": "ML_DSA_65",
    "ML_DSA_87": "ML_DSA_87",
}
_SIGNS: Final = "SIGN_VERIFY"  # KeyUsageType
# A signature is an answer to somebody who waits.
_CONFIG = waiting(3, 10, attempts=3)
# Errors of the kms service model that time does not mend → what does
_REMEDIES: Final[Mapping[str, str]] = {
    "AccessDeniedException": "the service's credentials need kms:{operation} on the key",
    "DisabledException": "the key is disabled",
    "KMSInvalidStateException": "the key is disabled, or is about to be deleted",
    "NotFoundException": "there is no such key in this account and region",
}
_SLOWER: Final = frozenset({"ThrottlingException", "LimitExceededException"})


class AwsKmsKeyStore:
    """Implements `ca.ports.KeyStore` and `ca.adopting.KeysElsewhere`. Safe to share between threads."""

    def __init__(
        self, *, region: str | None = None, endpoint_url: str | None = None, profile: str | None = None
    ) -> None:
        """Raises INVALID_ARGUMENT for a profile, a region or an address that there is not."""
        self._kms = aws_client(
            "kms",
            "The settings of [aws-kms]",
            _CONFIG,
            region=region,
            endpoint_url=endpoint_url,
            profile=profile,
        )

    def create(self, key_id: str, key_algorithm_name: str) -> tuple[StoredKey, PrivateKey]:
        made = self._ask(
            "create_key",
            KeySpec=KEY_SPECS[key_algorithm(key_algorithm_name).name],
            KeyUsage=_SIGNS,
            Description=f"The certificate authority {key_id}",
            Tags=[{"TagKey": AUTHORITY_TAG, "TagValue": key_id}],
        )
        return self._stored(key_id, made["KeyMetadata"]["Arn"])

    def adopt(self, key_id: str, name: str) -> tuple[StoredKey, PrivateKey]:
        """A key that is there already, by its id, its ARN or an alias, which may lead to another one later.
        Raises INVALID_ARGUMENT for one that does not sign.
        """
        found = self._ask("describe_key", KeyId=name)["KeyMetadata"]
        if found.get("KeyUsage") != _SIGNS:
            text = f"The key {name} in AWS KMS is not for signing: its usage is {found.get('KeyUsage')}."
            raise PrivySealError(ErrorCode.INVALID_ARGUMENT, text)
        return self._stored(key_id, found["Arn"])

    def open(self, key_id: str, stored: StoredKey) -> PrivateKey:
        scheme, _, arn = stored.uri.removeprefix(f"{SCHEME}:{key_id}").partition(":")
        if scheme or not arn or stored.wrapped is not None:
            raise PrivySealError(ErrorCode.UNAVAILABLE, f"The key {stored.uri} is not in this key store.")
        return self._key(arn)

    def _stored(self, key_id: str, arn: str) -> tuple[StoredKey, PrivateKey]:
        return StoredKey(f"{SCHEME}:{key_id}:{arn}", None), self._key(arn)

    def _key(self, arn: str) -> PrivateKey:
        return kms_key(self._ask("get_public_key", KeyId=arn)["PublicKey"], partial(self._sign, arn))

    def _sign(self, arn: str, message: bytes, kind: str, algorithm: str) -> bytes:
        signature: bytes = self._ask(
            "sign", KeyId=arn, Message=message, MessageType=kind, SigningAlgorithm=algorithm
        )["Signature"]
        return signature

    def _ask(self, operation: str, **parameters: Any) -> dict[str, Any]:
        try:
            reply: dict[str, Any] = getattr(self._kms, operation)(**parameters)
        except (ClientError, BotoCoreError) as error:
            told = getattr(error, "response", {}).get("Error", {}).get("Code", type(error).__name__)
            log.warning("AWS KMS refuses", operation=operation, error=str(error))
            code = ErrorCode.THROTTLED if told in _SLOWER else ErrorCode.UNAVAILABLE
            do = _REMEDIES.get(told, "try again later").format(operation=operation.title().replace("_", ""))
            raise PrivySealError(code, f"AWS KMS answers {told} to {operation}: {do}.") from error
        return reply
