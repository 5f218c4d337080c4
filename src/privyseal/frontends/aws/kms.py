"""AWS KMS as far as serverless-ca's scripts call it: find a key by its alias, have it make a key pair.

Shapes, limits and names of errors are those of the kms model (botocore). What it means is in
`privyseal.serverless`.
"""

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Annotated, Any, Final

from msgspec import Meta, Struct

from privyseal.errors import ErrorCode, PrivySealError
from privyseal.frontends.aws.calling import Pool, caller
from privyseal.frontends.aws.errors import WIRE, Names
from privyseal.frontends.aws.model import Call, Operation, Service
from privyseal.names import partition
from privyseal.serverless.aliases import AliasedKey, Aliases
from privyseal.serverless.key_pairs import SPECS, KeyPairs

KMS: Names = {
    **WIRE,
    ErrorCode.NOT_FOUND: ("NotFoundException", 400),
    ErrorCode.INVALID_PAGE_TOKEN: ("InvalidMarkerException", 400),
    ErrorCode.INVALID_STATE: ("InvalidKeyUsageException", 400),
    ErrorCode.INVALID_REQUEST: ("InvalidCiphertextException", 400),
    ErrorCode.INVALID_ARGUMENT: ("UnsupportedOperationException", 400),
    ErrorCode.INTERNAL: ("KMSInternalException", 500),
}
# KeyAlgorithm of an authority → (KeySpec, SigningAlgorithms), as the KMS developer guide pairs them
_RSA: Final = tuple(
    f"{scheme}_SHA_{size}" for scheme in ("RSASSA_PKCS1_V1_5", "RSASSA_PSS") for size in (256, 384, 512)
)
SIGNING: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = MappingProxyType(
    {
        "RSA_2048": ("RSA_2048", _RSA),
        "RSA_3072": ("RSA_3072", _RSA),
        "RSA_4096": ("RSA_4096", _RSA),
        "EC_prime256v1": ("ECC_NIST_P256", ("ECDSA_SHA_256",)),
        "EC_secp384r1": ("ECC_NIST_P384", ("ECDSA_SHA_384",)),
        "EC_secp521r1": ("ECC_NIST_P521", ("ECDSA_SHA_512",)),
        "ML_DSA_44": ("ML_DSA_44", ("ML_DSA_SHAKE_256",)),
        "ML_DSA_65": ("ML_DSA_65", ("ML_DSA_SHAKE_256",)),
        "ML_DSA_87": ("ML_DSA_87", ("ML_DSA_SHAKE_256",)),
    }
)
_ARN = re.compile(r"\Aarn:[a-z-]+:kms:[a-z0-9-]+:(?P<account>[0-9]{12}):(?:key/)?(?P<name>.+)\Z")
_PAGE: Final = 50  # ListAliases without a limit

_KeyId = Annotated[str, Meta(min_length=1, max_length=2048)]
_Context = dict[str, Annotated[str, Meta(max_length=8192)]]


class ListAliasesRequest(Struct, rename="pascal"):
    key_id: _KeyId | None = None
    limit: Annotated[int, Meta(ge=1, le=1000)] | None = None
    marker: Annotated[str, Meta(min_length=1, max_length=1024)] | None = None


class DescribeKeyRequest(Struct, rename="pascal"):
    key_id: _KeyId


class GenerateDataKeyPairRequest(Struct, rename="pascal"):
    key_id: _KeyId
    key_pair_spec: Annotated[str, Meta(min_length=1, max_length=64)]
    encryption_context: _Context = {}


class DecryptRequest(Struct, rename="pascal"):
    ciphertext_blob: Annotated[bytes, Meta(min_length=1, max_length=6144)]
    key_id: _KeyId | None = None
    encryption_context: _Context = {}


def service(aliases: Aliases, pairs: KeyPairs, pool: Pool) -> Service:
    operations = _Kms(aliases, pairs, pool).operations()
    return Service("kms", "kms", "TrentService", {each.name: each for each in operations}, KMS)


