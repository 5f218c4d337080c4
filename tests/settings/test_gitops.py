"""The section about GitOps."""

from pathlib import Path

import pytest

from privyseal.errors import ErrorCode, PrivySealError
from privyseal.settings import Settings, load


def read(folder: Path, text: str) -> Settings:
    (folder / "privyseal.toml").write_text(f"[serverless.gitops]\n{text}")
    return load({}, folder, environ={})


def test_without_it_all_lists_would_be_read_from_nowhere(tmp_path: Path) -> None:
    section = read(tmp_path, "").serverless.gitops
    assert section.source == ""
    assert section.cert_info_files == ("tls", "revoked", "revoked-root-ca")
    assert section.csr_files == ("*.csr",)


@pytest.mark.parametrize("url", ["ssh://git@a.example/r.git", "git@a.example:r.git", "file:///srv/r.git"])
def test_addresses_as_git_has_them(tmp_path: Path, url: str) -> None:
    assert read(tmp_path, f'source = "git"\nurl = "{url}"').serverless.gitops.url == url


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('source = "directory"', "needs directory"),
        ('source = "git"', "needs url"),
        ('source = "ftp"', "source"),
        ('source = "directory"\ndirectory = "here"', "whole path"),
        ('source = "git"\nurl = "https://a.example/r.git"\nallowed-signers = "here"', "whole path"),
        ('source = "git"\nurl = "https://me:secret@a.example/r.git"', "password-file"),
        ('source = "git"\nurl = "https://secret@a.example/r.git"', "password-file"),
        ('source = "git"\nurl = "ssh://me:secret@a.example/r.git"', "password-file"),
        ('source = "git"\nurl = "ftp://a.example/r.git"', "not with ftp://"),
        ('source = "s3"\npgp-keys = "/keys"', "are for serverless.gitops.source"),
        ('csr-files = ["../a.csr"]', "csr-files"),
        ('cert-info-files = ["other"]', "cert-info-files"),
        ("more = 1", "more"),
    ],
)
def test_what_is_wrong_ends_a_start(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(PrivySealError, match=why) as caught:
        read(tmp_path, text)
    assert caught.value.code is ErrorCode.INVALID_ARGUMENT
    assert "secret" not in caught.value.message
