"""The same folder of GitOps in each kind of place, filled as its users fill it."""

import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

from privyseal.serverless.gitops.ports import Source
from privyseal.serverless.gitops.snapshot import Selection
from privyseal.sources.directory import DirectorySource
from privyseal.sources.git import GitSource
from privyseal.sources.s3 import S3Source
from tests.programs import program

FOLDER = "certs/dev"
REGION = "eu-central-1"


@dataclass(frozen=True)
class Place:
    """`put` writes files below the folder of the environment, as one change; None removes one."""

    put: Callable[[dict[str, bytes | None]], None]
    source: Source
    unreachable: Source


class Repository:
    """A git repository that git itself writes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self.git("init", "--quiet", "--initial-branch=main")

    @property
    def url(self) -> str:
        return f"file://{self.folder}"

    def git(self, *words: str) -> str:
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder.parent),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GNUPGHOME": str(self.folder.parent / "gnupg"),
        }
        options = (
            "-c",
            "user.name=Somebody",
            "-c",
            "user.email=somebody@example.com",
            "-c",
            "protocol.file.allow=always",
        )
        done = subprocess.run(
            [program("git"), *options, *words],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def put(self, files: dict[str, bytes | None]) -> None:
        write(self.folder, files)
        self.commit()

    def commit(self, *options: str) -> str:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message=change", *options)
        return self.git("rev-parse", "HEAD")


def write(root: Path, files: dict[str, bytes | None]) -> None:
    for path, content in files.items():
        file = root / FOLDER / path
        if content is None:
            file.unlink()
        else:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)


def directory(folder: Path, selection: Selection, _: str) -> Place:
    root = folder / "checkout"
    root.mkdir()
    return Place(
        lambda files: write(root, files),
        DirectorySource(root, FOLDER, selection),
        DirectorySource(folder / "gone", FOLDER, selection),
    )


def git(folder: Path, selection: Selection, _: str) -> Place:
    repository = Repository(folder / "repository")
    work = folder / "work"
    work.mkdir()
    return Place(
        repository.put,
        GitSource(repository.url, "main", FOLDER, selection, work=work),
        GitSource(f"file://{folder}/gone", "main", FOLDER, selection, work=work),
    )


def s3(folder: Path, selection: Selection, url: str) -> Place:
    shutil.rmtree(folder / "unused", ignore_errors=True)
    bucket = "serverless-ca-internal-dev"
    api: Any = boto3.client("s3", region_name=REGION, endpoint_url=url)
    api.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})

    def put(files: dict[str, bytes | None]) -> None:
        for path, content in files.items():
            if content is None:
                api.delete_object(Bucket=bucket, Key=path)
            else:
                api.put_object(Bucket=bucket, Key=path, Body=content)

    def source(name: str) -> S3Source:
        return S3Source(name, "", selection, endpoint_url=url, region=REGION)

    return Place(put, source(bucket), source("no-such-bucket"))


PLACES = {"directory": directory, "git": git, "s3": s3}
