"""A TLS server as a process of its own: it asks its client for a certificate and answers with its name.

python handshake_server.py CERTIFICATES KEY ROOT. It prints its port, then one line for each connection.
"""

import socket
import ssl
import sys
from typing import Any


def main(certificates: str, key: str, root: str) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=root)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(certificates, key)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        say(str(listener.getsockname()[1]))
        while True:
            raw, _ = listener.accept()
            try:
                with context.wrap_socket(raw, server_side=True) as connection:
                    name = common_name(connection)
                    connection.sendall(name.encode())
                    say(f"served {name}")
            except ssl.SSLError as error:
                say(f"refused {error.reason}")
            except OSError as error:
                say(f"lost {type(error).__name__}")


def common_name(connection: ssl.SSLSocket) -> str:
    certificate: Any = connection.getpeercert()
    return str(dict(rdn[0] for rdn in certificate["subject"])["commonName"])


def say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
