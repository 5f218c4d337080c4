"""Certificates for devices: one contract in each file.

    provision.py   POST /provision         JSON in and out
    csr_header.py  POST /new, POST /proto  the CSR in a header or the body, as firmware in the field has it
    links.py       GET  /links/TOKEN       the answer to one of these, for who could not wait for it

None takes an access key: possession of the registered key is the credential. What is refused is a
problem document (RFC 9457) with `code` and `request_id` besides, in both.
"""

from privyseal.frontends.provisioning.csr_header import CsrHeaderFrontend
from privyseal.frontends.provisioning.links import LinksFrontend, Replies
from privyseal.frontends.provisioning.provision import ProvisioningFrontend

__all__ = ["CsrHeaderFrontend", "LinksFrontend", "ProvisioningFrontend", "Replies"]
