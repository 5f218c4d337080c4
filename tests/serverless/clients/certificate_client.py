"""A client of serverless-ca as its users have them: it knows boto3, an environment, and nothing of us.

Finds the function and the key by parts of their names, has KMS make a key pair, sends a CSR with retries
off, and writes its files below ~/certs. The request's other members come as JSON on standard input.
"""

import base64
import json
import sys
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID

PATIENT = Config(read_timeout=300, retries={"max_attempts": 0})


def main(role: str, key_spec: str) -> None:
    asked = json.load(sys.stdin)
    kms = boto3.client("kms")
    alias = next(each for each in kms.list_aliases()["Aliases"] if "tls-keygen" in each["AliasName"])
    key_id = kms.describe_key(KeyId=alias["AliasName"])["KeyMetadata"]["Arn"]
    pair = kms.generate_data_key_pair(KeyId=key_id, KeyPairSpec=key_spec)
    key: Any = serialization.load_der_private_key(pair["PrivateKeyPlaintext"], None)
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, asked["common_name"]),
            x509.NameAttribute(NameOID.COUNTRY_NAME, "GB"),
            x509.NameAttribute(NameOID.LOCALITY_NAME, "London"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Example Ltd"),
        ]
    )
    csr = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    encoded = base64.b64encode(csr.public_bytes(serialization.Encoding.PEM)).decode("utf-8")
    functions = boto3.client("lambda", config=PATIENT)
    listed = functions.list_functions()["Functions"]
    name = next(each["FunctionName"] for each in listed if "tls-cert" in each["FunctionName"])
    answer = functions.invoke(
        FunctionName=name,
        InvocationType="RequestResponse",
        LogType="None",
        Payload=bytes(json.dumps({**asked, "base64_csr_data": encoded}).encode("utf-8")),
    )
    result = json.load(answer["Payload"])
    folder = Path.home() / "certs"
    folder.mkdir(exist_ok=True)
    (folder / f"{role}-key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )
    )
    (folder / f"{role}-cert.pem").write_bytes(base64.b64decode(result["Base64Certificate"]))
    (folder / f"{role}-ca.pem").write_bytes(base64.b64decode(result["Base64CaChain"]))
    print(json.dumps(result))


if __name__ == "__main__":
    main(*sys.argv[1:])
