"""`privyseal csr` on its own."""

from tests.cli.conftest import Shell


def test_the_key_is_never_overwritten_by_its_own_csr(shell: Shell) -> None:
    """Both outputs under one name, written differently: refused, and nothing is made."""
    done = shell("csr", "--cn", "x", "--out-key", "same.pem", "--out-csr", "./same.pem")
    assert done.code == 2
    assert "the key would be lost" in done.err
    assert shell.files() == []


def test_an_address_is_no_dns_name(shell: Shell) -> None:
    done = shell("csr", "--cn", "x", "--dns", "192.0.2.1")
    assert done.code == 1
    assert "is an address" in done.err
    assert shell.files() == []
