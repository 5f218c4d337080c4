"""From settings to objects: the only package that knows everyone.

`online` makes what a worker process serves; `offline` makes what a start needs before there are
workers: the same services, called in this process; `audit` reads. Nothing here decides anything.

    parts.py     what both share: store, authorities, pools
    serving.py   applications and threads of a worker
    devices.py   contracts for devices, issuers, registrars, sources
    issuing.py   which authority issues for devices
    rotation.py  rotation of devices' certificates, and of that authority
    targets.py   targets of events, and e-mail subscriptions
    audit.py     the audit trail
    shelves.py   a name from the settings becomes a class
"""

from privyseal.wiring.audit import Audit, audit
from privyseal.wiring.issuing import follow
from privyseal.wiring.parts import Parts, offline
from privyseal.wiring.serving import Apps, online

__all__ = ["Apps", "Audit", "Parts", "audit", "follow", "offline", "online"]
