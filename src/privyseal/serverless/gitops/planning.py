"""From the files of a folder and what this service has to an exact plan.

A pull request's check and a run make their plans here, with the code that then carries them out: the
certificate function reads the entries, issuing tries them without a signature, revoking makes a dry run.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from privyseal.ca.ports import Certificates
from privyseal.names import new_id
from privyseal.serverless.files import GivenFiles
from privyseal.serverless.gitops import entries as parsing
from privyseal.serverless.gitops.entries import Entries, RequestEntry
from privyseal.serverless.gitops.plan import Candidate, Known, Plan, Step, bad_steps, request_steps
from privyseal.serverless.gitops.revoking import Revocations
from privyseal.serverless.gitops.snapshot import TLS, Snapshot
from privyseal.serverless.ports import Issues
from privyseal.serverless.refusals import Refused
from privyseal.serverless.tls_certificate import Call, Preview, TlsCertificates
from privyseal.store import Store, Tx

# Keys in one query.
_KEYS = 500


@dataclass(frozen=True, slots=True)
class Planned:
    """`subjects` are (common name, organization, organizational unit) of the entries that can be issued."""

    plan: Plan
    entries: Entries
    subjects: Sequence[tuple[str, str, str]]


class Planning:
    def __init__(
        self,
        store: Store,
        certificates: Certificates,
        issues: Issues,
        *,
        function: TlsCertificates,
        revocations: Revocations,
        bucket: str,
        strict: Callable[[], bool],
    ) -> None:
        """`bucket` is what refusals call the place of CSR files; `strict` is whether a key has one
        certificate over all names.
        """
        self._store = store
        self._certificates = certificates
        self._issues = issues
        self._function = function
        self._revocations = revocations
        self._bucket = bucket
        self._strict = strict

    def plan(self, call: Call, snapshot: Snapshot) -> Planned:
        """Revocations come first, as serverless-ca makes its lists before it issues. Changes nothing."""
        entries = parsing.read(snapshot)
        files = GivenFiles(snapshot.files, self._bucket)
        events = [each.event for each in entries.requests]
        # Not a token that an earlier call may have used.
        asked = replace(call, id=f"plan {new_id()}")
        previews = self._function.preview(asked, events, files)
        known = self._store.view(lambda tx: self._known(tx, call.caller.account, previews))
        candidates = [_candidate(*each) for each in zip(entries.requests, previews, strict=True)]
        steps = [
            *bad_steps(entries.bad),
            *self._revocations.steps(call.caller, entries.revocations, dry_run=True),
            *request_steps(candidates, known, strict=self._strict()),
        ]
        steps.sort(key=_place)
        subjects = [
            (each.common_name, each.organization, each.organizational_unit)
            for each in previews
            if isinstance(each, Preview)
        ]
        return Planned(Plan(snapshot.revision, steps), entries, subjects)

    def _known(self, tx: Tx, account: str, previews: Sequence[Preview | Refused]) -> Known:
        wanted = [each for each in previews if isinstance(each, Preview)]
        digests = sorted({each.key_digest for each in wanted})
        keys: set[bytes] = set()
        for start in range(0, len(digests), _KEYS):
            rows = self._certificates.by_keys(tx, digests[start : start + _KEYS])
            keys.update(row.key_digest for row in rows)
        names = {
            name
            for name in {each.common_name for each in wanted}
            if self._issues.named(tx, account, name, None, 1)
        }
        pairs = {
            (each.common_name, each.key_digest)
            for each in wanted
            if each.key_digest in keys and each.common_name in names
            if self._issues.has(tx, account, each.common_name, each.key_digest)
        }
        return Known(frozenset(keys), frozenset(names), frozenset(pairs))


def _place(step: Step) -> tuple[bool, str, int]:
    """Lists of revocations and files that cannot be read first, then the entries as they stand there."""
    return step.file == TLS, step.file, step.number


def _candidate(entry: RequestEntry, preview: Preview | Refused) -> Candidate:
    if isinstance(preview, Refused):
        return Candidate(entry.number, entry.common_name, refusal=preview.message)
    problem = preview.problem.message if preview.problem else ""
    return Candidate(
        entry.number,
        preview.common_name,
        preview.key_digest,
        preview.forces,
        problem=problem,
        warnings=preview.warnings,
    )
