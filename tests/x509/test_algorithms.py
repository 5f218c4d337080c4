"""The table of algorithms is that of the service model, and no pair that does not fit signs."""

from itertools import product

import botocore.session
import pytest

from privyseal.errors import ErrorCode, PrivySealError
from privyseal.x509 import algorithms
from privyseal.x509.algorithms import KEY_ALGORITHMS, SIGNING_ALGORITHMS
from tests.x509 import hierarchy

CHINA = {"SM2", "SM3WITHSM2"}  # `cryptography` has neither


def enum_of(shape: str) -> set[str]:
    model = botocore.session.Session().get_service_model("acm-pca")
    return set(model.shape_for(shape).enum)


def test_every_algorithm_of_the_service_model_has_a_row() -> None:
    assert set(KEY_ALGORITHMS) == enum_of("KeyAlgorithm") - CHINA
    assert set(SIGNING_ALGORITHMS) == enum_of("SigningAlgorithm") - CHINA


@pytest.mark.parametrize("name", ["SM2", "RSA_1024", "ed25519", ""])
def test_an_algorithm_without_a_row_is_refused_by_name(name: str) -> None:
    why = "not available" if name in CHINA else "unknown"
    with pytest.raises(PrivySealError, match=why) as caught:
        algorithms.generate_key(name)
    assert caught.value.code is ErrorCode.INVALID_ARGUMENT
    with pytest.raises(PrivySealError):
        algorithms.signing_algorithm(name)


# Key family → the signing algorithms that fit (AWS API reference, IssueCertificate)
FITS = {
    "RSA": {name for name in SIGNING_ALGORITHMS if "WITHRSA" in name},
    "EC_": {name for name in SIGNING_ALGORITHMS if name.endswith("WITHECDSA")},
}


@pytest.mark.parametrize(("signing", "key"), list(product(SIGNING_ALGORITHMS, KEY_ALGORITHMS)))
def test_signing_fits_exactly_within_a_family(signing: str, key: str) -> None:
    """ML-DSA names are equal. What does not fit is refused before and by the key itself."""
    fits = signing in FITS.get(key[:3], {key})
    row = algorithms.signing_algorithm(signing)
    if fits:
        algorithms.check_signing_fits(signing, key)
        assert row.sign(hierarchy.key_of(key), b"data")
    else:
        for act in (
            lambda: algorithms.check_signing_fits(signing, key),
            lambda: row.sign(hierarchy.key_of(key), b"data"),
        ):
            with pytest.raises(PrivySealError) as caught:
                act()
            assert caught.value.code is ErrorCode.INVALID_ARGUMENT


@pytest.mark.parametrize("key", KEY_ALGORITHMS)
def test_the_default_signing_algorithm_fits(key: str) -> None:
    algorithms.check_signing_fits(algorithms.default_signing_algorithm(key), key)
    assert (algorithms.hash_for(key) is None) == key.startswith("ML_DSA")
