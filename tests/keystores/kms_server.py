"""AWS KMS as far as a key store needs it, over its own wire (awsJson1.1), on `cryptography`'s keys.

moto's does not do MessageType DIGEST (its signatures over digests do not verify), nor ML-DSA. This one takes
what the kms service model allows and refuses the rest as KMS does: one hash for each curve, DIGEST of the
right size, EXTERNAL_MU for ML-DSA alone, RAW of at most 4,096 bytes.
"""

import base64
import json
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, mldsa, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

ACCOUNT, REGION = "111122223333", "eu-central-1"
_SPECS: Mapping[str, Callable[[], Any]] = {
    "RSA_2048": lambda: rsa.generate_private_key(65537, 2048),
    "RSA_3072": lambda: rsa.generate_private_key(65537, 3072),
    "RSA_4096": lambda: rsa.generate_private_key(65537, 4096),
    "ECC_NIST_P256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "ECC_NIST_P384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "ECC_NIST_P521": lambda: ec.generate_private_key(ec.SECP521R1()),
    "ECC_SECG_P256K1": lambda: ec.generate_private_key(ec.SECP256K1()),
    "ML_DSA_44": mldsa.MLDSA44PrivateKey.generate,
    "ML_DSA_65": mldsa.MLDSA65PrivateKey.generate,
    "ML_DSA_87": mldsa.MLDSA87PrivateKey.generate,
}
_HASHES = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}
_OF_CURVE = {"secp256r1": "256", "secp384r1": "384", "secp521r1": "512", "secp256k1": "256"}


class Refusal(Exception):  # noqa: N818 - an answer of the API
    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


class Kms:
    """`keys` by ARN, `aliases` by name. `before_sign` runs before each signature, `spoil` changes it."""

    def __init__(self) -> None:
        self.url = ""
        self.keys: dict[str, Any] = {}
        self.usages: dict[str, str] = {}
        self.aliases: dict[str, str] = {}
        self.tags: dict[str, Mapping[str, str]] = {}
        self.asked: list[tuple[str, str]] = []  # (MessageType, SigningAlgorithm) of each signature
        self.before_sign: Callable[[], None] = lambda: None
        self.spoil: Callable[[bytes], bytes] = bytes
        self.refusal: str | None = None

    def add(self, key: Any, alias: str = "", usage: str = "SIGN_VERIFY") -> str:
        arn = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{uuid.uuid4()}"
        self.keys[arn], self.usages[arn] = key, usage
        if alias:
            self.aliases[alias] = arn
        return arn

    def answer(self, operation: str, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        if self.refusal:
            raise Refusal(self.refusal)
        if operation == "CreateKey":
            arn = self.add(_SPECS[asked["KeySpec"]](), usage=asked["KeyUsage"])
            self.tags[arn] = {each["TagKey"]: each["TagValue"] for each in asked["Tags"]}
            return {"KeyMetadata": self._metadata(arn)}
        arn = self._find(asked["KeyId"])
        if operation == "DescribeKey":
            return {"KeyMetadata": self._metadata(arn)}
        if operation == "GetPublicKey":
            return {"KeyId": arn, "PublicKey": _coded(_spki(self.keys[arn]))}
        assert operation == "Sign"
        return {"KeyId": arn, "Signature": _coded(self._sign(arn, asked))}

    def _find(self, name: str) -> str:
        arn = self.aliases.get(name, name)
        for each in self.keys:
            if each == arn or each.endswith(f"key/{arn}"):
                return each
        raise Refusal("NotFoundException")

    def _metadata(self, arn: str) -> Mapping[str, Any]:
        return {"KeyId": arn.rpartition("/")[2], "Arn": arn, "KeyUsage": self.usages[arn], "Enabled": True}

    def _sign(self, arn: str, asked: Mapping[str, Any]) -> bytes:
        self.before_sign()
        message, kind = base64.b64decode(asked["Message"]), asked.get("MessageType", "RAW")
        self.asked.append((kind, asked["SigningAlgorithm"]))
        return self.spoil(_signature(self.keys[arn], message, kind, asked["SigningAlgorithm"]))


def _signature(key: Any, message: bytes, kind: str, algorithm: str) -> bytes:
    if len(message) > 4096:
        raise Refusal("ValidationException")
    size = algorithm[-3:]
    if isinstance(key, ec.EllipticCurvePrivateKey):
        if algorithm != f"ECDSA_SHA_{_OF_CURVE[key.curve.name]}":
            raise Refusal("InvalidKeyUsageException")
        return key.sign(_digest(message, kind, size), ec.ECDSA(Prehashed(_HASHES[size])))
    if isinstance(key, rsa.RSAPrivateKey):
        digest = _HASHES[size]
        scheme: padding.AsymmetricPadding = padding.PKCS1v15()
        if algorithm.startswith("RSASSA_PSS"):
            scheme = padding.PSS(padding.MGF1(digest), digest.digest_size)
        return key.sign(_digest(message, kind, size), scheme, Prehashed(digest))
    if algorithm != "ML_DSA_SHAKE_256" or kind == "DIGEST":
        raise Refusal("InvalidKeyUsageException")
    signature: bytes = key.sign_mu(message) if kind == "EXTERNAL_MU" else key.sign(message)
    return signature


def _digest(message: bytes, kind: str, size: str) -> bytes:
    if kind == "RAW":
        hashing = hashes.Hash(_HASHES[size])
        hashing.update(message)
        return hashing.finalize()
    if kind != "DIGEST" or len(message) * 8 != int(size):
        raise Refusal("ValidationException")
    return message


def _spki(key: Any) -> bytes:
    data: bytes = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return data


def _coded(data: bytes) -> str:
    return base64.b64encode(data).decode()


@contextmanager
def kms_server() -> Iterator[Kms]:
    kms = Kms()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            operation = self.headers["X-Amz-Target"].removeprefix("TrentService.")
            try:
                status, answer = 200, kms.answer(operation, body)
            except Refusal as refusal:
                status, answer = 400, {"__type": refusal.kind, "message": "no"}
            content = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        kms.url = f"http://127.0.0.1:{server.server_port}"
        yield kms
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
