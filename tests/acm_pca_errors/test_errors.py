"""Every error that the service model lists for an operation is brought about, or has its reason."""

from pathlib import Path

import pytest

from privyseal.frontends.aws.shapes_acm_pca import OPERATIONS
from tests.acm_pca_errors.cannot_occur import CANNOT_OCCUR
from tests.acm_pca_errors.deployment import deployment
from tests.acm_pca_errors.provocations import MORE, PROVOKED, Provocation
from tests.acm_pca_errors.wire import MODELLED, PROTOCOLS

MOST_REASONS = 10


def _provoke(folder: Path, operation: str, error: str, provocation: Provocation) -> None:
    with deployment(folder) as scene:
        for protocol in PROTOCOLS:
            members = provocation(scene)
            commits = scene.world.store.commits
            answer = scene.wire.send(operation, members, protocol)
            assert (answer.error, answer.status) == (error, 400), (protocol, answer.message)
            assert scene.world.store.commits == commits


@pytest.mark.parametrize(("operation", "error"), PROVOKED, ids=map("-".join, PROVOKED))
def test_an_error_of_the_model_is_brought_about(tmp_path: Path, operation: str, error: str) -> None:
    """With the status 400 and a message, over both protocols, and nothing is written."""
    _provoke(tmp_path, operation, error, PROVOKED[operation, error])


@pytest.mark.parametrize(("operation", "error", "how"), MORE, ids=map("-".join, MORE))
def test_an_error_has_more_than_one_cause(tmp_path: Path, operation: str, error: str, how: str) -> None:
    """The same name for each."""
    _provoke(tmp_path, operation, error, MORE[operation, error, how])


def test_every_error_of_the_model_is_brought_about_or_has_a_reason() -> None:
    """None is forgotten, none stands in both tables, none is invented."""
    excused = [(operation, reason.error) for reason in CANNOT_OCCUR for operation in reason.operations]
    modelled = {(operation, error) for operation, errors in MODELLED.items() for error in errors}
    assert sorted([*PROVOKED, *excused]) == sorted(modelled)
    assert len(CANNOT_OCCUR) <= MOST_REASONS


def test_the_errors_of_our_shapes_are_those_of_the_model() -> None:
    """So that the tables above are about what is served."""
    assert {name: shape.errors for name, shape in OPERATIONS.items()} == MODELLED
