"""Moto's AWS for this folder's tests."""

from tests.registrars.moto import aws_environment_fixture, empty_moto_fixture, moto_url_fixture

__all__ = ["aws_environment_fixture", "empty_moto_fixture", "moto_url_fixture"]
