"""What each step of a rotation does. Each finds what was left by an attempt that did not come to its end."""

import hashlib
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from privyseal.ca.creation import CreateRequest
from privyseal.ca.lookup import find_authority
from privyseal.ca.model import SUBORDINATE, Authority, Tag
from privyseal.ca.requests import IssueRequest
from privyseal.ca.revocation import mass_model
from privyseal.ca.revocation.below import ca_certificates
from privyseal.ca.revocation.mass import OrderRequest
from privyseal.ca.revocation.standing import Standing, standing
from privyseal.ca.service import CertificateAuthorities
from privyseal.devices.ca_rotation.discarding import PROOF, Discarding
from privyseal.devices.ca_rotation.inheritance import TAG, hand_over, inheritance
from privyseal.devices.ca_rotation.model import Rotation, Step
from privyseal.devices.ca_rotation.plan import revocable
from privyseal.devices.ca_rotation.ports import Rows
from privyseal.devices.identities import IdentityState
from privyseal.devices.ports import IssuingAuthority, Registrar
from privyseal.devices.terms import Terms
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.events.journal import entry
from privyseal.names import AuthorityArn, format_serial
from privyseal.store import Store, Tx
from privyseal.x509.algorithms import default_signing_algorithm, generate_key, signing_algorithm
from privyseal.x509.pem import to_pem
from privyseal.x509.requests import build_csr
from privyseal.x509.subject import name_from_asn1_subject
from privyseal.x509.validity import DAYS

WITHDRAWING = "privyseal:WithdrawDeviceCertificates"
SWITCHED = "privyseal:SwitchDeviceAuthority"
PAGE = 500  # of one commit
_AUTHORITIES = 500  # read at once
_PROOF_KEY, _PROOF_DAYS = "EC_prime256v1", 1
_MAX_TOKEN = 36  # IdempotencyToken in the acm-pca service model
_TOKEN_BYTES = (_MAX_TOKEN - len(PROOF)) // 2