class _Kms:
    def __init__(self, aliases: Aliases, pairs: KeyPairs, pool: Pool) -> None:
        self._aliases = aliases
        self._pairs = pairs
        self._pool = pool

    def operations(self) -> tuple[Operation, ...]:
        return (
            Operation("ListAliases", ListAliasesRequest, self.list_aliases),
            Operation("DescribeKey", DescribeKeyRequest, self.describe_key),
            Operation(
                "GenerateDataKeyPair", GenerateDataKeyPairRequest, self.generate_data_key_pair, changes=True
            ),
            Operation("Decrypt", DecryptRequest, self.decrypt, changes=True),
        )

    async def list_aliases(self, call: Call, request: ListAliasesRequest) -> Mapping[str, Any]:
        found = list(await self._pool.run(self._aliases.all, caller(call)))
        if request.key_id:
            key = _pick(call, found, request.key_id)
            found = [each for each in found if each.id == key.id]
        if marker := request.marker:
            found = [each for each in found if each.alias > marker]
        page = found[: request.limit or _PAGE]
        cut = len(page) < len(found)
        more = {"NextMarker": page[-1].alias} if cut else {}
        return {"Aliases": [_alias(call, each) for each in page], "Truncated": cut, **more}

    async def describe_key(self, call: Call, request: DescribeKeyRequest) -> Mapping[str, Any]:
        return {"KeyMetadata": _metadata(call, await self._find(call, request.key_id))}

    async def generate_data_key_pair(
        self, call: Call, request: GenerateDataKeyPairRequest
    ) -> Mapping[str, Any]:
        key = await self._maker(call, request.key_id)
        if request.key_pair_spec not in SPECS:
            text = f"KeyPairSpec {request.key_pair_spec} is not served here, but {', '.join(SPECS)}."
            raise PrivySealError(ErrorCode.INVALID_ARGUMENT, text)
        arn, context = _arn(call, f"key/{key.id}"), request.encryption_context
        pair = await self._pool.run(self._pairs.create, caller(call), arn, request.key_pair_spec, context)
        return {
            "KeyId": arn,
            "KeyPairSpec": request.key_pair_spec,
            "PrivateKeyPlaintext": pair.private,
            "PrivateKeyCiphertextBlob": pair.wrapped,
            "PublicKey": pair.public,
        }

    async def decrypt(self, call: Call, request: DecryptRequest) -> Mapping[str, Any]:
        """Opens what GenerateDataKeyPair has wrapped."""
        key = await self._maker(call, request.key_id)
        arn, context = _arn(call, f"key/{key.id}"), request.encryption_context
        plain = await self._pool.run(self._pairs.open, caller(call), arn, request.ciphertext_blob, context)
        return {"KeyId": arn, "Plaintext": plain, "EncryptionAlgorithm": "SYMMETRIC_DEFAULT"}

    async def _find(self, call: Call, text: str) -> AliasedKey:
        return _pick(call, await self._pool.run(self._aliases.all, caller(call)), text)

    async def _maker(self, call: Call, text: str | None) -> AliasedKey:
        """The key that makes pairs. Raises INVALID_STATE where another one is named."""
        found = await self._pool.run(self._aliases.all, caller(call))
        key = _pick(call, found, text) if text else next(each for each in found if not each.algorithm)
        if key.algorithm:
            text = f"{_arn(call, f'key/{key.id}')} signs certificates; its key usage is SIGN_VERIFY."
            raise PrivySealError(ErrorCode.INVALID_STATE, text)
        return key


def _pick(call: Call, keys: Iterable[AliasedKey], text: str) -> AliasedKey:
    """By id, alias, or the ARN of either. Raises NOT_FOUND."""
    match = _ARN.match(text)
    name = match["name"] if match and match["account"] == call.account else text
    for key in keys:
        if name in {key.id, key.alias}:
            return key
    kind = "Alias" if "alias/" in text else "Key"
    raise PrivySealError(ErrorCode.NOT_FOUND, f"{kind} {text[:200]!a} is not found.")


def _arn(call: Call, what: str) -> str:
    return f"arn:{partition(call.region)}:kms:{call.region}:{call.account}:{what}"


def _alias(call: Call, key: AliasedKey) -> Mapping[str, Any]:
    return {
        "AliasName": key.alias,
        "AliasArn": _arn(call, key.alias),
        "TargetKeyId": key.id,
        "CreationDate": key.created_at,
        "LastUpdatedDate": key.created_at,
    }


def _metadata(call: Call, key: AliasedKey) -> Mapping[str, Any]:
    if key.algorithm:
        spec, signing = SIGNING[key.algorithm]
        use = {"KeyUsage": "SIGN_VERIFY", "SigningAlgorithms": list(signing)}
    else:
        spec = "SYMMETRIC_DEFAULT"
        use = {"KeyUsage": "ENCRYPT_DECRYPT", "EncryptionAlgorithms": [spec]}
    return {
        "AWSAccountId": call.account,
        "KeyId": key.id,
        "Arn": _arn(call, f"key/{key.id}"),
        "CreationDate": key.created_at,
        "Enabled": True,
        "Description": "served by Privy Seal",
        "KeyState": "Enabled",
        "Origin": "EXTERNAL",
        "KeyManager": "CUSTOMER",
        "CustomerMasterKeySpec": spec,
        "KeySpec": spec,
        "MultiRegion": False,
        **use,
    }