class MissingError(Exception):
    """Something that only the operator can bring."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """`commit` is part of the commit in which the rotation moves on. Without `is_done` the step is looked
    at again.
    """

    detail: str = ""
    is_done: bool = True
    new: str | None = None
    mass_revocation: str | None = None
    failure: str | None = None
    commit: Callable[[Tx], None] | None = None


class Acts:
    def __init__(
        self,
        store: Store,
        rows: Rows,
        authorities: CertificateAuthorities,
        registrars: Mapping[str, Registrar],
    ) -> None:
        self._store = store
        self._rows = rows.ca
        self._authorities = authorities
        self._rotations = rows.rotations
        self._identities = rows.identities
        self._successions = rows.successions
        self._registrars = registrars
        self._discarding = Discarding(store, rows, authorities, registrars)
        self._acts: Mapping[Step, Callable[[Rotation], Outcome]] = MappingProxyType(
            {
                Step.CREATE: self._create,
                Step.CERTIFY: self._certify,
                Step.REGISTER: self._register,
                Step.SWITCH: self._switch,
                Step.REVOKE: self._revoke,
                Step.CASCADE: self._cascade,
                Step.WITHDRAW: self._withdraw,
                Step.DISCARD: self._discard,
            }
        )

    def act(self, rotation: Rotation) -> Outcome:
        """Raises MissingError; any PrivySealError is a reason to try again."""
        return self._acts[rotation.step](rotation)

    def _create(self, rotation: Rotation) -> Outcome:
        old = self._authority(rotation, str(rotation.old))
        arn = self._made_before(rotation)
        if arn is None:
            request = CreateRequest(
                caller=rotation.caller,
                region=rotation.old.region,
                type=SUBORDINATE,
                key_algorithm=rotation.plan.key_algorithm,
                signing_algorithm=rotation.plan.signing_algorithm,
                subject=rotation.plan.subject,
                csr_extensions=old.csr_extensions,
                revocation=old.revocation,
                tags=[Tag(TAG, rotation.id)],
                usage_mode=old.usage_mode,
                key_standard=old.key_standard,
                token=rotation.id,  # of two processes that come at once, one makes it
            )
            arn = str(self._authorities.creation.create(request))
        taken, new = self._store.view(lambda tx: inheritance(tx, self._rows, old)), AuthorityArn.parse(arn)

        def commit(tx: Tx) -> None:
            hand_over(tx, self._rows, rotation, taken, new)

        said = f", and has of the old one {taken}" if str(taken) else ""
        return Outcome(f"{arn} was made{said}.", new=arn, commit=commit)

    def _made_before(self, rotation: Rotation) -> str | None:
        """Whatever state it is in; a token is good for five minutes, a tag for ever."""

        def read(tx: Tx) -> str | None:
            for each in self._all(tx, rotation):
                tags = self._rows.tags.of(tx, each.arn.id)
                if any(tag.key == TAG and tag.value == rotation.id for tag in tags):
                    return str(each.arn)
            return None

        return self._store.view(read)

    def _all(self, tx: Tx, rotation: Rotation) -> Iterator[Authority]:
        after = None
        while True:
            page = self._rows.authorities.page(
                tx, rotation.old.account, rotation.old.region, after, _AUTHORITIES
            )
            yield from page
            if len(page) < _AUTHORITIES:
                return
            after = page[-1].created_at, page[-1].arn.id

    def _certify(self, rotation: Rotation) -> Outcome:
        arn, new = _new(rotation), self._authority(rotation, _new(rotation))
        if new.certificate is not None:  # installed by an earlier attempt, or brought by the operator
            return Outcome(f"{arn} has its certificate.")
        if rotation.plan.parent is None:
            raise MissingError(
                "The new authority needs a certificate from the authority above, which cannot issue it here: "
                "have its CSR signed, and resume with the certificate."
            )
        parent = self._authority(rotation, rotation.plan.parent)
        der = self._certified_before(parent, new) or self._issue_ca(rotation, parent, new)
        above = "\n".join(filter(None, (to_pem(parent.certificate or b""), parent.chain)))
        self._authorities.certification.install(rotation.caller, arn, to_pem(der).encode(), above.encode())
        return Outcome(f"{rotation.plan.parent} has certified it.")

    def _certified_before(self, parent: Authority, new: Authority) -> bytes | None:
        """What the parent has issued to the new one's key already, if it has."""
        found = self._store.view(lambda tx: ca_certificates(tx, self._rows, new))
        theirs = [each for each in found if each.authority_id == parent.arn.id]
        return next((each.der for each in theirs if standing(each) is Standing.GOOD), None)

    def _issue_ca(self, rotation: Rotation, parent: Authority, new: Authority) -> bytes:
        terms = Terms(str(parent.arn), rotation.plan.template, rotation.plan.validity_days)
        now = self._store.view(lambda tx: tx.now)
        issued = self._authorities.issue_now(
            IssueRequest(
                caller=rotation.caller,
                authority_arn=str(parent.arn),
                csr=new.csr.encode(),
                signing_algorithm=parent.signing_algorithm,
                validity=terms.validity(now, parent.not_after),
                template_arn=terms.template_arn,
                token=hashlib.sha256(rotation.id.encode()).hexdigest()[:_MAX_TOKEN],
            )
        )
        return issued.der

    def _register(self, rotation: Rotation) -> Outcome:
        new = self._authority(rotation, _new(rotation))
        known = IssuingAuthority(
            str(new.arn), to_pem(new.certificate or b""), lambda code: self._prove(rotation, new, code)
        )
        told = {name: registrar.trust(known) for name, registrar in self._registrars.items()}
        names = [f"{name} ({there})" if there else name for name, there in told.items()]
        return Outcome(f"Known to {', '.join(names)}." if names else "There is no registrar to tell.")

    def _prove(self, rotation: Rotation, new: Authority, name: str) -> str:
        """A certificate of the new authority for that common name; its key is dropped here."""
        key = generate_key(_PROOF_KEY)
        algorithm = signing_algorithm(default_signing_algorithm(_PROOF_KEY))
        issued = self._authorities.issue_now(
            IssueRequest(
                caller=rotation.caller,
                authority_arn=str(new.arn),
                csr=build_csr(name_from_asn1_subject({"CommonName": name}), key, algorithm).encode(),
                signing_algorithm=new.signing_algorithm,
                validity=(DAYS, _PROOF_DAYS),
                token=PROOF + secrets.token_hex(_TOKEN_BYTES),
            )
        )
        return to_pem(issued.der)

    def _switch(self, rotation: Rotation) -> Outcome:
        old, new = str(rotation.old), _new(rotation)

        def commit(tx: Tx) -> None:
            self._successions.put(tx, old, new)
            tx.record(entry(SWITCHED, rotation.caller, old, successor=new, rotation=rotation.id))
            tx.invalidate()  # every process looks again

        return Outcome(f"{new} issues for devices.", commit=commit)

    def _revoke(self, rotation: Rotation) -> Outcome:
        """All that authorities of the account have issued to its key."""

        def read(tx: Tx) -> tuple[list[tuple[str, int]], bool]:
            old = find_authority(tx, self._rows.authorities, rotation.caller, str(rotation.old))
            standing_now = [(str(issuer.arn), each.serial) for issuer, each in revocable(tx, self._rows, old)]
            known = any(each.der == old.certificate for each in ca_certificates(tx, self._rows, old))
            return standing_now, known

        found, known = self._store.view(read)
        if not known and not rotation.revoked_elsewhere:
            raise MissingError(
                "The certificate of the old authority is not from an authority of this service: have it "
                "revoked where it is from, and resume with revoked_elsewhere (--revoked-elsewhere)."
            )
        for issuer, serial in found:
            try:
                self._authorities.revocation.revoke(
                    rotation.caller, issuer, format_serial(serial), rotation.reason
                )
            except PrivySealError as error:
                if error.code is not ErrorCode.ALREADY_DONE:
                    raise
        return Outcome(f"The certificate of {rotation.old} is revoked.")

    def _cascade(self, rotation: Rotation) -> Outcome:
        orders, caller = self._authorities.mass_revoking, rotation.caller
        if rotation.mass_revocation is None:
            return Outcome(is_done=False, mass_revocation=self._order(rotation))
        progress = orders.show(caller, rotation.mass_revocation)
        state = progress.order.state
        revoked = sum(step.revoked for _, step in progress.steps)
        if state is mass_model.State.COMPLETED:
            return Outcome(f"{revoked} certificates below it are revoked, and CRLs say so.")
        if state is mass_model.State.FAILED:
            again = self._order(rotation)
            return Outcome(is_done=False, mass_revocation=again, failure=progress.order.failure)
        return Outcome(is_done=False)

    def _order(self, rotation: Rotation) -> str:
        """An order of the cascade, or the one that is under way already."""
        running = self._store.view(lambda tx: self._rows.mass_revocations.running_on(tx, str(rotation.old)))
        if running is not None and running.filter is None:
            return running.id
        request = OrderRequest(
            caller=rotation.caller,
            authority_arn=str(rotation.old),
            filter=None,
            reason=rotation.reason,
            revoked_elsewhere=rotation.revoked_elsewhere,
        )
        return self._authorities.mass_revoking.order(request).order.id

    def _withdraw(self, rotation: Rotation) -> Outcome:
        """Page by page into the hands of `retirement.py`; what is handed over is not found again."""
        while self._store.transact(lambda tx: self._hand_over(tx, rotation)):
            pass
        return Outcome("What registrars have of the old authority's certificates is being withdrawn.")

    def _hand_over(self, tx: Tx, rotation: Rotation) -> int:
        account, old = rotation.old.account, str(rotation.old)
        found = self._rotations.issued_by(tx, account, old, PAGE)
        for each in found:
            self._identities.set_state(tx, each, IdentityState.WITHDRAWING, tx.now)
        if found:
            tx.record(entry(WITHDRAWING, rotation.caller, old, rotation=rotation.id, certificates=len(found)))
        return len(found)

    def _discard(self, rotation: Rotation) -> Outcome:
        new = rotation.new or self._made_before(rotation)
        return Outcome(self._discarding.discard(rotation, new) if new else "Nothing had been made.", new=new)

    def _authority(self, rotation: Rotation, arn: str) -> Authority:
        return self._store.view(lambda tx: find_authority(tx, self._rows.authorities, rotation.caller, arn))


def _new(rotation: Rotation) -> str:
    assert rotation.new is not None  # CREATE is done
    return rotation.new
